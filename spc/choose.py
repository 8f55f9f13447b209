"""Which chart an indicator needs when nobody has chosen one."""

import math

import numpy as np

from spc.arrays import Given, floats
from spc.lines import Kind

# Below two events a period in the middle, a chart of counts sees nothing for months and then cries wolf.
FEWEST_EVENTS = 2


def choose_kind(values: Given, *, counted: bool, divided: bool, bounded: bool = False) -> Kind:
    """Choose a chart. Rare events: T means that the times between them are wanted instead of monthly counts.

    counted: values are counts. divided: there are denominators. bounded: which the counts cannot exceed.
    """
    if not counted:
        return Kind.IP if divided else Kind.I
    if bounded:
        return Kind.PP
    found = floats(values)
    found = found[~np.isnan(found)]
    typical = float(np.median(found)) if found.size else math.inf
    if typical < FEWEST_EVENTS:
        return Kind.T
    return Kind.UP if divided else Kind.CP
