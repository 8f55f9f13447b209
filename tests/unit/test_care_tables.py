"""Event tables as hospitals write them: what is read, what is left out and named, what is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.care_tables import MOST_EVENTS, EventsUnreadable, ReadEvents, read_events
from tests.care import BAD, events, table

ZONE, NOW = ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def read(content: bytes | str, name: str = "events.csv") -> ReadEvents:
    given = content.encode() if isinstance(content, str) else content
    return read_events(name, given, zone=ZONE, now=NOW)


def refused(content: bytes | str) -> EventsUnreadable:
    with pytest.raises(EventsUnreadable) as found:
        read(content)
    return found.value


def test_headings_in_chinese_gb18030_and_any_order_are_read() -> None:
    lines = ["时间,环节,病例号", "2026/1/5 8:05,挂号,甲", "2026年1月5日 9:35,就诊,甲", "2026-01-06 10:00:30,挂号,乙"]
    found = read("\n".join(lines).encode("gb18030"))
    assert found.log.steps == ("就诊", "挂号") and found.log.n_cases == 2
    assert sorted(found.log.at)[1] - sorted(found.log.at)[0] == timedelta(hours=1.5).total_seconds()


def test_without_headings_the_order_is_case_step_time_in_the_hospitals_zone() -> None:
    found = read("a,in,2026-01-05 08:00\na,out,2026-01-05T01:00:00+00:00\n")
    assert list(found.log.at) == [datetime(2026, 1, 5, h, tzinfo=UTC).timestamp() for h in (0, 1)]


def test_unsorted_rows_are_sorted_and_repeats_count_once() -> None:
    found = read("case,step,time\na,out,2026-01-05 10:00\na,in,2026-01-05 08:00\na,in,2026-01-05 08:00\n")
    assert [found.log.steps[int(one)] for one in found.log.step] == ["in", "out"] and found.n_repeats == 1


def test_a_few_bad_rows_are_left_out_and_named() -> None:
    rows = table(events(20)).decode() + "\nx,,2026-01-05 08:00\nx,in,yesterday\nx,in,2026-03-02 09:31\n"
    found = read(rows)
    assert found.n_left_out == 3
    first = rows.count("\n", 0, rows.index("\nx,,")) + 2
    assert [one.en for one in found.left_out] == [
        f"Row {first} has no step.",
        f"Row {first + 1}: the time cannot be read; write 2026-03-31 08:05.",
        f"Row {first + 2} lies in the future.",
    ]


def test_what_stood_in_a_bad_row_is_not_repeated() -> None:
    found = read(table(events(60)).decode() + BAD)
    assert found.n_left_out > len(found.left_out) == 8
    assert not any(word in str(found.left_out) for word in ("王秀英", "13800138000", "P2", "Triage"))
    assert "13800138000" not in refused("case,step,time\na,in,13800138000\n").text("en")


def test_the_moment_of_now_is_still_past() -> None:
    assert read("a,in,2026-03-02 09:29\na,out,2026-03-02 09:30").n_left_out == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("case,step,time\n", "no event"),
        ("case,step,time\na,in,soon\na,out,later\n", "2 of 2 rows cannot be used"),
        ("case,step\na,in\n", "name its three columns"),
        ("a,b,c,d\n1,2,3,4\n", "name its three columns"),
        ("case,step,time\na,in,2026-01-05\nb,in,2026-01-05\n", "no case has two events"),
        ("case,step,time\na,in,2026-02-30\na,out,2026-02-30\n", "the time cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_in_both_languages(content: str, said: str) -> None:
    error = refused(content)
    assert said in error.text("en") and error.text("zh") != error.text("en")


def test_a_million_rows_are_refused_clearly() -> None:
    assert "too large" in refused("a,in,2026-01-05\n" * (MOST_EVENTS + 1)).text("en")


def test_too_many_different_steps_are_refused() -> None:
    rows = "\n".join(f"a,step {n},2026-01-05 08:00" for n in range(201))
    assert "201 different steps" in refused(rows).text("en")
