"""Adding a schedule of assessments and stopping it; creating what is due by it, each exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from config.indicators import Frequency, Indicator
from config.periods import start_of
from config.words import Refused as Unreadable
from config.words import Text
from engine.deed import Deed
from engine.indicators import get_indicator
from engine.people import Directory
from engine.rules import Rules
from engine.schedules import Stretch, Turn, due_turns, first_period, read_wait, stretch, until
from models.assessment import Assessment, AssessmentStatus
from models.audit import record
from models.base import table_of
from models.errors import NotFound, Refused
from models.reads.observations import units_with_values
from models.schedule import DueAssessment, Schedule

MOST_PERIODS = 12  # in one transaction


class TimeUnreadable(Refused):
    """{what}. {mend}."""

    zh = "{what}。{mend}。"


class AlreadyScheduled(Refused):
    """This is assessed already by schedule {no}. Stop that one first; see the list of schedules."""

    zh = "已有计划 {no} 评估同样的内容。如需更改，请先在评估计划列表中停止它。"


class AlreadyStopped(Refused):
    """Schedule {no} was stopped already."""

    zh = "计划 {no} 此前已停止。"


class GivenSchedule(BaseModel):
    """What to assess, where, how often, when, and who is asked for missing data; all but the first two have a default.

    what: a set of indicators, or one indicator. since: a day of the first period; the next one that falls due if empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    what: str
    unit: str
    units_below: bool = False
    frequency: Frequency = Frequency.MONTH
    after: str = "5wd"
    waits: str = "15wd"
    data_owner: str = Field("", max_length=60)
    since: date | None = None


def add_schedule(session: Session, given: GivenSchedule, *, rules: Rules, by: int | None, now: datetime) -> Schedule:
    """Plan the assessments of indicators in a unit. Raises NotFound, TimeUnreadable, AlreadyScheduled."""
    deed = Deed(session, rules, by, now)
    is_set = given.what in rules.catalogue.indicator_sets
    _require_known(rules, given.what)
    _require_role(rules, given.data_owner)
    waits = _days(given.after, 1), _days(given.waits, 0)
    begins = given.since or first_period(given.frequency, waits[0], rules.calendar, now)
    made = Schedule(
        indicator_set=given.what if is_set else "",
        indicator="" if is_set else given.what,
        unit_id=deed.people.unit(given.unit).id,
        units_below=given.units_below,
        frequency=given.frequency,
        after=waits[0],
        waits=waits[1],
        data_owner=given.data_owner,
        next_on=start_of(given.frequency, begins),
        added_at=now,
        added_by=by,
    )
    _refuse_twice(session, made)
    session.add(made)
    session.flush()
    after = {**given.model_dump(mode="json"), "next_on": made.next_on}
    record(session, "schedule.add", "schedule", made.id, by=by, now=now, after=after)
    return made


def stop_schedule(session: Session, schedule_id: int, *, by: int | None, now: datetime) -> Schedule:
    """Plan nothing further by a schedule; what is due already goes its way. Raises NotFound, AlreadyStopped."""
    found = session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if found is None:
        mend = Text("See: wardcycle assess schedule list", "请查看：wardcycle assess schedule list")
        raise NotFound(noun=Text("schedule", "评估计划"), name=str(schedule_id), mend=mend)
    if found.stopped_at is not None:
        raise AlreadyStopped(no=schedule_id)
    found.stopped_at, found.stopped_by = now, by
    session.add(found)
    record(session, "schedule.stop", "schedule", schedule_id, by=by, now=now)
    return found


def create_due(session: Session, schedule_id: int, *, rules: Rules, now: datetime) -> int:
    """Create what is due by a schedule, some periods at a time; what was missed is created late, and says so.

    Returns how many assessments were created; 0 when nothing is left.
    """
    found = session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if found is None or found.stopped_at is not None:
        return 0
    deed, n = Deed(session, rules, None, now), 0
    turns = due_turns(found.frequency, found.next_on, found.after, rules.calendar, now)
    for here in list(islice(turns, MOST_PERIODS)):
        n += _create(deed, found, here)
        found.next_on = here.end_on
        session.add(found)
    session.flush()
    return n


