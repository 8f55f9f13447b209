"""Adverse events through their verbs: received, classed, reported, answered; what follows, who may, and by when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import select

from config.events import Severity
from config.words import Text
from engine.event_closing import (
    AnalysisOpen,
    AnswerMissing,
    NoClassYet,
    NoStatutoryReport,
    StatutoryMissing,
    open_cycle,
    read_reporter,
)
from engine.event_reports import HappenedLater, HarmUnknown, TooManyWords, WhatMissing
from engine.event_rules import EventClosed, KindUnknown, is_overdue
from engine.event_tasks import DoneOnItsPage
from engine.events import NotTriaged, TriagedAlready
from engine.evidence import GivenFile
from engine.identifiers import IdentifierFound
from engine.people import directory, people_changed
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.assessment import OriginKind
from models.audit import Audit, verify
from models.cycle import CycleStatus, Stage, StageStatus
from models.db import Database
from models.errors import NotAllowed, NotFound, ReasonMissing, Refused
from models.event import Event, EventPhoto, EventReporter, EventStatus
from models.reads.origins import find_origin
from models.task import AnswerKind, TaskStatus
from tests.events import CODE, WHAT, Ward
from tests.places import make_hospital
from tests.walks import at_once, person_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00IDAT0000\x00\x00\x00\x00IEND0000"


@pytest.fixture
def ward(database: Database, rules: Rules) -> Ward:
    make_hospital(database)
    return Ward(database, rules)


def test_a_report_is_kept_and_somebody_is_asked_to_look_at_it(ward: Ward, now: datetime) -> None:
    event = ward.report(now, harm="temporary", photo=GivenFile(name="x.png", content=PNG), sealed_reporter="sealed")
    assert (event.status, event.severity, event.code) == (EventStatus.RECEIVED, None, "E0001")
    assert event.triage_due_at == now + 4 * HOUR
    (cycle,) = ward.cycles()
    assert (cycle.template, cycle.urgent, cycle.launched_by) == ("adverse-event-triage-urgent", True, None)
    assert ward.tasks()["triage"].deadline_at == event.triage_due_at
    with ward.database.reading() as session:
        origin = find_origin(session, cycle.id)
        assert origin is not None and (origin.kind, origin.subject_id) == (OriginKind.EVENT, event.id)
        assert session.exec(select(EventPhoto.media_type)).all() == ["image/png"]
        assert session.exec(select(EventReporter.sealed)).all() == ["sealed"]
        assert {row.by_id for row in session.exec(select(Audit))} == {None}  # nobody signs a report
        assert not [row for row in session.exec(select(Audit)) if WHAT[:20] in row.after]


def test_the_same_report_sent_twice_is_kept_once_and_at_the_same_time_too(ward: Ward, now: datetime) -> None:
    first = ward.report(now)
    assert ward.report(now + HOUR).id == first.id

    def send(own: Database) -> int | None:
        return Ward(own, ward.rules).report(now, code="AAAA-BBBB-CCCC").id

    found = at_once(ward.database, [send] * 3, durable=False)
    assert len(set(map(str, found))) == 1
    with ward.database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Event)).scalar() == 2
    assert len(ward.cycles(1)) == 1 and len(ward.cycles(2)) == 1


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"what": " "}, WhatMissing),
        ({"what": "x" * 4001}, TooManyWords),
        ({"done_at_once": "x" * 4001}, TooManyWords),
        ({"kind": "weather"}, KindUnknown),
        ({"harm": "all"}, HarmUnknown),
        ({"unit": "ward-9"}, NotFound),
        ({"what": "患者姓名：张三，12 床坠床"}, IdentifierFound),
        ({"done_at_once": "called 13812345678"}, IdentifierFound),
        ({"photo": GivenFile(name="x.png", content=b"no picture")}, Refused),
        ({"happened_at": datetime(2026, 3, 2, 1, 31, tzinfo=UTC)}, HappenedLater),
    ],
)
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    ward: Ward, now: datetime, parts: dict[str, object], error: type[Refused]
) -> None:
    with pytest.raises(error):
        ward.report(now, code=CODE, **parts)
    with ward.database.reading() as session:
        assert session.exec(select(Event)).all() == []
    assert ward.cycles() == []
    assert ward.report(now, happened_at=now).happened_at == now


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_report_without_a_place_is_the_hospitals_and_without_an_office_it_is_kept_all_the_same(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.text("DELETE FROM role_holding WHERE role = 'quality-office'"))
        people_changed(session)
    ward = Ward(database, rules)
    event = ward.report(now, unit="")
    assert ward.cycles() == []
    assert is_overdue(event, event.triage_due_at + HOUR)["triage"]  # seen on the page of events
    with database.reading() as session:
        assert directory(session).units[event.unit_id].slug == "hospital"
        assert "event.unstaffed" in session.exec(select(Audit.what)).all()


@pytest.mark.parametrize(
    ("severity", "templates", "status"),
    [
        (Severity.I, ["adverse-event-triage", "adverse-event-serious", "root-cause-analysis"], EventStatus.ANALYSING),
        (Severity.II, ["adverse-event-triage", "adverse-event-serious", "root-cause-analysis"], EventStatus.ANALYSING),
        (Severity.III, ["adverse-event-triage", "adverse-event-ordinary"], EventStatus.TRIAGED),
        (Severity.IV, ["adverse-event-triage", "adverse-event-ordinary"], EventStatus.TRIAGED),
    ],
)
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_each_class_launches_what_follows_from_it(
    ward: Ward, now: datetime, severity: Severity, templates: Sequence[str], status: EventStatus
) -> None:
    event = ward.triage(ward.report(now), severity, now + HOUR)
    assert event.status is status
    cycles = ward.cycles()
    assert [cycle.template for cycle in cycles] == templates
    assert cycles[0].status is CycleStatus.CLOSED  # the task of the triage ended by itself
    assert ward.tasks()["triage"].status is TaskStatus.DONE
    again = ward.triage(event, severity, now + 2 * HOUR)
    assert again.triaged_at == event.triaged_at and len(ward.cycles()) == len(templates)


def test_deadlines_count_from_the_report_whenever_it_is_looked_at(ward: Ward, now: datetime) -> None:
    event = ward.triage(ward.report(now, harm="death"), Severity.I, now + 5 * HOUR)
    assert event.report_due_at == now + 12 * HOUR
    tasks = ward.tasks()
    assert tasks["statutory-report"].deadline_at == now + 12 * HOUR
    assert tasks["secure"].deadline_at == now + 6 * HOUR
    assert tasks["closing-answer"].deadline_at == event.answer_due_at
    assert is_overdue(event, now + 5 * HOUR)["triage"]  # two hours were set
    late = ward.triage(ward.report(now, code="AAAA-BBBB-CCCC", harm="death"), Severity.I, now + 30 * HOUR)
    assert is_overdue(late, now + 30 * HOUR)["statutory-report"]
    assert ward.tasks(2)["statutory-report"].deadline_at == now + 31 * HOUR  # never less than an hour from now
    with ward.database.reading() as session:
        assert verify(session).bad_id is None


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_overdue_is_told_at_the_moment_and_not_before(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    due = event.triage_due_at
    assert [is_overdue(event, due + n * timedelta(seconds=1))["triage"] for n in (-1, 0, 1)] == [False, False, True]
    event = ward.triage(event, Severity.IV, due)
    assert not is_overdue(event, due + 9 * DAY)["triage"]
    assert not any(is_overdue(event, event.answer_due_at).values())
    assert is_overdue(event, event.answer_due_at + timedelta(seconds=1))["closing-answer"]


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_only_who_handles_events_may_decide_about_them(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    for other in ("bo", "dee", "feng", "ana"):
        with pytest.raises(NotAllowed, match="Quality office"):
            ward.triage(event, Severity.IV, now, by=other)
        with pytest.raises(NotAllowed):
            ward.close(event, now, by=other)
    ward.triage(event, Severity.IV, now)
    with pytest.raises(TriagedAlready, match="Eva Sun"):
        ward.triage(event, Severity.II, now)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_who_reported_is_read_by_the_named_role_only_and_each_look_is_audited(ward: Ward, now: datetime) -> None:
    event = ward.report(now, sealed_reporter="sealed")
    for slug in ("bo", "feng", "ana"):
        with pytest.raises(NotAllowed), ward.database.transaction("test") as session:
            by = directory(session).person(slug).id
            read_reporter(session, event.id, rules=ward.rules, by=by, now=now)
    with ward.database.transaction("test") as session:
        by = directory(session).person("eva").id
        assert read_reporter(session, event.id, rules=ward.rules, by=by, now=now) == "sealed"
        assert read_reporter(session, 99, rules=ward.rules, by=by, now=now) is None
    with ward.database.reading() as session:
        looks = session.exec(select(Audit).where(Audit.what == "event.reporter")).all()
    assert [(one.by_id, one.after) for one in looks] == [(by, '{"is_known": true}'), (by, '{"is_known": false}')]


def test_an_event_is_closed_with_an_answer_and_only_then(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    with pytest.raises(NoClassYet):
        ward.close(event, now)
    ward.triage(event, Severity.III, now)
    for answer, error in (("  ", AnswerMissing), ("病人叫李小明，已处理", IdentifierFound)):
        with pytest.raises(error):
            ward.close(event, now, answer)
    closed = ward.close(event, now + DAY, "The labels are new.")
    assert (closed.status, closed.answer, closed.set_aside) == (EventStatus.CLOSED, "The labels are new.", False)
    assert ward.tasks()["closing-answer"].status is TaskStatus.DONE
    assert ward.tasks()["actions"].status is TaskStatus.OPEN  # what changes is still to be done
    assert ward.close(event, now + 2 * DAY, "The labels are new.").closed_at == closed.closed_at
    with pytest.raises(EventClosed, match="Eva Sun"):
        ward.close(event, now + DAY, "Another answer.")
    with ward.database.reading() as session:
        assert not [row for row in session.exec(select(Audit)) if "labels" in row.after + row.why]


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_serious_event_is_not_closed_before_its_report_and_its_causes(ward: Ward, now: datetime) -> None:
    event = ward.report(now, harm="temporary")
    with pytest.raises(NoClassYet):
        ward.tell_authority(event, now)
    ward.triage(event, Severity.II, now)
    with pytest.raises(StatutoryMissing):
        ward.close(event, now)
    told = ward.tell_authority(event, now + HOUR)
    assert ward.tell_authority(event, now + 2 * HOUR).reported_at == told.reported_at == now + HOUR
    assert ward.tasks()["statutory-report"].status is TaskStatus.DONE
    with pytest.raises(AnalysisOpen, match=ward.cycles()[2].code):
        ward.close(event, now + DAY)
    with ward.database.transaction("test") as session:  # as after its approval
        plan = session.exec(select(Stage).where(Stage.cycle_id == ward.cycles()[2].id, Stage.position == 0)).one()
        plan.status = StageStatus.CLOSED
    assert ward.close(event, now + DAY).status is EventStatus.CLOSED


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_near_miss_needs_no_statutory_report(ward: Ward, now: datetime) -> None:
    event = ward.triage(ward.report(now), Severity.IV, now)
    assert event.report_due_at is None
    with pytest.raises(NoStatutoryReport):
        ward.tell_authority(event, now)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_what_is_no_event_is_set_aside_with_an_answer(ward: Ward, now: datetime) -> None:
    event = ward.close(ward.report(now), now, "It was reported already.", aside=True)
    assert (event.set_aside, event.severity, event.status) == (True, None, EventStatus.CLOSED)
    assert ward.cycles()[0].status is CycleStatus.CLOSED
    with pytest.raises(EventClosed):
        ward.triage(event, Severity.II, now)


def test_another_class_changes_what_follows(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    with pytest.raises(NotTriaged):
        ward.reclassify(event, Severity.II, now)
    event = ward.triage(event, Severity.III, now)
    with pytest.raises(ReasonMissing):
        ward.reclassify(event, Severity.II, now, why=" ")
    event = ward.reclassify(event, Severity.II, now + HOUR, why="harm was found")
    assert (event.status, event.report_due_at) == (EventStatus.ANALYSING, now + 48 * HOUR)
    assert [(one.template, one.status.value) for one in ward.cycles()[1:]] == [
        ("adverse-event-ordinary", "cancelled"), ("adverse-event-serious", "active"), ("root-cause-analysis", "active"),
    ]  # fmt: skip
    event = ward.reclassify(event, Severity.I, now + 2 * HOUR)
    assert len(ward.cycles()) == 4  # the same template goes on, with other deadlines
    assert ward.tasks()["statutory-report"].deadline_at == event.report_due_at == now + 12 * HOUR
    event = ward.reclassify(event, Severity.IV, now + 3 * HOUR)
    assert ward.cycles()[-1].template == "adverse-event-ordinary" and event.report_due_at is None
    assert ward.close(event, now + DAY).status is EventStatus.CLOSED  # its analysis goes on by itself
    assert ward.reclassify(event, Severity.III, now + 2 * DAY).severity is Severity.III


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_task_that_is_done_on_the_events_page_cannot_be_called_done_before(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    eva = person_id(ward.database, "eva")
    given = GivenAnswer(kind=AnswerKind.DONE, note="looked at it")
    with pytest.raises(DoneOnItsPage, match="E0001"), ward.database.transaction("test") as session:
        submit_answer(session, ward.tasks()["triage"].id, given, rules=ward.rules, by=eva, now=now)
    ward.triage(event, Severity.III, now)
    for slug, error in (("closing-answer", DoneOnItsPage), ("actions", None)):
        with ward.database.transaction("test") as session:
            task, by = ward.tasks()[slug].id, eva if slug == "closing-answer" else person_id(ward.database, "bo")
            if error:
                with pytest.raises(error):
                    submit_answer(session, task, given, rules=ward.rules, by=by, now=now)
            else:
                submit_answer(session, task, given, rules=ward.rules, by=by, now=now)
    assert ward.tasks()["actions"].status is TaskStatus.DONE


def test_one_press_opens_a_cycle_that_knows_where_it_began(ward: Ward, now: datetime) -> None:
    event = ward.report(now)
    bo = person_id(ward.database, "bo")
    with pytest.raises(NoClassYet), ward.database.transaction("test") as session:
        open_cycle(session, event.id, rules=ward.rules, by=bo, now=now)
    ward.triage(event, Severity.IV, now)
    for person, allowed in (("dee", False), ("bo", True), ("eva", True)):
        with ward.database.transaction("test") as session:
            by = directory(session).person(person).id
            if not allowed:
                with pytest.raises(NotAllowed):
                    open_cycle(session, event.id, rules=ward.rules, by=by, now=now)
                continue
            cycle = open_cycle(session, event.id, rules=ward.rules, by=by, now=now)
            code = cycle.code
    opened = ward.cycles()[-1]
    assert opened.code == code and len(ward.cycles()) == 3  # the second press found the first
    filled = (opened.template, opened.unit_id, opened.lead_id, opened.starts_at, opened.title_en, opened.title_zh)
    assert filled == ("pdca", event.unit_id, bo, now, "Ward 3: Medication (E0001)", "三病区：用药（E0001）")
    assert ward.event().status is EventStatus.ANALYSING
    with ward.database.transaction("test") as session:
        eva = directory(session).person("eva").id
        other = open_cycle(
            session, 1, template="focus-pdca", lead="dee", title=Text("Pumps", "输液泵"), rules=ward.rules, by=eva,
            now=now,
        )  # fmt: skip
        assert (other.title_zh, other.template) == ("输液泵", "focus-pdca")


def test_two_in_the_office_at_once_give_one_class_and_one_answer(ward: Ward, now: datetime) -> None:
    event = ward.report(now)

    def triage(severity: Severity, own: Database) -> Severity | None:
        return Ward(own, ward.rules).triage(event, severity, now).severity

    found = at_once(ward.database, [partial(triage, one) for one in (Severity.III, Severity.IV)], durable=False)
    assert sorted(type(one).__name__ for one in found) == ["Severity", "TriagedAlready"]
    assert len(ward.cycles()) == 2

    def close(said: str, own: Database) -> str:
        return Ward(own, ward.rules).close(event, now, said).answer

    ended = at_once(ward.database, [partial(close, said) for said in ("One.", "Two.")], durable=False)
    assert sorted(type(one).__name__ for one in ended) == ["EventClosed", "str"]
    assert CODE not in str(ended)
