"""The monthly bulletin of the hospital and of each unit with a head: when it goes out, to whom, what its mail says."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from config.calendar import MORNING, Calendar
from config.indicators import Frequency
from config.periods import after, spelled
from config.words import Text
from engine.outbox import Note, tell
from engine.people import OFFICE, Directory, directory
from engine.rules import Rules
from models.assessment import AssessmentStatus
from models.audit import record
from models.notification import NotificationKind
from models.reads.bulletins import (
    CONCERN,
    IMPROVEMENT,
    BulletinLine,
    BulletinView,
    list_assessed,
    list_made,
    read_bulletin,
)
from models.schedule import Bulletin

AFTER_DAYS = 10  # working days after the month: most values have come, and there is time to act
LOOK_BACK = 400  # days; what an outage held back longer is news no more
HEAD, HOSPITAL_HEAD, QUALITY = "dept-head", "hospital-head", "dept-quality-officer"
MOST_LINES = 12
NO_FACTS: Mapping[str, str] = MappingProxyType({})


def bulletin_at(month_on: date, calendar: Calendar) -> datetime:
    """Find when the bulletin of a month goes out; pure."""
    last_day = after(Frequency.MONTH, month_on) - timedelta(days=1)
    return calendar.at(calendar.shift(last_day, AFTER_DAYS), MORNING)


def find_bulletins(session: Session, *, rules: Rules, now: datetime) -> tuple[tuple[int, date], ...]:
    """Find the bulletins that are due and did not go out: unit and month."""
    since = rules.calendar.local_date(now) - timedelta(days=LOOK_BACK)
    assessed, made = list_assessed(session, since), list_made(session, since)
    people, on = directory(session), rules.calendar.local_date(now)
    wanted = {
        (unit, month)
        for unit_id, month in assessed
        if bulletin_at(month, rules.calendar) <= now
        for unit in readers_units(people, unit_id, on)
    }
    return tuple(sorted(wanted - made, key=lambda each: (each[1], each[0])))


def readers_units(people: Directory, unit_id: int, on: date) -> Iterator[int]:
    """Walk upwards over the units that get a bulletin: those with a head of their own, and the whole hospital."""
    for unit in people.upwards(unit_id):
        if people.units[unit].parent_id is None or _own(people, HEAD, unit, on):
            yield unit


def units_in(people: Directory, unit_id: int) -> tuple[int, ...]:
    """List a unit and all below it."""
    return tuple(unit for unit in people.units if unit_id in people.upwards(unit))


def make_bulletin(session: Session, found: tuple[int, date], *, rules: Rules, now: datetime) -> int:
    """Send the bulletin of a unit to its head and its quality officer, the hospital's to its head and the office."""
    unit_id, month_on = found
    bulletin_id = _claim(session, unit_id, month_on, now)
    if bulletin_id is None:
        return 0
    people = directory(session)
    view = read_bulletin(session, units_in(people, unit_id), month_on)
    facts = _facts(people, unit_id, month_on, view)
    tell(session, bulletin_notes(people, unit_id, month_on, rules, now, facts), rules=rules, now=now, people=people)
    after = {"unit": people.units[unit_id].slug, "month": month_on, "n": len(view.lines)}
    record(session, "bulletin.make", "bulletin", bulletin_id, by=None, now=now, after=after)
    return 1


def bulletin_notes(
    people: Directory, unit_id: int, month_on: date, rules: Rules, now: datetime, facts: Mapping[str, str] = NO_FACTS
) -> list[Note]:
    """Address a bulletin to those who read it."""
    whole, on = people.units[unit_id].parent_id is None, rules.calendar.local_date(now)
    roles = (HOSPITAL_HEAD, OFFICE) if whole else (HEAD, QUALITY)
    readers = dict.fromkeys(person for role in roles for person in _own(people, role, unit_id, on))
    key = f"bulletin:{unit_id}:{month_on}"
    return [Note(key, NotificationKind.BULLETIN, person, now, facts=facts) for person in readers]


def _claim(session: Session, unit_id: int, month_on: date, now: datetime) -> int | None:
    """Write that the bulletin goes out; None when somebody else has written it, just now too."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Bulletin).values(unit_id=unit_id, month_on=month_on, made_at=now)
    return session.execute(row.on_conflict_do_nothing().returning(col(Bulletin.id))).scalar_one_or_none()


def _own(people: Directory, role: str, unit_id: int, on: date) -> tuple[int, ...]:
    """Find who holds a role in this very unit."""
    return people.holders(role, unit_id, on) if (role, unit_id) in people.holdings else ()


def _facts(people: Directory, unit_id: int, month_on: date, view: BulletinView) -> dict[str, str]:
    unit, month = people.units[unit_id], spelled(Frequency.MONTH, month_on)
    lines = [_line(line) for line in view.lines if line.kind == CONCERN or line.status is AssessmentStatus.MISSED]
    more = len(lines) - MOST_LINES
    return {
        "unit_en": unit.name_en,
        "unit_zh": unit.name_zh,
        "month": month,
        "n_made": str(view.n(AssessmentStatus.DONE)),
        "n_missed": str(view.n(AssessmentStatus.MISSED)),
        "n_due": str(view.n(AssessmentStatus.DUE)),
        "n_concern": str(view.n_of(CONCERN)),
        "n_better": str(view.n_of(IMPROVEMENT)),
        "n_special": str(view.n_special),
        "by_chance": f"{view.n_by_chance:.1f}",
        "lines_en": "\n".join(each.en for each in lines[:MOST_LINES]),
        "lines_zh": "\n".join(each.zh for each in lines[:MOST_LINES]),
        "n_more": str(more) if more > 0 else "",
        "page": f"/bulletins/{unit.slug}/{month}",
    }


def _line(line: BulletinLine) -> Text:
    if line.record is None:
        return Text(
            f"{line.indicator}, {line.unit_name.en}: not assessed, no data",
            f"{line.indicator}，{line.unit_name.zh}：未评估，缺少数据",
        )
    found, value = line.record, "-" if line.value is None else f"{line.value:.4g}"
    return Text(
        f"{found.title.en}, {line.unit_name.en}: {value} {found.shown_in.en}, signal of concern",
        f"{found.title.zh}，{line.unit_name.zh}：{value} {found.shown_in.zh}，预警信号",
    )
