"""A verdict in the words that people read, with the team's prediction beside what came; pure."""

from config.indicators import Frequency, Indicator
from config.words import Text
from models.records import Saying
from spc.errors import DataError
from spc.sentence import Measure, tell
from spc.verdict import Judged, Verdict
from spc.words import NEXT_STEPS, SENTENCES, VERDICTS, Words

PERIODS = {
    Frequency.WEEK: Words("weeks", "周"),
    Frequency.MONTH: Words("months", "个月"),
    Frequency.QUARTER: Words("quarters", "个季度"),
    Frequency.YEAR: Words("years", "年"),
}


def say_judged(judged: Judged, indicator: Indicator, prediction: float | None, *, changed: bool) -> Saying:
    """Say what was found, how sure it is, what next, and what had been predicted. changed: by a cycle."""
    level = judged.change.before.centre * indicator.multiply
    measure = Measure(
        Words(indicator.title.en, indicator.title.zh),
        Words(indicator.unit.en, indicator.unit.zh),
        decimals(level),
        PERIODS[indicator.frequency],
        changed,
    )
    en, zh = (tell(judged, measure, tag) for tag in ("en", "zh"))
    came = judged.change.after.centre * indicator.multiply
    beside = _beside(prediction, came, measure.decimals)
    return Saying(
        headline=Text(en.headline, zh.headline),
        sentence=Text(en.sentence + beside.en, zh.sentence + beside.zh),
        reasons=tuple(Text(a, b) for a, b in zip(en.reasons, zh.reasons, strict=True)),
        flags=tuple(Text(a, b) for a, b in zip(en.flags, zh.flags, strict=True)),
    )


def say_refused(why: DataError) -> Saying:
    """Say why nothing could be judged, and that measuring goes on."""
    cannot, step = VERDICTS[Verdict.CANNOT_TELL], NEXT_STEPS["keep_measuring"]
    reason = Text(why.text("en"), why.text("zh"))
    en, zh = (SENTENCES["suggested"].in_(tag, step=step) for tag in ("en", "zh"))
    sentence = Text(f"{reason.en} {en}", f"{reason.zh}{zh}")
    return Saying(Text(cannot.en, cannot.zh), sentence, (reason,), ())


def decimals(level: float) -> int:
    """Say how many decimals a level of this size is read with."""
    return 3 if abs(level) < 0.1 else 2 if abs(level) < 1 else 1


def _beside(prediction: float | None, came: float, places: int) -> Text:
    if prediction is None:
        return Text("", "")
    said, result = f"{prediction:.{places}f}", f"{came:.{places}f}"
    return Text(f" The team had predicted {said}; it is {result}.", f"团队此前预测为 {said}，实际为 {result}。")
