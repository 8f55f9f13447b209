"""What `wardcycle spc` says of a series: facts for programs, lines for people, and the picture."""

import math
from collections.abc import Iterable, Sequence

from engine.own_chart import Asked, Seen
from engine.own_series import OwnSeries
from spc.draw import Scene, Texts, draw_chart
from spc.rulesets import Found
from spc.runs import Runs
from spc.sentence import Measure, tell
from spc.sign_words import ASSURANCES, KINDS, SIGNALS, VARIATIONS
from spc.words import Words

Name = tuple[str, str]  # title, unit
LINES = ("values", "centre", "lcl", "ucl", "lcl2", "ucl2")
PERIODS = Words("periods", "期")
SENTENCES = {
    "head": Words("{title}: {kind}, {n} periods, {n_missing} missing.", "{title}：{kind}，{n} 期，缺 {n_missing} 期。"),
    "limits": Words("Average {centre}; limits of the last period {lcl} to {ucl}.",
                    "均值 {centre}；末期控制限 {lcl} 至 {ucl}。"),
    "screened": Words("Large moving ranges were left out of the limits.", "计算控制限时剔除了过大的移动极差。"),
    "rare": Words("So few events: chart the cases or days between them (--chart g or t).",
                  "事件太少：请改为记录事件间隔例数或天数（--chart g 或 t）。"),
    "none": Words("No signal.", "无信号。"),
    "runs": Words(
        "Runs: the longest has {longest} points (at most {longest_max}), {crossings} crossings "
        "(at least {crossings_min}): {signal}.",
        "游程：最长 {longest} 点（上限 {longest_max}），穿越均值 {crossings} 次（下限 {crossings_min}）：{signal}。",
    ),
    "unusual": Words("unusual", "异常"),
    "usual": Words("nothing unusual", "无异常"),
    "point": Words("{first}: {rule}, {side}.", "{first}：{rule}，{side}。"),
    "signal": Words("{first} to {last}: {rule}, {side}.", "{first} 至 {last}：{rule}，{side}。"),
    "last": Words("Newest value: {variation}.", "最新数值：{variation}。"),
    "held": Words("Target: {assurance}.", "目标：{assurance}。"),
    "high": Words("high", "偏高"),
    "low": Words("low", "偏低"),
    "both": Words("around the average", "围绕均值"),
    "before": Words("before", "改进前"),
    "after": Words("after", "改进后"),
    "average": Words("average {value}", "均值 {value}"),
    "target": Words("target {value}", "目标 {value}"),
}  # fmt: skip
SIDES = {1: "high", -1: "low"}


def facts_of(series: OwnSeries, asked: Asked, seen: Seen, name: Name) -> dict[str, object]:
    """Say everything in numbers, and the words in both languages."""
    chart = seen.chart
    return {
        "chart": chart.kind.value,
        "n_periods": len(series.periods),
        "n_missing": _n_missing(seen),
        "n_frozen": chart.plan.freeze,
        "multiply": chart.plan.multiply,
        "screened": chart.screened,
        "sigma_z": _number(chart.sigma_z[0]),
        "points": [
            {"period": period, **{key.removesuffix("s"): _number(getattr(chart, key)[place]) for key in LINES},
             "beyond": bool(chart.beyond[place]), "meaning": seen.meanings[place].value}
            for place, period in enumerate(series.periods)
        ],
        "signals": [
            {"rule": one.rule.value, "direction": SIDES.get(one.direction, "both"),
             "first": series.periods[one.first - 1], "last": series.periods[one.last - 1]}
            for one in seen.signals
        ],
        "runs": {"longest": seen.runs.longest, "longest_max": seen.runs.longest_max, "crossings": seen.runs.crossings,
                 "crossings_min": seen.runs.crossings_min, "signal": seen.runs.signal},
        "icons": {"variation": seen.variation.value, "assurance": seen.assurance and seen.assurance.value},
        "target": asked.target,
        "verdict": _verdict(seen),
        "words": {language: lines_of(series, seen, name, language) for language in ("en", "zh")},
    }  # fmt: skip


