"""What is looked at in an assessment, and what the statistics gave; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from config.indicators import Indicator
from models.reads.series import Series
from spc.arrays import Floats
from spc.chart import Chart
from spc.errors import DataError
from spc.icons import Better
from spc.verdict import Judged

BASELINE, WASH_IN, AFTER = "baseline", "wash-in", "after"


@dataclass(frozen=True)
class Look:
    """What is looked at. Target, worthwhile change and prediction are as shown.

    n_baseline, wash_in: periods from the beginning of the series. n_changed: periods of a sealed baseline that read
    otherwise today. known: signals of earlier looks, (rule, first period) -> the day on which they were found.
    """

    indicator: Indicator
    unit: str
    as_of: datetime
    on: date
    n_baseline: int
    wash_in: int = 0
    cycle: str = ""
    target: float | None = None
    worthwhile: float | None = None
    prediction: float | None = None
    definition_changed: bool = False
    n_changed: int = 0
    known: Mapping[tuple[str, date], date] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What the statistics gave; `judged` is None where they refused, then `why` says it."""

    series: Series
    look: Look
    top: Floats
    bottom: Floats | None
    chart: Chart | None
    judged: Judged | None
    why: DataError | None

    @cached_property
    def better(self) -> Better:
        """Which way is an improvement, in the words of spc."""
        return Better(self.look.indicator.better.value)

    @cached_property
    def phases(self) -> list[str]:
        """Name the phase of each place in the series."""
        n, look = len(self.series.periods), self.look
        named = [BASELINE] * look.n_baseline + [WASH_IN] * look.wash_in
        return (named + [AFTER] * (n - len(named)))[:n]
