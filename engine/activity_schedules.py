"""Activities by plan: adding one, stopping it, launching what is due, each period exactly once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from config.catalogue import Catalogue
from config.periods import after, start_of
from config.recurrence import FORMS, Recurrence, parse_recurrence
from config.words import Refused as Unreadable
from config.words import Text
from engine.activity_turns import ActivityTurn, due_turn, first_period, named
from engine.deed import Deed
from engine.launch import Launch, Line, launch_cycle, pick_template
from engine.people import OFFICE, Directory
from engine.rules import Rules
from models.activity import ActivitySchedule
from models.audit import record
from models.cycle import Cycle
from models.errors import NoOffice, NotFound, Refused

DEPARTMENT = "department"


class RecurrenceUnreadable(Refused):
    """{what}. {mend}."""

    zh = "{what}。{mend}。"


class AlreadyPlanned(Refused):
    """This is planned already as no. {no}. Stop that one first."""

    zh = "已有相同安排（编号 {no}）。如需更改，请先停止。"


class PlanStopped(Refused):
    """The plan no. {no} was stopped already."""

    zh = "安排 {no} 此前已停止。"


class GivenActivity(BaseModel):
    """What to launch, where, how often; all but the first two have a default.

    every: the template's own if empty. since: a day of the first period; the next one that falls due if empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    activity: str
    unit: str
    units_below: bool = False
    every: str = Field("", max_length=100)
    title: Line = Field("", max_length=200)
    title_zh: Line = Field("", max_length=200)
    since: date | None = None


def plan_activity(
    session: Session, given: GivenActivity, *, rules: Rules, by: int | None, now: datetime
) -> ActivitySchedule:
    """Plan the launches of an activity. Raises NotFound, RecurrenceUnreadable, AlreadyPlanned."""
    deed = Deed(session, rules, by, now)
    template = pick_template(given.activity, rules)
    every = read_recurrence(given.every or template.every)
    begins = given.since or first_period(every, rules.calendar, now)
    made = ActivitySchedule(
        activity=template.id,
        unit_id=deed.people.unit(given.unit).id,
        units_below=given.units_below,
        every=str(every),
        title_en=given.title or given.title_zh,
        title_zh=given.title_zh or given.title,
        next_on=start_of(every.frequency, begins),
        added_at=now,
        added_by=by,
    )
    _refuse_twice(session, made)
    session.add(made)
    session.flush()
    after = {**given.model_dump(mode="json"), "every": made.every, "next_on": made.next_on}
    record(session, "activity.plan", "activity-schedule", made.id, by=by, now=now, after=after)
    return made


def stop_activity(session: Session, schedule_id: int, *, by: int | None, now: datetime) -> ActivitySchedule:
    """Launch nothing further by a plan; what was launched goes its way. Raises NotFound, PlanStopped."""
    found = _get(session, schedule_id)
    if found.stopped_at is not None:
        raise PlanStopped(no=schedule_id)
    found.stopped_at, found.stopped_by = now, by
    session.add(found)
    record(session, "activity.stop", "activity-schedule", schedule_id, by=by, now=now)
    return found


def launch_due_activity(session: Session, schedule_id: int, *, rules: Rules, now: datetime) -> int:
    """Launch what a plan asks for by now: of several missed periods only the newest, the others are counted.

    Returns how many cycles were launched. A second call, also at the same moment, finds the plan moved on.
    """
    found = session.get(ActivitySchedule, schedule_id, with_for_update=True, populate_existing=True)
    if found is None or found.stopped_at is not None:
        return 0
    every = parse_recurrence(found.every)
    here = due_turn(every, found.next_on, rules.calendar, now)
    if here is None:
        return 0
    launched = _launch_all(Deed(session, rules, None, now), found, here)
    late = rules.calendar.local_date(now) > rules.calendar.local_date(here.due_at)
    facts = {"period": here.period, "n": len(launched), "skipped": here.n_skipped}
    record(session, "activity.launch", "activity-schedule", schedule_id, by=None, now=now, after=facts,
           why="late" if late else "")  # fmt: skip
    found.next_on = after(every.frequency, here.period_on)
    session.add(found)
    session.flush()
    return len(launched)


