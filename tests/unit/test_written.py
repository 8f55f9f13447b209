"""Deadlines, reminders and escalation times as a hospital writes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.words import Refused, Text
from config.written import Due, Offset, Unit, parse_after, parse_due, parse_offset


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("5wd", Due(Unit.WORKING_DAYS, 5)),
        ("0wd", Due(Unit.WORKING_DAYS, 0)),
        ("10d", Due(Unit.DAYS, 10)),
        ("10d!", Due(Unit.DAYS, 10, fixed=True)),
        ("24h", Due(Unit.HOURS, 24)),
        (" 3650wd ", Due(Unit.WORKING_DAYS, 3650)),
        ("2026-03-31", Due(Unit.DATE, on=date(2026, 3, 31))),
    ],
)
def test_every_form_of_a_deadline_is_read(written: str, due: Due) -> None:
    assert parse_due(written) == due


def test_a_date_that_yaml_has_already_read_is_a_deadline() -> None:
    assert parse_due(date(2026, 3, 31)) == parse_due("2026-03-31")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "5",
        "wd",
        "5 wd",
        "-5wd",
        "5wd!",
        "24h!",
        "0h",
        "5w",
        "3651wd",
        "87601h",
        "2026-02-30",
        "20260331",
        "5WD",
        "٥d",
    ],
)
def test_any_other_deadline_is_refused_with_the_forms_that_are_allowed(written: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as refusal:
        parse_due(written)
    assert "5wd" in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "offset"),
    [
        ("-3wd", Offset(Unit.WORKING_DAYS, -3)),
        ("0wd", Offset(Unit.WORKING_DAYS, 0)),
        ("+2wd", Offset(Unit.WORKING_DAYS, 2)),
        ("-2h", Offset(Unit.HOURS, -2)),
        ("-20h", Offset(Unit.HOURS, -20)),
    ],
)
def test_every_form_of_a_reminder_is_read(written: str, offset: Offset) -> None:
    assert parse_offset(written) == offset


@pytest.mark.parametrize("written", ["", "3wd", "-3", "-3d", "--3wd", "-3651wd", "-1 wd"])
def test_a_reminder_without_sign_or_with_another_unit_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="-3wd"):
        parse_offset(written)


def test_a_refusal_speaks_both_languages() -> None:
    with pytest.raises(Refused) as refusal:
        parse_offset("soon")
    assert "soon" in refusal.value.what.zh
    assert "工作日" in refusal.value.mend.zh


def test_an_escalation_comes_after_the_deadline_and_never_on_its_morning() -> None:
    assert parse_after("1wd") == Offset(Unit.WORKING_DAYS, 1)
    assert parse_after("0h") == Offset(Unit.HOURS, 0)
    for written in ("0wd", "-1wd", "+1wd", "1d", ""):
        with pytest.raises(Refused):
            parse_after(written)


dues = st.one_of(
    st.builds(Due, st.just(Unit.WORKING_DAYS), st.integers(0, 3650)),
    st.builds(Due, st.just(Unit.DAYS), st.integers(0, 3650), st.booleans()),
    st.builds(Due, st.just(Unit.HOURS), st.integers(1, 87_600)),
    st.builds(lambda on: Due(Unit.DATE, on=on), st.dates()),
)
offsets = st.one_of(
    st.builds(Offset, st.just(Unit.WORKING_DAYS), st.integers(-3650, 3650)),
    st.builds(Offset, st.just(Unit.HOURS), st.integers(-87_600, 87_600)),
)


@given(dues)
def test_a_deadline_written_and_read_again_is_the_same(due: Due) -> None:
    assert parse_due(str(due)) == due


@given(offsets)
def test_a_reminder_written_and_read_again_is_the_same(offset: Offset) -> None:
    assert parse_offset(str(offset)) == offset


nearly = st.from_regex(r"[+-]?[0-9]{0,7}(wd|d|h|w)?!?|[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True)


@given(st.text() | nearly)
def test_whatever_is_written_is_read_or_refused_but_never_crashes(written: str) -> None:
    for parse in (parse_due, parse_offset, parse_after):
        try:
            parse(written)
        except Refused as refusal:
            assert refusal.what.en and refusal.mend.zh


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh_TW.UTF-8", "ZH"])
def test_any_chinese_reader_gets_chinese(language: str) -> None:
    assert Text("Plan", "计划").in_(language) == "计划"


@pytest.mark.parametrize("language", ["en", "de", "", "C"])
def test_everybody_else_gets_english(language: str) -> None:
    assert Text("Plan", "计划").in_(language) == "Plan"
