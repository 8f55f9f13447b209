"""Who is really told, and from when on."""

from datetime import UTC, date, datetime

import pytest

from engine.outbox import Note, address, is_stopped, reachable, send_at
from engine.people import Directory
from engine.retelling import again
from engine.rules import Rules
from models.notification import STOPPABLE, Notification, NotificationKind
from models.people import Absence, Person, Rhythm, RoleHolding, Unit

MONDAY = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ANA, BO, EVA, DEE = 1, 2, 3, 4
READER = Person(slug="a", name="A")


def people(*, without_email: int = 0, away: tuple[Absence, ...] = (), office: bool = True) -> Directory:
    """A ward of four: bo heads it, eva is the quality office."""
    persons = {
        key: Person(id=key, slug=slug, name=slug, email=None if key == without_email else f"{slug}@hospital.test")
        for key, slug in ((ANA, "ana"), (BO, "bo"), (EVA, "eva"), (DEE, "dee"))
    }
    held = {("dept-head", 1): (RoleHolding(person_id=BO, role="dept-head", unit_id=1),)}
    if office:
        held["quality-office", 1] = (RoleHolding(person_id=EVA, role="quality-office", unit_id=1),)
    absences = {who: tuple(a for a in away if a.person_id == who) for who in {a.person_id for a in away}}
    unit = Unit(id=1, slug="ward", name_en="Ward", name_zh="病区")
    return Directory(1, {1: unit}, persons, held, absences, dict.fromkeys(persons, 1))


def note(person: int = ANA, at: datetime = MONDAY, **other: object) -> Note:
    """A reminder."""
    made = Note("task:7:1:0wd", NotificationKind.REMINDER, person, at, 1, 7)
    return Note(**{**vars(made), **other})


def away(person: int, stand_in: int, first: date, last: date) -> Absence:
    return Absence(person_id=person, from_on=first, until_on=last, stand_in_id=stand_in)


def test_a_note_goes_to_its_person_under_a_key_without_clock(rules: Rules) -> None:
    found = address([note()], people(), rules.calendar)
    assert list(found) == ["task:7:1:0wd:1"]
    assert found["task:7:1:0wd:1"].for_id is None


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), DEE),
        (date(2026, 3, 3), date(2026, 3, 9), ANA),
        (date(2026, 2, 23), date(2026, 3, 1), ANA),
    ],
)
def test_a_stand_in_is_told_on_the_days_of_the_absence_and_on_no_other(
    rules: Rules, first: date, last: date, told: int
) -> None:
    (found,) = address([note()], people(away=(away(ANA, DEE, first, last),)), rules.calendar).values()
    assert (found.person_id, found.for_id) == (told, ANA if told == DEE else None)


def test_what_waits_for_the_window_goes_to_who_is_there_when_it_opens(rules: Rules) -> None:
    friday_night = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    on_monday = away(ANA, DEE, date(2026, 3, 9), date(2026, 3, 9))
    (found,) = address([note(at=friday_night)], people(away=(on_monday,)), rules.calendar).values()
    assert found.person_id == DEE


def test_stand_ins_are_followed_three_times_and_no_further(rules: Rules) -> None:
    day = (date(2026, 3, 2), date(2026, 3, 2))
    ring = (away(ANA, BO, *day), away(BO, EVA, *day), away(EVA, DEE, *day), away(DEE, ANA, *day))
    (found,) = address([note()], people(away=ring), rules.calendar).values()
    assert found.person_id == DEE


def test_two_owners_with_one_stand_in_make_one_message(rules: Rules) -> None:
    day = (date(2026, 3, 2), date(2026, 3, 2))
    found = address([note(ANA), note(BO)], people(away=(away(ANA, DEE, *day), away(BO, DEE, *day))), rules.calendar)
    assert [one.person_id for one in found.values()] == [DEE]


def test_the_head_hears_what_a_person_without_an_address_cannot_and_the_office_is_alarmed(rules: Rules) -> None:
    found = address([note()], people(without_email=ANA), rules.calendar)
    told = {(one.kind.value, one.person_id, one.for_id) for one in found.values()}
    assert told == {("reminder", BO, ANA), ("alarm", EVA, None)}
    assert next(one for one in found.values() if one.kind is NotificationKind.REMINDER).facts == {
        "instead": "no-address"
    }


def test_the_head_without_an_address_is_heard_by_the_office(rules: Rules) -> None:
    found = address([note(BO)], people(without_email=BO), rules.calendar)
    assert {(one.kind.value, one.person_id) for one in found.values()} == {("reminder", EVA), ("alarm", EVA)}


def test_the_office_is_alarmed_once_for_each_task_and_person(rules: Rules) -> None:
    notes = [note(), note(key="task:7:1:+1wd"), note(key="task:8:1:0wd", task_id=8)]
    found = address(notes, people(without_email=ANA), rules.calendar)
    assert sorted(key for key in found if key.startswith("alarm")) == [
        "alarm:no-address:7:1:3",
        "alarm:no-address:8:1:3",
    ]
    alarms = [one for key, one in found.items() if key.startswith("alarm")]
    assert [one.facts for one in alarms] == [{"alarm": "no-address", "person": "ana"}] * 2