def _create(deed: Deed, schedule: Schedule, here: Turn) -> int:
    """Write the due assessments of one period: one for each indicator and unit."""
    chosen = [(one, seen) for one in chosen_now(deed.rules, schedule)
              if (seen := stretch(schedule.frequency, one.frequency, here))]  # fmt: skip
    units = units_of(deed.session, deed.people, schedule, [one for one, _ in chosen])
    wanted = [_Wanted(one.id, unit_id, seen) for one, seen in chosen for unit_id in units[one.id]]
    if wanted:
        _write(deed, schedule, here, wanted)
    return len(wanted)


@dataclass(frozen=True)
class _Wanted:
    """An assessment that is due."""

    indicator: str
    unit_id: int
    seen: Stretch


def _write(deed: Deed, schedule: Schedule, here: Turn, wanted: Sequence[_Wanted]) -> None:
    """Write the rows of a period, each table by one statement."""
    session, calendar = deed.session, deed.rules.calendar
    due_on = calendar.local_date(here.due_at)
    late = calendar.local_date(deed.now) > due_on
    rows = [
        {
            "schedule_key": f"{schedule.id}:{one.indicator}:{one.unit_id}:{one.seen.period_on}",
            "status": AssessmentStatus.DUE,
            "indicator": one.indicator,
            "unit_id": one.unit_id,
            "due_on": due_on,
        }
        for one in wanted
    ]
    ids = session.execute(_INSERT, rows).scalars().all()
    same = {
        "schedule_id": schedule.id,
        "month_on": here.month_on,
        "due_at": here.due_at,
        "late": late,
        "until_at": until(schedule.waits, deed.now, calendar),
    }
    dues = [same | {"assessment_id": key} | vars(one.seen) for key, one in zip(ids, wanted, strict=True)]
    session.execute(sa.insert(table_of(DueAssessment)), dues)
    for key, one in zip(ids, wanted, strict=True):
        unit = deed.people.units[one.unit_id].slug
        after = {"indicator": one.indicator, "unit": unit, "period": one.seen.period_on}
        why = "late" if late else ""
        record(session, "assessment.due", "assessment", key, by=None, now=deed.now, after=after, why=why)


_assessment = table_of(Assessment)
_INSERT = sa.insert(_assessment).returning(_assessment.c.id, sort_by_parameter_order=True)


def chosen_now(rules: Rules, schedule: Schedule) -> Sequence[Indicator]:
    """List what a schedule assesses today; an indicator that is no longer defined falls out."""
    known: Mapping[str, Indicator] = rules.catalogue.indicators
    if schedule.indicator:
        return [known[schedule.indicator]] if schedule.indicator in known else []
    return [one for one in known.values() if one.set == schedule.indicator_set]


def units_of(
    session: Session, people: Directory, schedule: Schedule, chosen: Sequence[Indicator]
) -> Mapping[str, tuple[int, ...]]:
    """List where each indicator is assessed: in the unit; or in all units of it that ever had values, if any had."""
    alone = (schedule.unit_id,)
    if not schedule.units_below:
        return {one.id: alone for one in chosen}
    counted = units_with_values(session, [one.id for one in chosen])
    inside = {unit for unit in people.units if schedule.unit_id in people.upwards(unit)}
    return {one.id: tuple(unit for unit in counted.get(one.id, ()) if unit in inside) or alone for one in chosen}


def _require_known(rules: Rules, what: str) -> None:
    if what not in rules.catalogue.indicator_sets:
        get_indicator(rules.catalogue.indicators, what)


def _require_role(rules: Rules, role: str) -> None:
    if role and role not in rules.catalogue.roles:
        known = ", ".join(sorted(rules.catalogue.roles))
        raise NotFound(noun=Text("role", "角色"), name=role, mend=Text(f"Known: {known}.", f"已有：{known}。"))


def _days(written: str, least: int) -> str:
    try:
        return read_wait(written, least=least)
    except Unreadable as error:
        raise TimeUnreadable(what=error.what, mend=error.mend) from error


def _refuse_twice(session: Session, made: Schedule) -> None:
    same = select(Schedule).where(
        Schedule.indicator_set == made.indicator_set,
        Schedule.indicator == made.indicator,
        Schedule.unit_id == made.unit_id,
        Schedule.frequency == made.frequency,
        col(Schedule.stopped_at).is_(None),
    )
    found = session.exec(same).first()
    if found is not None:
        raise AlreadyScheduled(no=found.id)
