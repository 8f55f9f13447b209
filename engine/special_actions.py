"""Special actions: launching one for a hospital, opening a cycle wherever it falls short, keeping its roll-up."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from config.words import Text
from engine.action_openings import ask_missing, open_short
from engine.action_targets import Action, get_action
from engine.deed import Deed
from engine.launch import Launch, launch_cycle
from engine.people import OFFICE, Directory
from engine.rules import Rules
from engine.scoreboards import read_scoreboard
from models.audit import record
from models.cycle import Cycle
from models.errors import DateInThePast, NotAllowed, Refused
from models.once import one_at_a_time
from models.people import Unit
from models.reads.special_actions import AT_WORK, latest_run, loose_frame
from models.scoreboard import Scoreboard, written
from models.special_action import ActionRun, RollUp

DAYS_AHEAD = 365  # where the programme's own date has passed


class ActionNotRunning(Refused):
    """The special action '{action}' does not run here. Launch it first: wardcycle action launch {action}"""

    zh = "本院尚未开展专项行动“{action}”。请先启动：wardcycle action launch {action}"


class NoHospital(Refused):
    """This hospital has no units yet. Nothing was changed; enter them first (wardcycle hospital import)."""

    zh = "本院尚未录入任何科室。没有任何改动；请先录入（wardcycle hospital import）。"


class NobodyLeads(Refused):
    """Nobody holds the quality office of {unit}; say who leads the action (--lead)."""

    zh = "{unit} 没有质控办人员，请指定行动负责人（--lead）。"


class GivenAction(BaseModel):
    """What the launch of a special action needs; the same form on the command line, in Prefect and on the page.

    unit: the hospital; where it is empty the first one, else the top of the tree. lead: one of the quality office
    where it is empty.
    until: the date for the cycles' aims; the programme's own, or a year ahead where that has passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    action: Annotated[
        str, Field(title="Special action · 专项行动", description="Id, such as surgery · 编号，如 surgery")
    ]
    unit: Annotated[str | None, Field(title="Hospital · 医院", description="The first one when empty · 留空即本院")] = (
        None
    )
    lead: Annotated[
        str | None, Field(title="Lead · 负责人", description="One of the quality office when empty · 留空由质控办负责")
    ] = None
    until: Annotated[
        date | None,
        Field(title="Until · 截止日期", description="The programme's date, or a year ahead · 留空按行动计划或一年内"),
    ] = None
    allow_unstaffed: Annotated[
        bool,
        Field(
            title="Allow unstaffed · 允许缺员",
            description="The quality office takes tasks without holder · 缺员任务由质控办代管",
        ),
    ] = False


@dataclass(frozen=True)
class Opened:
    """What a launch or another look brought. is_new: the action was launched just now; cycles: their codes."""

    run: ActionRun
    is_new: bool
    cycles: tuple[str, ...]
    requests: tuple[str, ...]
    board: Scoreboard


def launch_action(session: Session, given: GivenAction, *, rules: Rules, by: int | None, now: datetime) -> Opened:
    """Launch a special action, or look again at the one that runs: opens a cycle for each department and indicator
    that is newly short of its target, and asks for data that nobody has.

    Everything or nothing is written; twice, or twice at once, brings nothing twice.

    Raises NotFound, NotAllowed, NobodyLeads, DateInThePast, and what the launch of its own cycle raises.
    """
    action = get_action(rules.catalogue, given.action)
    deed = Deed(session, rules, by, now)
    unit = hospital_of(deed.people, given.unit)
    _alone(session, action, unit)
    require_office(deed, unit)
    run = _running(session, action, unit)
    is_new = run is None
    run = run or _begin(deed, given, action, unit)
    return _look(deed, action, run, is_new=is_new)


def look_again(session: Session, slug: str, unit: str | None, *, rules: Rules, by: int | None, now: datetime) -> Opened:
    """Look again at an action that runs; opens only what is newly short. Raises ActionNotRunning."""
    deed = Deed(session, rules, by, now)
    action, run = _get_running(deed, slug, unit)
    return _look(deed, action, run, is_new=False)


def keep_roll_up(
    session: Session, slug: str, unit: str | None, *, rules: Rules, by: int, now: datetime
) -> tuple[RollUp, Scoreboard]:
    """Keep where a running action stands, for ever; its evaluation closes with one. Raises ActionNotRunning."""
    deed = Deed(session, rules, by, now)
    action, run = _get_running(deed, slug, unit)
    board = read_scoreboard(session, action, run, rules=rules, now=now)
    text = written(board)
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept = RollUp(run_id=run.id, cycle_id=run.cycle_id, kept_at=now, kept_by=by, record=text, digest=digest)
    session.add(kept)
    session.flush()
    after = {"digest": digest, "stand": board.stand.value}
    record(session, "action.keep", "cycle", run.cycle_id, by=by, now=now, after=after)
    return kept, board


