"""Launching a cycle: find everybody first, then write cycle, stages and tasks, then open what may open."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from config.seen import on_one_line
from config.shapes import Kind, Level, StageTemplate, Template
from config.words import Text
from config.written import Unit as Measure
from config.written import parse_due
from engine.cycles import start_cycle
from engine.deadlines import deadline
from engine.deed import Deed
from engine.people import OFFICE, nearest
from engine.rules import Rules
from models.audit import record
from models.base import BigId, table_of
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.errors import DeadlineInThePast, NoOffice, NotFound, StartInThePast, Unstaffed
from models.once import one_at_a_time
from models.people import Person, Unit
from models.task import Task, TaskOwner, TaskStatus

# NUL is what PostgreSQL cannot store, a line end what a list cannot show.
Line = Annotated[str, AfterValidator(on_one_line)]


class Launch(BaseModel):
    """What a launch needs; the same form on the command line, in Prefect and in code."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    template: Annotated[str, Field(title="Template · 模板", description="Id, such as pdca · 模板编号，如 pdca")]
    unit: Annotated[str, Field(title="Unit · 科室", description="Id of the unit that improves · 开展改进的科室编号")]
    lead: Annotated[str, Field(title="Lead · 负责人", description="Id of the person who leads · 项目负责人编号")]
    title: Annotated[
        Line | None, Field(title="Title · 标题", description="What is to improve · 改进内容", max_length=300)
    ] = None
    title_zh: Annotated[
        Line | None,
        Field(title="Chinese title · 中文标题", description="As the title when empty · 留空则同标题", max_length=300),
    ] = None
    start: Annotated[
        AwareDatetime | None, Field(title="Start · 开始时间", description="Now when empty · 留空即现在")
    ] = None
    launch_key: Annotated[
        Line | None,
        Field(title="Key · 防重号", description="The same key never launches twice · 同号不会重复启动", max_length=120),
    ] = None
    allow_unstaffed: Annotated[
        bool,
        Field(
            title="Allow unstaffed · 允许缺员",
            description="The quality office takes tasks without holder · 缺员任务由质控办代管",
        ),
    ] = False
    allow_past: Annotated[
        bool, Field(title="Allow past · 允许过去", description="The start may lie in the past · 可早于今天")
    ] = False


Owners = Mapping[str, tuple[int, ...]]


def launch_cycle(session: Session, launch: Launch, *, rules: Rules, by: int | None, now: datetime) -> Cycle:
    """Launch a cycle, or find the one that the same launch_key has launched before.

    Raises NotFound, Unstaffed (naming every task and role), StartInThePast, DeadlineInThePast; then nothing is written.
    """
    deed = Deed(session, rules, by, now)
    known = _find_launched(session, launch.launch_key)
    if known:
        return known
    template = pick_template(launch.template, rules)
    unit, lead = deed.people.unit(launch.unit), deed.people.taker(launch.lead, deed.today)
    starts_at = _start(launch, deed)
    owners, unstaffed = find_owners(deed, template, unit, lead, allow_unstaffed=launch.allow_unstaffed)
    _refuse_past_deadlines(template, max(starts_at, now), rules)
    cycle = _insert_cycle(deed, launch, template, unit, lead, starts_at)
    _insert_stages(deed, cycle, template, owners, unstaffed)
    after = {
        "code": cycle.code,
        "template": template.id,
        "version": template.version,
        "unit": unit.slug,
        "lead": lead.slug,
    }
    record(session, "cycle.launch", "cycle", cycle.id, by=by, now=now, after=after)
    if starts_at <= now:
        start_cycle(deed, cycle)
    deed.finish()
    return cycle


def find_owners(
    deed: Deed, template: Template, unit: Unit, lead: Person, *, allow_unstaffed: bool
) -> tuple[Owners, set[str]]:
    """Find the owners of every task; returns them by task, and the tasks that only the quality office takes."""
    found: dict[str, tuple[int, ...]] = {}
    for task in template.tasks:
        found[task.id] = (lead.id,) if task.owner == "lead" else deed.people.holders(task.owner, unit.id, deed.today)
    missing = [task for task in template.tasks if not found[task.id]]
    if not missing:
        return found, set()
    if not allow_unstaffed:
        raise Unstaffed(tasks=", ".join(f"{task.id} ({task.owner})" for task in missing))
    office = deed.people.holders(OFFICE, unit.id, deed.today) or deed.people.office(deed.today)
    if not office:
        raise NoOffice()
    return found | {task.id: office for task in missing}, {task.id for task in missing}


def _find_launched(session: Session, key: str | None) -> Cycle | None:
    if not key:
        return None
    one_at_a_time(session, key)
    return session.exec(select(Cycle).where(Cycle.launch_key == key)).one_or_none()


def pick_template(slug: str, rules: Rules) -> Template:
    """Get a template by its id. Raises NotFound, naming those that are alike."""
    template = rules.catalogue.templates.get(slug)
    if template is None:
        mend = nearest(slug, sorted(rules.catalogue.templates), "wardcycle template list")
        raise NotFound(noun=Text("template", "模板"), name=slug, mend=mend)
    return template


