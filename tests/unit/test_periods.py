"""Periods: every usual spelling is read, and what belongs to another calendar is told by what it is."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.indicators import Frequency
from config.periods import after, read_period, spelled, start_of
from config.words import Refused

MONTH, QUARTER, WEEK, YEAR = Frequency.MONTH, Frequency.QUARTER, Frequency.WEEK, Frequency.YEAR
MARCH = date(2026, 3, 1)

READ = [
    *((MONTH, text, MARCH) for text in ("2026-03", "2026/3", "2026年3月", "202603", "2026.03", "２０２６年３月")),
    *((MONTH, text, MARCH) for text in ("2026-03-15", "2026年3月31日", " 2026-3 ", "2026/03/01 00:00:00")),
    *((QUARTER, text, date(2026, 1, 1)) for text in ("2026Q1", "2026-Q1", "2026年第1季度", "2026年一季度", "2026-01")),
    *((QUARTER, text, date(2026, 10, 1)) for text in ("2026Q4", "2026q4", "2026-10", "2026-12-31")),
    *((WEEK, text, date(2026, 1, 26)) for text in ("2026-W05", "2026W5", "2026年第5周", "2026-02-01")),
    *((YEAR, text, date(2026, 1, 1)) for text in ("2026", "2026年", "2026年度", "2026-07-04")),
]


@pytest.mark.parametrize(("frequency", "text", "first_day"), READ, ids=str)
def test_a_usual_spelling_is_read(frequency: Frequency, text: str, first_day: date) -> None:
    assert read_period(text, frequency) == first_day


REFUSED = [
    (MONTH, "2026/13", "There is no period `2026/13`"),
    (MONTH, "202600", "There is no period"),
    (MONTH, "2026-02-30", "There is no period"),
    (MONTH, "115-03", "years of the Republic"),
    (MONTH, "115年3月", "years of the Republic"),
    (MONTH, "民国115年3月", "years of the Republic"),
    (MONTH, "2569-03", "years of the Buddhist era"),
    (MONTH, "2026Q1", "is no month"),
    (MONTH, "2026.1", "is no month"),  # what a spreadsheet makes of 2026.10
    (MONTH, "March", "is no month"),
    (MONTH, "", "is no month"),
    (MONTH, "1026-03", "The year 1026"),
    (QUARTER, "2026Q5", "is no quarter"),
    (QUARTER, "2026-02", "is no quarter"),
    (WEEK, "2025-W53", "There is no period"),
    (WEEK, "2026-03", "is no week"),
    (YEAR, "26", "is no year"),
]


@pytest.mark.parametrize(("frequency", "text", "said"), REFUSED, ids=str)
def test_anything_else_is_refused_in_words(frequency: Frequency, text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read_period(text, frequency)
    assert said in refused.value.what.en
    assert refused.value.mend.en and refused.value.mend.zh


def test_a_year_of_another_calendar_is_given_in_ours() -> None:
    with pytest.raises(Refused) as republic:
        read_period("115/3", MONTH)
    assert republic.value.mend.en == "Write the year 2026"
    with pytest.raises(Refused) as buddhist:
        read_period(date(2569, 3, 1), MONTH)
    assert buddhist.value.mend.en == "Write the year 2026"


@given(st.sampled_from(Frequency), st.dates(date(1991, 1, 1), date(2199, 12, 31)))
def test_a_period_is_read_again_as_it_was_written(frequency: Frequency, day: date) -> None:
    start = start_of(frequency, day)
    assert read_period(spelled(frequency, start), frequency) == start == read_period(day, frequency)


@given(st.sampled_from(Frequency), st.dates(date(1991, 1, 1), date(2190, 12, 31)))
def test_the_next_period_begins_where_this_one_ends(frequency: Frequency, day: date) -> None:
    start = start_of(frequency, day)
    following = after(frequency, start)
    assert start <= day < following
    assert start_of(frequency, following - timedelta(days=1)) == start
    assert after(frequency, following, -1) == start
