"""Setting what a cycle aims at: indicator, baseline, target, date, prediction; possible until Plan has closed."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from config.indicators import Better, Family, Indicator
from config.periods import after, start_of
from config.words import Text
from engine.baselines import usable
from engine.deed import Deed, lock_cycle, require_running
from engine.indicators import get_indicator
from engine.people import OFFICE
from engine.rules import Rules
from engine.words import Said
from models.assessment import Aim
from models.audit import record
from models.cycle import Cycle, CycleStatus, StageStatus
from models.errors import DateInThePast, NotAllowed, Refused
from models.reads.assessments import find_aim, find_gate
from models.reads.series import Series, read_series

USUAL_BASELINE = 24
ONE_DAY = timedelta(days=1)
AT_WORK = (CycleStatus.PLANNED, CycleStatus.ACTIVE, CycleStatus.PAUSED)
SET = ("target", "target_on", "prediction", "prediction_note", "short_baseline_reason", "wash_in", "worthwhile")


class AimTooLate(Refused):
    """Plan of {code} has closed: aim and prediction are sealed and can no longer be changed."""

    zh = "循环 {code} 的计划阶段已结束：目标与预测已封存，不能再更改。"


class NoPlanStage(Refused):
    """Cycle {code} has no Plan stage, so it has no aim."""

    zh = "循环 {code} 没有计划阶段，因此没有目标。"


class AimWithoutDirection(Refused):
    """It is not said whether more or less of '{indicator}' is better, so nobody could say what an improvement is."""

    zh = "指标“{indicator}”未说明越高越好还是越低越好，无法判断是否改善。"


class AimIndicatorMissing(Refused):
    """Say which indicator the cycle aims at. Known: {known}."""

    zh = "请说明该循环以哪个指标为目标。可用指标：{known}。"


class LevelOffScale(Refused):
    """{what} {value} is on another scale than the indicator, which is shown in {unit}{usual}. {mend}"""

    zh = "{what} {value} 与指标的尺度不符，该指标以 {unit} 表示{usual}。{mend}"


class GivenAim(BaseModel):
    """An aim as somebody gives it, all at once or part by part; what is left out stays as it was.

    Levels are as the indicator is shown (85 for 85 %). as_written: the scale is meant, however small the number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    indicator: str | None = None
    unit: str | None = None
    target: float | None = Field(None, allow_inf_nan=False)
    target_on: date | None = None
    prediction: float | None = Field(None, allow_inf_nan=False)
    prediction_note: Said | None = None
    baseline_first: date | None = None
    baseline_last: date | None = None
    short_baseline_reason: Said | None = None
    wash_in: int | None = Field(None, ge=0, le=24)
    worthwhile: float | None = Field(None, gt=0, allow_inf_nan=False)
    as_written: bool = False


@dataclass(frozen=True)
class _Meant:
    """An aim's indicator and unit, with everything that is measured there."""

    indicator: Indicator
    unit_id: int
    series: Series


def set_aim(session: Session, cycle_id: int, given: GivenAim, *, rules: Rules, by: int, now: datetime) -> Aim:
    """Say what a cycle aims at, or a part of it; the rest stays as it was. Lead or quality office.

    Raises AimTooLate once Plan has closed, LevelOffScale for 0.85 where 85 % is meant, NotFound, DateInThePast.
    """
    deed = Deed(session, rules, by, now)
    cycle = lock_cycle(session, cycle_id)
    refuse_aim(session, cycle, rules=rules, by=by, now=now)
    aim = find_aim(session, cycle_id)
    meant = _meant(deed, cycle, aim, given)
    if given.target_on is not None and given.target_on <= deed.today:
        raise DateInThePast(until=given.target_on, today=deed.today)
    before = _facts(aim) if aim else {}
    aim = aim or Aim(cycle_id=cycle_id, indicator="", indicator_version=0, unit_id=0, set_at=now, set_by=by)
    _fill(aim, given, meant, deed)
    aim.set_at, aim.set_by = now, by
    session.add(aim)
    session.flush()
    record(session, "cycle.aim", "cycle", cycle_id, by=by, now=now, before=before, after=_facts(aim))
    return aim


def refuse_aim(session: Session, cycle: Cycle, *, rules: Rules, by: int, now: datetime) -> None:
    """Refuse where nothing can be aimed at any more, or by this person. Raises AimTooLate, NotAllowed."""
    _refuse_late(session, cycle)
    _refuse_strangers(Deed(session, rules, by, now), cycle)


def usual_baseline(series: Series, indicator: Indicator, today: date) -> tuple[date | None, date | None]:
    """Find the last 24 usable periods that have ended; (None, None) where there is none."""
    running = start_of(indicator.frequency, today)
    counted = [period for period in usable(series) if period < running][-USUAL_BASELINE:]
    return (counted[0], counted[-1]) if counted else (None, None)


def baseline_series(session: Session, aim: Aim, indicator: Indicator) -> Series:
    """Read the values of an aim's baseline as they are today."""
    if aim.baseline_first_on is None or aim.baseline_last_on is None:
        return Series((), (), None, ())
    return read_series(
        session,
        aim.indicator,
        aim.unit_id,
        first=aim.baseline_first_on,
        last=aim.baseline_last_on,
        frequency=indicator.frequency,
    )


def n_planned(aim: Aim, indicator: Indicator, today: date) -> int:
    """Count the periods between today and the aim's date that can speak of the change."""
    if aim.target_on is None:
        return 0
    start, n = after(indicator.frequency, start_of(indicator.frequency, today)), 0
    while after(indicator.frequency, start) - ONE_DAY <= aim.target_on and n < 1000:
        start, n = after(indicator.frequency, start), n + 1
    return max(0, n - aim.wash_in)


