"""What patients of the demo hospital said: solved and told, answered, at work, late, and just in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from config.words import Text
from engine.feedback import GivenFeedback, assign_feedback, give_feedback
from engine.feedback_answers import Judgement, approve_answer, judge_answer, tell_everybody
from engine.feedback_drafts import draft_answer
from engine.people import directory
from engine.receipt_codes import mark_of
from engine.rules import Rules

WHAT, OFFICE = "feedback", "lin-yue"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """One word of a patient. code: of its receipt, for whoever tries the demo. ago: days."""

    code: str
    kind: str
    unit: str
    said: str
    ago: int
    language: str = "zh"


SAID = (
    Said("DEM0-0000-0001", "complaint", "outpatient", "取药排队将近一个小时，老人站不住。", 20),
    Said("DEM0-0000-0002", "suggestion", "ward-3", "The call button is hard to reach from the chair.", 12, "en"),
    Said("DEM0-0000-0003", "complaint", "emergency", "夜间分诊台没有人解释要等多久。", 9),
    Said("DEM0-0000-0004", "question", "radiology", "CT 报告多久能拿到？", 2),
    Said("DEM0-0000-0005", "praise", "icu", "谢谢重症医学科的护士们，每天都告诉我们父亲的情况。", 0),
)


def show_feedback(session: Session, *, rules: Rules, now: datetime) -> None:
    """Let the patients speak and the office work, through the real verbs, each at its own moment."""
    office = directory(session).person(OFFICE).id
    solved, answered, late, asked, _ = (_give(session, one, rules, now - one.ago * DAY) for one in SAID)

    def at(ago: float) -> datetime:
        return now - ago * DAY

    assign_feedback(session, solved, ["outpatient", "pharmacy"], rules=rules, by=office, now=at(19))
    _draft(session, solved, "pharmacy", "已在 11 点至 13 点增开两个取药窗口，并设置老年人座位。", rules, at(17))
    approve_answer(session, solved, "", rules=rules, by=office, now=at(16))
    judge_answer(session, solved, Judgement(solved=True, satisfaction=5), rules=rules, now=at(14))
    told = Text(
        "You said that fetching medicine took an hour; at noon two more windows are open now, with seats.",
        "您说取药要排一个小时；现在中午增开两个窗口，并设了座位。",
    )
    tell_everybody(session, solved, told, rules=rules, by=office, now=at(13))
    text = "Thank you. Every chair of ward 3 has its own button since Monday."
    approve_answer(session, answered, text, rules=rules, by=office, now=at(4))
    assign_feedback(session, late, ["emergency"], rules=rules, by=office, now=at(8))
    assign_feedback(session, asked, ["radiology"], rules=rules, by=office, now=at(1))


def _give(session: Session, one: Said, rules: Rules, at: datetime) -> int:
    given = GivenFeedback(kind=one.kind, said=one.said, unit=one.unit, language=one.language)
    return give_feedback(session, given, mark=mark_of(WHAT, one.code), rules=rules, now=at)


def _draft(session: Session, number: int, unit: str, text: str, rules: Rules, at: datetime) -> None:
    owner = directory(session).person("maria-silva").id
    draft_answer(session, number, unit, text, rules=rules, by=owner, now=at)
