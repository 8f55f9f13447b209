"""What the rounds of scheduled assessments will bring while nobody enters a value: requests, signals, bulletins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, select

from config.calendar import ONE_DAY
from config.words import Text
from engine.ahead import Ahead, Foreseen, Opening, run_opening, unwritten_cycle
from engine.assessing import assess
from engine.bulletins import LOOK_BACK, bulletin_at, bulletin_notes, readers_units
from engine.concerns import Seen, concerned
from engine.data_requests import TEMPLATE, asking, lead_of
from engine.deed import Plan
from engine.dues_ahead import Due, list_dues
from engine.launch import find_owners
from engine.outbox import Note
from engine.rules import Rules
from engine.scopes import Eyes, Place, scope_of_cycle, scopes_of
from engine.watch_looks import find_looks, look_moments
from engine.watches import find_concern, tell_proposal
from models.assessment import Proposal
from models.cycle import Cycle
from models.errors import NoOffice
from models.notification import NotificationKind
from models.reads.assessments import find_watch
from models.reads.bulletins import list_assessed, list_made
from models.reads.schedules import known_alerts

MOST_TASKS = 100  # of one request: numbers of what does not exist yet


def foresee_rounds(ahead: Ahead, *, only: int | None = None) -> None:
    """Add what the rounds to come will tell. only: this cycle alone, which may end by itself."""
    deed = ahead.deed
    dues = list_dues(deed.session, deed.people, rules=deed.rules, now=deed.now, until=ahead.until)
    _end_requests(ahead, dues)
    if only is None:
        _ask(ahead, dues)
        _signal(ahead, [due for due in dues if due.is_ready])
        _look(ahead)
        _send_bulletins(ahead, dues)


def round_moments(session: Session, *, rules: Rules, now: datetime, until: datetime) -> list[datetime]:
    """List the moments at which a round has something to do, as long as nobody enters a value."""
    deed = Foreseen(session, rules, None, now)
    ahead = Ahead(deed, until)
    dues = list_dues(session, deed.people, rules=deed.rules, now=deed.now, until=ahead.until)
    found = {deed.now, *look_moments(session, rules=deed.rules, now=deed.now)}
    found |= {moment for due in dues for moment in (due.comes_at, due.asked_at, due.until_at) if moment is not None}
    found |= {at for at, _, _ in _bulletins(ahead, dues)}
    return sorted(moment for moment in found if deed.now <= moment < ahead.until)


def _end_requests(ahead: Ahead, dues: Sequence[Due]) -> None:
    """A request ends by itself when the last thing that it asks for has come, or is missed."""
    for due in dues:
        if due.request_id is not None and due.asked_at is None:
            ends = max(ahead.deed.now, ahead.deed.now if due.is_ready else due.until_at)
            ahead.ends[due.request_id] = max(ends, ahead.ends.get(due.request_id, ends))


def _ask(ahead: Ahead, dues: Sequence[Due]) -> None:
    asked: dict[tuple[datetime, int, int, date, date, str], list[Due]] = defaultdict(list)
    for due in dues:
        if due.asked_at is not None and not due.is_ready:
            asked[due.asked_at, due.schedule_id, due.unit_id, due.period_on, due.end_on, due.role].append(due)
    for number, ((at, _, unit_id, _, _, role), group) in enumerate(asked.items(), start=1):
        try:
            _launch(ahead, -number, unit_id, role, at, max(due.until_at for due in group))
        except NoOffice:
            continue  # nobody could be asked; the round says so


def _launch(ahead: Ahead, number: int, unit_id: int, role: str, at: datetime, ends: datetime) -> None:
    """Let a request be launched, and run until it ends by itself."""
    deed, nothing = ahead.at(at), Text("", "")
    template = asking(deed.rules, role, "", nothing).catalogue.templates[TEMPLATE]
    unit, lead = deed.people.units[unit_id], deed.people.persons[lead_of(deed, role, unit_id)]
    owners, unstaffed = find_owners(deed, template, unit, lead, allow_unstaffed=True)
    cycle = unwritten_cycle(number, template, unit_id, lead.id, at)
    ahead.deed.plans[number] = Plan(template, deed.rules.catalogue.policies[template.escalation])
    ahead.ends[number] = ends
    shorter = replace(ahead, until=min(ahead.until, ends))
    for place, task in enumerate(one for one in template.stages[0].tasks if not one.after):
        key = number * MOST_TASKS - place
        ahead.slugs[key] = ("", task.id)
        held = "" if task.id in unstaffed else task.owner
        run_opening(shorter, cycle, Opening(key, held, task.due, task.remind, owners[task.id]), at)


def _signal(ahead: Ahead, ready: Sequence[Due]) -> None:
    """Look at what has its values already, and foresee what it tells."""
    deed, told = ahead.deed, set[str]()
    for due in sorted(ready, key=lambda one: one.comes_at):
        eyes = Eyes.of(deed.session, deed.rules, deed.people, due.comes_at)
        (scope,) = scopes_of(eyes, [Place(due.indicator, due.unit_id, due.end_on - ONE_DAY)])
        seen = Seen.of(0, due.unit_id, assess(scope.series, scope.look))
        fresh = set(seen.episodes) - known_alerts(deed.session, set(seen.episodes)) - told
        if fresh:
            key = f"alert:{min(fresh)}"
            ahead.notes += [
                Note(key, NotificationKind.SIGNAL, person, due.comes_at)
                for person in concerned(ahead.at(due.comes_at), due.indicator, due.unit_id)
            ]
        told |= fresh


def _look(ahead: Ahead) -> None:
    """Foresee the looks at what is watched, and the cycles that they propose."""
    session, rules, done = ahead.deed.session, ahead.deed.rules, set[str]()
    for moment in look_moments(session, rules=rules, now=ahead.deed.now):
        for look in find_looks(session, rules=rules, now=moment) if moment < ahead.until else ():
            cycle, watch = session.get_one(Cycle, look.cycle_id), find_watch(session, look.cycle_id)
            if look.key in done or watch is None:
                continue
            done.add(look.key)
            scope = scope_of_cycle(Eyes.of(session, rules, ahead.deed.people, moment), cycle)
            signal = find_concern(assess(scope.series, scope.look))
            key = f"{watch.id}:{signal.rule}:{signal.first}" if signal else ""
            if signal and key not in done and not _is_proposed(session, key):
                done.add(key)
                deed, ahead.codes[look.cycle_id] = ahead.at(moment), cycle.code
                tell_proposal(deed, cycle, key, signal.first)
                ahead.notes += deed.notes


def _is_proposed(session: Session, key: str) -> bool:
    return session.exec(select(Proposal.id).where(Proposal.key == key)).first() is not None


def _send_bulletins(ahead: Ahead, dues: Sequence[Due]) -> None:
    for at, unit_id, month_on in _bulletins(ahead, dues):
        ahead.notes += bulletin_notes(ahead.deed.people, unit_id, month_on, ahead.deed.rules, at)


def _bulletins(ahead: Ahead, dues: Iterable[Due]) -> Iterator[tuple[datetime, int, date]]:
    """Find when the bulletin of which unit and month goes out: on its day, or when there is something to say."""
    deed = ahead.deed
    since = deed.today - LOOK_BACK * ONE_DAY
    fed = [(unit_id, month_on, deed.now) for unit_id, month_on in list_assessed(deed.session, since)]
    first: dict[tuple[int, date], datetime] = {}
    for unit_id, month_on, there_at in [*fed, *((due.unit_id, due.month_on, due.comes_at) for due in dues)]:
        at = max(bulletin_at(month_on, deed.rules.calendar), there_at)
        on = deed.rules.calendar.local_date(at)
        for unit in readers_units(deed.people, unit_id, on) if month_on >= on - LOOK_BACK * ONE_DAY else ():
            first[unit, month_on] = min(at, first.get((unit, month_on), at))
    made = list_made(deed.session, since)
    yield from sorted((at, *key) for key, at in first.items() if key not in made)
