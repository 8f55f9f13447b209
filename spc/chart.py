"""A control chart of one series: which points make the lines, in which phases, and what is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spc.arrays import ON_THE_LINE, Bools, Floats, Given, Ints
from spc.conventions import PRODUCT, Convention
from spc.errors import BaselineTooShort
from spc.limits import make_lines
from spc.lines import Basis, Kind, Lines, Points
from spc.runs import Runs, analyse_runs
from spc.series import SUBGROUPED, as_drawn, points_of_many, points_of_one
from spc.subgroups import Subgroups, lines_of, points_of_subgroups


@dataclass(frozen=True)
class Plan:
    """Say which points make the lines. Points count from 1.

    parts: a new phase begins after each of these points; 0 and what lies beyond the end mean nothing.
    freeze: only the points up to this one make the lines. exclude: points that make none.
    centre: a given centre line. least, most: what the value can be; limits are cut there (counts and proportions are
    without being told). All three in the data's unit. multiply: 100 for per cent, applied to everything at the end.
    """

    parts: tuple[int, ...] = ()
    freeze: int | None = None
    exclude: tuple[int, ...] = ()
    centre: float | None = None
    least: float | None = None
    most: float | None = None
    multiply: float = 1.0


NO_PLAN = Plan()
LIMITS = ("lcl", "ucl", "lcl2", "ucl2", "lcl1", "ucl1")


@dataclass(frozen=True)
class Chart:
    """Hold a chart, each array as long as the series and in the unit that is shown; nan is missing or no line.

    beyond: outside the 3-sigma limits; a point on a limit is not. sigma_z: one a phase, nan where it means nothing.
    """

    kind: Kind
    convention: Convention
    plan: Plan
    values: Floats
    centre: Floats
    lcl: Floats
    ucl: Floats
    lcl2: Floats
    ucl2: Floats
    lcl1: Floats
    ucl1: Floats
    beyond: Bools
    part: Ints
    base: Bools
    included: Bools
    sigma_z: tuple[float, ...]
    runs: tuple[Runs, ...]

    @property
    def screened(self) -> bool:
        """Tell whether large moving ranges were left out: every statement about limits has to say so."""
        return self.convention.screened and self.kind not in (Kind.RUN, Kind.MR, Kind.MS)

    def phases(self) -> tuple[slice, ...]:
        """Cut the axis at the beginning of each phase."""
        cuts = [0, *(np.flatnonzero(np.diff(self.part)) + 1), self.part.size]
        return tuple(slice(int(a), int(b)) for a, b in pairwise(cuts))


def make_chart(
    kind: Kind, values: Given, out_of: Given | None = None, *, plan: Plan = NO_PLAN, convention: Convention = PRODUCT
) -> Chart:
    """Draw one series, oldest first.

    values: what was measured or counted. out_of: denominators, where there are any. None or nan: missing.
    Raises a DataError for what cannot be; a missing value or an empty denominator is no error.
    """
    return _chart_of(kind, points_of_one(kind, values, out_of), plan, convention)


def make_subgroup_chart(
    kind: Kind, subgroups: Subgroups, *, plan: Plan = NO_PLAN, convention: Convention = PRODUCT
) -> Chart:
    """Draw averages, standard deviations or ranges of several values a period. kind: xbar, s or r."""
    return _chart_of(kind, points_of_subgroups(kind, subgroups), plan, convention)


def limits_of_many(
    kind: Kind, values: Floats, out_of: Floats | None = None, *, convention: Convention = PRODUCT
) -> Lines:
    """Compute the lines of many series at once, one a row, each as one phase with every point in its baseline."""
    points = points_of_many(kind, values, out_of)
    return make_lines(kind, points, Basis(np.ones(values.shape[-1], dtype=np.bool_), None, convention))


def beyond(values: Floats, lcl: Floats, ucl: Floats) -> Bools:
    """Mark the values outside their limits. One that differs from a limit in its last bits only lies on it."""
    above, below = values - ucl, lcl - values
    return np.asarray((above > np.abs(ucl) * ON_THE_LINE) | (below > np.abs(lcl) * ON_THE_LINE))


def _chart_of(kind: Kind, points: Points, plan: Plan, convention: Convention) -> Chart:
    phases = _phases(points.plotted.size, plan)
    included = np.ones(points.plotted.size, dtype=np.bool_)
    if plan.exclude:
        included = ~np.isin(np.arange(1, points.plotted.size + 1), plan.exclude)
    base = _baseline(phases, plan, convention)
    parts = [as_drawn(kind, points.columns(each)) for each in phases]
    lines = [
        _lines(kind, part, Basis(included[each] & base[each], plan.centre, convention))
        for part, each in zip(parts, phases, strict=True)
    ]
    return _assemble(kind, plan, convention, parts, lines, base, included)


def _phases(n_points: int, plan: Plan) -> list[slice]:
    cuts = sorted({0, n_points, *(each for each in plan.parts if 0 < each < n_points)})
    return [slice(a, b) for a, b in pairwise(cuts)]


def _baseline(phases: Sequence[slice], plan: Plan, convention: Convention) -> Bools:
    """Mark the points that a freeze allows, phase by phase; all of them without one."""
    base = np.ones(phases[-1].stop, dtype=np.bool_)
    if plan.freeze is None or (len(phases) > 1 and not convention.freezes_parts):
        return base
    if plan.freeze < convention.shortest_freeze and convention.refuses_short:
        raise BaselineTooShort(found=plan.freeze, needed=convention.shortest_freeze)
    for each in phases:
        most = each.stop - each.start - convention.points_after_freeze
        if convention.shortest_freeze <= plan.freeze and (plan.freeze <= most or not convention.points_after_freeze):
            base[each.start + plan.freeze : each.stop] = False
    return base


def _lines(kind: Kind, points: Points, basis: Basis) -> Lines:
    return lines_of(kind, points, basis) if kind in SUBGROUPED else make_lines(kind, points, basis)


def _assemble(
    kind: Kind,
    plan: Plan,
    convention: Convention,
    parts: Sequence[Points],
    lines: Sequence[Lines],
    base: Bools,
    included: Bools,
) -> Chart:
    plotted = np.concatenate([part.plotted for part in parts])
    lengths = [part.plotted.size for part in parts]
    numbers = np.repeat(np.arange(1, len(parts) + 1), lengths)
    centre = _joined(lines, lengths, "centre")
    lcl, ucl, lcl2, ucl2, lcl1, ucl1 = _limits(lines, lengths, plan, convention.limits_over_gaps or ~np.isnan(plotted))
    judged = plotted if convention.judges_excluded else np.where(included, plotted, np.nan)
    return Chart(
        kind=kind,
        convention=convention,
        plan=plan,
        values=plotted * plan.multiply,
        centre=centre * plan.multiply,
        lcl=lcl * plan.multiply,
        ucl=ucl * plan.multiply,
        lcl2=lcl2 * plan.multiply,
        ucl2=ucl2 * plan.multiply,
        lcl1=lcl1 * plan.multiply,
        ucl1=ucl1 * plan.multiply,
        beyond=beyond(judged, lcl, ucl),
        part=numbers,
        base=base,
        included=included,
        sigma_z=tuple(float(each.sigma_z.flat[0]) for each in lines),
        runs=tuple(replace(each, judged=kind is not Kind.MR) for each in _runs(plotted, centre, numbers, included)),
    )


def _limits(lines: Sequence[Lines], lengths: Sequence[int], plan: Plan, shown: Bools | bool) -> list[Floats]:
    """Join the limits of all phases and cut them at what the value can be; nan where they are not shown."""
    ends = [_joined(lines, lengths, name) for name in LIMITS]
    if plan.least is not None or plan.most is not None:
        ends = [np.clip(each, plan.least, plan.most) for each in ends]
    return ends if shown is True else [np.where(shown, each, np.nan) for each in ends]


def _joined(lines: Sequence[Lines], lengths: Sequence[int], name: str) -> Floats:
    parts = [getattr(one, name) for one in lines]
    whole = [part if part.size == n else np.full(n, part[0]) for part, n in zip(parts, lengths, strict=True)]
    return whole[0] if len(whole) == 1 else np.concatenate(whole)


def _runs(plotted: Floats, centre: Floats, part: Ints, included: Bools) -> tuple[Runs, ...]:
    found = []
    for number in range(1, int(part[-1]) + 1):
        where = np.flatnonzero(part == number)
        seen = np.where(included, plotted, np.nan)[where]
        n_points = int(included[where].sum())
        found.append(analyse_runs(seen, centre[where], part=number, first=int(where[0]) + 1, n_points=n_points))
    return tuple(found)
