"""What a look at a special action opens: a cycle where a department falls short, a task where data are missing."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from config.periods import after, spelled, start_of
from config.words import Text
from engine.aims import GivenAim, set_aim
from engine.data_requests import COME, end_request, request_values
from engine.deed import Deed
from engine.launch import Launch
from engine.origins import launch_from
from engine.people import OFFICE
from engine.scoreboards import part_of
from models.assessment import OriginKind
from models.cycle import Cycle
from models.reads.schedules import list_waiting
from models.reads.special_actions import requests_of
from models.scoreboard import Department, Score, Scoreboard, Stand
from models.special_action import ActionRun

HEADS = ("dept-head", OFFICE)
METHOD = "pdca"
DAYS_AHEAD = 365  # for a department that falls short after the run's own date
MOST_TITLE = 300
Group = tuple[int, str, str]  # unit, role, period


def open_short(deed: Deed, run: ActionRun, board: Scoreboard) -> tuple[str, ...]:
    """Open a cycle for what falls short and has none; one that the run had there and that ended is not followed
    by itself: whoever ended it has decided, and the board asks the office."""
    short = [(score, one) for score, one in board.short() if not one.code and not one.ended]
    return tuple(_open(deed, run, board, score, one).code for score, one in short)


def ask_missing(deed: Deed, run: ActionRun, board: Scoreboard) -> tuple[str, ...]:
    """Ask for the values of targeted indicators that nobody has, one task a unit, role and period; end what has come.

    What a schedule waits for is asked for by the schedule. Returns the codes of what is new.
    """
    lacking, before = _lacking(deed, board), requests_of(deed.session, run.id)
    for cycle in before:
        if not any(_key(run, group).startswith(_stem(cycle)) for group in lacking):
            end_request(deed, cycle.id, COME)
    asked = [
        request_values(
            deed.session, group[0], group[1], slugs, group[2], _key(run, group), rules=deed.rules, now=deed.now
        )
        for group, slugs in lacking.items()
    ]
    deed.finish()
    known = {cycle.id for cycle in before}
    return tuple(cycle.code for cycle in asked if cycle.id not in known)


def _open(deed: Deed, run: ActionRun, board: Scoreboard, score: Score, one: Department) -> Cycle:
    """Open the cycle of one department and indicator, its aim filled in; the prediction is for its team to say."""
    unit_id = deed.people.unit(one.unit).id
    title = Text(f"{board.title.en}: {score.title.en}", f"{board.title.zh}：{score.title.zh}")
    launch = Launch(
        template=METHOD,
        unit=one.unit,
        lead=deed.people.persons[_lead(deed, run, unit_id)].slug,
        title=title.en[:MOST_TITLE],
        title_zh=title.zh[:MOST_TITLE],
        allow_unstaffed=True,
    )
    kind, part = OriginKind.ACTION, part_of(score.indicator, unit_id)
    opened = launch_from(deed.session, kind, run.id, launch, rules=deed.rules, by=deed.by, now=deed.now, part=part)
    until = run.until_on if run.until_on > deed.today else deed.today + timedelta(days=DAYS_AHEAD)
    aim = GivenAim(indicator=score.indicator, unit=one.unit, target=score.target, target_on=until, as_written=True)
    set_aim(deed.session, opened.id, aim, rules=deed.rules, by=opened.lead_id, now=deed.now)
    return opened


def _lead(deed: Deed, run: ActionRun, unit_id: int) -> int:
    """Let the department's head lead, else the office, else whoever leads the action."""
    heads = (person for role in HEADS for person in deed.people.holders(role, unit_id, deed.today))
    return next(heads, deed.session.get_one(Cycle, run.cycle_id).lead_id)


def _lacking(deed: Deed, board: Scoreboard) -> Mapping[Group, list[str]]:
    waiting = {(each.indicator, each.unit_id) for each in list_waiting(deed.session)}
    found: dict[Group, list[str]] = defaultdict(list)
    for score in board.targeted:
        one = deed.rules.catalogue.indicators[score.indicator]
        period = spelled(one.frequency, after(one.frequency, start_of(one.frequency, deed.today), -1))
        for department in score.departments:
            unit_id = deed.people.unit(department.unit).id
            if department.stand is Stand.NO_DATA and (score.indicator, unit_id) not in waiting:
                found[unit_id, one.data_owner, period].append(score.indicator)
    return found


def _key(run: ActionRun, group: Group) -> str:
    unit_id, role, period = group
    return f"{OriginKind.ACTION.value}:{run.id}:data:{unit_id}:{role}:{period}"


def _stem(cycle: Cycle) -> str:
    """Leave the period out: while anything is missing there, the task stands."""
    return (cycle.launch_key or "").rpartition(":")[0] + ":"
