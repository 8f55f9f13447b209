"""Goals of a year: the hospital adopts national ones, departments get theirs with a baseline and a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from config.indicators import Indicator
from config.programme_parts import Goal, GoalYear
from config.words import Text
from engine.deed import Deed
from engine.goal_values import GoalResult, GoalVerdict, YearValue, judge_goal, value_of_year
from engine.people import Directory, directory
from engine.rules import Rules
from models.activity import YearlyGoal
from models.audit import record
from models.errors import NotFound, Refused
from models.reads.observations import units_with_values
from models.reads.series import read_series


class GoalNotAdopted(Refused):
    """The goal {code} of {year} is not among the hospital's. Adopt it first: wardcycle goal adopt {year}"""

    zh = "{year} 年目标 {code} 尚未被医院采纳。请先采纳：wardcycle goal adopt {year}"


class TargetOffScale(Refused):
    """The target {target} cannot be: the indicator lies between {least} and {most} ({unit})."""

    zh = "目标值 {target} 不合理：该指标的范围为 {least} 至 {most}（{unit}）。"


@dataclass(frozen=True)
class GoalLine:
    """A goal with what was measured."""

    goal: YearlyGoal
    indicator: Indicator | None
    unit: Text
    unit_slug: str
    measured: YearValue
    result: GoalResult


def adopt_goals(
    session: Session, year: int, unit: str, *, rules: Rules, by: int | None, now: datetime, codes: Sequence[str] = ()
) -> list[YearlyGoal]:
    """Adopt the national goals of a year, or those with some codes, for a hospital; those adopted already stay.

    The baseline is the value of the year before, the target the indicator's own. Raises NotFound.
    """
    deed = Deed(session, rules, by, now)
    place = deed.people.unit(unit)
    edition, goals = _national(rules, year)
    known = {goal.code for goal in goals.goals}
    for code in codes:
        if code not in known:
            mend = Text(f"Known: {', '.join(sorted(known))}.", f"已有：{'、'.join(sorted(known))}。")
            raise NotFound(noun=Text("goal", "目标"), name=code, mend=mend)
    chosen = [goal for goal in goals.goals if not codes or goal.code in codes]
    return [_adopt(deed, goal, year, edition, place.id) for goal in chosen]


def set_goal(
    session: Session, year: int, code: str, unit: str, target: float | None, *, rules: Rules, by: int | None,
    now: datetime,
) -> YearlyGoal:  # fmt: skip
    """Give a department its part of a goal of the hospital above it, with a baseline; again: another target.

    Raises GoalNotAdopted, NotFound, TargetOffScale.
    """
    deed = Deed(session, rules, by, now)
    place = deed.people.unit(unit)
    held = {one.unit_id: one for one in _goals(session, year, code)}
    parent = next(
        (held[key] for key in deed.people.upwards(place.id) if key in held and held[key].parent_id is None), None
    )
    if parent is None:
        raise GoalNotAdopted(code=code, year=year)
    _refuse_off_scale(rules.catalogue.indicators.get(parent.indicator), target)
    found = held.get(place.id)
    made = found or _goal(deed, parent, place.id)
    before, made.target = made.target, target
    session.add(made)
    session.flush()
    facts = {"code": code, "unit": place.slug, "baseline": made.baseline, "target": target}
    record(session, "goal.set", "yearly-goal", made.id, by=by, now=now, before={"target": before}, after=facts)
    return made


def goal_lines(session: Session, year: int, *, rules: Rules, now: datetime) -> list[GoalLine]:
    """Read the goals of a year that the session may see, each hospital's first, then those below it."""
    found = session.exec(select(YearlyGoal).where(YearlyGoal.year == year).order_by(col(YearlyGoal.id))).all()
    order = {one.id: number for number, one in enumerate(found)}
    ordered = sorted(found, key=lambda one: (order.get(one.parent_id or one.id, 0), one.parent_id is not None, one.id))
    people, today = directory(session), rules.calendar.local_date(now)
    return [_line(session, people, one, rules, today) for one in ordered]


