"""The record of an assessment, what an indicator can show, and how true a cycle was to the method; no database."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from config.catalogue import read_catalogue
from config.indicators import Better, Family, Frequency, Indicator
from config.periods import after
from config.words import Text
from engine.aims import off_scale
from engine.assessing import assess
from engine.baselines import data_hash
from engine.fidelity import Facts, score
from engine.looks import Look
from engine.power import find_power
from engine.watches import find_concern
from models.pictures import draw_record
from models.reads.series import Series
from models.records import record_from, written

CATALOGUE = read_catalogue(environ={})
HYGIENE, FALLS = CATALOGUE.indicators["hand-hygiene"], CATALOGUE.indicators["inpatient-falls"]
READMISSION = HYGIENE.model_copy(update={"id": "readmission", "better": Better.LOWER, "target": None})
FIRST = date(2024, 1, 1)
AS_OF = datetime(2027, 1, 4, 2, 0, tzinfo=UTC)


def series(values: list[float | None], cases: float | None = 100, *, provisional: int = 0) -> Series:
    """Lay values on months; the last `provisional` of them are not final."""
    periods = tuple(after(Frequency.MONTH, FIRST, n) for n in range(len(values)))
    final = len(values) - provisional
    out_of = None if cases is None else (cases,) * len(values)
    return Series(periods, tuple(values), out_of, tuple(n >= final for n in range(len(values))))


def look(indicator: Indicator = READMISSION, n_baseline: int = 24, **more: object) -> Look:
    asked = Look(indicator, "ward-3", AS_OF, AS_OF.date(), n_baseline, target=15)
    return replace(asked, **more)  # type: ignore[arg-type]


def drawn(level: float, n: int, seed: int) -> list[float | None]:
    return [float(each) for each in np.random.default_rng(seed).binomial(100, level, n)]


def test_of_stable_series_at_most_two_in_a_hundred_are_called_better() -> None:
    verdicts = [assess(series(drawn(0.2, 36, seed)), look()).verdict for seed in range(300)]
    assert sum(verdict in ("met", "improving") for verdict in verdicts) / len(verdicts) <= 0.02


def test_a_record_is_complete_and_reads_back_as_it_was_written() -> None:
    found = assess(series([*drawn(0.2, 24, 1), *drawn(0.1, 12, 2)]), look(prediction=12, cycle="C2026-0001"))
    assert record_from(written(found)) == found
    assert (found.verdict, found.confidence, found.next_step) == ("met", "confirmed", "adopt")
    assert (found.baseline.n, found.after.n, found.n_usable, len(found.points)) == (24, 12, 36, 36)
    assert found.baseline.last == date(2025, 12, 1) and found.after.first == date(2026, 1, 1)
    assert found.target is not None and found.target.attained and found.target.n_met >= 10
    assert found.change is not None and found.change.ci95[0] is not None and found.change.ci95[0] < found.change.after
    assert {signal.sense for signal in found.signals if signal.phase == "after"} == {"favourable"}
    assert found.data_hash == data_hash(series([*drawn(0.2, 24, 1), *drawn(0.1, 12, 2)]))
    assert "fell from" in found.said.sentence.en and "The team had predicted 12.0" in found.said.sentence.en
    assert "团队此前预测为 12.0" in found.said.sentence.zh


def test_a_signal_keeps_the_day_on_which_it_was_found_first() -> None:
    given = series([*drawn(0.2, 24, 1), *drawn(0.1, 12, 2)])
    found = assess(given, look())
    earlier = {(each.rule, each.first): date(2026, 6, 1) for each in found.signals}
    assert {each.detected_on for each in found.signals} == {AS_OF.date()}
    assert {each.detected_on for each in assess(given, look(known=earlier)).signals} == {date(2026, 6, 1)}


def test_provisional_values_are_shown_and_not_judged() -> None:
    found = assess(series([*drawn(0.2, 24, 1), *drawn(0.1, 8, 2), 90.0], provisional=1), look())
    assert (found.after.n, found.n_provisional, found.points[-1].value, found.alert) == (8, 1, 90.0, False)


def test_a_gap_and_an_empty_denominator_are_counted_as_what_they_are() -> None:
    given = series([*drawn(0.2, 24, 1), None, *drawn(0.1, 9, 2)])
    assert given.out_of is not None
    found = assess(replace(given, out_of=(*given.out_of[:-1], 0.0)), look())
    assert (found.n_missing, found.n_zero_denominator, found.after.n) == (1, 1, 8)
    assert found.points[24].value is None and found.points[-1].value is None


@pytest.mark.parametrize(("n_before", "n_after"), [(0, 0), (0, 9), (24, 0), (1, 1)])
def test_what_cannot_be_compared_is_recorded_as_cannot_tell(n_before: int, n_after: int) -> None:
    found = assess(series([*drawn(0.2, n_before, 1), *drawn(0.1, n_after, 2)]), look(n_baseline=n_before))
    assert (found.verdict, found.change, found.next_step) == ("cannot_tell", None, "keep_measuring")
    assert found.reasons == ("too_few_points",) and found.said.sentence.zh
    assert record_from(written(found)) == found
    draw_record(found, "en")


def test_an_indicator_without_direction_is_not_judged() -> None:
    neither = READMISSION.model_copy(update={"better": Better.NEITHER})
    found = assess(series(drawn(0.2, 36, 1)), look(neither))
    assert (found.verdict, found.reasons) == ("cannot_tell", ("no_direction",))


@pytest.mark.parametrize("family", [Family.RATE, Family.COUNT, Family.MEASUREMENT, Family.RARE])
def test_every_family_is_judged_with_a_chart_of_its_own(family: Family) -> None:
    indicator = READMISSION.model_copy(update={"family": family, "multiply": 1, "unit": Text("cases", "例")})
    cases = 1.0 if family is Family.RATE else None
    found = assess(series([*drawn(0.2, 24, 1), *drawn(0.1, 12, 2)], cases), look(indicator, target=12))
    assert found.verdict == "met" and found.chart in ("up", "i")


def test_the_picture_says_the_verdict_in_both_languages_and_escapes_titles() -> None:
    hostile = READMISSION.model_copy(update={"title": Text("<b>Falls</b>", "<b>跌倒</b>")})
    found = assess(series([*drawn(0.2, 24, 1), *drawn(0.1, 12, 2)]), look(hostile))
    for language, word in (("en", "Target met"), ("zh", "已达标")):
        picture = draw_record(found, language, notes=[(date(2026, 1, 5), Text("Do", "实施"))])
        assert word in picture and "<b>" not in picture and picture.count("improvement") >= 10


def test_a_concern_is_a_signal_that_the_newest_point_belongs_to() -> None:
    watched = assess(series([*drawn(0.1, 12, 2), *drawn(0.1, 3, 3), 40.0]), look(n_baseline=12))
    concern = find_concern(watched)
    assert concern is not None and (concern.rule, concern.last) == ("beyond", watched.points[-1].period)
    calm = assess(series([*drawn(0.1, 12, 2), *drawn(0.1, 3, 3), 40.0, 9.0, 10.0, 11.0]), look(n_baseline=12))
    assert find_concern(calm) is None


def test_the_power_is_said_before_the_start_with_cases_time_and_level() -> None:
    power = find_power(series([20.0] * 24), READMISSION, n_after=12, target=15)
    assert power is not None and power.reachable is not None
    assert power.reachable == pytest.approx(16.0, abs=0.2)  # section 4.5 of the design: 20 -> 16.0 with 100 a month
    assert power.said.en == (
        f"With 100 cases a month, 12 months can show a fall from 20.0 to {power.reachable:.1f} %. "
        "The target 15.0 can be shown."
    )
    assert "每月 100 例时，12 个月可以看出由 20.0 降至" in power.said.zh


def test_a_target_that_is_too_near_or_no_better_is_said_before_the_start() -> None:
    near = find_power(series([20.0] * 24), READMISSION, n_after=3, target=17)
    assert near is not None and near.n_needed is not None and near.n_needed > 3
    assert f"would take {near.n_needed} months" in near.said.en
    worse = find_power(series([20.0] * 24), READMISSION, n_after=12, target=25)
    assert worse is not None and "no better than the baseline" in worse.said.en
    nothing = find_power(series([0.0] * 24), READMISSION, n_after=12, target=0)
    assert nothing is not None and nothing.reachable is None and "cannot show any fall" in nothing.said.en


@pytest.mark.parametrize(
    ("value", "level", "is_off"),
    [
        (85, 70.0, False),
        (0.85, 70.0, True),
        (850, 70.0, True),
        (-1, 70.0, True),
        (0.85, 1.2, False),
        (0.85, None, True),
        (85, None, False),
        (100, 95.0, False),
        (0, 5.0, False),
    ],
)
def test_a_level_is_held_against_what_is_known_of_its_scale(value: float, level: float | None, is_off: bool) -> None:
    assert off_scale(value, HYGIENE, level) is is_off


def test_a_rate_on_another_scale_is_found_by_its_factor() -> None:
    assert off_scale(0.004, FALLS, 3.5)
    assert off_scale(3500, FALLS, 3.5)
    assert not off_scale(2.1, FALLS, 3.5)


NOTHING = Facts(0, None, None, 9, True, False, 0, 0)


def test_a_cycle_without_anything_has_no_point_and_a_whole_one_has_four() -> None:
    assert score(NOTHING).score == 0
    whole = Facts(1, AS_OF, AS_OF, 0, False, False, 12, 8)
    assert score(whole).score == 4


@pytest.mark.parametrize(
    ("facts", "feature", "points"),
    [
        (replace(NOTHING, n_linked=2), "iterative", 1.0),
        (replace(NOTHING, sealed_at=AS_OF, do_opened_at=datetime(2026, 1, 1, tzinfo=UTC)), "predicted", 0.0),
        (replace(NOTHING, sealed_at=AS_OF), "predicted", 1.0),
        (replace(NOTHING, is_whole_hospital=False), "small", 0.5),
        (replace(NOTHING, began_smaller=True), "small", 1.0),
        (replace(NOTHING, n_before=6, n_after=4), "over-time", 0.5),
        (replace(NOTHING, n_before=30, n_after=0), "over-time", 0.5),
    ],
)
def test_each_feature_is_scored_from_the_record(facts: Facts, feature: str, points: float) -> None:
    assert {one.name: one.score for one in score(facts).features}[feature] == points
