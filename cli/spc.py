"""`wardcycle spc FILE`: limits, signals, icons, verdict and picture of anybody's series, without a hospital."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.mistakes import NOT_THERE, Both, FileThere, FileUnreadable, FileUnwritable
from cli.options import BASIC, Basic
from cli.shown import Shown
from cli.speech import say
from models.errors import Refused, UsageError

if TYPE_CHECKING:
    from engine.own_chart import Asked, Seen
    from engine.own_series import OwnSeries

Charts = Literal["auto", "run", "i", "mr", "p", "pp", "u", "up", "c", "cp", "g", "t", "ip", "pareto"]


class ParetoAlone(UsageError):
    """A Pareto chart takes --title, --svg and --overwrite; leave the other options out."""

    zh = "帕累托图只接受 --title、--svg 和 --overwrite，请去掉其他选项。"


class SeriesRefused(Refused):
    """{what}"""

    zh = "{what}"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wished:
    """What may be said of a series."""

    chart: Annotated[Charts, Parameter(help=say("Which chart.", "图的类型。"))] = "auto"
    target: Annotated[float | None, Parameter(help=say("The target as shown.", "目标值，按显示单位。"))] = None
    better: Annotated[
        Literal["higher", "lower", "neither"], Parameter(help=say("Which way is better.", "改进方向。"))
    ] = "neither"
    freeze: Annotated[
        int | None, Parameter(help=say("Only the first N periods make the limits.", "仅用前 N 期计算控制限。"))
    ] = None
    baseline: Annotated[
        int | None,
        Parameter(help=say("The first N periods came before the change: judge it.", "改进前的期数，用于作出判断。")),
    ] = None
    wash_in: Annotated[int, Parameter(help=say("Then so many count for nothing.", "其后不计入的周期数。"))] = 0
    worthwhile: Annotated[
        float | None, Parameter(help=say("The smallest change worth the work.", "值得为之努力的最小变化。"))
    ] = None
    multiply: Annotated[float, Parameter(help=say("Show in these units: 100 for %.", "显示倍数：百分比用 100。"))] = 1.0
    title: Annotated[str, Parameter(help=say("What the picture is called; the file's name.", "图的标题。"))] = ""
    unit: Annotated[str, Parameter(help=say("What stands after a number.", "数值的单位。"))] = ""
    svg: Annotated[Path | None, Parameter(help=say("Write the picture here.", "将图写入此文件。"))] = None
    overwrite: Annotated[bool, Parameter(help=say("Write over what is there.", "覆盖已有内容。"), negative="")] = False


WISHED = Wished()


def spc(
    file: Annotated[
        Path,
        Parameter(
            help=say(
                "CSV or a workbook with period, value and, where there is one, denominator; "
                "for --chart pareto category and count.",
                "CSV 或工作簿：时期、数值，如有再加分母；--chart pareto 时为类别、数量。",
            )
        ),
    ],
    /,
    *,
    wished: Wished = WISHED,
    basic: Basic = BASIC,
) -> Shown:
    """Look at a series."""
    import os

    from cli.own_words import facts_of, lines_of, picture_of
    from cli.speech import language_of
    from engine.own_chart import look_at
    from engine.own_series import read_own_series
    from spc.errors import DataError

    language = basic.language or language_of((), os.environ)
    if not file.is_file():
        raise FileUnreadable(file=file, why=NOT_THERE)
    if wished.chart == "pareto":
        return _pareto(file, wished, language)
    series, asked = read_own_series(file), _asked(wished)
    try:
        seen = look_at(series, asked)
    except DataError as error:
        raise SeriesRefused(what=Both(error.text("en"), error.text("zh"))) from error
    name = (wished.title or file.stem, wished.unit)
    if wished.svg:
        _write(wished.svg, picture_of(series, asked, seen, name, language), overwrite=wished.overwrite)
    facts = facts_of(series, asked, seen, name) | {"svg": str(wished.svg) if wished.svg else None}
    return Shown(facts, lines_of(series, seen, name, language), _following(file, wished, seen, series))


def _pareto(file: Path, wished: Wished, language: str) -> Shown:
    """Order categories by count."""
    from cli.own_pareto import pareto_facts, pareto_lines, pareto_picture
    from config.words import Refused as Useless
    from engine.grids import read_content
    from engine.own_pareto import CountsUnreadable, read_counts
    from engine.own_series import both_of

    if wished != Wished(chart=wished.chart, title=wished.title, svg=wished.svg, overwrite=wished.overwrite):
        raise ParetoAlone
    try:
        counts = read_counts(file.name, read_content(file))
    except Useless as error:
        raise CountsUnreadable(what=both_of(error)) from error
    title = wished.title or file.stem
    if wished.svg:
        _write(wished.svg, pareto_picture(counts, title, language), overwrite=wished.overwrite)
    facts = pareto_facts(counts, title) | {"svg": str(wished.svg) if wished.svg else None}
    following = [] if wished.svg else [f"wardcycle spc {file} --chart pareto --svg pareto.svg"]
    return Shown(facts, pareto_lines(counts, title, language), following)


def _asked(wished: Wished) -> Asked:
    from engine.own_chart import Asked, VerdictIncomplete
    from spc.errors import OutOfBounds
    from spc.icons import Better
    from spc.lines import Kind

    if wished.multiply <= 0 or wished.wash_in < 0:
        name, value = ("--multiply", wished.multiply) if wished.multiply <= 0 else ("--wash-in", wished.wash_in)
        error = OutOfBounds(name=name, value=f"{value:g}", least=0, most=1_000_000)
        raise SeriesRefused(what=Both(error.text("en"), error.text("zh")))
    if wished.baseline is None and (wished.wash_in or wished.worthwhile is not None):
        raise VerdictIncomplete
    return Asked(
        kind=None if wished.chart == "auto" else Kind(wished.chart),
        target=wished.target,
        better=Better(wished.better),
        n_frozen=wished.freeze,
        n_baseline=wished.baseline,
        wash_in=wished.wash_in,
        worthwhile=wished.worthwhile,
        multiply=wished.multiply,
    )


def _following(file: Path, wished: Wished, seen: Seen, series: OwnSeries) -> list[str]:
    if seen.judged is None and len(series.periods) > 20:
        return [f"wardcycle spc {file} --baseline {len(series.periods) // 2} --better lower"]
    return [] if wished.svg else [f"wardcycle spc {file} --svg chart.svg"]


def _write(file: Path, content: str, *, overwrite: bool) -> None:
    try:
        with file.open("w" if overwrite else "x", encoding="utf-8") as out:
            out.write(content)
    except FileExistsError as error:
        raise FileThere(file=file) from error
    except OSError as error:
        raise FileUnwritable(file=file, why=error.strerror or "") from error
