"""An event table as arrays: which case, which step, when; sorted by case, then by time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class EventLog:
    """Events sorted by case and time. case, step: places, step into `steps`; at: seconds since 1970.

    Cases have no names here: nothing that is made of a log can lead back to a patient.
    """

    steps: tuple[str, ...]
    case: Whole
    step: Whole
    at: Seconds

    @property
    def n_cases(self) -> int:
        """Count the cases."""
        return int(self.case[-1]) + 1 if self.case.size else 0


def event_log(cases: Sequence[str], steps: Sequence[str], at: Sequence[float]) -> EventLog:
    """Sort events into a log; of events of one moment the one that was given first comes first.

    The three are equally long; at: seconds since 1970.
    """
    _, case = np.unique(np.asarray(cases, dtype=str), return_inverse=True)
    names, step = np.unique(np.asarray(steps, dtype=str), return_inverse=True)
    moments = np.asarray(at, dtype=np.float64)
    order = np.lexsort((np.arange(moments.size), moments, case))
    whole = np.int64
    return EventLog(tuple(map(str, names)), case[order].astype(whole), step[order].astype(whole), moments[order])