def _line(session: Session, people: Directory, one: YearlyGoal, rules: Rules, today: date) -> GoalLine:
    indicator, unit = rules.catalogue.indicators.get(one.indicator), people.units[one.unit_id]
    measured = _measure(session, people, indicator, one.unit_id, one.year) if indicator else YearValue(None, 0, 0)
    is_over = today.year > one.year
    result = (
        judge_goal(indicator, one.baseline, one.target, measured, is_over=is_over)
        if indicator
        else GoalResult(GoalVerdict.CANNOT_TELL, None, Text("the indicator is not defined any more", "指标已无定义"))
    )
    return GoalLine(
        one, indicator, Text(unit.name_en or unit.slug, unit.name_zh or unit.slug), unit.slug, measured, result
    )


def _measure(session: Session, people: Directory, indicator: Indicator, unit_id: int, year: int) -> YearValue:
    """Measure in the unit itself; where it has no values, in the topmost units below that have."""
    known = units_with_values(session, [indicator.id]).get(indicator.id, ())
    counted = {unit for unit in known if unit_id in people.upwards(unit)}
    places = [unit_id] if unit_id in counted else [one for one in counted if not _has_above(people, one, counted)]
    first, last = date(year, 1, 1), date(year, 12, 31)
    series = [
        read_series(session, indicator.id, one, first=first, last=last, frequency=indicator.frequency)
        for one in sorted(places)
    ]
    return value_of_year(indicator, year, series)


def _has_above(people: Directory, unit_id: int, among: set[int]) -> bool:
    return any(above in among for above in people.upwards(unit_id) if above != unit_id)


def _adopt(deed: Deed, goal: Goal, year: int, edition: str, unit_id: int) -> YearlyGoal:
    known = next((one for one in _goals(deed.session, year, goal.code) if one.unit_id == unit_id), None)
    if known is not None:
        return known
    indicator = deed.rules.catalogue.indicators.get(goal.indicator)
    made = YearlyGoal(
        year=year,
        code=goal.code,
        programme=edition,
        indicator=goal.indicator,
        title_en=goal.title.en,
        title_zh=goal.title.zh,
        unit_id=unit_id,
        baseline=_baseline(deed, goal.indicator, unit_id, year),
        target=indicator.target if indicator else None,
        added_at=deed.now,
        added_by=deed.by,
    )
    deed.session.add(made)
    deed.session.flush()
    facts = {"code": goal.code, "unit": deed.people.units[unit_id].slug, "baseline": made.baseline}
    record(deed.session, "goal.adopt", "yearly-goal", made.id, by=deed.by, now=deed.now, after=facts)
    return made


def _goal(deed: Deed, parent: YearlyGoal, unit_id: int) -> YearlyGoal:
    return YearlyGoal(
        year=parent.year,
        code=parent.code,
        programme=parent.programme,
        indicator=parent.indicator,
        title_en=parent.title_en,
        title_zh=parent.title_zh,
        unit_id=unit_id,
        parent_id=parent.id,
        baseline=_baseline(deed, parent.indicator, unit_id, parent.year),
        added_at=deed.now,
        added_by=deed.by,
    )


def _baseline(deed: Deed, slug: str, unit_id: int, year: int) -> float | None:
    indicator = deed.rules.catalogue.indicators.get(slug)
    return _measure(deed.session, deed.people, indicator, unit_id, year - 1).value if indicator else None


def _national(rules: Rules, year: int) -> tuple[str, GoalYear]:
    """Find the goals of a year in the newest edition that has any. Raises NotFound."""
    editions = sorted(rules.catalogue.programmes.values(), key=lambda one: one.period.start, reverse=True)
    found = next(((one.id, goals) for one in editions for goals in one.goals if goals.year == year), None)
    if found is None:
        years = sorted({goals.year for one in editions for goals in one.goals})
        known = ", ".join(map(str, years))
        raise NotFound(
            noun=Text("list of national goals", "国家年度目标"), name=str(year),
            mend=Text(f"Known years: {known}.", f"已有年份：{known}。"),
        )  # fmt: skip
    return found


def _goals(session: Session, year: int, code: str) -> Sequence[YearlyGoal]:
    wanted = select(YearlyGoal).where(YearlyGoal.year == year, YearlyGoal.code == code)
    return session.exec(wanted.with_for_update()).all()


def _refuse_off_scale(indicator: Indicator | None, target: float | None) -> None:
    if indicator is None or target is None:
        return
    least, most = indicator.lowest, indicator.highest
    if (least is not None and target < least) or (most is not None and target > most):
        raise TargetOffScale(target=f"{target:g}", least=least, most="-" if most is None else most, unit=indicator.unit)