def launch_activity_now(
    session: Session, schedule_id: int, *, rules: Rules, by: int | None, now: datetime
) -> list[Cycle]:
    """Launch a planned activity besides its plan, once a day. Raises NotFound."""
    found = _get(session, schedule_id)
    today = rules.calendar.local_date(now)
    here = ActivityTurn(today, now, today.isoformat())
    return _launch_all(Deed(session, rules, by, now), found, here, extra=True)


def read_recurrence(written: str) -> Recurrence:
    """Read how often, with the error of a ward. Raises RecurrenceUnreadable."""
    try:
        return parse_recurrence(written)
    except Unreadable as error:
        what = error.what if written.strip() else Text("It is not said how often", "没有写明频率")
        raise RecurrenceUnreadable(what=what, mend=FORMS) from error


def units_of(people: Directory, schedule: ActivitySchedule) -> Sequence[int]:
    """List where an activity is launched: in the unit, or in each department below; its next units if none is one."""
    if not schedule.units_below:
        return (schedule.unit_id,)
    below = {key: unit for key, unit in people.units.items() if schedule.unit_id in people.upwards(key)}
    below.pop(schedule.unit_id, None)
    departments = [key for key, unit in below.items() if unit.kind == DEPARTMENT]
    return departments or [key for key, unit in below.items() if unit.parent_id == schedule.unit_id]


@dataclass(frozen=True)
class Prepared:
    """One launch as it will be made."""

    unit_id: int
    launch: Launch


def prepare(deed: Deed, schedule: ActivitySchedule, here: ActivityTurn, *, extra: bool = False) -> Iterator[Prepared]:
    """Write the launches of one period. Raises NotFound, NoOffice."""
    template = pick_template(schedule.activity, deed.rules)
    title = Text(schedule.title_en, schedule.title_zh) if schedule.title_en else template.title
    called = named(title, here.period)
    for unit_id in units_of(deed.people, schedule):
        lead = leader(deed, template.led_by, unit_id)
        yield Prepared(
            unit_id,
            Launch(
                template=template.id,
                unit=deed.people.units[unit_id].slug,
                lead=deed.people.persons[lead].slug,
                title=called.en,
                title_zh=called.zh,
                launch_key=f"activity:{schedule.id}:{'now:' if extra else ''}{here.period_on}:{unit_id}",
                allow_unstaffed=True,
            ),
        )


def leader(deed: Deed, role: str | None, unit_id: int) -> int:
    """Find who leads what nobody launches by hand: the holder of the role, else the quality office. Raises NoOffice."""
    named = deed.people.holders(role, unit_id, deed.today) if role else ()
    held = named or deed.people.holders(OFFICE, unit_id, deed.today)
    found = held or deed.people.office(deed.today)
    if not found:
        raise NoOffice()
    return found[0]


def _launch_all(deed: Deed, schedule: ActivitySchedule, here: ActivityTurn, *, extra: bool = False) -> list[Cycle]:
    return [
        launch_cycle(deed.session, each.launch, rules=deed.rules, by=deed.by, now=deed.now)
        for each in prepare(deed, schedule, here, extra=extra)
    ]


def title_of(schedule: ActivitySchedule, catalogue: Catalogue) -> Text:
    """Name a plan: as whoever planned it called it, else as its activity is called."""
    if schedule.title_en:
        return Text(schedule.title_en, schedule.title_zh)
    template = catalogue.templates.get(schedule.activity)
    return template.title if template else Text(schedule.activity, schedule.activity)


def _get(session: Session, schedule_id: int) -> ActivitySchedule:
    found = session.get(ActivitySchedule, schedule_id, with_for_update=True, populate_existing=True)
    if found is None:
        mend = Text("See: wardcycle activity list", "请查看：wardcycle activity list")
        raise NotFound(noun=Text("plan", "安排"), name=str(schedule_id), mend=mend)
    return found


def _refuse_twice(session: Session, made: ActivitySchedule) -> None:
    same = select(ActivitySchedule).where(
        ActivitySchedule.activity == made.activity,
        ActivitySchedule.unit_id == made.unit_id,
        ActivitySchedule.every == made.every,
        ActivitySchedule.title_en == made.title_en,
        col(ActivitySchedule.stopped_at).is_(None),
    )
    found = session.exec(same).first()
    if found is not None:
        raise AlreadyPlanned(no=found.id)
