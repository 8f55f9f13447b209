"""A quarter of adverse events through the verbs: each ends with an answer, or everybody sees that it is late."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlmodel import Session, select

from config.events import Severity
from engine.event_closing import close_event, report_statutory
from engine.event_counts import ALL, count_events
from engine.event_reports import GivenReport, receive_event
from engine.event_rules import is_overdue
from engine.events import GivenTriage, triage_event
from engine.people import directory
from engine.rules import Rules
from engine.sweep import sweep
from models.assessment import OriginKind
from models.audit import verify
from models.cycle import Stage, StageStatus
from models.db import Database
from models.event import Event
from models.indicator import Observation
from models.notification import Notification, NotificationKind
from models.reads.events import EventFilter, list_events
from models.reads.origins import cycles_from
from tests.chaos.sizes import size
from tests.places import make_hospital

FIRST = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HARMS = {"near-miss": (Severity.IV, 45), "no-harm": (Severity.III, 35), "temporary": (Severity.II, 15),
         "lasting": (Severity.I, 4), "death": (Severity.I, 1)}  # fmt: skip
# Of all reports the office forgets some: nobody triages them, nobody tells the authority, nobody answers.
FORGETS_TRIAGE, FORGETS_ANSWER = 0.04, 0.05


@dataclass(frozen=True)
class Act:
    """Something that somebody does with one event at a moment."""

    at: datetime
    what: str
    n: int


def acts(n_events: int, random: Random) -> Iterator[tuple[Act, str]]:
    """Write the quarter: what happens to each event, and when."""
    for n in range(n_events):
        harm = random.choices(list(HARMS), [weight for _, weight in HARMS.values()])[0]
        severity, _ = HARMS[harm]
        at = FIRST + timedelta(minutes=random.randrange(90 * 24 * 60))
        yield Act(at, "report", n), harm
        if random.random() < FORGETS_TRIAGE:
            continue
        if random.random() < 0.05:
            yield Act(at + 3 * HOUR, "aside", n), harm
            continue
        at += random.random() * 40 * HOUR
        yield Act(at, "triage", n), harm
        serious = severity in (Severity.I, Severity.II)
        if serious:
            yield Act(at + 2 * HOUR, "statutory", n), harm
            yield Act(at + 20 * DAY, "plan", n), harm
        if random.random() >= FORGETS_ANSWER:
            yield Act(at + (21 if serious else 3 + random.random() * 20) * DAY, "answer", n), harm


@dataclass(frozen=True)
class Quarter:
    """The hospital during the quarter. ids: of the events by their number in the story."""

    database: Database
    rules: Rules
    ids: dict[int, int]

    def do(self, act: Act, harm: str) -> None:
        """Let one act happen, in a transaction of its own."""
        with self.database.transaction("test") as session:
            office = directory(session).person("eva").id
            number = self.ids.get(act.n, 0)
            match act.what:
                case "report":
                    given = GivenReport(
                        what=f"Event {act.n}.", kind="fall", harm=harm, unit=("ward-3", "surgery", "")[act.n % 3]
                    )
                    event = receive_event(session, given, code=f"SIM0-{act.n:04d}-0000", rules=self.rules, now=act.at)
                    self.ids[act.n] = event.id
                case "triage":
                    triage = GivenTriage(severity=HARMS[harm][0])
                    triage_event(session, number, triage, rules=self.rules, by=office, now=act.at)
                case "statutory":
                    report_statutory(session, number, note="17", rules=self.rules, by=office, now=act.at)
                case "plan":
                    _approve_plan(session, number)
                case "answer" | "aside":
                    aside = act.what == "aside"
                    close_event(session, number, "Thank you. This is what changed.", rules=self.rules, by=office,
                                now=act.at, set_aside=aside)  # fmt: skip


@pytest.mark.parametrize(
    ("system", "n_events"), [("sqlite", size(50, 250)), ("postgresql", size(15, 100))], indirect=["system"]
)
def test_every_report_of_a_quarter_ends_with_an_answer_or_a_breach_that_is_seen(
    database: Database, rules: Rules, n_events: int
) -> None:
    make_hospital(database)
    quarter = Quarter(database, rules, {})
    story = sorted(acts(n_events, Random(20260105)), key=lambda pair: pair[0].at)
    for act, harm in story:
        quarter.do(act, harm)
    end = story[-1][0].at + 90 * DAY
    with database.transaction("test") as session:
        count_events(session, rules=rules, now=end)
    with database.reading() as session:
        events = session.exec(select(Event)).all()
        seen = {line.row.id for line in list_events(session, EventFilter(overdue=True), now=end, limit=999).lines}
        ends = Counter("answered" if one.answer else "breach seen" if one.id in seen else "lost" for one in events)
        late = Counter(task for one in events for task, is_late in is_overdue(one, end).items() if is_late)
        counted = list(session.exec(select(Observation).where(Observation.indicator == ALL)))
        hospital = directory(session).unit("hospital").id
        assert verify(session).bad_id is None
    print(f"\n{n_events} events: {dict(ends)}; not in time: {dict(late)}")
    assert len(events) == n_events and ends["lost"] == 0
    assert ends["answered"] > 0.8 * n_events
    n_counted = sum(one.value or 0 for one in counted if one.unit_id == hospital)
    assert n_counted == sum(not one.set_aside for one in events)
    assert not any(one.provisional for one in counted if one.period_on < FIRST.date().replace(month=4))


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_what_nobody_looks_at_goes_up_to_the_head_of_the_hospital(database: Database, rules: Rules) -> None:
    make_hospital(database)
    quarter = Quarter(database, rules, {})
    quarter.do(Act(FIRST, "report", 0), "death")
    for hours in (1, 2, 6, 26, 27):
        sweep(database, rules=rules, now=FIRST + hours * HOUR, door="test")
    with database.reading() as session:
        people = directory(session).persons
        told = session.exec(select(Notification).where(Notification.kind == NotificationKind.ESCALATION)).all()
        assert [(people[one.person_id].slug, one.level) for one in told] == [("feng", 2)]


def _approve_plan(session: Session, number: int) -> None:
    """Stand for the weeks of an analysis: the verbs of stages have tests of their own."""
    for cycle in cycles_from(session, OriginKind.EVENT, number):
        if cycle.template == "root-cause-analysis":
            plan = session.exec(select(Stage).where(Stage.cycle_id == cycle.id, Stage.position == 0)).one()
            plan.status = StageStatus.CLOSED
