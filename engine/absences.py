"""Absences: who stands in for whom on which dates, and that nobody in the end stands in for themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from engine.people import directory, people_changed
from engine.rules import Rules
from models.audit import record
from models.errors import Refused
from models.people import Absence, Person

MOST_FOLLOWED = 20


class AbsenceRefused(Refused):
    """The absence was not entered: {what}"""

    zh = "没有录入该缺勤：{what}"


@dataclass(frozen=True)
class Away:
    """One absence, people by their slugs; both dates are days away."""

    person: str
    first: date
    last: date
    stand_in: str


def find_circle(start: Away, others: Mapping[str, Iterable[Away]]) -> tuple[str, ...]:
    """Follow the stand-ins of an absence on days that all share; name the people when it leads back, else ().

    others: the absences by person; it does not matter whether `start` is among them. A path of more than MOST_FOLLOWED
    people is not followed to its end: a message follows three of them.
    """
    path: tuple[str, ...] = (start.person,)
    waiting = [(start, start.first, start.last, path)]
    while waiting:
        away, first, last, path = waiting.pop()
        if away.stand_in == start.person:
            return (*path, start.person)
        if away.stand_in in path or len(path) > MOST_FOLLOWED:
            continue  # another circle, which its own members report
        for following in others.get(away.stand_in, ()):
            shared = max(first, following.first), min(last, following.last)
            if shared[0] <= shared[1]:
                waiting.append((following, *shared, (*path, following.person)))
    return ()


def circle_words(circle: tuple[str, ...]) -> Text:
    """Say a circle."""
    shown = " > ".join(circle)
    return Text(
        f"On the same days they stand in for one another in a circle: {shown}", f"同一天的代理关系成环：{shown}"
    )


def absences_of(session: Session) -> dict[str, list[Away]]:
    """Read all absences by person."""
    rows = session.execute(
        sa.select(col(_AWAY.slug), col(Absence.from_on), col(Absence.until_on), col(_STAND_IN.slug))
        .join(_AWAY, col(_AWAY.id) == col(Absence.person_id))
        .join(_STAND_IN, col(_STAND_IN.id) == col(Absence.stand_in_id))
    )
    found: dict[str, list[Away]] = {}
    for person, first, last, stand_in in rows.tuples():
        found.setdefault(person, []).append(Away(person, first, last, stand_in))
    return found


def add_absence(
    session: Session,
    *,
    person: str,
    from_on: date,
    until_on: date,
    stand_in: str,
    rules: Rules,
    by: int | None,
    now: datetime,
) -> Absence:
    """Enter that a person is away and who stands in; the same person and first day again changes that absence.

    Tells nobody. Raises NotFound, and AbsenceRefused on dates that cannot be meant, a stand-in who has left, a circle.
    """
    people = directory(session)
    away, other = people.person(person), people.person(stand_in)
    wanted = Away(person, from_on, until_on, stand_in)
    _check(wanted, other, rules.calendar.local_date(now))
    others = absences_of(session)
    others[person] = [known for known in others.get(person, []) if known.first != from_on]
    circle = find_circle(wanted, others)
    if circle:
        raise AbsenceRefused(what=circle_words(circle))
    return _write(session, away, other, wanted, by=by, now=now)


def _check(wanted: Away, other: Person, today: date) -> None:
    if wanted.person == wanted.stand_in:
        raise AbsenceRefused(what=Text("Nobody stands in for themselves", "不能由本人代理"))
    if wanted.first > wanted.last:
        raise AbsenceRefused(
            what=Text(f"{wanted.last} lies before {wanted.first}", f"{wanted.last} 早于 {wanted.first}")
        )
    if wanted.last < today:
        raise AbsenceRefused(what=Text(f"It was over on {wanted.last} already", f"该缺勤已于 {wanted.last} 结束"))
    if other.left_on is not None and other.left_on <= wanted.last:
        what = Text(f"{other.name} leaves on {other.left_on}", f"{other.name} 已于或将于 {other.left_on} 离职")
        raise AbsenceRefused(what=what)


def _write(session: Session, away: Person, other: Person, wanted: Away, *, by: int | None, now: datetime) -> Absence:
    known = session.execute(
        sa.select(Absence).where(col(Absence.person_id) == away.id, col(Absence.from_on) == wanted.first)
    ).scalar_one_or_none()
    before = {"until": known.until_on, "stand_in_id": known.stand_in_id} if known else None
    row = known or Absence(person_id=away.id, from_on=wanted.first, until_on=wanted.last, stand_in_id=other.id)
    row.until_on, row.stand_in_id = wanted.last, other.id
    session.add(row)
    session.flush()
    after = {"person": wanted.person, "from": wanted.first, "until": wanted.last, "stand_in": wanted.stand_in}
    record(session, "absence.add", "absence", row.id, by=by, now=now, before=before, after=after)
    people_changed(session)
    return row


_AWAY = sa.orm.aliased(Person)
_STAND_IN = sa.orm.aliased(Person)
