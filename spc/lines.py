"""What a chart is made of: its kind, its points, its lines, and the basis of the lines."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from spc.arrays import Bools, Floats
from spc.conventions import Convention


def no_line() -> Floats:
    """Give what stands where a chart has no line."""
    return np.array([np.nan])


class Kind(StrEnum):
    """The charts, by the names that qicharts2 gives them; cp is c', ms the moving spread of an I' chart."""

    RUN = "run"
    I = "i"  # noqa: E741
    MR = "mr"
    XBAR = "xbar"
    S = "s"
    R = "r"
    P = "p"
    PP = "pp"
    U = "u"
    UP = "up"
    C = "c"
    CP = "cp"
    G = "g"
    T = "t"
    IP = "ip"
    MS = "ms"


@dataclass(frozen=True)
class Points:
    """Hold what is drawn and what it was made of, before any multiplying.

    plotted: the drawn value. top, bottom: numerator and denominator where there are two.
    average, deviation, reach, size: of each subgroup: mean, standard deviation, range, how many values.
    """

    plotted: Floats
    top: Floats | None = None
    bottom: Floats | None = None
    average: Floats | None = None
    deviation: Floats | None = None
    reach: Floats | None = None
    size: Floats | None = None

    def where(self, chosen: Bools) -> "Points":
        """Keep the chosen columns; all of them without a copy."""
        if chosen.all():
            return self
        return self.columns(chosen)

    def columns(self, chosen: Bools | slice) -> "Points":
        """Keep some columns of everything."""
        rest = (self.top, self.bottom, self.average, self.deviation, self.reach, self.size)
        return Points(self.plotted[..., chosen], *(None if each is None else each[..., chosen] for each in rest))


@dataclass(frozen=True)
class Lines:
    """Hold a part's lines, each as long as the part or of length 1; nan is no line.

    ucl and lcl lie 3 sigmas from the centre, ucl2 and lcl2 two, ucl1 and lcl1 one.
    sigma_z: how much wider than binomial or Poisson.
    """

    centre: Floats
    lcl: Floats = field(default_factory=no_line)
    ucl: Floats = field(default_factory=no_line)
    lcl2: Floats = field(default_factory=no_line)
    ucl2: Floats = field(default_factory=no_line)
    lcl1: Floats = field(default_factory=no_line)
    ucl1: Floats = field(default_factory=no_line)
    sigma_z: Floats = field(default_factory=no_line)


@dataclass(frozen=True)
class Basis:
    """Say what lines are made from: the columns of the baseline, a given centre, and whose habits."""

    chosen: Bools
    centre: float | None
    convention: Convention
