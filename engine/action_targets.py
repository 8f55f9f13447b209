"""What a special action is held against, and where values stand against it; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from config.catalogue import Catalogue
from config.indicators import Family, Frequency, Indicator
from config.periods import after, start_of
from config.programme import Op, Programme, Target
from config.shapes import Template
from config.words import Text
from engine.assessing import PERIODS_A_YEAR
from models.errors import NotFound
from models.reads.series import Series
from models.scoreboard import Recent, Stand

# A value older than this many periods before the running one says nothing about today.
STALE_PERIODS = 2


@dataclass(frozen=True)
class Held:
    """An indicator of an action with its target; None where the programme names none."""

    indicator: Indicator
    target: Target | None


@dataclass(frozen=True)
class Action:
    """A special action: its template, the edition that its targets come from, and what it is held against."""

    template: Template
    programme: Programme | None
    held: tuple[Held, ...]

    @property
    def until(self) -> date | None:
        """The last date of its targets."""
        return max((one.target.by for one in self.held if one.target), default=None)


def list_actions(catalogue: Catalogue) -> tuple[Action, ...]:
    """List the special actions of a catalogue, in the order of their programme."""
    found = [_action(catalogue, one) for one in catalogue.templates.values() if one.special_action]
    return tuple(sorted(found, key=lambda one: (_number(one), one.template.id)))


def get_action(catalogue: Catalogue, slug: str) -> Action:
    """Find a special action by the id of its template. Raises NotFound, naming those that are known."""
    actions = list_actions(catalogue)
    found = next((one for one in actions if one.template.id == slug), None)
    if found is None:
        known = ", ".join(one.template.id for one in actions)
        mend = Text(f"Known: {known}.", f"已有：{known}。")
        raise NotFound(noun=Text("special action", "专项行动"), name=slug, mend=mend)
    return found


def recent(series: Series, one: Indicator, today: date) -> Recent | None:
    """Pool the final values of the last year that has any; None where the newest is too old to speak of today."""
    out_of = series.out_of or (None,) * len(series.periods)
    found = [
        (period, value, below)
        for period, value, below, provisional in zip(
            series.periods, series.values, out_of, series.provisional, strict=True
        )
        if value is not None and below != 0 and not provisional
    ]
    if not found or found[-1][0] < after(one.frequency, start_of(one.frequency, today), -STALE_PERIODS):
        return None
    last = found[-1][0]
    first = after(one.frequency, last, 1 - PERIODS_A_YEAR[one.frequency])
    year = [each for each in found if each[0] >= first]
    below = sum(1.0 if each[2] is None else each[2] for each in year)
    return Recent(sum(each[1] for each in year) / below * one.multiply, len(year), last)


def pooled(many: Sequence[Series], one: Indicator) -> Series | None:
    """Add departments up, period by period; None for what cannot be added, such as means without their cases."""
    rows: dict[date, tuple[float, float | None, bool]] = {}
    for series in many:
        out_of = series.out_of or (None,) * len(series.periods)
        for period, value, below, open_ in zip(series.periods, series.values, out_of, series.provisional, strict=True):
            if value is None or below == 0:
                continue
            if below is None and one.family is Family.MEASUREMENT and len(many) > 1:
                return None
            top, bottom, provisional = rows.get(period, (0.0, None, False))
            rows[period] = (top + value, _plus(bottom, below), provisional or open_)
    return _laid(rows, one.frequency) if rows else None


def stand_of(found: Recent | None, target: Target | None) -> Stand:
    """Hold one value against its target: without data nothing is met."""
    if found is None:
        return Stand.NO_DATA
    if target is None:
        return Stand.NO_TARGET
    return Stand.MET if meets(target, found.value) else Stand.SHORT


def stand_of_all(found: Recent | None, target: Target | None, departments: Sequence[Stand]) -> Stand:
    """Hold the hospital's value against its target: it is not met while departments are silent."""
    stand = stand_of(found, target)
    return Stand.INCOMPLETE if stand is Stand.MET and Stand.NO_DATA in departments else stand


def meets(target: Target, value: float) -> bool:
    """Answer whether a value as shown reaches its target."""
    same = math.isclose(value, target.value, rel_tol=1e-9, abs_tol=1e-9)
    match target.op:
        case Op.AT_LEAST:
            return same or value > target.value
        case Op.AT_MOST:
            return same or value < target.value
        case Op.MORE:
            return not same and value > target.value
        case Op.LESS:
            return not same and value < target.value
        case Op.EQUAL:
            return same


def _action(catalogue: Catalogue, template: Template) -> Action:
    """Take the newest edition that has the action."""
    slug = template.special_action or ""
    editions = [one for one in catalogue.programmes.values() if one.action(slug)]
    programme = max(editions, key=lambda one: one.period.start, default=None)
    named = programme.action(slug) if programme else None
    targets = {target.indicator: target for target in named.targets} if named else {}
    known = [catalogue.indicators[one] for one in template.indicators if one in catalogue.indicators]
    return Action(template, programme, tuple(Held(one, targets.get(one.id)) for one in known))


def _number(action: Action) -> int:
    named = action.programme.action(action.template.special_action or "") if action.programme else None
    return named.number if named else 1000


def _plus(bottom: float | None, below: float | None) -> float | None:
    return bottom if below is None else (bottom or 0.0) + below


def _laid(rows: dict[date, tuple[float, float | None, bool]], frequency: Frequency) -> Series:
    """Lay rows on the grid of their periods."""
    start, end = min(rows), max(rows)
    grid = {start}
    while (start := after(frequency, start)) <= end:
        grid.add(start)
    periods = tuple(sorted(grid | set(rows)))
    found = [rows.get(period) for period in periods]
    out_of = tuple(row[1] if row else None for row in found)
    return Series(
        periods,
        tuple(row[0] if row else None for row in found),
        None if all(each is None for each in out_of) else out_of,
        tuple(row[2] if row else False for row in found),
    )
