"""Gatherings: a training, seminar, drill or meeting of a cycle; who is expected, and who was missing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from sqlmodel import Session, col, select

from config.shapes import Question
from config.words import Text
from engine.deed import Deed, lock_cycle, require_running
from engine.identifiers import refuse_identifiers
from engine.launch import Line
from engine.outbox import Note, tell
from engine.people import OFFICE, Directory
from engine.rules import Rules
from models.activity import Attendance, Gathering, Invitee
from models.audit import record
from models.cycle import Cycle
from models.errors import NotAllowed, NotFound, Refused
from models.notification import NotificationKind

LONGEST_MINUTES = 24 * 60
MOST_INVITED = 2_000
_QUESTIONS = TypeAdapter(tuple[Question, ...])


class GatheringTooLong(Refused):
    """A gathering lasts from 1 minute to 24 hours. Enter a longer one as several."""

    zh = "场次时长应为 1 分钟至 24 小时。更长的请分为多个场次登记。"


class NobodyInvited(Refused):
    """Nobody is expected. Name people or units."""

    zh = "没有参加人员。请填写人员或科室编号。"


class GivenGathering(BaseModel):
    """What is entered of a gathering.

    invited: ids of persons and units; a unit means everybody who holds a role there or below.
    questions: the test; the cycle's template's own if empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    title: Line = Field(min_length=1, max_length=200)
    place: Line = Field(min_length=1, max_length=200)
    starts_at: AwareDatetime
    minutes: int = 60
    invited: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    pass_percent: int | None = Field(None, ge=1, le=100)


def add_gathering(
    session: Session, cycle_id: int, given: GivenGathering, *, rules: Rules, by: int | None, now: datetime
) -> Gathering:
    """Enter a gathering of a running cycle and tell those who are expected; it belongs to lead and quality office.

    Raises NotAllowed, CycleNotRunning, NotFound, NobodyInvited, GatheringTooLong, IdentifierFound.
    """
    deed, cycle = Deed(session, rules, by, now), lock_cycle(session, cycle_id)
    require_may_hold(deed, cycle)
    require_running(cycle)
    if not 1 <= given.minutes <= LONGEST_MINUTES:
        raise GatheringTooLong
    refuse_identifiers({Text("title", "名称"): given.title, Text("place", "地点"): given.place})
    invited = expected(deed.people, given.invited, deed)
    if not invited:
        raise NobodyInvited
    template = deed.plan(cycle).template
    made = Gathering(
        cycle_id=cycle_id,
        title=given.title,
        place=given.place,
        starts_at=given.starts_at,
        ends_at=given.starts_at + timedelta(minutes=given.minutes),
        salt=rules.new_token(),
        questions=_QUESTIONS.dump_json(given.questions or template.questions).decode(),
        pass_percent=given.pass_percent or template.pass_percent,
        added_at=now,
        added_by=by,
    )
    session.add(made)
    session.flush()
    session.add_all(Invitee(gathering_id=made.id, person_id=person) for person in invited)
    facts = {"title": made.title, "place": made.place, "starts_at": made.starts_at.isoformat(), "n": len(invited)}
    record(session, "gathering.add", "gathering", made.id, by=by, now=now, after=facts)
    if made.ends_at > now:
        notes = _notes(deed, made, invited, NotificationKind.GATHERING)
        tell(session, notes, rules=rules, now=now, people=deed.people)
    session.flush()
    return made


def expected(people: Directory, names: Sequence[str], deed: Deed) -> tuple[int, ...]:
    """Find everybody who is named: persons, and for a unit all who hold a role there or below. Raises NotFound."""
    units = {unit.slug: key for key, unit in people.units.items()}
    found: dict[int, None] = {}
    for name in dict.fromkeys(one.strip() for one in names if one.strip()):
        if name in units:
            found |= dict.fromkeys(people.staff(units[name], deed.today))
        else:
            found[people.taker(name, deed.today).id] = None
    return tuple(found)[:MOST_INVITED]


def questions_of(gathering: Gathering) -> tuple[Question, ...]:
    """Read the test of a gathering; empty where it has none."""
    return _QUESTIONS.validate_json(gathering.questions)


def get_gathering(session: Session, gathering_id: int) -> Gathering:
    """Get a gathering. Raises NotFound."""
    found = session.exec(select(Gathering).where(Gathering.id == gathering_id)).one_or_none()
    if found is None:
        mend = Text("See the page of its cycle.", "请查看循环页面。")
        raise NotFound(noun=Text("gathering", "场次"), name=str(gathering_id), mend=mend)
    return found


def find_untold(session: Session, now: datetime) -> list[int]:
    """Find the gatherings that are over and whose missing people have not been told yet."""
    over = select(Gathering.id).where(col(Gathering.missing_told_at).is_(None), col(Gathering.ends_at) <= now)
    return list(session.exec(over.order_by(col(Gathering.id))))


def tell_missing(session: Session, gathering_id: int, *, rules: Rules, now: datetime) -> int:
    """Tell once whoever was expected and did not come; returns how many. A second call finds it done."""
    untold = select(Gathering).where(Gathering.id == gathering_id, col(Gathering.missing_told_at).is_(None))
    found = session.exec(untold.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None:
        return 0
    deed = Deed(session, rules, None, now)
    missing = list_missing(session, gathering_id)
    tell(session, missing_notes(deed, found, missing), rules=rules, now=now, people=deed.people)
    found.missing_told_at = now
    session.add(found)
    record(session, "gathering.missing", "gathering", gathering_id, by=None, now=now, after={"n": len(missing)})
    return len(missing)


def missing_notes(deed: Deed, gathering: Gathering, missing: Sequence[int]) -> list[Note]:
    """Write what those who were missing hear; whoever has left since hears nothing."""
    here = [one for one in missing if deed.people.is_here(one, deed.today)]
    return _notes(deed, gathering, here, NotificationKind.MISSED)


def list_missing(session: Session, gathering_id: int) -> list[int]:
    """List who was expected and is not noted as present."""
    came = select(Attendance.person_id).where(Attendance.gathering_id == gathering_id)
    missing = select(Invitee.person_id).where(Invitee.gathering_id == gathering_id)
    return list(session.exec(missing.where(col(Invitee.person_id).not_in(came)).order_by(col(Invitee.id))))


def may_hold(deed: Deed, cycle: Cycle) -> bool:
    """Answer whether whoever acts may enter and run the gatherings of a cycle; None is the command line's operator."""
    return deed.by is None or deed.by in _holders(deed, cycle)


def require_may_hold(deed: Deed, cycle: Cycle) -> None:
    """Refuse others than lead and quality office. Raises NotAllowed."""
    if not may_hold(deed, cycle):
        names = ", ".join(deed.name(person) for person in sorted(_holders(deed, cycle)))
        raise NotAllowed(who=deed.name(deed.by), allowed=names)


def _holders(deed: Deed, cycle: Cycle) -> set[int]:
    named = {cycle.lead_id, *deed.people.holders(OFFICE, cycle.unit_id, deed.today)}
    return named | {deed.people.told(person, deed.today) for person in named}


def _notes(deed: Deed, gathering: Gathering, persons: Sequence[int], kind: NotificationKind) -> list[Note]:
    facts = {"what": gathering.title, "place": gathering.place, "until": gathering.starts_at.isoformat()}
    key = f"gathering:{gathering.id}:{kind.value}"
    return [Note(key, kind, person, deed.now, facts=facts) for person in persons]
