"""Charts of several values a period: averages, standard deviations and ranges of subgroups."""

from collections.abc import Sequence

import numpy as np

from spc.arrays import Floats, floats, mean, ratio, total
from spc.constants import D2, D3, LARGEST_RANGE, c4, spread_of_sd
from spc.conventions import SubgroupSigma
from spc.errors import NothingMeasured, SubgroupTooLarge
from spc.limits import MAKERS, Maker, around
from spc.lines import Basis, Kind, Lines, Points
from spc.series import check_extreme

Subgroups = Sequence[Sequence[float | None]]


def points_of_subgroups(kind: Kind, subgroups: Subgroups) -> Points:
    """Summarise each subgroup; missing values are left out, an empty subgroup is a missing point."""
    groups = [floats(list(each)) for each in subgroups]
    for each in groups:
        check_extreme(each)
    groups = [each[~np.isnan(each)] for each in groups]
    if not any(each.size for each in groups):
        raise NothingMeasured
    average = np.array([each.mean() if each.size else np.nan for each in groups])
    deviation = np.array([each.std(ddof=1) if each.size > 1 else np.nan for each in groups])
    reach = np.array([np.ptp(each) if each.size > 1 else np.nan for each in groups])
    size = np.array([float(each.size) for each in groups])
    plotted = {Kind.XBAR: average, Kind.S: deviation, Kind.R: reach}[kind]
    return Points(plotted, average=average, deviation=deviation, reach=reach, size=size)


def lines_of(kind: Kind, points: Points, basis: Basis) -> Lines:
    """Compute the lines of one part of a chart of subgroups."""
    return SUBGROUP_MAKERS[kind](points, basis)


def sigma_within(points: Points, way: SubgroupSigma) -> Floats:
    """Estimate the sigma of single values from subgroups, in one of the ways that do not depend on each size."""
    assert points.deviation is not None and points.size is not None
    if way is SubgroupSigma.RANGES:
        return _sigma_of_ranges(points)
    if way is SubgroupSigma.MEAN_DEVIATION:
        return mean(ratio(points.deviation, _c4s(points.size)))
    there = points.size > 0
    deviation, size = points.deviation[there], points.size[there]
    return ratio(_pooled(deviation, size), _c4s(total(size - 1) + 1))


def _sigma_of_ranges(points: Points) -> Floats:
    assert points.reach is not None and points.size is not None
    return mean(ratio(points.reach, by_size(points.size, D2)))


def mean_deviation(points: Points, basis: Basis) -> Floats:
    """Average the standard deviations of the baseline: plainly if all sizes are equal, else pooled."""
    base = points.where(basis.chosen)
    assert base.deviation is not None and base.size is not None
    there = (base.size > 0) | basis.convention.counts_empty_subgroups
    deviation, size = base.deviation[there], base.size[there]
    return mean(deviation) if size.size and (size == size[0]).all() else _pooled(deviation, size)


def by_size(size: Floats, table: Sequence[float]) -> Floats:
    """Look a constant up for each subgroup; nan below two values. Raises SubgroupTooLarge beyond 25."""
    if (size > LARGEST_RANGE).any():
        point = int(np.argmax(size > LARGEST_RANGE))
        raise SubgroupTooLarge(point=point + 1, size=int(size[point]))
    return np.array([table[int(k) - 2] if k > 1 else np.nan for k in size])


def _pooled(deviation: Floats, size: Floats) -> Floats:
    return np.sqrt(ratio(total((size - 1) * deviation**2), total(size - 1)))


def _c4s(size: Floats) -> Floats:
    return np.array([c4(int(k)) if k > 1 else np.nan for k in size])


def _averages(points: Points, basis: Basis) -> Lines:
    """Averages: weighted mean, sigma / sqrt(k) (Montgomery 6.2, 6.3)."""
    base = points.where(basis.chosen)
    assert base.average is not None and base.size is not None and points.size is not None
    centre = ratio(total(base.average * base.size), total(base.size))
    centre = centre if basis.centre is None else np.full(centre.shape, basis.centre)
    size = np.where(points.size > 0, points.size, np.nan)
    if basis.convention.subgroup_sigma is SubgroupSigma.DEVIATIONS:
        sigma = ratio(mean_deviation(points, basis), _c4s(size) * np.sqrt(size))
    else:
        sigma = sigma_within(base, basis.convention.subgroup_sigma) / np.sqrt(size)
    return around(centre, sigma, basis)


def _deviations(points: Points, basis: Basis) -> Lines:
    """Standard deviations: B3 and B4 (Montgomery 6.3)."""
    assert points.size is not None
    centre = mean_deviation(points, basis) if basis.centre is None else np.array([basis.centre])
    share = np.array([spread_of_sd(int(k)) if k > 1 else np.nan for k in points.size])
    return around(centre, centre * share, basis, least=0)


def _ranges(points: Points, basis: Basis) -> Lines:
    """Ranges: sigma x d3 about their mean (Montgomery 6.2)."""
    assert points.size is not None
    centre = mean(points.where(basis.chosen).plotted) if basis.centre is None else np.array([basis.centre])
    sigma = _sigma_of_ranges(points.where(basis.chosen))
    return around(centre, sigma * by_size(points.size, D3), basis, least=0)


SUBGROUP_MAKERS: dict[Kind, Maker] = {Kind.XBAR: _averages, Kind.S: _deviations, Kind.R: _ranges}
assert not MAKERS.keys() & SUBGROUP_MAKERS.keys()
