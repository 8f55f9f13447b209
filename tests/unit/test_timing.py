"""The columns of a task that hold its time, whole: opened, given a new deadline, gone on after a standstill."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.steps import Progress
from engine.timing import Timed, fresh, progress_of, renewed
from models.task import Task, TaskStatus
from tests.unit.test_calendar import CN, shanghai
from tests.unit.test_deadlines import LADDER

OPENED, DUE = shanghai("2026-03-02 09:30"), shanghai("2026-03-09 17:30")
NAMES = ("-1wd", "0wd")


def a_task(**other: object) -> Task:
    """A task that was opened on 2 March and has seen its first reminder."""
    task = Task(
        id=7, cycle_id=1, stage_id=1, position=1, slug="report", title_en="Report", title_zh="报告", owner_role="lead",
        due="5wd", evidence="none", token="t", status=TaskStatus.OPEN, remind="-1wd,0wd", opened_at=OPENED,
        deadline_at=DUE, deadline_no=3, reminded_until=shanghai("2026-03-06 09:00"),
    )  # fmt: skip
    for name, value in other.items():
        setattr(task, name, value)
    return task


def test_a_task_that_opens_begins_its_first_deadline() -> None:
    assert fresh("-1wd,0wd", DUE, False, LADDER, CN, OPENED) == Timed(
        deadline_at=DUE,
        deadline_no=1,
        provisional=False,
        reminded_until=OPENED,
        next_fire_at=shanghai("2026-03-06 09:00"),
        level=0,
        ladder_from_at=None,
        n_stagnant=0,
    )
    assert fresh("", DUE, True, LADDER, CN, OPENED) == Timed(DUE, 1, True, OPENED, shanghai("2026-03-10 09:00"))


def test_its_columns_are_named_as_in_the_table() -> None:
    columns = fresh("", DUE, True, LADDER, CN, OPENED).values()
    assert columns == {
        "deadline_at": DUE,
        "deadline_no": 1,
        "provisional": True,
        "reminded_until": OPENED,
        "next_fire_at": shanghai("2026-03-10 09:00"),
        "level": 0,
        "ladder_from_at": None,
        "n_stagnant": 0,
    }
    assert set(columns) < set(Task.model_fields)


def test_how_far_a_task_has_come_is_read_from_its_columns() -> None:
    late = shanghai("2026-03-12 09:00")
    task = a_task(level=2, ladder_from_at=late, n_stagnant=4)
    assert progress_of(task, list(LADDER)) == Progress(
        OPENED, DUE, NAMES, LADDER, shanghai("2026-03-06 09:00"), level=2, ladder_from_at=late, n_stagnant=4
    )
    assert progress_of(a_task(remind=""), ()).remind == ()


@pytest.mark.parametrize("missing", ["opened_at", "deadline_at", "reminded_until"])
def test_a_task_that_was_never_opened_has_come_nowhere(missing: str) -> None:
    with pytest.raises(AssertionError, match=r"^only a task that was opened has come anywhere$"):
        progress_of(a_task(**{missing: None}), LADDER)


def test_a_new_deadline_has_new_rungs_and_a_new_ladder() -> None:
    task = a_task(level=2, ladder_from_at=shanghai("2026-03-12 09:00"), n_stagnant=4)
    now, due = shanghai("2026-03-13 10:00"), shanghai("2026-03-20 17:30")
    assert renewed(task, due, LADDER, CN, now) == Timed(due, 4, False, now, shanghai("2026-03-19 09:00"))
    late = shanghai("2026-03-19 09:00")
    assert renewed(task, due, LADDER, CN, late) == Timed(due, 4, False, late, shanghai("2026-03-20 09:00"))
    over = shanghai("2026-03-20 18:00")
    assert renewed(task, due, LADDER, CN, over) == Timed(due, 4, False, over, shanghai("2026-03-23 09:00"))


def test_rungs_before_the_opening_of_a_task_do_not_come_with_its_new_deadline() -> None:
    task, due = a_task(opened_at=shanghai("2026-03-19 10:00")), shanghai("2026-03-20 17:30")
    now = shanghai("2026-03-18 10:00")  # a clock that was set back
    assert renewed(task, due, LADDER, CN, now).next_fire_at == shanghai("2026-03-20 09:00")
    unopened = a_task(opened_at=None)
    assert renewed(unopened, due, LADDER, CN, now).next_fire_at == shanghai("2026-03-19 09:00")


@pytest.mark.parametrize(
    ("was", "due", "provisional"),
    [
        (True, "2027-01-15 17:30", True),
        (True, "2027-01-01 00:00", True),
        (True, "2026-12-31 23:59", False),
        (False, "2027-01-15 17:30", False),
        (False, "2026-12-15 17:30", False),
    ],
)
def test_a_new_deadline_is_provisional_only_if_the_old_one_was_and_the_year_is_not_announced(
    was: bool, due: str, provisional: bool
) -> None:
    made = renewed(a_task(provisional=was), shanghai(due), LADDER, CN, OPENED)
    assert (made.provisional, made.deadline_no) == (provisional, 4)


def test_after_a_standstill_the_same_deadline_goes_on_without_what_was_missed() -> None:
    now = shanghai("2026-03-09 10:00")
    task = a_task(provisional=True, ladder_from_at=OPENED, n_stagnant=1)
    assert Timed.same(task, LADDER, CN, now) == Timed(
        DUE, 3, True, now, shanghai("2026-03-10 09:00"), ladder_from_at=OPENED, n_stagnant=1
    )


# Level 1 was to come on the 10th at 09:00, level 3 on the 16th; a Friday's next working morning is Monday's.
STANDSTILLS = [
    (0, timedelta(seconds=-1), None, "2026-03-10 09:00"),
    (0, timedelta(0), "2026-03-11 09:00", "2026-03-11 09:00"),
    (0, timedelta(days=3), "2026-03-16 09:00", "2026-03-16 09:00"),
    (1, timedelta(days=1), None, "2026-03-12 09:00"),
    (2, timedelta(days=10), "2026-03-23 09:00", "2026-03-23 09:00"),
    (3, timedelta(days=10), None, "2026-03-30 09:00"),
]


@pytest.mark.parametrize(("level", "after", "from_at", "next_at"), STANDSTILLS)
def test_a_level_that_was_missed_meanwhile_waits_for_the_next_working_morning(
    level: int, after: timedelta, from_at: str | None, next_at: str
) -> None:
    now = shanghai("2026-03-10 09:00") + after
    made = Timed.same(a_task(level=level), LADDER, CN, now)
    wanted = Timed(DUE, 3, False, now, shanghai(next_at), level, shanghai(from_at) if from_at else None)
    assert made == wanted


def test_what_stands_still_without_a_ladder_goes_on_too() -> None:
    now = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
    made = Timed.same(a_task(), (), CN, now)
    assert made == Timed(DUE, 3, False, now, shanghai("2026-03-23 09:00"))
