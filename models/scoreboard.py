"""Where a special action stands: each indicator against its target, by department, and who must decide; as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache

from pydantic import TypeAdapter

from config.words import Text


class Stand(StrEnum):
    """Where a value stands against its target; only `met` is good. incomplete: met by those who have values."""

    SHORT = "short"
    NO_DATA = "no-data"
    INCOMPLETE = "incomplete"
    NO_TARGET = "no-target"
    MET = "met"


@dataclass(frozen=True)
class Recent:
    """The value of the last year, as shown: pooled over its periods, the last one by its first day."""

    value: float
    n_periods: int
    last: date


@dataclass(frozen=True)
class Department:
    """One unit. code: of the cycle at work there on this indicator, '' for none; ended: one of the action has ended."""

    unit: str
    name: Text
    recent: Recent | None
    stand: Stand
    code: str
    ended: bool = False


@dataclass(frozen=True)
class Score:
    """One indicator of the action. by: the date of the target; evidence: how sure the target is (config.programme).

    of: the unit whose series it is; '' where it is pooled over the departments.
    """

    indicator: str
    version: int
    label: str
    title: Text
    shown_in: Text
    op: str
    target: float | None
    by: date | None
    evidence: str
    of: str
    recent: Recent | None
    stand: Stand
    variation: str
    assurance: str
    departments: tuple[Department, ...]

    def n(self, stand: Stand) -> int:
        """Count the departments that stand so."""
        return sum(one.stand is stand for one in self.departments)

    @property
    def short(self) -> tuple[Department, ...]:
        """Those that fall short."""
        return tuple(one for one in self.departments if one.stand is Stand.SHORT)


@dataclass(frozen=True)
class Asked:
    """A decision that waits. kind: a word of models.task.DecisionKind, or `nobody` where no cycle works on what is
    short; code: of the cycle."""

    who: tuple[str, ...]
    kind: str
    code: str
    since: datetime | None
    about: Text


@dataclass(frozen=True)
class Scoreboard:
    """One action at one moment. code: of its frame, '' before its launch; number: which run it is."""

    action: str
    title: Text
    programme: str
    unit: str
    as_of: datetime
    code: str
    number: int
    until_on: date | None
    stage: Text | None
    is_over: bool
    scores: tuple[Score, ...]
    asked: tuple[Asked, ...]

    @property
    def targeted(self) -> tuple[Score, ...]:
        """The indicators with a target, the reason for the action."""
        return tuple(score for score in self.scores if score.target is not None)

    @property
    def stand(self) -> Stand:
        """The worst of what has a target: what is not known is not met."""
        found = {score.stand for score in self.targeted}
        return next((stand for stand in Stand if stand in found), Stand.NO_TARGET)

    def short(self) -> Iterator[tuple[Score, Department]]:
        """Walk over what falls short, by indicator and department."""
        return ((score, one) for score in self.scores for one in score.short)


@cache
def _form() -> TypeAdapter[Scoreboard]:
    return TypeAdapter(Scoreboard)


def written(board: Scoreboard) -> str:
    """Write a scoreboard as JSON."""
    return _form().dump_json(board).decode()


def scoreboard_from(text: str) -> Scoreboard:
    """Read a stored scoreboard."""
    return _form().validate_json(text)
