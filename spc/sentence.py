"""A verdict in words for a ward: what, how much, how sure, what next. Never a p value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spc.icons import Better
from spc.power import periods_needed
from spc.trend import Family
from spc.verdict import FEWEST_AFTER, FEWEST_BEFORE, FEWEST_EVENTS, Judged, Verdict
from spc.words import FLAGS, KEYS, NEXT_STEPS, REASONS, SENTENCES, UNCHANGED, VERDICTS, Words

NEXT = {
    Verdict.MET: "adopt",
    Verdict.IMPROVING: "adapt",
    Verdict.NO_CHANGE: "abandon",
    Verdict.WORSE: "abandon",
    Verdict.CANNOT_TELL: "keep_measuring",
}
MONTHS = Words("months", "个月")
NEEDED = {
    "too_few_baseline_points": FEWEST_BEFORE,
    "too_few_post_points": FEWEST_AFTER,
    "too_few_events": FEWEST_EVENTS,
}


@dataclass(frozen=True)
class Measure:
    """Name what is measured. unit: what stands after a number; decimals: of a level; periods: what one is called.

    changed: somebody changed something on the way; otherwise the first periods are only held against the later ones.
    """

    name: Words
    unit: Words
    decimals: int = 1
    periods: Words = MONTHS
    changed: bool = True

    def words(self, table: Mapping[str, Words], name: str) -> Words:
        """Pick the words that fit."""
        return table[name] if self.changed else UNCHANGED.get(name, table[name])


@dataclass(frozen=True)
class Told:
    """Hold a verdict in one language. next_step: the name of what is suggested, see spc.words.NEXT_STEPS."""

    headline: str
    sentence: str
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    next_step: str


def tell(judged: Judged, measure: Measure, language: str) -> Told:
    """Write a verdict in `language` ('zh...' or anything else for English)."""
    step, facts = NEXT[judged.verdict], _facts(judged, measure, language)
    parts = [
        _change(judged, measure, facts, language),
        _target(judged, measure, language),
        _more(judged, measure, language),
    ]
    parts += [SENTENCES["suggested"].in_(language, step=measure.words(NEXT_STEPS, step))]
    reasons = tuple(_reason(each, judged, measure, language) for each in judged.reasons)
    return Told(
        headline=SENTENCES["headline"].in_(
            language, verdict=VERDICTS[judged.verdict], change=SENTENCES["short"].in_(language, **facts)
        ),
        sentence=_joined([*reasons, *parts], language),
        reasons=reasons,
        flags=tuple(measure.words(FLAGS, each).in_(language) for each in judged.flags),
        next_step=step,
    )


def percent_change(judged: Judged) -> tuple[float, float, float] | None:
    """Give after / before - 1 and its 95 % interval as shares; None if there was nothing before."""
    change = judged.change
    before = change.before.centre
    if not before > 0:
        return None
    levels = (change.after.centre, *(change.moved(each) for each in change.ci))
    found = tuple(level / before - 1 for level in levels)
    return (found[0], found[1], found[2]) if all(map(math.isfinite, found)) else None


def _level(value: float, judged: Judged, measure: Measure) -> str:
    return f"{value * judged.chart.plan.multiply:.{measure.decimals}f}"


def _facts(judged: Judged, measure: Measure, language: str) -> dict[str, object]:
    change = judged.change
    levels = {"before": change.before.centre, "after": change.after.centre}
    written = {name: _level(value, judged, measure) for name, value in levels.items()}
    moved = "stayed" if written["before"] == written["after"] else "fell" if change.difference < 0 else "rose"
    return {
        **written,
        "name": measure.name,
        "unit": measure.unit,
        "moved": SENTENCES[moved],
        "n_before": change.before.n_points,
        "n_after": change.after.n_points,
        "periods": measure.periods,
        "interval": _interval(judged, measure, language),
    }


def _interval(judged: Judged, measure: Measure, language: str) -> str:
    shares = percent_change(judged)
    if shares:
        texts = [f"{100 * each:+.0f}%" for each in shares]
    else:
        effects = judged.change.ci if judged.change.family is Family.GAUSSIAN else (0.0, 0.0)
        texts = [_level(each, judged, measure) for each in (judged.change.difference, *effects)]
    return SENTENCES["interval"].in_(language, change=texts[0], low=texts[1], high=texts[2])


def _change(judged: Judged, measure: Measure, facts: dict[str, object], language: str) -> str:
    better = judged.aim.better is Better.HIGHER
    every = SENTENCES["every_above" if better else "every_below"] if judged.evidence.all_beyond_old else Words("", "")
    words = measure.words(SENTENCES, "change")
    return words.in_(language, every=every.in_(language, periods=measure.periods), **facts)


def _target(judged: Judged, measure: Measure, language: str) -> str:
    if judged.aim.target is None:
        return ""
    how = "confirmed" if judged.target_confirmed else "attained" if judged.target_attained else "missed"
    return SENTENCES[how].in_(language, target=_level(judged.aim.target, judged, measure))


def _more(judged: Judged, measure: Measure, language: str) -> str:
    """Say how much longer to measure, if that is what is lacking."""
    if judged.verdict is not Verdict.CANNOT_TELL or not judged.change.before.n_points >= FEWEST_BEFORE:
        return ""
    n_more = periods_needed(judged.change, judged.worthwhile)
    level = _level(judged.worthwhile, judged, measure)
    return SENTENCES["more" if n_more else "never"].in_(language, n_more=n_more, periods=measure.periods, level=level)


def _reason(name: str, judged: Judged, measure: Measure, language: str) -> str:
    change = judged.change
    keys = {"signal": bool(judged.evidence.favourable or judged.evidence.unfavourable)}
    return measure.words(REASONS, name).in_(
        language,
        n_baseline=change.before.n_points,
        n_post=change.after.n_points,
        events=f"{change.before.events:g}",
        needed=NEEDED.get(name, 0),
        key=KEYS["signal" if keys["signal"] and change.ci[0] <= 0 <= change.ci[1] else "size"],
    )


def _joined(parts: list[str], language: str) -> str:
    return ("" if language.lower().startswith("zh") else " ").join(each for each in parts if each)
