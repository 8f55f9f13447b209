"""The gate: two keys, a sealed baseline, and doubts that are never silent."""

import numpy as np
import pytest

from spc.aim import Aim, Times
from spc.errors import DirectionMissing, SideEmpty, TargetOffScale
from spc.icons import Better
from spc.sentence import Measure, tell
from spc.trend import Family
from spc.verdict import Verdict, judge
from spc.words import Words

FALLS = Measure(Words("Falls", "跌倒发生率"), Words("per 1,000 days", "/千床日"))
LOWER = Aim(Family.BINOMIAL, Better.LOWER, 0.15)
STABLE = [10.0, 12, 9, 11, 10, 13, 8, 11, 10, 12, 9, 11] * 2


def test_a_stable_series_is_hardly_ever_called_better() -> None:
    draw = np.random.default_rng(20260302)
    cases = np.full(36, 100.0)
    verdicts = [
        judge(draw.binomial(100, 0.2, 36).astype(float), cases, aim=LOWER, times=Times(24)).verdict for _ in range(400)
    ]
    better = sum(each in (Verdict.MET, Verdict.IMPROVING) for each in verdicts)
    assert better / len(verdicts) <= 0.02


def test_a_large_fall_is_found() -> None:
    draw = np.random.default_rng(20260302)
    rates, cases = np.repeat([0.2, 0.12], [24, 12]), np.full(36, 100.0)
    verdicts = [
        judge(draw.binomial(100, rates).astype(float), cases, aim=LOWER, times=Times(24)).verdict for _ in range(100)
    ]
    assert verdicts.count(Verdict.MET) >= 95


def test_later_months_never_move_the_baseline() -> None:
    aim = Aim(Family.GAUSSIAN, Better.LOWER, 8.0)
    one = judge([*STABLE, *[6.0] * 12], None, aim=aim, times=Times(24))
    two = judge([*STABLE, *[30.0] * 12], None, aim=aim, times=Times(24))
    assert one.chart.ucl.tolist() == two.chart.ucl.tolist()
    assert (one.verdict, two.verdict) == (Verdict.MET, Verdict.WORSE)


def test_the_time_of_washing_in_counts_for_nothing() -> None:
    aim = Aim(Family.GAUSSIAN, Better.LOWER, 8.0)
    values = [*STABLE, 40.0, 41.0, *[5.0, 6.0] * 6]
    assert judge(values, None, aim=aim, times=Times(24, wash_in=2)).verdict is Verdict.MET
    assert judge(values, None, aim=aim, times=Times(24, wash_in=2)).change.after.n_points == 12


def test_harm_is_told_even_without_a_verdict() -> None:
    judged = judge([*STABLE, 11.0, 40.0], None, aim=Aim(Family.GAUSSIAN, Better.LOWER, 8.0), times=Times(24))
    assert (judged.verdict, judged.reasons, judged.alert) == (Verdict.CANNOT_TELL, ("too_few_post_points",), True)


def test_one_key_alone_is_an_early_sign() -> None:
    values = [*STABLE, 10.0, 12, 9, 11, 17, 16, 9, 11, 10, 12]
    judged = judge(values, None, aim=Aim(Family.GAUSSIAN, Better.LOWER, 8.0), times=Times(24))
    assert judged.evidence.unfavourable and judged.change.ci[0] < 0 < judged.change.ci[1]
    assert "early_sign_of_worsening" in judged.reasons
    assert "the pattern on the chart" in tell(judged, FALLS, "en").reasons[0]


def test_a_bad_last_quarter_keeps_a_target_from_being_met() -> None:
    values = [*STABLE, *[6.0, 7.0] * 5, 6.0, 16.0]
    judged = judge(values, None, aim=Aim(Family.GAUSSIAN, Better.LOWER, 8.0), times=Times(24))
    assert judged.verdict is not Verdict.MET and "recent_points_unfavourable" in judged.reasons


@pytest.mark.parametrize(
    ("times", "flag"),
    [
        (Times(24, seasonal=True), "seasonal_partial_year"),
        (Times(24, definition_changed=True), "definition_changed"),
        (Times(14), "trial_limits"),
    ],
)
def test_a_doubt_asks_for_a_signature(times: Times, flag: str) -> None:
    values = [*STABLE[: times.n_baseline], *[6.0, 7.0] * 5]
    judged = judge(values, None, aim=Aim(Family.GAUSSIAN, Better.LOWER, 8.0), times=times)
    assert judged.verdict is Verdict.MET and flag in judged.flags and judged.needs_signature and judged.likely_only
    assert len(tell(judged, FALLS, "zh").flags) == len(judged.flags)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(DirectionMissing):
        judge(STABLE, None, aim=Aim(Family.GAUSSIAN, Better.NEITHER), times=Times(12))
    with pytest.raises(TargetOffScale):
        judge(STABLE, STABLE, aim=Aim(Family.BINOMIAL, Better.HIGHER, 85.0), times=Times(12))
    with pytest.raises(SideEmpty):
        judge(STABLE, None, aim=Aim(Family.GAUSSIAN, Better.LOWER), times=Times(24))


def test_no_event_at_all_after_the_change_is_an_answer() -> None:
    judged = judge([*[5.0, 6.0] * 8, *[0.0] * 12], None, aim=Aim(Family.POISSON, Better.LOWER, 1.0), times=Times(16))
    assert judged.verdict is Verdict.MET and judged.change.after.events == 0
    assert judged.target_bound == pytest.approx(1.6449**2 / 12, rel=0.01)


def test_the_sentence_says_what_how_much_how_sure_and_what_next() -> None:
    values, days = [*[14.0, 12.0] * 12, *[5.0, 6.0] * 6], [1000.0] * 36
    aim = Aim(Family.POISSON, Better.LOWER, 0.008)
    judged = judge(values, days, aim=aim, times=Times(24), multiply=1000)
    assert tell(judged, FALLS, "en").sentence == (
        "Falls fell from 13.0 to 5.5 per 1,000 days (-58%, 95% interval -68% to -44%) in the 12 months after the "
        "change; all of them were below the old average. Target 8.0 met, confirmed. Suggested: adopt and keep watching."
    )
    assert tell(judged, FALLS, "zh-CN").headline.startswith("已达标：跌倒发生率由 13.0 降至 5.5")