def off_scale(value: float, indicator: Indicator, level: float | None) -> bool:
    """Answer whether a level given by somebody is meant on another scale than the one that is shown; pure.

    level: of the baseline, or another that is known to be right. A proportion of 0.85 is 0.85 %: right for a rare
    infection, wrong where the baseline is 70 %; so the number is held against what is known, once as written and once
    times (or by) the indicator's factor.
    """
    highest, lowest = indicator.highest, indicator.lowest
    if (highest is not None and value > highest) or (lowest is not None and value < lowest):
        return True
    if indicator.multiply <= 1 or value <= 0:
        return False
    if not level or level <= 0:
        return indicator.family is Family.PROPORTION and value <= 1
    gap = abs(math.log(value / level))
    others = [value * indicator.multiply, value / indicator.multiply]
    return any(abs(math.log(other / level)) < gap for other in others if highest is None or other <= highest)


def _refuse_late(session: Session, cycle: Cycle) -> None:
    plan = find_gate(session, cycle.id, "plan")
    if plan is None:
        raise NoPlanStage(code=cycle.code)
    require_running(cycle, AT_WORK)
    if plan.status in (StageStatus.CLOSED, StageStatus.CANCELLED):
        raise AimTooLate(code=cycle.code)


def _refuse_strangers(deed: Deed, cycle: Cycle) -> None:
    allowed = {cycle.lead_id, *deed.people.holders(OFFICE, cycle.unit_id, deed.today)}
    if deed.by not in allowed | {deed.people.told(person, deed.today) for person in allowed}:
        raise NotAllowed(who=deed.name(deed.by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))


def _meant(deed: Deed, cycle: Cycle, aim: Aim | None, given: GivenAim) -> _Meant:
    slug = given.indicator or (aim.indicator if aim else None) or _of_template(deed, cycle)
    if not slug:
        raise AimIndicatorMissing(known=", ".join(sorted(deed.rules.catalogue.indicators)))
    indicator = get_indicator(deed.rules.catalogue.indicators, slug)
    if indicator.better is Better.NEITHER:
        raise AimWithoutDirection(indicator=indicator.title)
    unit_id = (deed.people.unit(given.unit).id) if given.unit else (aim.unit_id if aim else cycle.unit_id)
    meant = _Meant(indicator, unit_id, read_series(deed.session, slug, unit_id, frequency=indicator.frequency))
    level = _level(meant)
    for what, value in ((_TARGET, given.target), (_PREDICTION, given.prediction)):
        if value is not None and _refused(value, meant, level, given):
            raise _off_scale_error(what, value, indicator, level)
    return meant


_TARGET, _PREDICTION = Text("The target", "目标值"), Text("The prediction", "预测值")


def _of_template(deed: Deed, cycle: Cycle) -> str | None:
    """The first indicator that the cycle's template names, if this hospital defines it."""
    named = deed.plan(cycle).template.indicators
    return next((slug for slug in named if slug in deed.rules.catalogue.indicators), None)


def _level(meant: _Meant) -> float | None:
    """Find the usual level as shown: that of the values, else the target of the definition."""
    series, times = meant.series, meant.indicator.multiply
    out_of = series.out_of or (1.0,) * len(series.periods)
    pairs = [(v, n) for v, n in zip(series.values, out_of, strict=True) if v is not None and n]
    total = sum(n for _, n in pairs)
    return sum(v for v, _ in pairs) / total * times if pairs and total else meant.indicator.target


def _refused(value: float, meant: _Meant, level: float | None, given: GivenAim) -> bool:
    if not off_scale(value, meant.indicator, level):
        return False
    is_possible = not off_scale(value, meant.indicator, value)
    return not (given.as_written and is_possible)


def _off_scale_error(what: Text, value: float, indicator: Indicator, level: float | None) -> LevelOffScale:
    usual = Text("", "") if level is None else Text(f" and is usually about {level:.3g}", f"，通常约为 {level:.3g}")
    share = 0 < value <= 1 and indicator.multiply > 1
    mend = (
        Text(
            f"Write {value * indicator.multiply:g}, or confirm that {value:g} is really meant (--as-written).",
            f"请写 {value * indicator.multiply:g}；如确实是 {value:g}，请确认（--as-written）。",
        )
        if share
        else Text("Correct the number.", "请更正。")
    )
    return LevelOffScale(what=what, value=f"{value:g}", unit=indicator.unit, usual=usual, mend=mend)


def _fill(aim: Aim, given: GivenAim, meant: _Meant, deed: Deed) -> None:
    """Put what was given into the row; another indicator or unit begins with a baseline of its own."""
    is_other = (aim.indicator, aim.unit_id) != (meant.indicator.id, meant.unit_id)
    aim.indicator, aim.indicator_version, aim.unit_id = meant.indicator.id, meant.indicator.version, meant.unit_id
    for name in SET:
        value = getattr(given, name)
        if value is not None:
            setattr(aim, name, value)
    if is_other or aim.baseline_first_on is None:
        aim.baseline_first_on, aim.baseline_last_on = usual_baseline(meant.series, meant.indicator, deed.today)
    frequency = meant.indicator.frequency
    if given.baseline_first:
        aim.baseline_first_on = start_of(frequency, given.baseline_first)
    if given.baseline_last:
        aim.baseline_last_on = min(start_of(frequency, given.baseline_last), start_of(frequency, deed.today))
    if aim.target is None and meant.indicator.target is not None:
        aim.target = meant.indicator.target


def _facts(aim: Aim) -> dict[str, object]:
    """What the audit trail keeps of an aim."""
    names = ("indicator", "indicator_version", "unit_id", "baseline_first_on", "baseline_last_on", *SET)
    return {name: getattr(aim, name) for name in names if getattr(aim, name) not in (None, "")}
