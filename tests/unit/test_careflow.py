"""What an event log shows: counts, waiting, variants and the bottleneck, on logs whose answer is known."""

import random
from datetime import timedelta
from statistics import median
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from careflow.draw import Texts, draw_flow
from careflow.flow import find_flow, waits_of
from careflow.log import EventLog, event_log
from careflow.words import say_bottleneck, say_flow, spell_duration
from tests.care import events

HOUR = 3600.0


def log_of(*events: tuple[str, str, float]) -> EventLog:
    return event_log(*zip(*events, strict=True))


def test_a_small_log_is_counted_by_hand() -> None:
    flow = find_flow(
        log_of(
            ("1", "in", 0), ("1", "test", HOUR), ("1", "out", 3 * HOUR),
            ("2", "in", 0), ("2", "test", 3 * HOUR), ("2", "test", 4 * HOUR), ("2", "out", 5 * HOUR),
            ("3", "in", 0), ("3", "out", 10 * HOUR),
        )
    )  # fmt: skip
    assert (flow.n_cases, flow.n_events, flow.n_variants) == (3, 9, 3)
    assert [(one.name, one.n_cases, one.n_times) for one in flow.steps] == [("in", 3, 3), ("test", 2, 3), ("out", 3, 3)]
    by = {(one.before, one.after): one for one in flow.hand_overs}
    assert set(by) == {("in", "test"), ("test", "test"), ("test", "out"), ("in", "out")}
    assert (by["in", "test"].n, by["in", "test"].median_s, by["in", "test"].total_s) == (2, 2 * HOUR, 4 * HOUR)
    assert by["in", "test"].p90_s == pytest.approx(2.8 * HOUR)
    assert flow.hand_overs[0] is by["in", "out"]
    assert flow.bottlenecks == (), "what was seen fewer than five times is a story"


def test_a_planted_wait_of_five_days_is_ranked_first_and_said() -> None:
    rows = list(events(300))
    random.Random(2).shuffle(rows)  # the order of the file says nothing
    cases, steps, at = zip(*rows, strict=True)
    flow = find_flow(event_log(cases, steps, [moment.timestamp() for moment in at]))
    first = flow.bottlenecks[0]
    assert (first.before, first.after, first.n) == ("CT ordered", "CT done", 200)
    assert timedelta(days=4.5) < timedelta(seconds=first.median_s) < timedelta(days=5.5)
    assert flow.share(first) > 0.9
    said = say_bottleneck(flow, first)
    assert "CT ordered" in said.en and "days" in said.en and "天" in said.zh
    assert [one.n_cases for one in flow.variants] == [200, 100]
    assert "67%" in say_flow(flow).en


def test_a_frequent_short_wait_does_not_hide_a_rare_long_one() -> None:
    rows = [(str(n), step, hour * HOUR) for n in range(100) for step, hour in (("a", 0), ("b", 0.2))]
    rows += [(str(n), "c", (0.2 + 120) * HOUR) for n in range(10)]
    first = find_flow(log_of(*rows)).bottlenecks[0]
    assert (first.before, first.after) == ("b", "c")


@given(st.lists(st.tuples(st.sampled_from("123456"), st.sampled_from("abcd"), st.integers(0, 50)), max_size=60))
def test_every_log_keeps_its_sums(rows: list[tuple[str, str, int]]) -> None:
    if not rows:
        return
    flow = find_flow(log_of(*[(case, step, float(at)) for case, step, at in rows]))
    cases = {case for case, _, _ in rows}
    assert flow.n_cases == len(cases) and flow.n_events == len(rows)
    assert sum(one.n for one in flow.hand_overs) == len(rows) - len(cases)
    assert sum(one.n_times for one in flow.steps) == len(rows)
    assert sum(one.n_cases for one in flow.variants) <= flow.n_cases
    spans = [[at for case, _, at in rows if case == one] for one in cases]
    assert sum(one.total_s for one in flow.hand_overs) == pytest.approx(sum(max(span) - min(span) for span in spans))
    assert all(0 <= one.median_s <= one.p90_s + 1e-9 or one.n < 10 for one in flow.hand_overs)
    drawn = draw_flow(flow, Texts("en", "Flow", "said", "cases"))
    ET.fromstring(drawn)


def test_the_waits_of_one_hand_over_are_those_of_its_summary() -> None:
    cases, steps, at = zip(*events(60), strict=True)
    log = event_log(cases, steps, [moment.timestamp() for moment in at])
    ended, waited = waits_of(log, "CT ordered", "CT done")
    one = next(each for each in find_flow(log).hand_overs if each.after == "CT done")
    assert len(ended) == one.n and median(waited) == one.median_s
    assert np.all(np.diff(waits_of(log, "nothing", "CT done")[0]) == 0)


def test_the_picture_escapes_names_and_shows_the_bottleneck_in_another_colour() -> None:
    rows = [(str(n), step, hour * HOUR) for n in range(6) for step, hour in (("<b>in", 0), ("out & home", 90))]
    drawn = draw_flow(find_flow(log_of(*rows)), Texts("zh", "流程", "说明", "例"))
    assert "<b>" not in drawn and "&lt;b&gt;in" in drawn and "3.8 天" in drawn and "#D55E00" in drawn
    ET.fromstring(drawn)


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [(0, "0 min", "0 分钟"), (90 * 60 - 1, "90 min", "90 分钟"), (90 * 60, "1.5 h", "1.5 小时"),
     (48 * HOUR - 1, "48.0 h", "48.0 小时"), (48 * HOUR, "2.0 days", "2.0 天")],
)  # fmt: skip
def test_a_duration_is_written_as_people_say_it(seconds: float, en: str, zh: str) -> None:
    assert (spell_duration(seconds).en, spell_duration(seconds).zh) == (en, zh)
