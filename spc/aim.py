"""What a cycle wants of an indicator, and which of its periods count."""

from dataclasses import dataclass

from spc.icons import Better
from spc.lines import Kind
from spc.trend import Family

PERIODS_A_YEAR = 12
# The chart that carries each family's limits: p' and u' with sigma_z of at least 1, and single values.
CHARTS = {Family.BINOMIAL: Kind.PP, Family.POISSON: Kind.UP, Family.GAUSSIAN: Kind.I}


@dataclass(frozen=True)
class Aim:
    """Say what is measured and what was hoped for, in the data's own unit (a proportion lies between 0 and 1).

    worthwhile: the smallest change worth the work; from the baseline to the target, or a tenth, if it is not given.
    """

    family: Family
    better: Better
    target: float | None = None
    worthwhile: float | None = None


@dataclass(frozen=True)
class Times:
    """Say which periods are which: the first n_baseline, then wash_in that count for nothing, then the rest.

    seasonal: seasons matter, so whole years are compared. definition_changed: on the way.
    """

    n_baseline: int
    wash_in: int = 0
    seasonal: bool = False
    periods_a_year: int = PERIODS_A_YEAR
    definition_changed: bool = False
