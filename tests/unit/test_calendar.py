"""Working days of real countries, the hospital's own days, the sending window."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import Calendar, calendar_of
from config.shapes import CalendarFile

DAYS = st.dates(date(2023, 1, 1), date(2027, 12, 31))


def calendar(country: str = "CN", zone: str = "Asia/Shanghai", **changes: object) -> Calendar:
    hours = {"opens": "08:00", "closes": "17:30", "window_opens": "08:00", "window_closes": "18:00"}
    return calendar_of(CalendarFile.model_validate({"country": country, "timezone": zone, **hours, **changes}))


CN, DE, US = calendar(), calendar("DE", "Europe/Berlin"), calendar("US", "America/New_York")


def days(year: int, *written: str) -> set[date]:
    return {date(year, int(day[:2]), int(day[3:])) for day in written}


# The State Council's yearly notices (国务院办公厅关于节假日安排的通知): weekend days on which people work.
MAKE_UP = {
    2023: days(2023, "01-28", "01-29", "04-23", "05-06", "06-25", "10-07", "10-08"),
    2024: days(2024, "02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"),
    2025: days(2025, "01-26", "02-08", "04-27", "09-28", "10-11"),
    2026: days(2026, "01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
}


@pytest.mark.parametrize("year", MAKE_UP)
def test_the_make_up_days_of_china_are_the_official_ones(year: int) -> None:
    weekends = (day for n in range(366) if (day := date(year, 1, 1) + timedelta(n)).year == year and day.weekday() > 4)
    assert {day for day in weekends if CN.is_working_day(day)} == MAKE_UP[year]


def test_national_day_2026_is_seven_days_off_between_two_make_up_days() -> None:
    off = {date(2026, 10, n) for n in range(1, 8)}
    assert not any(map(CN.is_working_day, off))
    assert CN.is_working_day(date(2026, 9, 20)) and CN.is_working_day(date(2026, 10, 10))
    assert CN.shift(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CN.shift(date(2026, 10, 8), -1) == date(2026, 9, 30)
    assert CN.shift(date(2026, 9, 30), 3) == date(2026, 10, 10)


def test_only_years_that_are_to_be_announced_are_provisional() -> None:
    assert [CN.is_provisional(date(year, 12, 31)) for year in (2025, 2026, 2027)] == [False, False, True]
    assert not DE.is_provisional(date(2040, 1, 1))
    assert not US.is_provisional(date(2040, 1, 1))


def test_a_hospital_may_say_itself_what_is_announced() -> None:
    assert calendar(announced_until=2027).is_provisional(date(2027, 5, 1)) is False


def test_the_hospitals_own_days_come_before_the_official_ones() -> None:
    own = calendar(extra_days_off=["2026-05-12"], extra_working_days=["2026-05-16", "2026-10-01"])
    assert not own.is_working_day(date(2026, 5, 12)) and CN.is_working_day(date(2026, 5, 12))
    assert own.is_working_day(date(2026, 5, 16)) and not CN.is_working_day(date(2026, 5, 16))
    assert own.is_working_day(date(2026, 10, 1))
    assert own.shift(date(2026, 5, 11), 1) == date(2026, 5, 13)


@pytest.mark.parametrize(
    ("day", "before", "itself_or_before", "after"),
    [
        ("2026-03-06", "2026-03-05", "2026-03-06", "2026-03-09"),  # Friday
        ("2026-03-07", "2026-03-06", "2026-03-06", "2026-03-09"),
        ("2026-03-08", "2026-03-06", "2026-03-06", "2026-03-09"),
        ("2026-03-09", "2026-03-06", "2026-03-09", "2026-03-10"),
        ("2026-02-14", "2026-02-13", "2026-02-14", "2026-02-24"),  # a Saturday that is worked, then Spring Festival
    ],
)
def test_shifting_by_one_and_by_none(day: str, before: str, itself_or_before: str, after: str) -> None:
    found = [CN.shift(date.fromisoformat(day), n).isoformat() for n in (-1, 0, 1)]
    assert found == [before, itself_or_before, after]


def test_a_calendar_without_working_days_is_an_error_and_no_endless_loop() -> None:
    never = Calendar(ZoneInfo("UTC"), time(17), time(8), time(18), works_on=lambda day: False)
    with pytest.raises(ValueError, match="extra days off"):
        never.shift(date(2026, 3, 2), 1)


@given(day=DAYS, n=st.integers(-60, 60))
def test_shifting_equals_counting_day_by_day(day: date, n: int) -> None:
    step = 1 if n > 0 else -1
    walked, left = day, abs(n)
    while left or (n == 0 and not CN.is_working_day(walked)):
        walked += timedelta(days=step)
        left -= CN.is_working_day(walked) if n else 0
    assert CN.shift(day, n) == walked


@given(day=DAYS, n=st.integers(1, 60))
def test_there_and_back_is_the_day_itself_on_working_days(day: date, n: int) -> None:
    start = CN.next_working_day(day)
    assert CN.shift(CN.shift(start, n), -n) == start
    assert CN.working_days_between(start, CN.shift(start, n)) == n


# --- the sending window ---------------------------------------------------------------------------------------------
def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("2026-03-06 07:59", "2026-03-06 08:00"),
        ("2026-03-06 08:00", "2026-03-06 08:00"),
        ("2026-03-06 12:34", "2026-03-06 12:34"),
        ("2026-03-06 17:59", "2026-03-06 17:59"),
        ("2026-03-06 18:00", "2026-03-09 08:00"),
        ("2026-03-07 12:00", "2026-03-09 08:00"),
        ("2026-09-20 12:00", "2026-09-20 12:00"),  # a Sunday that is worked
        ("2026-10-01 09:00", "2026-10-08 08:00"),
        ("2026-03-06 23:59", "2026-03-09 08:00"),
    ],
)
def test_what_falls_outside_the_window_waits_for_its_next_opening(moment: str, sent: str) -> None:
    assert CN.sendable(shanghai(moment)) == shanghai(sent)


@given(minutes=st.integers(0, 365 * 24 * 60))
def test_the_window_is_reached_once_and_kept(minutes: int) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    sent = DE.sendable(moment)
    assert sent >= moment and DE.sendable(sent) == sent and DE.is_working_day(DE.local_date(sent))


@pytest.mark.parametrize(("day", "utc"), [("2026-03-27", 8), ("2026-03-30", 7), ("2026-10-23", 7), ("2026-10-26", 8)])
def test_nine_in_berlin_stays_nine_when_the_clocks_change(day: str, utc: int) -> None:
    moment = DE.at(date.fromisoformat(day), time(9))
    assert moment == datetime.combine(date.fromisoformat(day), time(utc), UTC)
