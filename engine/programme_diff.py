"""What differs between two editions of a programme: measures, requirements, targets; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from config.programme import Measure, Programme, Requirement, SpecialAction, Target
from config.words import Text

Part = TypeVar("Part")
_NOT_COMPARED = {"requirements", "evidence"}


class Change(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Subject(StrEnum):
    """What kind of part it is."""

    MEASURE = "measure"
    REQUIREMENT = "requirement"
    TARGET = "target"


@dataclass(frozen=True)
class Difference:
    """One part that differs. `where` names it (surgery, surgery/privileges); fields: what of it, before and after."""

    change: Change
    subject: Subject
    where: str
    title: Text
    fields: Mapping[str, tuple[str, str]]


def diff_programmes(old: Programme, new: Programme) -> list[Difference]:
    """List what was added, removed and changed, measure by measure and then the targets of the special actions."""
    measures = _pair({one.id: one for one in old.measures}, {one.id: one for one in new.measures})
    targets = _pair(_targets(old), _targets(new))
    return [
        *(one for slug, before, after in measures for one in _measure(slug, before, after)),
        *(one for slug, before, after in targets for one in _target(slug, before, after)),
    ]


def _measure(slug: str, before: Measure | None, after: Measure | None) -> Iterator[Difference]:
    yield from _difference(Subject.MEASURE, slug, _title(before or after), _facts(before), _facts(after))
    if before is None or after is None:  # its requirements come and go with it
        return
    pairs = _pair({one.id: one for one in before.requirements}, {one.id: one for one in after.requirements})
    for name, former, now in pairs:
        shown = now or former
        title = shown.text if shown else Text("", "")
        yield from _difference(Subject.REQUIREMENT, f"{slug}/{name}", title, _facts(former), _facts(now))


def _target(slug: str, before: Target | None, after: Target | None) -> Iterator[Difference]:
    yield from _difference(Subject.TARGET, slug, Text(slug, slug), _facts(before), _facts(after))


def _difference(
    subject: Subject, where: str, title: Text, before: Mapping[str, str] | None, after: Mapping[str, str] | None
) -> Iterator[Difference]:
    if before is None or after is None:
        yield Difference(Change.ADDED if before is None else Change.REMOVED, subject, where, title, {})
        return
    fields = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    if fields:
        yield Difference(Change.CHANGED, subject, where, title, fields)


def _facts(part: Measure | Requirement | Target | None) -> dict[str, str] | None:
    """Write each field of a part as one line, so that two can be compared and shown."""
    if part is None:
        return None
    return {key: _line(getattr(part, key)) for key in type(part).model_fields if key not in _NOT_COMPARED}


def _line(value: object) -> str:
    if isinstance(value, Text):
        return f"{value.en} / {value.zh}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _title(measure: Measure | None) -> Text:
    return measure.title if measure else Text("", "")


def _targets(programme: Programme) -> dict[str, Target]:
    def named(action: SpecialAction) -> Iterator[tuple[str, Target]]:
        return ((f"{action.id}/{one.indicator}", one) for one in action.targets)

    return dict(pair for action in programme.special_actions for pair in named(action))


def _pair(old: Mapping[str, Part], new: Mapping[str, Part]) -> list[tuple[str, Part | None, Part | None]]:
    return [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