def hospital_of(people: Directory, slug: str | None) -> Unit:
    """Get the unit named, else the first hospital, else the top of the tree. Raises NotFound, NoHospital."""
    if slug:
        return people.unit(slug)
    units = sorted(people.units.values(), key=lambda one: one.id)
    hospitals = [unit for unit in units if unit.kind == "hospital"]
    hospital = next(iter(hospitals or [unit for unit in units if unit.parent_id is None]), None)
    if hospital is None:
        raise NoHospital()
    return hospital


def require_office(deed: Deed, unit: Unit) -> None:
    """Refuse whoever is neither quality office nor head of the hospital; the clock may. Raises NotAllowed."""
    if deed.by is None:
        return
    roles = (OFFICE, "hospital-head")
    allowed = {person for role in roles for person in deed.people.holders(role, unit.id, deed.today)}
    if deed.by not in allowed | {deed.people.told(person, deed.today) for person in allowed}:
        raise NotAllowed(who=deed.name(deed.by), allowed=", ".join(deed.name(person) for person in sorted(allowed)))


def _get_running(deed: Deed, slug: str, unit: str | None) -> tuple[Action, ActionRun]:
    action, hospital = get_action(deed.rules.catalogue, slug), hospital_of(deed.people, unit)
    _alone(deed.session, action, hospital)
    require_office(deed, hospital)
    run = _running(deed.session, action, hospital)
    if run is None:
        raise ActionNotRunning(action=slug)
    return action, run


def _alone(session: Session, action: Action, unit: Unit) -> None:
    one_at_a_time(session, f"special-action:{action.template.id}:{unit.id}")


def _running(session: Session, action: Action, unit: Unit) -> ActionRun | None:
    run = latest_run(session, action.template.id, unit.id)
    return run if run and session.get_one(Cycle, run.cycle_id).status in AT_WORK else None


def _begin(deed: Deed, given: GivenAction, action: Action, unit: Unit) -> ActionRun:
    """Launch the action's own cycle, or take one that was launched by itself, and write the run."""
    session, unit_id = deed.session, unit.id
    before = latest_run(session, action.template.id, unit_id)
    number = before.number + 1 if before else 1
    until = _until(deed, given, action)
    frame = loose_frame(session, action.template.id, unit_id) or _launch_frame(deed, given, unit, number)
    run = ActionRun(
        action=action.template.id,
        programme=action.programme.id if action.programme else "",
        number=number,
        unit_id=unit_id,
        cycle_id=frame.id,
        until_on=until,
        launched_at=deed.now,
        launched_by=deed.by,
    )
    session.add(run)
    session.flush()
    after = {"action": run.action, "run": number, "programme": run.programme, "until": until}
    record(session, "action.launch", "cycle", run.cycle_id, by=deed.by, now=deed.now, after=after)
    return run


def _until(deed: Deed, given: GivenAction, action: Action) -> date:
    if given.until is not None and given.until <= deed.today:
        raise DateInThePast(until=given.until, today=deed.today)
    named = given.until or action.until
    return named if named and named > deed.today else deed.today + timedelta(days=DAYS_AHEAD)


def _launch_frame(deed: Deed, given: GivenAction, unit: Unit, number: int) -> Cycle:
    launch = Launch(
        template=given.action,
        unit=unit.slug,
        lead=given.lead or _first(deed, unit),
        launch_key=f"special-action:{given.action}:{unit.id}:{number}",
        allow_unstaffed=given.allow_unstaffed,
    )
    return launch_cycle(deed.session, launch, rules=deed.rules, by=deed.by, now=deed.now)


def _first(deed: Deed, unit: Unit) -> str:
    """Let whoever launches lead, if of the office; else the first of the office."""
    office = deed.people.holders(OFFICE, unit.id, deed.today)
    if not office:
        raise NobodyLeads(unit=Text(unit.name_en, unit.name_zh))
    return deed.people.persons[deed.by if deed.by in office else office[0]].slug


def _look(deed: Deed, action: Action, run: ActionRun, *, is_new: bool) -> Opened:
    board = read_scoreboard(deed.session, action, run, rules=deed.rules, now=deed.now)
    cycles = open_short(deed, run, board)
    requests = ask_missing(deed, run, board)
    after = {"opened": list(cycles), "asked": list(requests)}
    record(deed.session, "action.look", "cycle", run.cycle_id, by=deed.by, now=deed.now, after=after)
    found = read_scoreboard(deed.session, action, run, rules=deed.rules, now=deed.now)
    return Opened(run, is_new, cycles, requests, found)
