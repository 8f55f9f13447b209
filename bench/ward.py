"""The process that is measured: four stages of five tasks in hours, and the ward that runs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from config.calendar import calendar_of
from config.catalogue import read_catalogue
from config.shapes import Evidence, Kind, Level, StageTemplate, TaskTemplate, Template
from config.words import Text
from engine.people import people_changed
from engine.rules import Rules
from models.people import Person, RoleHolding, Unit

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
FAR = START + timedelta(days=900)
STAGES = ("plan", "do", "check", "act")
DUE_HOURS = (168, 240, 336, 336, 504)
FIRST_REMINDER = timedelta(hours=72)
OWNERS = ("circle-leader", "circle-member", "committee-chair", "data-owner", "dept-quality-officer")
DIRECTOR = "hospital-head"
PERSONS = 50  # who own the many open tasks beside those that are answered

TEMPLATE = "bench"
LADDER = (Level(after="0h", to="lead"), Level(after="48h", to=DIRECTOR))


def make_rules() -> Rules:
    """Make the shipped rules with the measured process added."""
    catalogue = read_catalogue(environ={})
    templates = {**catalogue.templates, TEMPLATE: _template()}
    policies = {**catalogue.policies, TEMPLATE: LADDER}
    return Rules(calendar_of(catalogue.calendars["cn"]), replace(catalogue, templates=templates, policies=policies))


def make_ward(session: Session) -> None:
    """Write one unit, a lead, the owners, the director, and many more persons."""
    unit = Unit(slug="ward", name_en="Ward", name_zh="病区")
    holders = {role: _person(role) for role in (*OWNERS, DIRECTOR)}
    session.add_all([unit, _person("lead"), *holders.values(), *(_person(f"person-{n}") for n in range(PERSONS))])
    session.flush()
    session.add_all(RoleHolding(person_id=p.id, role=role, unit_id=unit.id) for role, p in holders.items())
    people_changed(session)


def _person(slug: str) -> Person:
    return Person(slug=slug, name=slug.title(), email=f"{slug}@hospital.test", language="en")


def _template() -> Template:
    return Template(
        id=TEMPLATE,
        version=1,
        kind=Kind.PROCESS,
        title=Text("Bench", "基准"),
        escalation=TEMPLATE,
        urgent=True,  # no sending window: everything is due at once
        stages=tuple(StageTemplate(id=stage, tasks=tuple(map(_task, [stage] * 5, range(5)))) for stage in STAGES),
    )


def _task(stage: str, n: int) -> TaskTemplate:
    title = Text(f"Task {n} of {stage}", f"{stage} 任务 {n}")
    remind = ("-72h", "-24h")
    return TaskTemplate(
        id=f"{stage}-{n}", title=title, owner=OWNERS[n], due=f"{DUE_HOURS[n]}h", remind=remind, evidence=Evidence.NONE
    )
