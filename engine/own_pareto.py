"""A Pareto table out of anybody's two columns, category and count, with the vital few in words; pure."""

import math
from collections.abc import Mapping, Sequence

from config.words import Refused as Useless
from config.words import Text
from engine.grids import Cell, Grid
from engine.own_series import MOST_SAID, both_of, grid_in, number_in, shown
from engine.workbook import column_letters, text_of
from models.errors import UsageError
from spc.draw_pareto import draw_pareto
from spc.pareto import Pareto, make_pareto

MOST_ROWS = 1_000
MOST_BARS = 12  # more names than that nobody reads in a picture
LONGEST = 60  # characters of a category
NAMES = {
    "category": ("category", "cause", "reason", "type", "name", "类别", "原因", "类型", "名称", "项目"),
    "count": ("count", "n", "number", "events", "cases", "frequency", "例数", "数量", "次数", "频数", "件数"),
}
REST = Text("others", "其他")
TITLE = Text("Pareto chart", "帕累托图")


class CountsUnreadable(UsageError):
    """The counts cannot be read: {what}"""

    zh = "无法读取计数：{what}"


def read_counts(name: str, content: bytes) -> dict[str, float]:
    """Read CSV, pasted cells or the first sheet of a workbook. Raises CountsUnreadable, which names the cells."""
    try:
        return counts_in(grid_in(name, content))
    except Useless as error:
        raise CountsUnreadable(what=both_of(error)) from error


def counts_in(grid: Grid) -> dict[str, float]:
    """Read the rows of a sheet; a category that stands in several rows is added up. Raises CountsUnreadable."""
    rows = [(number, row) for number, row in enumerate(grid, 1) if any(shown(cell) for cell in row)]
    (category, count), headings = _columns(rows[0][1]) if rows else ((0, 1), 0)
    rows = rows[headings:]
    if not 0 < len(rows) <= MOST_ROWS:
        raise CountsUnreadable(what=Text(f"there are {len(rows)} rows; give 1 to {MOST_ROWS}.",
                                         f"共有 {len(rows)} 行，应为 1 至 {MOST_ROWS} 行。"))  # fmt: skip
    found: dict[str, float] = {}
    problems: list[Text] = []
    for number, row in rows:
        name = text_of(row[category] if category < len(row) else "")[:LONGEST]
        value = _count(row[count] if count < len(row) else "", f"{column_letters(count)}{number}", problems)
        if not name:
            problems.append(Text(f"Row {number} has no category.", f"第 {number} 行没有类别。"))
        found[name] = found.get(name, 0.0) + value
    if not problems and sum(found.values()) <= 0:
        problems.append(Text("All counts are 0.", "所有计数均为 0。"))
    if problems:
        said = problems[:MOST_SAID]
        raise CountsUnreadable(what=Text(" ".join(one.en for one in said), "".join(one.zh for one in said)))
    return found


def pareto_of(counts: Mapping[str, float], language: str) -> Pareto:
    """Order the categories; of more than twelve the smallest become one bar, which comes last."""
    names = sorted(counts, key=lambda name: (-counts[name], name))
    rest = names[MOST_BARS - 1 :] if len(names) > MOST_BARS else []
    if not rest:
        return make_pareto(counts)
    kept = {name: counts[name] for name in names if name not in set(rest)}
    others = f"{REST.in_(language)} ({len(rest)})"
    return make_pareto({**kept, others: sum(counts[name] for name in rest)}, rest=others)


def tell_pareto(pareto: Pareto, counts: Mapping[str, float]) -> tuple[Text, ...]:
    """Say which few make up most of it, or that there are none; and whether the first is clearly the first."""
    vital = [bar.category for bar in pareto.bars if bar.vital]
    said = [headline_of(pareto, counts)]
    if has_few(pareto, counts):
        said.append(Text(f"They are: {', '.join(vital)}.", f"依次为：{'、'.join(vital)}。"))
    if not pareto.leader_is_clear:
        said.append(Text("The first is not clearly ahead of the second: chance alone may have put it there.",
                         "第一位与第二位差别不明显，可能只是偶然。"))  # fmt: skip
    return tuple(said)


def headline_of(pareto: Pareto, counts: Mapping[str, float]) -> Text:
    """Say in one sentence how few make up how much."""
    vital = [bar for bar in pareto.bars if bar.vital]
    k, n, total = len(vital), len(counts), f"{sum(counts.values()):g}"
    share = f"{sum(bar.share for bar in vital):.0%}"
    if has_few(pareto, counts):
        return Text(f"{k} of {n} categories make up {share} of {total}.", f"{n} 类中的 {k} 类占 {total} 例的 {share}。")
    return Text(f"No vital few: it takes {k} of {n} categories to make up {share} of {total}.",
                f"没有明显的关键少数：{n} 类中须 {k} 类才占 {total} 例的 {share}。")  # fmt: skip


def has_few(pareto: Pareto, counts: Mapping[str, float]) -> bool:
    """Answer whether at most half of the categories make up most of it."""
    return sum(bar.vital for bar in pareto.bars) * 2 <= max(2, len(counts))


def draw_counts(pareto: Pareto, counts: Mapping[str, float], title: str, language: str, name: str = "pareto") -> str:
    """Draw it as SVG, its words on top. name: makes its ids differ from those of other pictures on the same page."""
    headline = headline_of(pareto, counts).in_(language)
    return draw_pareto(pareto, title=title or TITLE.in_(language), headline=headline, name=name)


def _columns(first: Sequence[Cell]) -> tuple[tuple[int, int], int]:
    """Find the two columns and how many rows of headings there are; by place where no name is known."""
    titles = [shown(cell).lower() for cell in first]
    found = [next((titles.index(name) for name in names if name in titles), None) for names in NAMES.values()]
    if found[0] is not None and found[1] is not None:
        return (found[0], found[1]), 1
    if len(titles) < 2:
        raise CountsUnreadable(what=Text("give two columns, category and count.", "请给出两列：类别、数量。"))
    return (0, 1), int(number_in(first[1], "", []) is None)


def _count(cell: Cell, where: str, problems: list[Text]) -> float:
    """Read a count; 0 for what is none, which is added to the problems."""
    before = len(problems)
    value = number_in(cell, where, problems)
    if len(problems) == before and (value is None or value < 0 or math.isinf(value)):
        problems.append(Text(f"{where}: write a count of 0 or more.", f"{where}：请填写不小于 0 的数量。"))
    return value if value is not None and value >= 0 else 0.0
