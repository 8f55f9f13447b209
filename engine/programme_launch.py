"""Launching a programme: the cycles of a plan, batch by batch, each measure once in each unit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa
from sqlmodel import Session

from engine.launch import Launch
from engine.origins import launch_from
from engine.people import directory
from engine.programme_plan import PlannedCycle, ProgrammePlan
from engine.rules import Rules
from models.assessment import OriginKind
from models.base import table_of
from models.errors import NoOffice, Refused
from models.once import one_at_a_time
from models.programme import MeasureCycle
from models.reads.programme import RUNNING, list_launched

BATCH = 40
ORIGIN = OriginKind.MEASURE


class RolesUnstaffed(Refused):
    """Nobody holds these roles: {roles}. Give somebody each of them, or launch with --allow-unstaffed: \
the quality office then takes their {n} tasks."""

    zh = "以下角色无人担任：{roles}。请逐一安排人员，或用 --allow-unstaffed 启动（{n} 项任务由质控办代管）。"


@dataclass(frozen=True)
class Launched:
    """What a launch did: cycles opened, and cycles that were there already."""

    n_opened: int = 0
    n_known: int = 0

    def __add__(self, other: "Launched") -> "Launched":
        return Launched(self.n_opened + other.n_opened, self.n_known + other.n_known)


def refuse_unstaffed(plan: ProgrammePlan) -> None:
    """Refuse a plan with roles that nobody holds, naming them all at once. Raises RolesUnstaffed."""
    if plan.vacancies:
        named: dict[str, list[str]] = {}
        for one in plan.vacancies:
            named.setdefault(one.role, []).append(one.unit.slug)
        roles = "; ".join(f"{role} ({', '.join(units)})" for role, units in named.items())
        raise RolesUnstaffed(roles=roles, n=sum(task.unstaffed for cycle in plan.cycles for task in cycle.tasks))


def still_to_open(session: Session, plan: ProgrammePlan) -> ProgrammePlan:
    """Leave out of a plan what runs already, so that it says what a launch really opens."""
    known = _known(session, plan.programme.id)
    return replace(plan, cycles=tuple(cycle for cycle in plan.cycles if cycle.key not in known))


def batches(plan: ProgrammePlan) -> Iterator[Sequence[PlannedCycle]]:
    """Cut a plan into parts that a transaction each launches: others may work in between, a crash loses one part.

    A unit is never cut: all that its people are told is queued at once, so that it goes to each as one digest.
    """
    part: list[PlannedCycle] = []
    for _, cycles in groupby(plan.cycles, key=lambda cycle: cycle.unit.id):
        part += cycles
        if len(part) >= BATCH:
            yield part
            part = []
    if part:
        yield part


def launch_batch(
    session: Session,
    cycles: Sequence[PlannedCycle],
    *,
    edition: str,
    rules: Rules,
    by: int | None,
    now: datetime,
    allow_unstaffed: bool = False,
) -> Launched:
    """Launch those cycles of a plan that do not run yet, in this edition's or another edition's words.

    A measure that has ended in a unit is launched there again only by another edition. Raises what `launch_cycle`
    raises, and NoOffice where not even the quality office can lead.
    """
    one_at_a_time(session, "programme")
    known = _known(session, edition)
    fresh = [cycle for cycle in cycles if cycle.key not in known]
    for cycle in fresh:
        _launch(session, cycle, edition, allow_unstaffed, rules=rules, by=by, now=now)
    return Launched(len(fresh), len(cycles) - len(fresh))


def _known(session: Session, edition: str) -> set[tuple[str, int]]:
    """Find the measures and units that this edition has launched, or whose cycle runs by another one."""
    launched = list_launched(session)
    return {(one.measure, one.unit_id) for one in launched if one.edition == edition or one.status in RUNNING}


def _launch(
    session: Session,
    planned: PlannedCycle,
    edition: str,
    allow_unstaffed: bool,
    *,
    rules: Rules,
    by: int | None,
    now: datetime,
) -> None:
    if planned.lead_id is None:
        raise NoOffice()
    subject = (
        session.connection()
        .execute(_ADD, {"edition": edition, "measure": planned.measure.id, "unit": planned.unit.id})
        .scalar_one()
    )
    template = planned.template
    catalogue = replace(rules.catalogue, templates={template.id: template})
    launch = Launch(
        template=template.id,
        unit=planned.unit.slug,
        lead=directory(session).persons[planned.lead_id].slug,
        allow_unstaffed=allow_unstaffed,
    )
    launch_from(session, ORIGIN, subject, launch, rules=replace(rules, catalogue=catalogue), by=by, now=now)


_row = table_of(MeasureCycle)
_ADD = (
    sa.insert(_row)
    .values(edition=sa.bindparam("edition"), measure=sa.bindparam("measure"), unit_id=sa.bindparam("unit"))
    .returning(_row.c.id)
)
