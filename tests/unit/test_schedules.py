"""When assessments are due: the 31st, February, holidays, ends of years; always by the plan."""

from datetime import UTC, date, datetime, timedelta

import pytest

from config.calendar import Calendar
from config.indicators import Frequency
from config.periods import after, spelled, start_of
from config.words import Refused
from engine.rules import Rules
from engine.schedules import Stretch, due_turns, first_period, read_wait, spell, stretch, turn, until

MONTH, QUARTER, WEEK, YEAR = Frequency.MONTH, Frequency.QUARTER, Frequency.WEEK, Frequency.YEAR


@pytest.fixture
def calendar(rules: Rules) -> Calendar:
    return rules.calendar


@pytest.mark.parametrize(
    ("frequency", "period", "written", "day"),
    [
        (MONTH, date(2026, 2, 1), "5wd", date(2026, 3, 6)),  # Monday 2 March is the first
        (MONTH, date(2026, 1, 1), "1wd", date(2026, 2, 2)),  # 31 January is a Saturday
        (MONTH, date(2026, 1, 1), "12wd", date(2026, 2, 24)),  # the Spring Festival, and the days worked for it
        (MONTH, date(2026, 9, 1), "1wd", date(2026, 10, 8)),  # the National Day
        (MONTH, date(2026, 1, 1), "31d!", date(2026, 3, 3)),  # the 31st day after January
        (MONTH, date(2026, 2, 1), "31d!", date(2026, 3, 31)),
        (MONTH, date(2028, 1, 1), "29d!", date(2028, 2, 29)),  # a leap day
        (MONTH, date(2026, 4, 1), "3d", date(2026, 5, 6)),  # 3 May falls into the holidays of May
        (MONTH, date(2025, 12, 1), "5wd", date(2026, 1, 8)),  # over the end of a year; 4 January is worked
        (QUARTER, date(2026, 1, 1), "10wd", date(2026, 4, 15)),
        (WEEK, date(2025, 12, 29), "1wd", date(2026, 1, 5)),  # the week of two years
        (YEAR, date(2025, 1, 1), "20wd", date(2026, 1, 29)),
    ],
)
def test_the_day_is_counted_from_the_last_day_of_the_period(
    calendar: Calendar, frequency: Frequency, period: date, written: str, day: date
) -> None:
    found = turn(frequency, period, written, calendar).due_at
    assert (calendar.local_date(found), found.astimezone(calendar.zone).hour) == (day, 9)


@pytest.mark.parametrize("frequency", Frequency)
@pytest.mark.parametrize("written", ["1wd", "5wd", "15wd", "0d", "31d", "31d!"])
def test_ten_years_have_each_period_once_and_in_order(calendar: Calendar, frequency: Frequency, written: str) -> None:
    now, first = datetime.fromisoformat("2034-06-01T00:00+00:00"), date(2024, 1, 1)
    turns = list(due_turns(frequency, first, written, calendar, now))
    assert [each.period_on for each in turns] == [after(frequency, first, n) for n in range(len(turns))]
    assert [each.due_at for each in turns] == sorted(each.due_at for each in turns)
    assert all(
        each.period_on < each.end_on <= each.due_at.astimezone(calendar.zone).date() + timedelta(1) for each in turns
    )


def test_a_period_is_due_at_its_moment_and_not_before(calendar: Calendar) -> None:
    moment = turn(MONTH, date(2026, 2, 1), "5wd", calendar).due_at
    second = timedelta(seconds=1)
    for now, n in ((moment - second, 0), (moment, 1), (moment + second, 1)):
        assert len(list(due_turns(MONTH, date(2026, 2, 1), "5wd", calendar, now))) == n


def test_a_new_schedule_begins_with_the_earliest_period_whose_moment_is_to_come(calendar: Calendar) -> None:
    moment = turn(MONTH, date(2026, 2, 1), "5wd", calendar).due_at
    assert first_period(MONTH, "5wd", calendar, moment - timedelta(seconds=1)) == date(2026, 2, 1)
    assert first_period(MONTH, "5wd", calendar, moment) == date(2026, 3, 1)


def test_whoever_is_asked_late_has_the_whole_time(calendar: Calendar, now: datetime) -> None:
    assert calendar.local_date(until("15wd", now, calendar)) == date(2026, 3, 23)


@pytest.mark.parametrize(
    ("schedule", "indicator", "period", "n"),
    [
        (MONTH, MONTH, date(2026, 2, 1), 1),
        (QUARTER, MONTH, date(2026, 1, 1), 3),
        (YEAR, MONTH, date(2025, 1, 1), 12),
        (YEAR, QUARTER, date(2025, 1, 1), 4),
        (MONTH, WEEK, date(2026, 3, 1), 5),  # Mondays of March 2026
        (MONTH, WEEK, date(2026, 2, 1), 4),
        (WEEK, WEEK, date(2026, 3, 2), 1),
    ],
)
def test_an_assessment_looks_at_the_values_that_begin_in_its_period(
    calendar: Calendar, schedule: Frequency, indicator: Frequency, period: date, n: int
) -> None:
    here = turn(schedule, period, "5wd", calendar)
    assert stretch(schedule, indicator, here) == Stretch(period, here.end_on, n)


@pytest.mark.parametrize(("schedule", "indicator"), [(WEEK, MONTH), (MONTH, QUARTER), (QUARTER, YEAR), (WEEK, YEAR)])
def test_what_is_counted_less_often_is_assessed_once_when_its_own_period_has_ended(
    calendar: Calendar, schedule: Frequency, indicator: Frequency
) -> None:
    turns = due_turns(schedule, start_of(schedule, date(2024, 1, 1)), "5wd", calendar, datetime(2027, 2, 1, tzinfo=UTC))
    found = [(each, here) for here in turns if (each := stretch(schedule, indicator, here))]
    starts = [each.period_on for each, _ in found]
    assert starts == [after(indicator, starts[0], n) for n in range(len(starts))]
    assert {date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1)} <= set(starts)
    assert all(here.period_on < each.end_on <= here.end_on and each.n_values == 1 for each, here in found)
    assert spell(schedule, indicator, date(2024, 1, 1)) == spelled(indicator, date(2024, 1, 1))


def test_a_wait_is_read_in_one_spelling_and_refused_in_both_languages() -> None:
    assert (read_wait(" 5wd ", least=1), read_wait("10d!", least=1), read_wait("0d", least=0)) == ("5wd", "10d!", "0d")
    for written in ("0wd", "24h", "2026-03-31", "soon", ""):
        with pytest.raises(Refused) as caught:
            read_wait(written, least=1)
        assert caught.value.what.zh and caught.value.mend.zh
