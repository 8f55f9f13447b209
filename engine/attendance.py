"""Being there: checking in by the code on the screen, the short test, the evaluation."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, select

from config.words import Text
from engine.gatherings import get_gathering, questions_of
from engine.identifiers import refuse_identifiers
from engine.people import Directory, directory
from engine.rules import Rules
from models.activity import Attendance, CameBy, Gathering
from models.audit import record
from models.errors import Refused

BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=30)  # of the gathering: people may check in
STILL = timedelta(hours=2)  # after its end: test and evaluation may be given
MOST_TRIES = 3
MOST_NOTE = 500


class NotTheTime(Refused):
    """Checking in is open from {opens} to {closes}. If you were there, ask the trainer to enter you."""

    zh = "签到时间为 {opens} 至 {closes}。如您确已到场，请联系组织者登记。"


class NotCheckedIn(Refused):
    """Check in first. Test and evaluation are open until two hours after the end."""

    zh = "请先签到。测试和评价在结束后两小时内开放。"


class NobodyByThatName(Refused):
    """Nobody here has the id or name “{typed}”. Type your staff id."""

    zh = "没有找到工号或姓名为“{typed}”的人员。请输入工号。"


class SeveralByThatName(Refused):
    """Several people have that name. Type your staff id."""

    zh = "有多人同名，请输入工号。"


class AnswerEach(Refused):
    """Answer each question of the test, then send it again."""

    zh = "请回答全部题目后再提交。"


class NoMoreTries(Refused):
    """The test was tried {n} times. Ask the trainer."""

    zh = "测试已答 {n} 次。请联系组织者。"


class RatingMissing(Refused):
    """Choose 1 to 5."""

    zh = "请选择 1 至 5 分。"


def opens_at(gathering: Gathering) -> datetime:
    """Find from when on people may check in."""
    return gathering.starts_at - BEFORE


def closes_at(gathering: Gathering) -> datetime:
    """Find until when people may check in."""
    return gathering.ends_at + AFTER


def is_open(gathering: Gathering, now: datetime) -> bool:
    """Answer whether people may check in now."""
    return opens_at(gathering) <= now < closes_at(gathering)


def find_person(people: Directory, typed: str, *, rules: Rules, now: datetime) -> int:
    """Find who somebody says to be: by id, or by a name that only one person has.

    Raises NobodyByThatName, SeveralByThatName.
    """
    wanted, today = _plain(typed), rules.calendar.local_date(now)
    here = [one for key, one in people.persons.items() if people.is_here(key, today)]
    found = [one for one in here if _plain(one.slug) == wanted] or [one for one in here if _plain(one.name) == wanted]
    if not wanted or not found:
        raise NobodyByThatName(typed=typed.strip()[:60])
    if len(found) > 1:
        raise SeveralByThatName
    return found[0].id


def check_in(
    session: Session, gathering_id: int, person_id: int, *, came_by: CameBy, rules: Rules, now: datetime,
    by: int | None = None,
) -> Attendance:  # fmt: skip
    """Note that somebody is there; a second time finds the first. By hand it may be done later too.

    by: who notes it, for somebody else. Raises NotFound, NotTheTime.
    """
    gathering = _lock(session, gathering_id)
    if came_by is not CameBy.HAND and not is_open(gathering, now):
        zone = rules.calendar.zone
        opens, closes = (
            f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in (opens_at(gathering), closes_at(gathering))
        )
        raise NotTheTime(opens=opens, closes=closes)
    found = find_attendance(session, gathering_id, person_id)
    if found is not None:
        return found
    made = Attendance(gathering_id=gathering_id, person_id=person_id, came_at=now, came_by=came_by)
    session.add(made)
    session.flush()
    facts = {"gathering": gathering_id, "person": directory(session).persons[person_id].slug, "how": came_by.value}
    record(session, "attendance.note", "attendance", made.id, by=by or person_id, now=now, after=facts)
    return made


def take_test(
    session: Session, gathering_id: int, person_id: int, choices: Sequence[int], *, now: datetime
) -> Attendance:
    """Mark the test of somebody who is there; the best of three tries counts. choices: one a question, from 1.

    Raises NotCheckedIn, AnswerEach, NoMoreTries.
    """
    gathering, found = _present(session, gathering_id, person_id, now)
    questions = questions_of(gathering)
    if not questions or len(choices) != len(questions):
        raise AnswerEach
    if any(not 1 <= chosen <= len(one.choices) for one, chosen in zip(questions, choices, strict=True)):
        raise AnswerEach
    if found.n_tries >= MOST_TRIES:
        raise NoMoreTries(n=found.n_tries)
    n_right = sum(chosen == one.right for one, chosen in zip(questions, choices, strict=True))
    score = 100 * n_right // len(questions)
    found.n_tries += 1
    if found.score_percent is None or score > found.score_percent:
        found.score_percent, found.tested_at = score, now
    session.add(found)
    facts = {"try": found.n_tries, "score_percent": score}
    record(session, "attendance.test", "attendance", found.id, by=person_id, now=now, after=facts)
    return found


def evaluate(
    session: Session, gathering_id: int, person_id: int, rating: int, note: str, *, now: datetime
) -> Attendance:
    """Keep what somebody says of the gathering, 1 to 5 and a note; said again, the last word counts.

    Raises NotCheckedIn, RatingMissing, IdentifierFound.
    """
    _, found = _present(session, gathering_id, person_id, now)
    if not 1 <= rating <= 5:
        raise RatingMissing
    refuse_identifiers({Text("note", "意见"): note})
    found.rating, found.note = rating, note.strip()[:MOST_NOTE]
    session.add(found)
    record(session, "attendance.rate", "attendance", found.id, by=person_id, now=now, after={"rating": rating})
    return found


def find_attendance(session: Session, gathering_id: int, person_id: int) -> Attendance | None:
    """Find whether somebody was there."""
    found = select(Attendance).where(Attendance.gathering_id == gathering_id, Attendance.person_id == person_id)
    return session.exec(found).one_or_none()


def _present(session: Session, gathering_id: int, person_id: int, now: datetime) -> tuple[Gathering, Attendance]:
    gathering = _lock(session, gathering_id)
    found = find_attendance(session, gathering_id, person_id)
    if found is None or now >= gathering.ends_at + STILL:
        raise NotCheckedIn
    return gathering, found


def _lock(session: Session, gathering_id: int) -> Gathering:
    """Get a gathering for this transaction alone: two phones of one person make one row."""
    session.exec(select(Gathering.id).where(Gathering.id == gathering_id).with_for_update())
    return get_gathering(session, gathering_id)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
