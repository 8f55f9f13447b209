"""What a patient says always ends with an answer, or with a breach that everybody can see."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlmodel import select

from config.words import Text
from engine.cycles import cancel_cycle
from engine.feedback import KindMissing, NoDepartment, NotAtWork, NothingSaid, TooMuchSaid, assign_feedback
from engine.feedback_answers import LoopOpen, NothingToJudge, TooLateToReopen, approve_answer, tell_everybody
from engine.feedback_clock import run_feedback
from engine.identifiers import IdentifierFound, masked
from engine.people import directory, people_changed
from engine.rules import Rules
from models.audit import Audit, verify
from models.db import Database
from models.errors import NotAllowed, NoteMissing, NotFound
from models.feedback import FeedbackStatus, SaidAndDone
from models.indicator import Observation
from models.notification import Notification
from models.people import RoleHolding
from models.reads.feedback import FeedbackFilter, list_feedback
from models.task import TaskStatus
from tests.patients import Patients
from tests.places import make_hospital
from tests.walks import at_once, launched
from web.feedback_words import said_of_cycle

# What a rule decides is the same on both systems; what a lock or an index decides is tried on both.
SQLITE = pytest.mark.parametrize("system", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# Monday, 2 March 2026, 09:30: an answer to a complaint is due on Monday the 9th at 17:30 in Shanghai.
DUE = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)


@pytest.fixture
def patients(database: Database, rules: Rules) -> Patients:
    make_hospital(database)
    return Patients(database, rules)


@SQLITE
def test_a_complaint_gives_the_office_two_tasks_with_the_deadlines_of_its_kind(
    patients: Patients, now: datetime
) -> None:
    number = patients.say(now, unit="ward-3")
    row = patients.row(number)
    assert (row.status, row.answer_due_at) == (FeedbackStatus.RECEIVED, DUE)
    assert patients.task(number, "reply").deadline_at == DUE
    assert patients.task(number, "assign").deadline_at == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    cycle = patients.cycles(number)[0]
    assert (cycle.title_en, cycle.title_zh) == (f"Complaint {number}", f"投诉 {number}")


@SQLITE
def test_the_same_receipt_twice_is_one_word(patients: Patients, now: datetime) -> None:
    first = patients.say(now, mark="same")
    assert patients.say(now + DAY, mark="same") == first
    assert len(patients.cycles(first)) == 1


def test_the_same_receipt_at_the_same_moment_is_one_word(patients: Patients, now: datetime) -> None:
    found = at_once(
        patients.database, [lambda own: Patients(own, patients.rules).say(now, mark="same")] * 4, durable=False
    )
    assert len(set(map(str, found))) == 1
    assert len(patients.all_rounds()) == 1


@SQLITE
def test_what_cannot_be_taken_in_is_refused_with_its_reason(patients: Patients, now: datetime) -> None:
    for wrong, error in (
        ({"kind": "rumour"}, KindMissing),
        ({"said": " \n"}, NothingSaid),
        ({"said": "x" * 3001}, TooMuchSaid),
        ({"unit": "no-such"}, NotFound),
    ):
        with pytest.raises(error):
            patients.say(now, **wrong)
    assert patients.all_rounds() == []


def test_departments_draft_and_the_office_approves_before_the_patient_reads(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    patients.assign(number, "ward-3", "surgery", now=now + DAY)
    assert patients.row(number).status is FeedbackStatus.WORKING
    assert patients.task(number, "assign").status is TaskStatus.DONE
    patients.draft(number, "ward-3", "We oiled it.", now=now + 2 * DAY)
    assert patients.task(number, "draft", "ward-3").status is TaskStatus.DECIDING
    assert [draft.text for draft in patients.rounds(number)[0].drafts] == ["We oiled it."]
    assert patients.rounds(number)[0].row.answer == ""
    patients.approve(number, "", now=now + 3 * DAY)
    turn = patients.rounds(number)[0]
    assert (turn.row.answer, turn.open_tasks) == ("We oiled it.", ())
    assert patients.task(number, "draft", "ward-3").status is TaskStatus.DONE
    assert patients.task(number, "draft", "surgery").status is TaskStatus.STOPPED  # the answer went out without it
    assert {cycle.status.value for cycle in patients.cycles(number)} == {"closed"}


@SQLITE
def test_several_departments_have_the_time_that_their_kind_gives_them(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    patients.assign(number, "ward-3", now=now + DAY)
    assert patients.row(number).answer_due_at == DUE
    patients.assign(number, "surgery", now=now + DAY)
    moved = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)  # ten working days from the day on which it came
    assert patients.row(number).answer_due_at == patients.rounds(number)[0].row.answer_due_at == moved
    assert patients.task(number, "reply").deadline_at == moved
    with pytest.raises(NoDepartment):
        patients.assign(number, "surgery", now=now + DAY)


def test_it_is_late_after_its_deadline_and_not_before(patients: Patients, now: datetime) -> None:
    number = patients.say(now)

    def late(moment: datetime) -> list[int]:
        with patients.database.reading() as session:
            found = list_feedback(session, FeedbackFilter(late=True), now=moment, limit=9).rows
            every = list_feedback(session, FeedbackFilter(), now=moment, limit=9).rows
        assert [line.id for line in every if line.is_late(moment)] == [line.id for line in found]
        return [line.id for line in found]

    assert [late(DUE - SECOND), late(DUE), late(DUE + SECOND)] == [[], [], [number]]
    patients.approve(number, now=DUE + DAY)
    assert late(DUE + 2 * DAY) == []


@SQLITE
def test_nobody_but_the_office_names_departments_or_approves(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    with pytest.raises(NotAllowed):
        patients.assign(number, "ward-3", now=now, by="dee")
    with pytest.raises(NotAllowed):
        patients.approve(number, now=now, by="bo")
    assert patients.row(number).status is FeedbackStatus.RECEIVED


@SQLITE
def test_an_answer_that_names_a_patient_is_refused_wherever_it_is_written(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    patients.assign(number, "ward-3", now=now)
    for text in ("Call 138 0013 8000", "患者姓名：王小明", "住院号 0012345"):
        with pytest.raises(IdentifierFound):
            patients.approve(number, text, now=now)
        with pytest.raises(IdentifierFound):
            patients.draft(number, "ward-3", text, now=now)
    with pytest.raises(NoteMissing):
        patients.approve(number, " ", now=now)
    assert patients.row(number).status is FeedbackStatus.WORKING


def test_what_names_a_patient_is_masked_for_departments() -> None:
    said = "我叫他 138-0013-8000，身份证 11010519491231002X，mail a.b@c.test, bed 12"
    assert masked(said) == "我叫他 ***,身份证 ***,mail ***, bed 12"


@SQLITE
def test_the_page_behind_a_departments_link_shows_the_words_masked(patients: Patients, now: datetime) -> None:
    number = patients.say(now, "Call 13800138000")
    patients.approve(number, now=now)
    patients.judge(number, solved=False, said="I wrote a@b.test", now=now)
    patients.assign(number, "ward-3", now=now)
    own = launched(patients.database, patients.rules, now)
    with patients.database.reading() as session:
        assert said_of_cycle(session, patients.cycles(number, 2)[-1].id) == "Call ***\n\nI wrote ***"
        assert said_of_cycle(session, own.cycle_id) == ""


def test_not_solved_begins_a_new_round_in_one_step(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    patients.approve(number, now=now + DAY)
    patients.judge(number, solved=False, mark=2, said="still broken", now=now + 2 * DAY)
    row = patients.row(number)
    assert (row.status, row.round_no, row.answered_at) == (FeedbackStatus.RECEIVED, 2, None)
    assert patients.task(number, "reply", no=2).status is TaskStatus.OPEN
    with pytest.raises(NothingToJudge):
        patients.judge(number, solved=False, now=now + 2 * DAY)
    patients.approve(number, "Now it runs.", now=now + 3 * DAY)
    patients.judge(number, solved=True, mark=5, now=now + 4 * DAY)
    assert patients.row(number).status is FeedbackStatus.CLOSED
    assert [turn.row.satisfaction for turn in patients.rounds(number)] == [2, 5]


def test_not_solved_is_taken_until_the_last_moment_and_the_clock_closes_after_it(
    patients: Patients, now: datetime
) -> None:
    first, second = patients.say(now, contact="sealed"), patients.say(now)
    for number in (first, second):
        patients.approve(number, now=now)
    end = now + 30 * DAY
    assert patients.run(end - SECOND).n_closed == 0
    patients.judge(second, solved=False, now=end - SECOND)
    with pytest.raises(TooLateToReopen):
        patients.judge(first, solved=False, now=end)
    assert (patients.run(end).n_closed, patients.run(end).n_closed) == (1, 0)
    row = patients.row(first)
    assert (row.status, row.closed_at, row.contact) == (FeedbackStatus.CLOSED, end, "")


def test_two_who_answer_at_once_give_one_answer(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    found = at_once(
        patients.database,
        [lambda own: Patients(own, patients.rules).approve(number, "answer", now=now)] * 4,
        durable=False,
    )
    assert [type(one) for one in found if one is not None] == [NotAtWork] * 3
    assert patients.rounds(number)[0].row.answer == "answer"


@SQLITE
def test_what_somebody_stopped_is_asked_of_the_office_again(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    cycle = patients.cycles(number)[0]
    with patients.database.transaction("test") as session:
        eva = directory(session).person("eva").id
        cancel_cycle(session, cycle.id, rules=patients.rules, by=eva, why="by mistake", now=now)
    assert [patients.run(now + DAY).n_asked for _ in range(2)] == [1, 0]
    assert patients.task(number, "reply").status is TaskStatus.OPEN
    patients.approve(number, now=now + 2 * DAY)
    assert patients.run(now + 3 * DAY).n_asked == 0


@SQLITE
def test_a_hospital_without_an_office_keeps_what_patients_say(patients: Patients, now: datetime) -> None:
    with patients.database.transaction("test") as session:
        held = session.exec(select(RoleHolding).where(RoleHolding.role == "quality-office")).one()
        person, unit = held.person_id, held.unit_id
        session.delete(held)
        people_changed(session)
    number = patients.say(now)
    assert patients.cycles(number) == []
    with patients.database.transaction("test") as session:
        session.add(RoleHolding(person_id=person, unit_id=unit, role="quality-office"))
        people_changed(session)
    assert patients.run(now + DAY).n_asked == 1
    assert patients.task(number, "assign").status is TaskStatus.OPEN


@SQLITE
def test_only_what_the_patient_called_solved_is_told_to_everybody(patients: Patients, now: datetime) -> None:
    number = patients.say(now)
    sentence = Text("You said the lift was broken; it has a new motor.", "您说电梯坏了；我们换了新电机。")

    def tell(text: Text) -> None:
        with patients.database.transaction("test") as session:
            eva = directory(session).person("eva").id
            tell_everybody(session, number, text, rules=patients.rules, by=eva, now=now + 3 * DAY)

    with pytest.raises(LoopOpen):
        tell(sentence)
    patients.approve(number, now=now)
    with pytest.raises(LoopOpen):
        tell(sentence)
    patients.judge(number, solved=True, now=now + DAY)
    with pytest.raises(IdentifierFound):
        tell(Text("Call 13800138000", "好"))
    tell(sentence)
    tell(Text("Better words.", "更好的说法。"))
    with patients.database.reading() as session:
        assert [row.text_en for row in session.exec(select(SaidAndDone))] == ["Better words."]


def test_a_month_is_counted_once_when_its_third_working_day_comes(patients: Patients, now: datetime) -> None:
    good, bad, late = (patients.say(now) for _ in range(3))
    patients.assign(good, "ward-3", now=now)
    patients.say(now, kind="praise")
    patients.approve(good, now=DUE)
    patients.approve(bad, now=DUE + SECOND)
    patients.judge(good, solved=True, mark=4, now=DUE + DAY)
    patients.judge(bad, solved=False, mark=3, now=DUE + DAY)
    moment = datetime(2026, 4, 3, 1, 0, tzinfo=UTC)  # Friday, 3 April, 09:00
    assert patients.run(moment - SECOND).n_counted == 0
    assert [patients.run(moment).n_counted for _ in range(2)] == [1, 0]
    # A second round of `bad` and the praise were due in March too: 1 of 5 in time.
    assert observed(patients) == {
        ("hospital", "feedback-complaints"): (3.0, None),
        ("hospital", "feedback-on-time"): (1.0, 5.0),
        ("hospital", "feedback-satisfied"): (1.0, 2.0),
        ("ward-3", "feedback-complaints"): (1.0, None),
        ("ward-3", "feedback-on-time"): (1.0, 1.0),
        ("ward-3", "feedback-satisfied"): (1.0, 1.0),
    }
    assert patients.row(late).status is FeedbackStatus.RECEIVED


def test_months_are_counted_once_by_several_clocks(patients: Patients, now: datetime) -> None:
    patients.say(now)
    moment = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)
    ran = at_once(
        patients.database,
        [lambda own: run_feedback(own, rules=patients.rules, now=moment, door="test")] * 3,
        durable=False,
    )
    assert sum(one.n_counted for one in ran if not isinstance(one, Exception)) == 2
    assert observed(patients)["hospital", "feedback-complaints"] == (0.0, None)  # of April


def test_no_word_of_a_patient_stands_in_messages_or_the_trail(patients: Patients, now: datetime) -> None:
    number = patients.say(now, said="canary-said", contact="canary-contact")
    patients.assign(number, "ward-3", now=now)
    patients.draft(number, "ward-3", "drafted", now=now)
    patients.approve(number, "canary-answer", now=now)
    patients.judge(number, solved=False, said="canary-more", now=now + DAY)
    with patients.database.reading() as session:
        rows = [*session.exec(select(Notification)), *session.exec(select(Audit))]
        assert [row for row in rows if "canary" in row.model_dump_json()] == []
        assert verify(session).bad_id is None


@SQLITE
def test_each_status_takes_only_what_its_arrows_allow(patients: Patients, now: datetime) -> None:
    numbers = {status: patients.say(now) for status in FeedbackStatus}
    patients.assign(numbers[FeedbackStatus.WORKING], "ward-3", now=now)
    for status in (FeedbackStatus.ANSWERED, FeedbackStatus.CLOSED):
        patients.approve(numbers[status], now=now)
    patients.judge(numbers[FeedbackStatus.CLOSED], solved=True, now=now)
    with patients.database.reading() as session:
        eva = directory(session).person("eva").id
    open_ones = {FeedbackStatus.RECEIVED, FeedbackStatus.WORKING}
    for status, verb in product(FeedbackStatus, ("assign", "approve", "judge")):
        fits = (status in open_ones) if verb != "judge" else status is FeedbackStatus.ANSWERED
        if fits:
            continue
        with pytest.raises((NotAtWork, NothingToJudge)), patients.database.transaction("test") as session:
            if verb == "assign":
                assign_feedback(session, numbers[status], ["surgery"], rules=patients.rules, by=eva, now=now)
            elif verb == "approve":
                approve_answer(session, numbers[status], "x", rules=patients.rules, by=eva, now=now)
            else:
                patients.judge(numbers[status], solved=True, now=now)


def observed(patients: Patients) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Read the newest value of each indicator by unit."""
    with patients.database.reading() as session:
        units = {key: unit.slug for key, unit in directory(session).units.items()}
        rows = session.exec(select(Observation).order_by(Observation.period_on))  # type: ignore[arg-type]
        return {(units[row.unit_id], row.indicator): (row.value, row.denominator) for row in rows}
