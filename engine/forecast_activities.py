"""What planned activities will bring while nobody answers: launches with their tasks, and who hears of being missed."""

from datetime import datetime

from sqlmodel import Session, col, select

from engine.activity_round import ComingLaunch, coming_launches
from engine.ahead import Ahead, Opening, run_opening, unwritten_cycle
from engine.deed import Plan
from engine.gatherings import find_untold, list_missing, missing_notes
from engine.launch import find_owners, pick_template
from engine.rules import Rules
from models.activity import Gathering

FIRST = -1_000_000  # numbers of what does not exist yet; those of the rounds of assessments lie above
MOST_TASKS = 100  # of one launch


def foresee_activities(ahead: Ahead) -> None:
    """Add what the plans will launch, and what sessions that end will tell."""
    deed = ahead.deed
    coming = coming_launches(deed.session, rules=deed.rules, now=deed.now, until=ahead.until)
    for n, one in enumerate(coming):
        _launch(ahead, FIRST - n, one)
    for gathering, at in _ending(deed.session, deed.now, ahead.until):
        ahead.notes += missing_notes(ahead.at(at), gathering, list_missing(deed.session, gathering.id))


def activity_moments(session: Session, *, rules: Rules, now: datetime, until: datetime) -> list[datetime]:
    """List the moments at which a round of activities has something to do."""
    found = {one.at for one in coming_launches(session, rules=rules, now=now, until=until)}
    return sorted(found | {at for _, at in _ending(session, now, until)})


def _ending(session: Session, now: datetime, until: datetime) -> list[tuple[Gathering, datetime]]:
    """List the sessions whose missing people will be told before a moment, and when."""
    untold = find_untold(session, until)
    found = session.exec(select(Gathering).where(col(Gathering.id).in_(untold)).order_by(col(Gathering.id)))
    return [(one, max(one.ends_at, now)) for one in found if one.ends_at < until]


def _launch(ahead: Ahead, number: int, one: ComingLaunch) -> None:
    """Let a cycle be launched by plan, and its first tasks come to all their moments."""
    deed = ahead.at(one.at)
    template = pick_template(one.launch.template, deed.rules)
    unit, lead = deed.people.units[one.unit_id], deed.people.taker(one.launch.lead, deed.today)
    owners, unstaffed = find_owners(deed, template, unit, lead, allow_unstaffed=True)
    cycle = unwritten_cycle(number, template, one.unit_id, lead.id, one.at)
    ahead.deed.plans[number] = Plan(template, deed.rules.catalogue.policies[template.escalation])
    for place, task in enumerate(each for each in template.stages[0].tasks if not each.after):
        key = number * MOST_TASKS - place
        ahead.slugs[key] = ("", task.id)
        held = "" if task.id in unstaffed else task.owner
        run_opening(ahead, cycle, Opening(key, held, task.due, task.remind, owners[task.id]), one.at)