def test_a_message_told_once_more_says_the_same_to_somebody_else() -> None:
    row = Notification(
        key="task:7:2:+1wd:1", kind=NotificationKind.ESCALATION, person_id=ANA, for_id=BO, planned_at=MONDAY,
        cycle_id=5, task_id=7, decision_id=8, rung="+1wd", level=1, deadline_no=2, urgent=True,
        facts='{"why": "so", "instead": "x"}',
    )  # fmt: skip
    assert again(row, person_id=DEE, mark="undo-3", at=MONDAY) == Note(
        "task:7:2:+1wd:undo-3", NotificationKind.ESCALATION, DEE, MONDAY, 5, 7, 8, "+1wd", 1, 2, urgent=True,
        facts={"why": "so"},
    )  # fmt: skip


def test_another_channel_than_mail_is_an_address_too() -> None:
    assert reachable(Person(slug="a", name="A", channels="email,ntfy"))
    assert not reachable(Person(slug="a", name="A", channels="email"))
    assert not reachable(Person(slug="a", name="A", email="", channels=""))


@pytest.mark.parametrize(
    ("hour", "minute", "sent"),
    [
        (7, 59, datetime(2026, 3, 6, 8, tzinfo=UTC)),
        (8, 0, datetime(2026, 3, 6, 8, tzinfo=UTC)),
        (17, 59, datetime(2026, 3, 6, 17, 59, tzinfo=UTC)),
        (18, 0, datetime(2026, 3, 9, 8, tzinfo=UTC)),
    ],
)
def test_the_sending_window_opens_at_8_and_closes_at_18(rules: Rules, hour: int, minute: int, sent: datetime) -> None:
    zone = rules.calendar.zone
    at = datetime(2026, 3, 6, hour, minute, tzinfo=zone)
    assert send_at(note(at=at), rules.calendar, READER) == sent.replace(tzinfo=zone)


def test_urgent_notes_and_those_in_hours_do_not_wait(rules: Rules) -> None:
    night = datetime(2026, 3, 7, 22, 0, tzinfo=rules.calendar.zone)
    for rhythm in Rhythm:
        reader = Person(slug="a", name="A", digest=rhythm)
        assert send_at(note(at=night, urgent=True), rules.calendar, reader) == night
        assert send_at(note(at=night, any_hour=True), rules.calendar, reader) == night


NEWS, ASKS = NotificationKind.RECEIPT, NotificationKind.REMINDER
# 6 March 2026 is a Friday; 6 April, a Monday, is a day off (Qingming); 14 February, a Saturday, a working day.
WAITS = [
    (Rhythm.DAILY, ASKS, "2026-03-06T08:59", "2026-03-06T09:00"),
    (Rhythm.DAILY, ASKS, "2026-03-06T09:00", "2026-03-06T09:00"),
    (Rhythm.DAILY, ASKS, "2026-03-06T09:01", "2026-03-09T09:00"),
    (Rhythm.DAILY, NEWS, "2026-03-06T19:00", "2026-03-09T09:00"),
    (Rhythm.DAILY, NEWS, "2026-02-13T10:00", "2026-02-14T09:00"),
    (Rhythm.WEEKLY, ASKS, "2026-03-06T09:01", "2026-03-09T09:00"),
    (Rhythm.WEEKLY, NEWS, "2026-03-03T10:00", "2026-03-09T09:00"),
    (Rhythm.WEEKLY, NEWS, "2026-03-09T09:00", "2026-03-09T09:00"),
    (Rhythm.WEEKLY, NEWS, "2026-03-09T09:01", "2026-03-16T09:00"),
    (Rhythm.WEEKLY, NEWS, "2026-04-03T10:00", "2026-04-07T09:00"),
    (Rhythm.WEEKLY, NEWS, "2026-04-07T08:30", "2026-04-07T09:00"),
    (Rhythm.WEEKLY, NotificationKind.ALARM, "2026-03-03T10:00", "2026-03-03T10:00"),
]


@pytest.mark.parametrize(("rhythm", "kind", "at", "sent"), WAITS)
def test_a_digest_is_waited_for_until_nine(
    rules: Rules, rhythm: Rhythm, kind: NotificationKind, at: str, sent: str
) -> None:
    zone = rules.calendar.zone
    planned, wanted = (datetime.fromisoformat(written).replace(tzinfo=zone) for written in (at, sent))
    reader = Person(slug="a", name="A", digest=rhythm)
    assert send_at(note(at=planned, kind=kind), rules.calendar, reader) == wanted


def test_only_news_can_be_stopped() -> None:
    found = people()
    found.persons[ANA].muted = ",".join(NotificationKind)
    assert {kind for kind in NotificationKind if is_stopped(note(kind=kind), found)} == set(STOPPABLE)
