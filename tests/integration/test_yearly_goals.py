"""Goals of a year: adopted from the nation, given to departments, measured at the year's end or told to be unknown."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from config.indicators import Better, Frequency, Indicator
from engine.goal_values import GoalVerdict, YearValue, judge_goal, n_periods, value_of_year
from engine.people import directory
from engine.rules import Rules
from engine.yearly_goals import GoalLine, GoalNotAdopted, TargetOffScale, adopt_goals, goal_lines, set_goal
from models.activity import YearlyGoal
from models.db import Database
from models.errors import NotFound
from models.reads.series import Series
from tests.commands import Command, rows_of
from tests.places import make_hospital
from tests.proofs import observe

VTE, CODE = "vte-prevention", "NIT-2025-III"
BEGIN, DURING, OVER = (
    datetime(2025, 3, 20, tzinfo=UTC),
    datetime(2025, 12, 5, tzinfo=UTC),
    datetime(2026, 1, 20, tzinfo=UTC),
)


@dataclass
class Goals:
    """A hospital with two years of values of one goal in its ward."""

    database: Database
    rules: Rules

    def lines(self, now: datetime) -> list[GoalLine]:
        """Read the goals of 2025."""
        with self.database.reading() as session:
            return goal_lines(session, 2025, rules=self.rules, now=now)

    def adopt(self, now: datetime = BEGIN, *codes: str) -> list[YearlyGoal]:
        """Adopt the national goals of 2025."""
        with self.database.transaction("test") as session:
            return adopt_goals(session, 2025, "hospital", rules=self.rules, by=None, now=now, codes=codes)

    def set(self, unit: str, target: float | None, now: datetime = BEGIN) -> None:
        """Give a department its target."""
        with self.database.transaction("test") as session:
            set_goal(session, 2025, CODE, unit, target, rules=self.rules, by=None, now=now)


@pytest.fixture
def goals(database: Database, rules: Rules) -> Goals:
    make_hospital(database)
    observe(database, rules, [100.0] * 12, first=date(2024, 1, 1), indicator=VTE, now=BEGIN)
    return Goals(database, rules)


def test_a_goal_goes_from_the_nation_to_the_hospital_to_the_ward_and_is_measured(goals: Goals, rules: Rules) -> None:
    assert len(goals.adopt()) == len(goals.lines(BEGIN)) == 10
    goals.set("ward-3", 60)
    ward = _of(goals.lines(BEGIN), "ward-3")
    assert (ward.goal.baseline, ward.goal.target, ward.result.verdict) == (50, 60, GoalVerdict.CANNOT_TELL)
    assert ward.result.why and "no final values" in ward.result.why.en
    observe(goals.database, rules, [130.0] * 11, first=date(2025, 1, 1), indicator=VTE, now=DURING)
    during = _of(goals.lines(DURING), "ward-3")
    assert (during.measured.value, during.result.verdict) == (65, GoalVerdict.CANNOT_TELL)
    assert during.result.why and "not over" in during.result.why.en
    lacking = _of(goals.lines(OVER), "ward-3")
    assert lacking.result.why and "1 of 12" in lacking.result.why.en
    observe(goals.database, rules, [130.0], first=date(2025, 12, 1), indicator=VTE, now=OVER)
    done = _of(goals.lines(OVER), "ward-3")
    assert (done.result.verdict, done.result.change) == (GoalVerdict.REACHED, 15)
    assert _of(goals.lines(OVER), "hospital").measured.value == 65  # from the ward, which alone counts


def _of(lines: list[GoalLine], unit: str) -> GoalLine:
    return next(line for line in lines if line.unit_slug == unit and line.goal.code == CODE)


def test_adopting_twice_changes_nothing_and_another_target_replaces_the_first(goals: Goals) -> None:
    goals.adopt(BEGIN, CODE)
    goals.set("ward-3", 60)
    goals.adopt(DURING)
    goals.set("ward-3", 70, DURING)
    lines = goals.lines(DURING)
    assert len(lines) == 11 and _of(lines, "ward-3").goal.target == 70
    with goals.database.reading() as session:
        ward = directory(session).unit("ward-3").id
        stored = session.exec(select(YearlyGoal).where(YearlyGoal.unit_id == ward)).all()
    assert len(stored) == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(goals: Goals) -> None:
    with pytest.raises(GoalNotAdopted):
        goals.set("ward-3", 60)
    with pytest.raises(NotFound, match="NIT-2025-X"):
        goals.adopt(BEGIN, "NIT-1999-I")
    with pytest.raises(NotFound, match="2026"), goals.database.transaction("test") as session:
        adopt_goals(session, 2001, "hospital", rules=goals.rules, by=None, now=BEGIN)
    assert goals.lines(BEGIN) == []
    goals.adopt(BEGIN, CODE)
    with pytest.raises(TargetOffScale):
        goals.set("ward-3", 120)
    assert len(goals.lines(BEGIN)) == 1


@pytest.mark.parametrize("system", ["sqlite"])
def test_the_commands_say_the_same_in_both_languages(command: Command, database: Database) -> None:
    now = ("--now", "2026-03-20T10:00")
    adopted = command.json("goal", "adopt", "2026", "--unit", "hospital", "--code", "NIT-2026-III", *now)["goals"]
    assert [one["verdict"] for one in adopted] == ["cannot tell"]
    command("goal", "set", "NIT-2026-III", "--year", "2026", "--unit", "ward-3", "--target", "80", *now)
    said = command("goal", "list", "2026", *now)
    assert "cannot tell" in said.out and "ward-3" in said.out
    assert "尚不能判断" in command("goal", "list", "2026", "--language", "zh", *now).out
    before = rows_of(database)
    command("goal", "set", "NIT-2026-I", "--year", "2026", "--unit", "ward-3", "--target", "80", *now, code=1)
    command("goal", "adopt", "2019", "--unit", "hospital", *now, code=1)
    assert rows_of(database) == before


@pytest.mark.parametrize(
    ("better", "value", "target", "verdict"),
    [
        (Better.HIGHER, 60, 60, GoalVerdict.REACHED),
        (Better.HIGHER, 59.9, 60, GoalVerdict.IMPROVED),
        (Better.HIGHER, 50, 60, GoalVerdict.NOT_IMPROVED),
        (Better.HIGHER, 60, None, GoalVerdict.IMPROVED),
        (Better.LOWER, 40, 40, GoalVerdict.REACHED),
        (Better.LOWER, 49, 40, GoalVerdict.IMPROVED),
        (Better.LOWER, 51, 40, GoalVerdict.NOT_IMPROVED),
        (Better.NEITHER, 60, 60, GoalVerdict.CANNOT_TELL),
    ],
)
def test_the_verdict_at_the_edge(
    rules: Rules, better: Better, value: float, target: float | None, verdict: GoalVerdict
) -> None:
    one = rules.catalogue.indicators[VTE].model_copy(update={"better": better})
    assert judge_goal(one, 50, target, YearValue(value, 12, 12), is_over=True).verdict is verdict
    assert judge_goal(one, None, target, YearValue(value, 12, 12), is_over=True).verdict is GoalVerdict.CANNOT_TELL


def test_a_year_pools_cases_and_leaves_out_what_is_provisional(rules: Rules) -> None:
    one: Indicator = rules.catalogue.indicators[VTE]
    months = tuple(date(2025, n, 1) for n in (1, 2, 3))
    series = Series(months, (10.0, 90.0, 5.0), (100.0, 100.0, 10.0), (False, False, True))
    found = value_of_year(one, 2025, [series, replace(series, periods=tuple(date(2024, n, 1) for n in (1, 2, 3)))])
    assert (found.value, found.n_there, found.n_wanted, found.is_whole) == (50, 2, 24, False)
    assert value_of_year(one, 2025, []).value is None
    assert [n_periods(one, 2026) for one in (Frequency.MONTH, Frequency.QUARTER, Frequency.YEAR)] == [12, 4, 1]
    assert n_periods(Frequency.WEEK, 2026) == 52
