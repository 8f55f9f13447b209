"""Values that a hospital's own system sends: read like the cells of a file, for the units of its token only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from config.words import Refused, Text
from engine.indicator_cells import note_of, period_of
from engine.indicator_names import Names, names_of
from engine.observation_checks import Fault, Given
from engine.observation_writing import Correction
from engine.observations import Batch, Fate, put_observations
from engine.people import Directory, directory
from engine.rules import Rules
from engine.systems import may_send
from models.systems import SystemToken

Read = TypeVar("Read")


@dataclass(frozen=True)
class SentValue:
    """One value as a system sends it, names and period still as written."""

    indicator: str
    unit: str
    period: str
    value: float | None
    denominator: float | None
    provisional: bool | None
    note: str | None


@dataclass(frozen=True)
class Taken:
    """What became of values that were sent; faults and warnings by their place in the batch."""

    fates: tuple[Fate, ...]
    faults: Mapping[int, tuple[Fault, ...]]
    warnings: Mapping[int, tuple[Fault, ...]]
    sealed: tuple[Correction, ...]


def take_values(
    session: Session,
    system: SystemToken,
    sent: Sequence[SentValue],
    *,
    rules: Rules,
    now: datetime,
    why: str = "",
    whole: bool = False,
) -> Taken:
    """Write the values that can be true and belong to the system's units; with `whole` all of them or none."""
    people = directory(session)
    names = names_of(rules.catalogue.indicators, people)
    read = [_read(one, names, people, system) for one in sent]
    faults = {i: found for i, found in enumerate(read) if not isinstance(found, Given)}
    places = [i for i, found in enumerate(read) if isinstance(found, Given)]
    given = [found for found in read if isinstance(found, Given)]
    if whole and faults:
        return Taken(tuple(Fate.REFUSED if i in faults else Fate.LEFT for i in range(len(sent))), faults, {}, ())
    batch = put_observations(session, given, rules=rules, by=None, now=now, why=why, whole=whole)
    return _placed(batch, places, faults, len(sent))


def _placed(batch: Batch, places: Sequence[int], faults: dict[int, tuple[Fault, ...]], n: int) -> Taken:
    fates = [Fate.REFUSED] * n
    for place, fate in zip(places, batch.fates, strict=True):
        fates[place] = fate
    return Taken(
        tuple(fates),
        faults | {places[i]: found for i, found in batch.faults.items()},
        {places[i]: found for i, found in batch.warnings.items()},
        batch.sealed,
    )


def _read(one: SentValue, names: Names, people: Directory, system: SystemToken) -> Given | tuple[Fault, ...]:
    faults: list[Fault] = []

    def read(column: str, how: Callable[[], Read]) -> Read | None:
        try:
            return how()
        except Refused as refusal:
            faults.append(Fault(column, refusal.what, refusal.mend))
            return None

    indicator = read("indicator", lambda: names.indicator(one.indicator, None))
    unit_id = read("unit", lambda: names.unit(one.unit, None))
    period = read("period", lambda: period_of(one.period, indicator.frequency)) if indicator else None
    note = read("note", lambda: note_of(one.note or ""))
    if unit_id is not None and not may_send(people, system, unit_id):
        faults.append(_NOT_ITS_UNIT)
    if faults or indicator is None or unit_id is None or period is None:
        return tuple(faults)
    said = None if one.note is None else note
    return Given(indicator.id, unit_id, period, one.value, one.denominator, one.provisional, said)


_NOT_ITS_UNIT = Fault(
    "unit",
    Text("This token may not send values of this unit", "该令牌不能提交此科室的数值"),
    Text("Ask the quality office for a token of this unit", "请向质控部门申请该科室的令牌"),
)
