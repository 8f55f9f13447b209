"""Which published program's habits a chart follows where they differ; the default is ours."""

from dataclasses import dataclass
from enum import StrEnum

from spc.constants import D2_OF_TWO


class SubgroupSigma(StrEnum):
    """How the sigma within subgroups is estimated."""

    DEVIATIONS = "deviations"  # the mean standard deviation if all sizes are equal, else the pooled one; over c4
    MEAN_DEVIATION = "mean-deviation"  # mean of sd / c4 (qcc's UWAVE-SD)
    POOLED = "pooled"  # pooled sd over c4 of all degrees of freedom (qcc's RMSDF)
    RANGES = "ranges"  # mean of range / d2 (qcc's UWAVE-R), for up to 25 values


@dataclass(frozen=True)
class Convention:
    """Name one set of habits.

    screened: moving ranges beyond their own upper limit are left out of their average, once.
    collapses: limits may fall onto the centre line (screening left only zeros, or every proportion is 0 or 1);
        otherwise the unscreened average is used, and no limits are drawn if that is 0 too.
    floored: sigma_z of p' and u' is at least 1: a chart is never narrower than its binomial or Poisson one.
    mean_range_to_sigma: sigma of single values in mean moving ranges.
    freezes_parts: a freeze holds within each part; otherwise parts make it void.
    judges_excluded: a point left out of the limits can still lie outside them.
    ip_uses_all: the I' chart takes its spread from every point, whatever is frozen or excluded (a known fault).
    limits_over_gaps: lines go on where a value is missing.
    counts_empty_subgroups: one takes a degree of freedom from the pooled standard deviation (a known fault).
    shortest_freeze, points_after_freeze: a frozen baseline that leaves less is refused (`refuses_short`) or ignored.
    """

    slug: str
    screened: bool = True
    collapses: bool = False
    floored: bool = False
    mean_range_to_sigma: float = 1 / D2_OF_TWO
    freezes_parts: bool = True
    judges_excluded: bool = True
    ip_uses_all: bool = False
    counts_empty_subgroups: bool = False
    limits_over_gaps: bool = True
    shortest_freeze: int = 1
    refuses_short: bool = False
    points_after_freeze: int = 0
    subgroup_sigma: SubgroupSigma = SubgroupSigma.DEVIATIONS


PRODUCT = Convention("wardcycle-1", floored=True)
# qicharts2 0.8.1 with its package attached.
QICHARTS2 = Convention(
    "qicharts2-0.8", collapses=True, freezes_parts=False, ip_uses_all=True, counts_empty_subgroups=True
)
# NHSRplotthedots 0.2.2: 2.66 mean moving ranges are its three sigmas; a baseline has 12 points or more.
NHS = Convention(
    "nhsr-plotthedots-0.2", collapses=True, mean_range_to_sigma=2.66 / 3, shortest_freeze=12, refuses_short=True
)
# pbcharts 0.1.0: one I' chart for everything.
PBCHARTS = Convention(
    "pbcharts-0.1",
    screened=False,
    collapses=True,
    judges_excluded=False,
    limits_over_gaps=False,
    shortest_freeze=2,
    points_after_freeze=2,
)
# qcc 3.0 averages every moving range.
QCC = Convention("qcc-3.0", screened=False, collapses=True, subgroup_sigma=SubgroupSigma.RANGES)
CONVENTIONS = {each.slug: each for each in (PRODUCT, QICHARTS2, NHS, PBCHARTS, QCC)}
