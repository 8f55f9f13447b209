"""What a special action is held against: the value of the last year, its target, and what is not known."""

from datetime import date

import pytest

from config.catalogue import SHIPPED, Catalogue, read_catalogue
from config.indicators import Frequency, Indicator
from config.programme import Op, Target
from engine.action_targets import STALE_PERIODS, list_actions, meets, pooled, recent, stand_of, stand_of_all
from models.reads.series import Series
from models.scoreboard import Recent, Stand

TODAY = date(2026, 3, 2)
QUARTERS = (date(2024, 10, 1), date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1))


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue(environ={})


def stemi(shipped: Catalogue) -> Indicator:
    return shipped.indicators["stemi-reperfusion"]


def target(shipped: Catalogue, op: Op, value: float) -> Target:
    programme = next(iter(shipped.programmes.values()))
    return next(programme.targets).model_copy(update={"op": op, "value": value})


def series(*values: float | None, of: float = 10, provisional: tuple[int, ...] = ()) -> Series:
    """Give the newest quarters, the last one that of October 2025."""
    n = len(values)
    marks = tuple(k in provisional for k in range(n))
    return Series(QUARTERS[-n:], values, tuple(None if v is None else of for v in values), marks)


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [
        (Op.AT_LEAST, False, True, True),
        (Op.AT_MOST, True, True, False),
        (Op.MORE, False, False, True),
        (Op.LESS, True, False, False),
        (Op.EQUAL, False, True, False),
    ],
)
def test_a_value_just_below_at_and_just_above_its_target(
    shipped: Catalogue, op: Op, below: bool, at: bool, above: bool
) -> None:
    held = target(shipped, op, 1.8)
    assert [meets(held, value) for value in (1.8 - 1e-6, 18 / 10000 * 1000, 1.8 + 1e-6)] == [below, at, above]


def test_the_value_is_that_of_the_last_four_quarters_and_leaves_older_ones_out(shipped: Catalogue) -> None:
    found = recent(series(0, 8, 8, 6, 6), stemi(shipped), TODAY)
    assert found == Recent(70.0, 4, date(2025, 10, 1))


def test_provisional_and_missing_values_do_not_count(shipped: Catalogue) -> None:
    found = recent(series(10, None, 5, 9, provisional=(3,)), stemi(shipped), TODAY)
    assert found == Recent(75.0, 2, date(2025, 7, 1))


@pytest.mark.parametrize(("today", "known"), [(date(2026, 6, 30), True), (date(2026, 7, 1), False)])
def test_a_value_that_is_too_old_says_nothing_about_today(shipped: Catalogue, today: date, known: bool) -> None:
    assert STALE_PERIODS == 2
    assert (recent(series(9), stemi(shipped), today) is not None) is known


def test_nothing_and_a_denominator_of_nobody_are_no_value(shipped: Catalogue) -> None:
    one = stemi(shipped)
    assert recent(Series((), (), None, ()), one, TODAY) is None
    assert recent(series(0, of=0), one, TODAY) is None


def test_departments_are_added_up_period_by_period(shipped: Catalogue) -> None:
    both = pooled([series(9, 9), series(1, of=30)], stemi(shipped))
    assert both == Series(QUARTERS[-2:], (9, 10), (10, 40), (False, False))
    assert pooled([], stemi(shipped)) is None


def test_means_without_their_cases_are_not_added(shipped: Catalogue) -> None:
    mean = shipped.indicators["case-mix-index"]
    bare = Series((QUARTERS[-1],), (1.1,), None, (False,))
    assert mean.frequency is Frequency.QUARTER
    assert pooled([bare, bare], mean) is None
    assert pooled([bare], mean) == bare


def test_without_data_nothing_is_met_and_a_hospital_is_not_met_while_departments_are_silent(shipped: Catalogue) -> None:
    held = target(shipped, Op.AT_LEAST, 80)
    good, bad = Recent(85, 4, TODAY), Recent(70, 4, TODAY)
    assert [stand_of(found, held) for found in (None, bad, good)] == [Stand.NO_DATA, Stand.SHORT, Stand.MET]
    assert (stand_of(None, None), stand_of(good, None)) == (Stand.NO_DATA, Stand.NO_TARGET)
    assert stand_of_all(good, held, [Stand.MET, Stand.SHORT]) is Stand.MET
    assert stand_of_all(good, held, [Stand.MET, Stand.NO_DATA]) is Stand.INCOMPLETE
    assert stand_of_all(bad, held, [Stand.NO_DATA]) is Stand.SHORT


def test_the_five_actions_come_in_their_order_with_real_tasks_and_the_programmes_targets(shipped: Catalogue) -> None:
    actions = list_actions(shipped)
    named = [one.template.id for one in actions]
    assert named == ["surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving"]
    for one in actions:
        assert [stage.id for stage in one.template.stages] == ["launch", "improve", "evaluate"]
        assert one.template.stages[-1].gate == "roll-up"
        assert one.programme and one.programme.id == "action-plan-2023-2025" and one.until == date(2025, 12, 31)
        programme = one.programme.action(one.template.id)
        assert programme and {held.indicator.id for held in one.held if held.target} == {
            target.indicator for target in programme.targets
        }
        assert {held.indicator.unit.en for held in one.held if held.target} == {
            target.unit.en for target in programme.targets
        }
        assert len(list(one.template.tasks)) >= 10
        assert all("Basis - " in (task.guidance.en if task.guidance else "") for task in one.template.tasks)
        assert all("依据：" in (task.guidance.zh if task.guidance else "") for task in one.template.tasks)


def test_every_file_of_an_action_says_how_sure_it_is() -> None:
    for file in SHIPPED.glob("special_actions/*.yaml"):
        assert "# Evidence: " in file.read_text("utf-8"), file