def _start(launch: Launch, deed: Deed) -> datetime:
    starts_at = launch.start or deed.now
    if deed.rules.calendar.local_date(starts_at) < deed.today and not launch.allow_past:
        raise StartInThePast(start=starts_at.astimezone(deed.rules.calendar.zone).date())
    return starts_at


def _refuse_past_deadlines(template: Template, starts_at: datetime, rules: Rules) -> None:
    for task in template.tasks:
        if deadline(task.due, starts_at, rules.calendar).at <= starts_at and parse_due(task.due).unit is Measure.DATE:
            raise DeadlineInThePast(task=task.id, deadline=task.due)


def _insert_cycle(
    deed: Deed, launch: Launch, template: Template, unit: Unit, lead: Person, starts_at: datetime
) -> Cycle:
    title = Text(launch.title, launch.title_zh or launch.title) if launch.title else template.title
    cycle = Cycle(
        code=_next_code(deed),
        launch_key=launch.launch_key,
        template=template.id,
        template_version=template.version,
        snapshot=_keep_snapshot(deed, template),
        title_en=title.en,
        title_zh=title.zh,
        unit_id=unit.id,
        lead_id=lead.id,
        urgent=template.urgent,
        status=CycleStatus.PLANNED,
        launched_at=deed.now,
        launched_by=deed.by,
        starts_at=starts_at,
    )
    deed.session.add(cycle)
    deed.session.flush()
    return cycle


def _insert_stages(deed: Deed, cycle: Cycle, template: Template, owners: Owners, unstaffed: set[str]) -> None:
    stages = [_stage_row(cycle, position, template) for position in range(len(template.stages))]
    insert = deed.session.connection().execute
    stage_ids = dict(insert(_ADD_STAGES, stages).tuples().all())
    rows = [
        row
        for position, stage in enumerate(template.stages)
        for row in _task_rows(deed, cycle, stage_ids[position], stage, unstaffed)
    ]
    insert(_ADD_TASKS, rows)
    insert(_ADD_OWNERS, [{"of": cycle.id, "named": slug, "by": by} for slug, held in owners.items() for by in held])


_stage, _task = table_of(Stage), table_of(Task)
_ADD_STAGES = sa.insert(_stage).returning(_stage.c.position, _stage.c.id)
_ADD_TASKS = sa.insert(_task)
_ADD_OWNERS = sa.insert(table_of(TaskOwner)).from_select(
    ["task_id", "person_id"],
    sa.select(_task.c.id, sa.bindparam("by", type_=BigId)).where(
        _task.c.cycle_id == sa.bindparam("of"), _task.c.slug == sa.bindparam("named")
    ),
)


def _stage_row(cycle: Cycle, position: int, template: Template) -> dict[str, object]:
    stage = template.stages[position]
    return {
        "cycle_id": cycle.id,
        "position": position,
        "slug": stage.id,
        "title_en": stage.heading.en,
        "title_zh": stage.heading.zh,
        # Every stage of the method has its gate; other processes only where they name one.
        "gate": stage.gate or (stage.id if template.kind is Kind.PDCA else None),
        "status": StageStatus.WAITING,
        "open_count": len(stage.tasks),
        "note": "",
    }


def _task_rows(
    deed: Deed, cycle: Cycle, stage_id: int, stage: StageTemplate, unstaffed: set[str]
) -> list[dict[str, object]]:
    return [
        {
            "cycle_id": cycle.id,
            "stage_id": stage_id,
            "position": position,
            "slug": task.id,
            "title_en": task.title.en,
            "title_zh": task.title.zh,
            "owner_role": "" if task.id in unstaffed else task.owner,
            "due": task.due,
            "remind": ",".join(task.remind),
            "evidence": task.evidence.value,
            "accept": task.accept,
            "unstaffed": task.id in unstaffed,
            "token": deed.rules.new_token(),
            "status": TaskStatus.WAITING,
        }
        for position, task in enumerate(stage.tasks)
    ]


def _next_code(deed: Deed) -> str:
    year = deed.today.year
    n = deed.session.connection().execute(_COUNT, {"year": year}).scalar_one()
    return f"C{year}-{n:04d}"


def _keep_snapshot(deed: Deed, template: Template) -> str:
    return keep_snapshot(deed.session, template, deed.rules.catalogue.policies[template.escalation])


def keep_snapshot(session: Session, template: Template, ladder: Sequence[Level]) -> str:
    """Keep a template and a ladder as they are now; returns the name by which a cycle refers to them."""
    texts = template.model_dump_json(), json.dumps([level.model_dump() for level in ladder])
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    row = {"digest": digest, "template": texts[0], "ladder": texts[1]}
    session.connection().execute(_KEEP, row)
    return digest


# As text: SQLAlchemy would compile its own ON CONFLICT anew for every launch. Both systems read the same words.
_COUNT = sa.text(
    "INSERT INTO code_counter (year, n) VALUES (:year, 1)"
    " ON CONFLICT (year) DO UPDATE SET n = code_counter.n + 1 RETURNING n"
)
_KEEP = sa.text(
    "INSERT INTO snapshot (digest, template, ladder) VALUES (:digest, :template, :ladder)"
    " ON CONFLICT (digest) DO NOTHING"
)
