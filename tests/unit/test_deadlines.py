"""Deadlines, rungs and levels as the tables of the manual say, at the moment before, the moment, the moment after."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shapes import Level
from engine.deadlines import deadline, level_at, morning_after, next_level_from, rungs
from tests.unit.test_calendar import CN, DE, calendar, shanghai


def level(after: str, to: str = "dept-head") -> Level:
    return Level.model_validate({"after": after, "to": to})


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "opened", "due"),
    [
        ("5wd", "2026-03-02 09:30", "2026-03-09 17:30"),
        ("5wd", "2026-03-02 00:00", "2026-03-09 17:30"),
        ("5wd", "2026-03-02 23:59", "2026-03-09 17:30"),
        ("5wd", "2026-03-07 10:00", "2026-03-13 17:30"),  # opened on a Saturday: day 0, whatever it is
        ("1wd", "2026-09-30 16:00", "2026-10-08 17:30"),
        ("3wd", "2026-09-30 16:00", "2026-10-10 17:30"),  # the make-up Saturday counts
        ("0wd", "2026-03-02 09:30", "2026-03-02 17:30"),
        ("0wd", "2026-03-07 09:30", "2026-03-07 17:30"),
        ("10d", "2026-03-02 09:30", "2026-03-12 17:30"),
        ("10d", "2026-03-04 09:30", "2026-03-16 17:30"),  # 14 March is a Saturday
        ("10d!", "2026-03-04 09:30", "2026-03-14 17:30"),
        ("10d", "2026-09-22 09:30", "2026-10-08 17:30"),
        ("10d!", "2026-09-22 09:30", "2026-10-02 17:30"),
        ("0d", "2026-03-07 09:30", "2026-03-09 17:30"),
        ("24h", "2026-03-06 22:15", "2026-03-07 22:15"),
        ("2026-03-31", "2026-03-02 09:30", "2026-03-31 17:30"),
        ("2026-10-01", "2026-03-02 09:30", "2026-10-01 17:30"),  # a date stays where it was written
    ],
)
def test_a_deadline_falls_where_the_table_says(written: str, opened: str, due: str) -> None:
    found = deadline(written, shanghai(opened), CN)
    assert (found.at, found.provisional) == (shanghai(due), False)
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "provisional"),
    [("5wd", False), ("10wd", True), ("10d", True), ("10d!", False), ("480h", False), ("2027-01-29", False)],
)
def test_only_what_the_calendar_of_next_year_may_move_is_provisional(written: str, provisional: bool) -> None:
    opened = shanghai("2026-12-23 09:30")
    assert deadline(written, opened, CN).provisional is provisional
    assert deadline(written, opened, DE).provisional is False


def test_own_days_off_move_deadlines() -> None:
    own = calendar(extra_days_off=["2026-03-09"], extra_working_days=["2026-03-07"])
    assert deadline("5wd", shanghai("2026-03-02 09:30"), own).at == shanghai("2026-03-07 17:30")
    assert deadline("7d", shanghai("2026-03-02 09:30"), own).at == shanghai("2026-03-10 17:30")


@pytest.mark.parametrize(
    ("written", "opened", "due"),
    [
        ("24h", "2026-03-28 12:00", "2026-03-29 13:00"),  # the night is an hour short
        ("24h", "2026-10-24 12:00", "2026-10-25 11:00"),
        ("2wd", "2026-03-27 12:00", "2026-03-31 17:30"),
        ("3d!", "2026-10-23 12:00", "2026-10-26 17:30"),
    ],
)
def test_hours_are_absolute_and_days_are_local_when_the_clocks_change(written: str, opened: str, due: str) -> None:
    assert deadline(written, berlin(opened), DE).at == berlin(due)


def test_an_opening_late_in_the_evening_of_utc_belongs_to_the_local_date() -> None:
    opened = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # 01:00 on the 3rd in Shanghai
    assert deadline("1wd", opened, CN).at == shanghai("2026-03-04 17:30")


# --- rungs ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "due", "at"),
    [
        ("-3wd", "2026-03-12 17:30", "2026-03-09 09:00"),
        ("-1wd", "2026-03-09 17:30", "2026-03-06 09:00"),
        ("0wd", "2026-03-09 17:30", "2026-03-09 09:00"),
        ("0wd", "2026-03-14 17:30", "2026-03-13 09:00"),  # a Saturday: the last working day before it
        ("0wd", "2026-10-05 17:30", "2026-09-30 09:00"),
        ("-1wd", "2026-10-05 17:30", "2026-09-30 09:00"),
        ("+2wd", "2026-10-05 17:30", "2026-10-09 09:00"),
        ("+2wd", "2026-03-09 17:30", "2026-03-11 09:00"),
        ("-2h", "2026-03-09 17:30", "2026-03-09 15:30"),
        ("+1h", "2026-03-07 02:00", "2026-03-07 03:00"),
    ],
)
def test_a_rung_falls_where_the_table_says(name: str, due: str, at: str) -> None:
    [rung] = rungs([name], shanghai("2026-01-05 09:00"), shanghai(due), CN)
    assert (rung.name, rung.at, rung.any_hour) == (name, shanghai(at), name.endswith("h"))


@pytest.mark.parametrize(("opened", "exists"), [("08:59", True), ("09:00", False), ("09:01", False)])
def test_a_rung_at_or_before_the_opening_never_exists(opened: str, exists: bool) -> None:
    found = rungs(["0wd"], shanghai(f"2026-03-09 {opened}"), shanghai("2026-03-09 17:30"), CN)
    assert bool(found) is exists


def test_rungs_come_oldest_first_whatever_the_template_says() -> None:
    found = rungs(["0wd", "+1wd", "-2h", "-1wd"], shanghai("2026-03-02 09:30"), shanghai("2026-03-09 17:30"), CN)
    assert [rung.name for rung in found] == ["-1wd", "0wd", "-2h", "+1wd"]


@pytest.mark.parametrize("due", ["2026-03-30 17:30", "2026-10-26 17:30"])
def test_rungs_stay_at_nine_across_the_change_of_clocks(due: str) -> None:
    [rung] = rungs(["-1wd"], berlin("2026-01-05 09:00"), berlin(due), DE)
    assert rung.at.astimezone(DE.zone).strftime("%a %H:%M") == "Fri 09:00"


# --- levels ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "due", "at"),
    [
        ("1wd", "2026-03-09 17:30", "2026-03-10 09:00"),
        ("1wd", "2026-03-06 17:30", "2026-03-09 09:00"),
        ("1wd", "2026-03-07 17:30", "2026-03-09 09:00"),
        ("3wd", "2026-09-29 17:30", "2026-10-09 09:00"),
        ("5wd", "2026-03-06 17:30", "2026-03-13 09:00"),
        ("4h", "2026-03-06 22:00", "2026-03-07 02:00"),
        ("0h", "2026-03-06 22:00", "2026-03-06 22:00"),
    ],
)
def test_a_level_falls_where_the_table_says(after: str, due: str, at: str) -> None:
    assert level_at(level(after), shanghai(due), CN) == shanghai(at)


LADDER = (level("1wd"), level("3wd"), level("5wd"))


@pytest.mark.parametrize(
    ("fired", "now", "expected"),
    [
        (1, "2026-03-10 09:00", None),
        (1, "2026-03-10 09:30", None),
        (1, "2026-03-10 09:31", "2026-03-12 09:00"),
        (1, "2026-03-13 14:00", "2026-03-17 09:00"),  # two working days lie between levels 1 and 2
        (2, "2026-03-13 14:00", "2026-03-17 09:00"),
        (3, "2026-03-20 14:00", "2026-03-20 14:00"),
    ],
)
def test_after_a_late_level_the_next_step_takes_its_whole_time_again(
    fired: int, now: str, expected: str | None
) -> None:
    found = next_level_from(LADDER, fired, shanghai("2026-03-09 17:30"), shanghai(now), CN)
    assert found == (shanghai(expected) if expected else None)


def test_hours_take_their_whole_time_again_too_and_mixed_units_the_time_between() -> None:
    due, now = shanghai("2026-03-09 17:30"), shanghai("2026-03-10 00:00")
    assert next_level_from((level("1h"), level("4h")), 1, due, now, CN) == now + timedelta(hours=3)
    between = level_at(level("1wd"), due, CN) - level_at(level("1h"), due, CN)
    assert next_level_from((level("1h"), level("1wd")), 1, due, now, CN) == now + between


@pytest.mark.parametrize(
    ("asked", "at"), [("2026-03-06 08:00", "2026-03-10 09:00"), ("2026-03-07 23:00", "2026-03-10 09:00")]
)
def test_a_decision_has_until_nine_of_the_second_working_day(asked: str, at: str) -> None:
    assert morning_after(shanghai(asked), 2, CN) == shanghai(at)


@given(
    minutes=st.integers(0, 880 * 24 * 60),
    n=st.integers(1, 40),
    place=st.sampled_from(["CN", "DE"]),
)
def test_working_day_deadlines_equal_a_count_day_by_day(minutes: int, n: int, place: str) -> None:
    opened, there = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), {"CN": CN, "DE": DE}[place]
    day: date = there.local_date(opened)
    for _ in range(n):
        day += timedelta(days=1)
        while not there.is_working_day(day):
            day += timedelta(days=1)
    found = deadline(f"{n}wd", opened, there).at.astimezone(there.zone)
    assert (found.date(), found.strftime("%H:%M")) == (day, "17:30")
