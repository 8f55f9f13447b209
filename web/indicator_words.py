"""How pages show what charts say: look, shape and words of icons, verdicts, statuses of assessments."""

from config.words import Text
from models.assessment import AssessmentStatus
from spc.icons import Assurance, Variation
from spc.rulesets import Signal
from spc.sign_words import ASSURANCES, SIGNALS, VARIATIONS
from spc.words import VERDICTS, Words

Mark = tuple[str, str, Text]  # look, shape, words


def _text(words: Words) -> Text:
    return Text(words.en, words.zh)


# The shape is that of the picture's own markers, so that it is said without colour.
_VARIATION = {"common": ("s-stopped", "●"), "improvement": ("s-active", "◆"), "concern": ("s-overdue", "■"),
              "neutral": ("s-deciding", "▲")}  # fmt: skip
_ASSURANCE = {
    Assurance.PASS: ("s-done", "P"),
    Assurance.FAIL: ("s-overdue", "F"),
    Assurance.INCONSISTENT: ("s-deciding", "?"),
    Assurance.NOT_KNOWN: ("s-stopped", "-"),
}
VERDICT = {slug: _text(words) for slug, words in VERDICTS.items()}
CONFIDENCE = {"confirmed": Text("confirmed", "已确认"), "likely": Text("likely", "可能")}
ASSESSMENT = {
    AssessmentStatus.DUE: Text("due", "待评估"),
    AssessmentStatus.DONE: Text("assessed", "已评估"),
    AssessmentStatus.MISSED: Text("missed: the data did not come in time", "未评估：数据未按时补齐"),
}


def variation_mark(slug: str) -> Mark:
    """Show what the newest point says."""
    return (*_VARIATION[slug.partition("_")[0]], _text(VARIATIONS[Variation(slug)]))


def assurance_mark(slug: str) -> Mark | None:
    """Show whether the target can be met; None without one."""
    return (*_ASSURANCE[Assurance(slug)], _text(ASSURANCES[Assurance(slug)])) if slug else None


def signal_words(slug: str) -> Text:
    """Say what a rule marks."""
    return _text(SIGNALS[Signal(slug)])
