"""What fires and when: on time, twice, after an outage, for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.calendar import Calendar
from engine.deadlines import deadline, level_at
from engine.steps import Progress, Step, fire, next_at
from models.notification import NotificationKind
from tests.unit.test_calendar import CN, DE, shanghai
from tests.unit.test_deadlines import LADDER, level

REMIND = ("-3wd", "-1wd", "0wd")
HOURLY = (level("1h"), level("4h"), level("12h"))
TICK = timedelta(minutes=5)


def nobody(_: int) -> bool:
    return False


def task(
    remind: tuple[str, ...] = REMIND, ladder: tuple[object, ...] = LADDER, opened: str = "2026-03-02 09:30"
) -> Progress:
    at = shanghai(opened)
    return Progress(at, deadline("5wd", at, CN).at, remind, tuple(ladder), reminded_until=at)  # type: ignore[arg-type]


def named(step: Step) -> str:
    return f"level-{step.level}" if step.kind is NotificationKind.ESCALATION else step.rung


def run(
    progress: Progress, until: datetime, calendar: Calendar = CN, is_skipped: Callable[[int], bool] = nobody
) -> list[tuple[str, datetime]]:
    """Fire at each next moment, as a sweep that is never late."""
    fired = []
    while (now := next_at(progress, calendar)) <= until:
        found = fire(progress, now, calendar, is_skipped)
        fired += [(named(step), now) for step in found.steps]
        progress = found.after
    return fired


def shown(fired: list[tuple[str, datetime]]) -> list[tuple[str, str]]:
    return [(name, f"{at.astimezone(CN.zone):%m-%d %H:%M}") for name, at in fired]


def test_a_task_that_nobody_answers_reminds_escalates_and_is_never_silent() -> None:
    assert shown(run(task(), shanghai("2026-06-01 00:00"))) == [
        ("-3wd", "03-04 09:00"),
        ("-1wd", "03-06 09:00"),
        ("0wd", "03-09 09:00"),
        ("level-1", "03-10 09:00"),
        ("level-2", "03-12 09:00"),
        ("level-3", "03-16 09:00"),
        ("stagnant-1", "03-30 09:00"),
        ("stagnant-2", "04-14 09:00"),  # Qingming between them
        ("stagnant-3", "04-28 09:00"),
        ("stagnant-4", "05-14 09:00"),
        ("stagnant-5", "05-28 09:00"),
    ]


@pytest.mark.parametrize(("clock", "n"), [("08:59:59", 0), ("09:00:00", 1), ("09:00:01", 1)])
def test_a_step_fires_at_its_moment_and_not_before(clock: str, n: int) -> None:
    assert len(fire(task(), shanghai(f"2026-03-04 {clock}"), CN, nobody).steps) == n


def test_the_sweep_sleeps_until_the_next_step() -> None:
    assert next_at(task(), CN) == shanghai("2026-03-04 09:00")


def test_of_missed_reminders_only_the_newest_is_sent() -> None:
    found = fire(task(), shanghai("2026-03-09 10:00"), CN, nobody)
    assert [named(step) for step in found.steps] == ["0wd"]
    assert found.n_missed == 2


def test_after_an_outage_one_level_moves_and_the_next_step_has_its_whole_time() -> None:
    now = shanghai("2026-03-20 14:00")
    found = fire(task(), now, CN, nobody)
    assert [named(step) for step in found.steps] == ["0wd", "level-1"]
    assert shown(run(found.after, shanghai("2026-04-20 00:00"))) == [
        ("level-2", "03-24 09:00"),
        ("level-3", "03-26 09:00"),
        ("stagnant-1", "04-10 09:00"),
    ]


def test_a_level_that_comes_a_little_late_moves_nothing() -> None:
    found = fire(task(remind=()), shanghai("2026-03-10 09:25"), CN, nobody)
    assert next_at(found.after, CN) == shanghai("2026-03-12 09:00")


def test_a_level_whose_holders_own_the_task_is_skipped() -> None:
    fired = run(task(remind=()), shanghai("2026-03-31 00:00"), is_skipped=lambda n: n == 2)
    assert shown(fired) == [("level-1", "03-10 09:00"), ("level-3", "03-16 09:00"), ("stagnant-1", "03-30 09:00")]


def test_when_every_level_is_skipped_the_office_still_hears_of_it() -> None:
    fired = run(task(remind=()), shanghai("2026-03-31 00:00"), is_skipped=lambda n: True)
    assert shown(fired) == [("stagnant-1", "03-30 09:00")]


def test_without_a_ladder_the_notices_count_from_the_deadline() -> None:
    assert shown(run(task(remind=(), ladder=()), shanghai("2026-04-01 00:00"))) == [("stagnant-1", "03-23 09:00")]


def test_after_a_long_outage_one_notice_is_sent_not_all_that_were_missed() -> None:
    progress = replace(task(remind=()), level=3)
    found = fire(progress, shanghai("2026-08-03 12:00"), CN, nobody)
    assert len(found.steps) == 1
    assert next_at(found.after, CN) > shanghai("2026-08-03 12:00")


def test_hours_run_through_nights_and_days_off() -> None:
    opened = shanghai("2026-03-06 20:00")
    progress = Progress(opened, deadline("24h", opened, CN).at, ("-2h",), HOURLY, opened)
    fired = run(progress, shanghai("2026-03-08 12:00"))
    assert shown(fired) == [
        ("-2h", "03-07 18:00"), ("level-1", "03-07 21:00"), ("level-2", "03-08 00:00"), ("level-3", "03-08 08:00"),
    ]  # fmt: skip
    assert all(step.any_hour for step in fire(progress, shanghai("2026-03-07 21:00"), CN, nobody).steps)


@pytest.mark.parametrize("ladder", [("1wd", "1wd", "3wd"), ("1wd", "15h", "3wd")])
def test_levels_written_for_one_moment_fire_together(ladder: tuple[str, ...]) -> None:
    # 15 hours after 17:30 is 08:30, before the level above it: levels fire in order.
    fired = run(task(remind=(), ladder=tuple(map(level, ladder))), shanghai("2026-03-13 00:00"))
    assert shown(fired) == [("level-1", "03-10 09:00"), ("level-2", "03-10 09:00"), ("level-3", "03-12 09:00")]


def test_what_was_reminded_before_is_not_reminded_again() -> None:
    progress = replace(task(), reminded_until=shanghai("2026-03-06 09:00"))
    assert shown(run(progress, shanghai("2026-03-09 23:00"))) == [("0wd", "03-09 09:00")]


OFFSETS = st.sampled_from(["-5wd", "-3wd", "-1wd", "0wd", "+1wd", "+2wd", "-2h", "-26h", "+1h", "+30h"])
LEVELS = st.lists(st.sampled_from(["0h", "1h", "4h", "30h", "1wd", "2wd", "3wd", "5wd"]), max_size=4)

PLACES = {"CN": CN, "DE": DE}


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Progress, str]:
    place = draw(st.sampled_from(sorted(PLACES)))
    opened = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 300 * 24 * 60)))
    due = draw(st.sampled_from(["0wd", "1wd", "5wd", "10d", "10d!", "24h", "7h"]))
    remind = draw(st.lists(OFFSETS, max_size=4, unique=True))
    ladder = tuple(level(after) for after in draw(LEVELS))
    progress = Progress(opened, deadline(due, opened, PLACES[place]).at, tuple(remind), ladder, reminded_until=opened)
    return progress, place


@given(
    made=tasks(),
    gaps=st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=8),
    skipped=st.sets(st.integers(1, 4)),
)
def test_however_the_ticks_come_nothing_fires_twice_and_something_always_comes(
    made: tuple[Progress, str], gaps: list[int], skipped: set[int]
) -> None:
    progress, place = made[0], PLACES[made[1]]
    now, names = progress.opened_at, []
    for gap in gaps:
        now += timedelta(minutes=gap)
        found = fire(progress, now, place, skipped.__contains__)
        assert all(step.at <= now for step in found.steps)
        assert next_at(found.after, place) > now
        again = fire(found.after, now, place, skipped.__contains__)
        assert again.steps == () and again.after == found.after
        names += [named(step) for step in found.steps]
        progress = found.after
    assert len(names) == len(set(names))
    levels = [name for name in names if name.startswith("level")]
    assert levels == sorted(levels)
    assert not {f"level-{n}" for n in skipped} & set(names)


@given(made=tasks())
def test_ticking_every_five_minutes_equals_ticking_at_every_next_moment(made: tuple[Progress, str]) -> None:
    progress, place = made[0], PLACES[made[1]]
    # What opens after its closing hour is late from its first tick on, and how late is the tick's own matter.
    assume(progress.deadline_at > progress.opened_at)
    in_order = sorted(progress.ladder, key=lambda one: level_at(one, progress.deadline_at, place))
    progress = replace(progress, ladder=tuple(in_order))
    until = progress.deadline_at + timedelta(days=12)
    planned = run(progress, until, place)
    moments = sorted({at for _, at in planned})
    assume(
        all(later - earlier > TICK for earlier, later in pairwise(moments))
    )  # of two reminders in one tick one is sent
    ticked, now = [], progress.opened_at
    while now <= until + TICK:
        now += TICK
        if next_at(progress, place) <= now:
            found = fire(progress, now, place, nobody)
            ticked += [(named(step), step.at) for step in found.steps]
            progress = found.after
    assert [name for name, at in ticked if at <= until] == [name for name, _ in planned]
    assert all(abs(at - moment) < TICK for (_, at), (_, moment) in zip(ticked, planned, strict=False))
