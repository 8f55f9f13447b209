"""Finding rows by the names people use, and reading the names of people and units."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.cycle import Cycle, Stage
from models.errors import NotFound
from models.people import Person, Unit
from models.reads.views import PersonName, UnitName
from models.task import Task

CYCLE, TASK, STAGE, PERSON = Text("cycle", "循环"), Text("task", "任务"), Text("stage", "阶段"), Text("person", "人员")
NO_ONE = PersonName(0, "", "?")


def get_cycle(session: Session, code: str) -> Cycle:
    """Get a cycle by its code, in any case. Raises NotFound with the nearest codes."""
    found = session.exec(select(Cycle).where(sa.func.lower(col(Cycle.code)) == code.strip().lower())).first()
    if found is None:
        raise _not_found(CYCLE, code, session.exec(select(Cycle.code)), "wardcycle cycle list")
    return found


def get_task(session: Session, address: str) -> Task:
    """Get a task by its address CODE/task-slug. Raises NotFound with the nearest tasks of that cycle."""
    code, slug = _parts(address, TASK)
    cycle = get_cycle(session, code)
    found = session.exec(select(Task).where(Task.cycle_id == cycle.id, Task.slug == slug)).first()
    if found is None:
        slugs = session.exec(select(Task.slug).where(Task.cycle_id == cycle.id).order_by(col(Task.position)))
        raise _not_found(TASK, address, slugs, f"wardcycle cycle show {cycle.code}", slug)
    return found


def get_stage(session: Session, address: str) -> Stage:
    """Get a stage by its address CODE/stage-slug. Raises NotFound with the nearest stages of that cycle."""
    code, slug = _parts(address, STAGE)
    cycle = get_cycle(session, code)
    found = session.exec(select(Stage).where(Stage.cycle_id == cycle.id, Stage.slug == slug)).first()
    if found is None:
        slugs = session.exec(select(Stage.slug).where(Stage.cycle_id == cycle.id).order_by(col(Stage.position)))
        raise _not_found(STAGE, address, slugs, f"wardcycle cycle show {cycle.code}", slug)
    return found


def get_person(session: Session, slug: str) -> Person:
    """Get a person by slug. Raises NotFound with the nearest slugs."""
    found = session.exec(select(Person).where(Person.slug == slug)).first()
    if found is None:
        raise _not_found(PERSON, slug, session.exec(select(Person.slug)), "wardcycle hospital export")
    return found


def person_names(session: Session, ids: Iterable[int | None]) -> dict[int, PersonName]:
    """Read the names of persons, one query for all."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = session.execute(
        sa.select(col(Person.id), col(Person.slug), col(Person.name)).where(col(Person.id).in_(wanted))
    )
    return {row_id: PersonName(row_id, slug, name) for row_id, slug, name in rows.tuples() if row_id is not None}


def unit_names(session: Session, ids: Collection[int]) -> dict[int, UnitName]:
    """Read the names of units, one query for all."""
    if not ids:
        return {}
    rows = session.exec(select(Unit).where(col(Unit.id).in_(set(ids))))
    return {unit.id: UnitName(unit.id, unit.slug, Text(unit.name_en, unit.name_zh)) for unit in rows}


def _parts(address: str, noun: Text) -> tuple[str, str]:
    code, slash, slug = address.strip().partition("/")
    if not slash or not slug:
        mend = Text(
            "Write CODE/name, e.g. C2026-0001/present-state.", "请写 编号/名称，例如 C2026-0001/present-state。"
        )
        raise NotFound(noun=noun, name=address, mend=mend)
    return code, slug


def _not_found(noun: Text, name: str, known: Iterable[str], command: str, wanted: str | None = None) -> NotFound:
    near = ", ".join(get_close_matches(wanted or name, list(known), n=3, cutoff=0.5))
    if near:
        mend = Text(f"Did you mean: {near}?", f"是否指：{near}？")
    else:
        mend = Text(f"See `{command}` for all.", f"全部名单见 `{command}`。")
    return NotFound(noun=noun, name=name, mend=mend)
