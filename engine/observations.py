"""Taking in values: new ones, the same again, and corrections that keep what was there before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from config.indicators import Indicator
from config.words import Text
from engine.entry import may_enter
from engine.indicators import remember_versions
from engine.observation_checks import Fault, Given, check_given, settled, warn_of
from engine.observation_writing import Correction, Writing, said_or, write
from engine.people import directory
from engine.rules import Rules
from models.indicator import Observation
from models.reads.sealed import Key


class Fate(StrEnum):
    """What became of a given value."""

    NEW = "new"
    SAME = "same"
    CORRECTED = "corrected"
    REFUSED = "refused"
    LEFT = "left"  # in order itself, but the batch was to be written whole or not at all


@dataclass(frozen=True)
class Batch:
    """What became of a batch, one fate for each value given; faults and warnings by its place in the batch."""

    fates: tuple[Fate, ...]
    faults: Mapping[int, tuple[Fault, ...]]
    warnings: Mapping[int, tuple[Fault, ...]]
    # Those that touch a sealed baseline, also by filling a gap of it.
    sealed: tuple[Correction, ...] = ()

    def n(self, fate: Fate) -> int:
        """Count one fate."""
        return self.fates.count(fate)


def check_batch(session: Session, given: Sequence[Given], *, rules: Rules, by: int | None, now: datetime) -> Batch:
    """Say what would become of values; nothing is written."""
    faults, warnings = _checked(session, given, rules=rules, by=by, now=now)
    stored = _stored(session, given)
    today = rules.calendar.local_date(now)
    fates = []
    for i, one in enumerate(given):
        if i in faults:
            fates.append(Fate.REFUSED)
        else:
            wanted = settled(rules.catalogue.indicators[one.indicator], one, today=today)
            fates.append(_fate(stored.get(one.key), wanted))
    return Batch(tuple(fates), faults, warnings)


def put_observations(
    session: Session,
    given: Sequence[Given],
    *,
    rules: Rules,
    by: int | None,
    now: datetime,
    why: str = "",
    whole: bool = False,
) -> Batch:
    """Write values that can be true; the others are refused one by one, or with `whole` nothing is written at all.

    A value that is there already changes nothing; another value for the same period is a correction: what was there
    is kept with who, when and `why`. by: None for a system; a person must be allowed to enter values of the unit.
    Indicators and units of `given` exist. Raises DefinitionChanged.
    """
    faults, warnings = _checked(session, given, rules=rules, by=by, now=now)
    good = {i: one for i, one in enumerate(given) if i not in faults}
    if not good or (whole and faults):
        fates = tuple(Fate.REFUSED if i in faults else Fate.LEFT for i in range(len(given)))
        return Batch(fates, faults, warnings)
    indicators = rules.catalogue.indicators
    versions = remember_versions(session, {indicators[one.indicator] for one in good.values()}, now=now)
    stored = _stored(session, list(good.values()))
    today = rules.calendar.local_date(now)
    writing = Writing(session, by, now, why)
    fates = tuple(
        _sort(writing, stored, settled(indicators[one.indicator], one, today=today)) if i in good else Fate.REFUSED
        for i, one in enumerate(given)
    )
    sealed = write(writing, versions)
    return Batch(fates, faults, warnings, sealed)


def _checked(
    session: Session, given: Sequence[Given], *, rules: Rules, by: int | None, now: datetime
) -> tuple[dict[int, tuple[Fault, ...]], dict[int, tuple[Fault, ...]]]:
    today = rules.calendar.local_date(now)
    people = directory(session)
    times = Counter(one.key for one in given)
    faults: dict[int, tuple[Fault, ...]] = {}
    warnings: dict[int, tuple[Fault, ...]] = {}
    for i, one in enumerate(given):
        indicator = rules.catalogue.indicators[one.indicator]
        found = tuple(check_given(indicator, one, today=today))
        if times[one.key] > 1:
            found = (*found, _twice(times[one.key]))
        if by is not None and not may_enter(people, indicator, one.unit_id, person_id=by, on=today):
            found = (*found, _not_yours(indicator, rules))
        if found:
            faults[i] = found
        elif doubts := tuple(warn_of(indicator, one, today=today)):
            warnings[i] = doubts
    return faults, warnings


def _stored(session: Session, given: Sequence[Given]) -> dict[Key, Observation]:
    """Read what is stored for these periods in one statement, whatever their number."""
    if not given:
        return {}
    periods = [one.period_on for one in given]
    rows = session.exec(
        select(Observation)
        .where(col(Observation.indicator).in_({one.indicator for one in given}))
        .where(col(Observation.unit_id).in_({one.unit_id for one in given}))
        .where(col(Observation.period_on).between(min(periods), max(periods)))
    )
    return {(row.indicator, row.unit_id, row.period_on): row for row in rows}


def _fate(stored: Observation | None, one: Given) -> Fate:
    if stored is None:
        return Fate.NEW
    said = (one.value, one.denominator, said_or(one.provisional, stored.provisional), said_or(one.note, stored.note))
    same = said == (stored.value, stored.denominator, stored.provisional, stored.note)
    return Fate.SAME if same else Fate.CORRECTED


def _sort(writing: Writing, stored: Mapping[Key, Observation], one: Given) -> Fate:
    row = stored.get(one.key)
    fate = _fate(row, one)
    if row is None:
        writing.new.append(one)
    elif fate is Fate.CORRECTED:
        writing.corrected.append((row, one))
    return fate


def _twice(n: int) -> Fault:
    return Fault(
        "period",
        Text(f"There are {n} values for this indicator, unit and period", f"同一指标、科室和时期有 {n} 个数值"),
        Text("Keep the right one", "请只保留正确的一个"),
    )


def _not_yours(one: Indicator, rules: Rules) -> Fault:
    role = rules.catalogue.roles[one.data_owner]
    return Fault(
        "unit",
        Text("You may not enter values of this unit", "您无权录入该科室的数值"),
        Text(f"That belongs to the unit's {role.en} or the quality office", f"应由该科室的{role.zh}或质控部门录入"),
    )