def lines_of(series: OwnSeries, seen: Seen, name: Name, language: str) -> list[str]:
    """Say it in sentences."""
    chart, shown = seen.chart, _Shown(language)
    lines = [
        shown("head", title=name[0], kind=KINDS[chart.kind], n=len(series.periods), n_missing=_n_missing(seen)),
        shown("limits", **{key: _level(getattr(chart, key)) for key in ("centre", "lcl", "ucl")}),
        *([shown("screened")] if chart.screened else []),
        *([shown("rare")] if seen.rare else []),
        *([_runs(seen.runs, shown)] if seen.runs.longest else []),
        *(_signals(series, seen.signals, shown) or [shown("none")]),
        shown("last", variation=VARIATIONS[seen.variation]),
        *([shown("held", assurance=ASSURANCES[seen.assurance])] if seen.assurance else []),
    ]
    if seen.judged:
        told = tell(seen.judged, _measure(seen, name), language)
        lines += ["", told.headline, told.sentence, *(f"  - {flag}" for flag in told.flags)]
    return lines


def picture_of(series: OwnSeries, asked: Asked, seen: Seen, name: Name, language: str) -> str:
    """Draw it as SVG in the reader's language."""
    shown, judged = _Shown(language), seen.judged
    told = tell(judged, _measure(seen, name), language) if judged else None
    changed = asked.n_baseline + asked.wash_in if judged and asked.n_baseline else None
    new = judged.change.after.centre * asked.multiply if judged else None
    texts = Texts(
        title=f"{name[0]} ({name[1]})" if name[1] else name[0],
        headline=told.headline if told else "",
        description=" ".join(lines_of(series, seen, name, language)),
        average=shown("average", value=_level(seen.chart.centre)),
        new_average=shown("average", value=f"{new:.4g}") if new is not None else "",
        target=shown("target", value=f"{asked.target:g}") if asked.target is not None else "",
        before=shown("before") if changed else "",
        after=shown("after") if changed else "",
    )
    good = {"met": True, "improving": True, "worse": False}.get(judged.verdict.value) if judged else None
    scene = Scene(series.periods, seen.meanings, asked.target, changed, new, good)
    return draw_chart(seen.chart, texts, scene) + "\n"


class _Shown:
    """Writes sentences in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **facts: object) -> str:
        return SENTENCES[key].in_(self.language, **facts)


def _signals(series: OwnSeries, signals: Sequence[Found], shown: _Shown) -> list[str]:
    return [
        shown("point" if one.first == one.last else "signal", first=series.periods[one.first - 1],
              last=series.periods[one.last - 1], rule=SIGNALS[one.rule],
              side=SENTENCES[SIDES.get(one.direction, "both")])
        for one in signals
    ]  # fmt: skip


def _runs(runs: Runs, shown: _Shown) -> str:
    return shown("runs", longest=runs.longest, longest_max=runs.longest_max, crossings=runs.crossings,
                 crossings_min=runs.crossings_min, signal=SENTENCES["unusual" if runs.signal else "usual"])  # fmt: skip


def _measure(seen: Seen, name: Name) -> Measure:
    level = abs(float(seen.chart.centre[0]))
    decimals = 3 if level < 0.1 else 2 if level < 1 else 1
    return Measure(Words(name[0], name[0]), Words(name[1], name[1]), decimals, PERIODS)


def _verdict(seen: Seen) -> dict[str, object] | None:
    if seen.judged is None:
        return None
    judged, times = seen.judged, seen.chart.plan.multiply
    change = judged.change
    return {
        "verdict": judged.verdict.value,
        "confidence": "likely" if judged.likely_only else "confirmed",
        "reasons": list(judged.reasons),
        "flags": list(judged.flags),
        "before": change.before.centre * times,
        "after": change.after.centre * times,
        "ci95": sorted(change.moved(each) * times for each in change.ci),
        "target_attained": judged.target_attained,
        "target_confirmed": judged.target_confirmed,
        "version": judged.version,
    }


def _n_missing(seen: Seen) -> int:
    return sum(math.isnan(value) for value in seen.chart.values)


def _level(values: Iterable[float]) -> str:
    """Write the last line that there is; a dash for none."""
    known = [float(value) for value in values if math.isfinite(value)]
    return f"{known[-1]:.4g}" if known else "–"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
