"""Indicators and units by what people call them: the id, or the title in either language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from config.indicators import Indicator
from config.words import Refused, Text
from engine.grids import Cell
from engine.people import Directory
from engine.workbook import plain

MOST_SUGGESTIONS = 20  # each costs a comparison with every known name


@dataclass
class Names:
    """Finds what is meant by a name; raises config.words.Refused with the nearest one."""

    indicators: Mapping[str, Indicator]
    unit_ids: Mapping[str, int]
    by_title: Mapping[str, tuple[str, ...]]
    by_name: Mapping[str, tuple[str, ...]]
    _known: dict[tuple[str, str], str | Refused] = field(default_factory=dict)
    _n_suggested: int = 0

    def indicator(self, cell: Cell, default: str | None) -> Indicator:
        """Find an indicator; a blank cell means the default."""
        return self.indicators[self._find("indicator", cell, default)]

    def unit(self, cell: Cell, default: str | None) -> int:
        """Find the id of a unit; a blank cell means the default."""
        return self.unit_ids[self._find("unit", cell, default)]

    def _find(self, noun: str, cell: Cell, default: str | None) -> str:
        written = plain(cell)
        if not written and default is not None:
            return default
        found = self._known.get((noun, written))
        if found is None:
            found = self._known[noun, written] = self._look(noun, written)
        if isinstance(found, Refused):
            raise found
        return found

    def _look(self, noun: str, written: str) -> str | Refused:
        word = NOUNS[noun]
        slugs, titles = (self.indicators, self.by_title) if noun == "indicator" else (self.unit_ids, self.by_name)
        if not written:
            mend = Text("Write it in every row, also below a merged cell", "每一行都要填写")
            return Refused(Text(f"The {word.en} is blank", f"{word.zh}为空"), mend)
        if written in slugs:
            return written
        found = titles.get(written.lower(), ())
        if len(found) == 1:
            return found[0]
        if found:
            what = Text(f"Several {word.en}s are called `{written[:40]}`", f"有多个{word.zh}叫“{written[:40]}”")
            return Refused(what, Text(f"Write the id: {', '.join(found)}", f"请写编号：{'、'.join(found)}"))
        what = Text(f"The {word.en} `{written[:40]}` is not known", f"没有{word.zh}“{written[:40]}”")
        return Refused(what, self._nearest(written, [*titles, *slugs]))

    def _nearest(self, written: str, known: Iterable[str]) -> Text:
        self._n_suggested += 1
        near = (
            [] if self._n_suggested > MOST_SUGGESTIONS else get_close_matches(written.lower(), known, n=1, cutoff=0.5)
        )
        if near:
            return Text(f"Perhaps `{near[0]}` was meant", f"也许应为“{near[0]}”")
        return Text("Choose from the list of the template", "请从模板的下拉列表中选择")


NOUNS = {"indicator": Text("indicator", "指标"), "unit": Text("unit", "科室")}


def names_of(indicators: Mapping[str, Indicator], people: Directory) -> Names:
    """Collect the names of everything."""
    units = {unit.slug: key for key, unit in people.units.items()}
    return Names(
        indicators,
        units,
        _by_title((one.id, (one.title.en, one.title.zh)) for one in indicators.values()),
        _by_title((unit.slug, (unit.name_en, unit.name_zh)) for unit in people.units.values()),
    )


def _by_title(titled: Iterable[tuple[str, tuple[str, str]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for slug, titles in titled:
        for title in titles:
            if title:
                found[plain(title).lower()].add(slug)
    return {title: tuple(sorted(slugs)) for title, slugs in found.items()}
