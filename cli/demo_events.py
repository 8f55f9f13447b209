"""Adverse events of the demo hospital: one of each class, each at another stage, and one that was none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from config.events import Severity
from engine.event_closing import close_event, report_statutory
from engine.event_counts import count_events
from engine.event_reports import GivenReport, receive_event
from engine.events import GivenTriage, triage_event
from engine.people import directory
from engine.rules import Rules

OFFICE = "lin-yue"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Reported:
    """One report. code: of its receipt, for whoever tries the demo. ago: hours."""

    code: str
    ago: int
    kind: str
    harm: str
    unit: str
    what: str
    done: str


NEAR_MISS = Reported(
    "DEM0-0001-0001", 220, "medication", "near-miss", "ward-3",
    "Two infusion pumps looked alike; the wrong one was about to be set. Noticed when the second nurse checked.",
    "Stopped, and marked both pumps.",
)  # fmt: skip
NO_HARM = Reported(
    "DEM0-0001-0002",
    70,
    "fall",
    "no-harm",
    "internal",
    "夜间如厕时地面有水，患者滑倒，未见外伤。",
    "扶起评估，清理地面，放置警示牌。",
)
HARMED = Reported(
    "DEM0-0001-0003",
    50,
    "tube",
    "temporary",
    "icu",
    "翻身时气管插管滑脱，重新置管，观察两日。",
    "立即重新置管，通知值班医师。",
)
JUST_IN = Reported(
    "DEM0-0001-0004", 1, "surgery", "lasting", "surgery",
    "The count of swabs did not agree after the operation; a second operation was needed.", "Told the surgeon on call.",
)  # fmt: skip
NONE = Reported("DEM0-0001-0005", 120, "device", "near-miss", "emergency", "担架车轮子有异响。", "")


def show_events(session: Session, *, rules: Rules, now: datetime) -> None:
    """Let staff report and the office work, through the real verbs, each at its own moment."""
    office = directory(session).person(OFFICE).id
    closed, handled, analysed, set_aside, _ = (
        _report(session, one, rules, now) for one in (NEAR_MISS, NO_HARM, HARMED, NONE, JUST_IN)
    )

    def triage(event_id: int, severity: Severity, at: datetime) -> None:
        triage_event(session, event_id, GivenTriage(severity=severity), rules=rules, by=office, now=at)

    triage(closed, Severity.IV, now - 200 * HOUR)
    answer = (
        "The two pumps looked alike. Since Monday each medicine has a pump of its own colour. Thank you for telling."
    )
    close_event(session, closed, answer, rules=rules, by=office, now=now - DAY)
    triage(handled, Severity.III, now - 46 * HOUR)
    triage(analysed, Severity.II, now - 48 * HOUR)
    report_statutory(session, analysed, note="2026-017", rules=rules, by=office, now=now - 30 * HOUR)
    answer = "这是设备维修事项，已转设备科，车轮已更换。感谢提醒。"
    close_event(session, set_aside, answer, rules=rules, by=office, now=now - 100 * HOUR, set_aside=True)
    count_events(session, rules=rules, now=now)


def _report(session: Session, one: Reported, rules: Rules, now: datetime) -> int:
    given = GivenReport(what=one.what, kind=one.kind, harm=one.harm, unit=one.unit, done_at_once=one.done)
    event = receive_event(session, given, code=one.code, rules=rules, now=now - one.ago * HOUR)
    return event.id
