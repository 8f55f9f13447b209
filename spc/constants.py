"""The published constants of Shewhart's charts, by the size of a subgroup."""

import math
from functools import lru_cache

# Mean moving range of two normal values, in sigmas: 2 / sqrt(pi), as printed in every table.
D2_OF_TWO = 1.128
# Upper limit of a moving range of two, in mean moving ranges (D4); I' charts carry one digit more.
D4_OF_TWO = 3.267
D4_OF_TWO_FINE = 3.2665
# A t chart's power makes exponential times nearly normal (Nelson 1994).
T_POWER = 3.6
# The median of a geometric distribution as a share of its mean, as qicharts2 draws a given centre.
G_MEDIAN_SHARE = 0.693
# Mean (d2) and standard deviation (d3) of the range of k normal values, k = 2..25 (Montgomery, appendix VI).
# fmt: off
D2 = (
    1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970, 3.078, 3.173, 3.258, 3.336,
    3.407, 3.472, 3.532, 3.588, 3.640, 3.689, 3.735, 3.778, 3.819, 3.858, 3.895, 3.931,
)
D3 = (
    0.8525033, 0.8883697, 0.8798108, 0.8640855, 0.8480442, 0.8332108, 0.8198378, 0.8078413,
    0.7970584, 0.7873230, 0.7784873, 0.7704257, 0.7630330, 0.7562217, 0.7499188, 0.7440627,
    0.7386021, 0.7334929, 0.7286980, 0.7241851, 0.7199267, 0.7158987, 0.7120802, 0.7084528,
)
# fmt: on
LARGEST_RANGE = 25


@lru_cache(maxsize=1024)
def c4(size: int) -> float:
    """Give the mean standard deviation of `size` >= 2 normal values as a share of sigma; exact for any size."""
    return math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))


def spread_of_sd(size: int) -> float:
    """Give sigma(sd) / mean(sd) for `size` >= 2 normal values: B3 and B4 are 1 -+ 3 of it."""
    return math.sqrt(max(0.0, 1 - c4(size) ** 2)) / c4(size)
