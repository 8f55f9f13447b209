"""Centre line and sigma of each kind of chart, for one part of one series or of many with the same baseline."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from spc.arrays import Floats, mean, median, ratio, steps, total
from spc.constants import D2_OF_TWO, D4_OF_TWO, D4_OF_TWO_FINE, G_MEDIAN_SHARE, T_POWER
from spc.conventions import Convention
from spc.lines import Basis, Kind, Lines, Points

Maker = Callable[[Points, Basis], Lines]


def make_lines(kind: Kind, points: Points, basis: Basis) -> Lines:
    """Compute the lines of one part of a chart. Source for each kind: its function."""
    return MAKERS[kind](points, basis)


def around(
    centre: Floats, sigma: Floats, basis: Basis, least: float = -np.inf, most: float = np.inf, clips: bool = True
) -> Lines:
    """Draw lines 1, 2 and 3 sigmas from the centre, cut at what the value can be."""
    if not basis.convention.collapses:
        sigma = np.where(sigma > 0, sigma, np.nan)
    ends = [centre + n_sigmas * sigma for n_sigmas in (-3, 3, -2, 2, -1, 1)]
    if clips and (np.isfinite(least) or np.isfinite(most)):
        ends = [np.clip(each, least, most) for each in ends]
    return Lines(centre, *ends)


def mean_range(ranges: Floats, convention: Convention, factor: float = D4_OF_TWO) -> Floats:
    """Average moving ranges, without the largest if the convention screens them (one pass, Nelson 1982)."""
    first = mean(ranges)
    if not convention.screened:
        return first
    usual = ranges < factor * first
    n_usual = np.count_nonzero(usual, axis=-1, keepdims=True)
    kept = ratio(np.where(usual, ranges, 0.0).sum(-1, keepdims=True), n_usual.astype(np.float64))
    return kept if convention.collapses else np.where(kept > 0, kept, first)


def _mean_range_of(values: Floats, basis: Basis) -> Floats:
    """Average the moving ranges of the baseline. Points left out close the gap, missing ones open it."""
    base = values if basis.chosen.all() else values[..., basis.chosen]
    return mean_range(steps(base), basis.convention)


def _given_or(basis: Basis, found: Floats) -> Floats:
    return found if basis.centre is None else np.full(found.shape, basis.centre)


def _run(points: Points, basis: Basis) -> Lines:
    """The median alone: no limits (Anhoej 2014)."""
    return Lines(_given_or(basis, median(points.where(basis.chosen).plotted)))


def _single(points: Points, basis: Basis) -> Lines:
    """Single values: mean and mean moving range (Provost & Murray; Montgomery 6.4)."""
    centre = _given_or(basis, mean(points.where(basis.chosen).plotted))
    sigma = _mean_range_of(points.plotted, basis) * basis.convention.mean_range_to_sigma
    return around(centre, sigma, basis)


def _moving_range(points: Points, basis: Basis) -> Lines:
    """Moving ranges: D4 = 3.267, never screened, never below 0."""
    centre = _given_or(basis, mean(points.where(basis.chosen).plotted))
    ucl = np.where((centre > 0) | basis.convention.collapses, D4_OF_TWO * centre, np.nan)
    return Lines(centre, 0 * ucl, ucl, 0 * ucl, ucl * 2 / 3, 0 * ucl, ucl / 3)


def _proportion_centre(points: Points, basis: Basis) -> Floats:
    base = points.where(basis.chosen)
    assert base.top is not None and base.bottom is not None
    return _given_or(basis, ratio(total(base.top), total(base.bottom)))


def _root(values: Floats) -> Floats:
    return np.sqrt(np.where(values >= 0, values, np.nan))


def _binomial(points: Points, basis: Basis, primed: bool) -> Lines:
    """Proportions: sqrt(p(1-p)/n), times sigma_z if primed (Laney 2002)."""
    assert points.bottom is not None
    centre = _proportion_centre(points, basis)
    sigma = _root(ratio(centre * (1 - centre), points.bottom))
    return _widened(points, basis, centre, sigma, 1.0) if primed else around(centre, sigma, basis, 0.0, 1.0)


def _poisson(points: Points, basis: Basis, primed: bool) -> Lines:
    """Rates: sqrt(u/n), times sigma_z if primed (Laney 2002)."""
    assert points.bottom is not None
    centre = _proportion_centre(points, basis)
    sigma = _root(ratio(centre, points.bottom))
    return _widened(points, basis, centre, sigma, np.inf) if primed else around(centre, sigma, basis, 0.0)


def _widened(points: Points, basis: Basis, centre: Floats, sigma: Floats, most: float) -> Lines:
    sigma_z = _mean_range_of(ratio(points.plotted - centre, sigma), basis) / D2_OF_TWO
    if basis.convention.floored:
        sigma_z = np.fmax(sigma_z, 1.0)
    lines = around(centre, sigma * sigma_z, basis, 0.0, most)
    return replace(lines, sigma_z=sigma_z)


def _count(points: Points, basis: Basis) -> Lines:
    """Counts with equal opportunity: sqrt(c)."""
    centre = _given_or(basis, mean(points.where(basis.chosen).plotted))
    return around(centre, _root(centre), basis, 0.0)


def _between_cases(points: Points, basis: Basis) -> Lines:
    """Cases between events: limits about the mean, sqrt(m(m+1)); the drawn centre is the median (Benneyan 2001)."""
    base = points.where(basis.chosen).plotted
    middle = _given_or(basis, mean(base))
    lines = around(middle, _root(middle * (middle + 1)), basis, 0.0)
    drawn = median(base) if basis.centre is None else middle * G_MEDIAN_SHARE
    return replace(lines, centre=drawn)


def _between_times(points: Points, basis: Basis) -> Lines:
    """Times between events: single values of y^(1/3.6), drawn back in y (Nelson 1994)."""
    near_normal = Points(points.plotted ** (1 / T_POWER))
    given = None if basis.centre is None else basis.centre ** (1 / T_POWER)
    lines = _single(near_normal, Basis(basis.chosen, given, basis.convention))
    ends = (lines.centre, lines.lcl, lines.ucl, lines.lcl2, lines.ucl2, lines.lcl1, lines.ucl1)
    return Lines(*(np.maximum(each, 0.0) ** T_POWER for each in ends))


def weigh(points: Points) -> Points:
    """Give single values the weight 1, so that they read as something over a denominator."""
    if points.bottom is not None:
        return points
    return Points(points.plotted, points.plotted, np.where(np.isnan(points.plotted), np.nan, 1.0))


def moving_spread(points: Points) -> Floats:
    """Estimate sigma of one unit of denominator from each pair of neighbours (Taylor 2017)."""
    size = weigh(points).bottom
    assert size is not None
    share = ratio(np.ones_like(size), size)
    spread = _root(share[..., 1:] + share[..., :-1])
    found: Floats = ratio(steps(points.plotted), spread) * np.sqrt(np.pi / 2)
    return found


def _taylor(points: Points, basis: Basis) -> Lines:
    """Anything over a denominator: mean spread / sqrt(n) (Taylor's normalised I chart, 2017)."""
    weighed = weigh(points)
    size = weighed.bottom
    assert size is not None
    source = weighed if basis.convention.ip_uses_all else weighed.where(basis.chosen)
    spread = mean_range(moving_spread(source), basis.convention, D4_OF_TWO_FINE)
    sigma = spread * _root(ratio(np.ones_like(size), size))
    return around(_proportion_centre(weighed, basis), sigma, basis, clips=False)


def _moving_spread(points: Points, basis: Basis) -> Lines:
    """Moving spread of an I' chart, as pbcharts draws it: 3.2665 times the mean, no lower limit."""
    centre = _given_or(basis, mean(points.where(basis.chosen).plotted))
    ucl = np.where((centre > 0) | basis.convention.collapses, D4_OF_TWO_FINE * centre, np.nan)
    return Lines(centre, ucl=ucl, ucl2=ucl * 2 / 3, ucl1=ucl / 3)


MAKERS: Mapping[Kind, Maker] = {
    Kind.RUN: _run,
    Kind.I: _single,
    Kind.MR: _moving_range,
    Kind.P: partial(_binomial, primed=False),
    Kind.PP: partial(_binomial, primed=True),
    Kind.U: partial(_poisson, primed=False),
    Kind.UP: partial(_poisson, primed=True),
    Kind.C: _count,
    Kind.CP: partial(_poisson, primed=True),
    Kind.G: _between_cases,
    Kind.T: _between_times,
    Kind.IP: _taylor,
    Kind.MS: _moving_spread,
}
