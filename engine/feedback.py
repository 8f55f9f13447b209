"""Patients' feedback: taking it in, and naming the departments concerned."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from engine.deadlines import deadline
from engine.deed import Deed
from engine.feedback_tasks import acknowledge, ask_department, give_time, kind_of, open_round
from engine.people import Directory
from engine.rules import Rules
from engine.words import Said
from models.audit import record
from models.errors import NotAllowed, NotFound, Refused
from models.feedback import Feedback, FeedbackStatus, FeedbackUnit
from models.people import Unit
from models.reads.feedback import UNANSWERED, current_round, units_of_round
from models.transitions import move

MOST_SAID, MOST_CONTACT = 3000, 200


class NothingSaid(Refused):
    """Nothing was written. Say in a few words what happened or what you wish."""

    zh = "内容为空。请用几句话写下发生了什么，或您的想法。"


class TooMuchSaid(Refused):
    """This is too long: at most {most} characters. Shorten it; nothing was sent."""

    zh = "内容过长，最多 {most} 个字符。请删减后再提交，尚未提交。"
    most: ClassVar[int] = MOST_SAID


class KindMissing(Refused):
    """Choose what it is: a complaint, a question, a suggestion, praise."""

    zh = "请选择类型：投诉、咨询、建议或表扬。"


class NoSuchFeedback(NotFound):
    """There is no feedback with the number {number}."""

    zh = "没有编号为 {number} 的反馈。"


class NotAtWork(Refused):
    """This feedback was answered already; nothing was changed. Look at the page again."""

    zh = "该反馈已答复，本次未作任何更改，请重新查看页面。"


class NoDepartment(Refused):
    """Name at least one department that is not named yet."""

    zh = "请至少指定一个尚未指定的科室。"


class GivenFeedback(BaseModel):
    """What a patient sent. unit: id of the department, or ''. contact: sealed by the door already, '' for none."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: str
    said: Said
    unit: str = ""
    contact: str = ""
    language: str = "zh"


def check_feedback(given: GivenFeedback, rules: Rules) -> None:
    """Refuse what cannot be taken in. Raises KindMissing, NothingSaid, TooMuchSaid."""
    if given.kind not in rules.catalogue.feedback.kinds:
        raise KindMissing
    if not given.said:
        raise NothingSaid
    if len(given.said) > MOST_SAID:
        raise TooMuchSaid(most=MOST_SAID)


def give_feedback(session: Session, given: GivenFeedback, *, mark: str, rules: Rules, now: datetime) -> int:
    """Take in what a patient says, with the tasks of the office; the same mark a second time finds the first.

    mark: what is stored of the receipt's code. Nobody in the office: it is kept all the same, and the clock asks again.

    Returns its number.
    """
    check_feedback(given, rules)
    deed = Deed(session, rules, None, now)
    unit = deed.people.unit(given.unit) if given.unit else None
    kind = kind_of(rules, given.kind)
    due = deadline(kind.answer, now, rules.calendar).at
    made = _insert(session, given, unit, mark, due, now)
    if made is None:
        return session.exec(select(Feedback.id).where(Feedback.code_fingerprint == mark)).one()
    facts = {"kind": given.kind, "unit": given.unit, "language": given.language}
    record(session, "feedback.give", "feedback", made, by=None, now=now, after=facts)
    open_round(session, get_feedback(session, made), 1, "", rules=rules, now=now)
    return made


def assign_feedback(
    session: Session, feedback_id: int, units: Sequence[str], *, rules: Rules, by: int, now: datetime
) -> None:
    """Name the departments concerned: each gets its task; several of them may have more time.

    Raises NotAtWork, NoDepartment, NotAllowed, NotFound; then nothing has changed.
    """
    deed = Deed(session, rules, by, now)
    one = lock_feedback(session, feedback_id)
    require_office(deed)
    if one.status not in UNANSWERED:
        raise NotAtWork
    turn = current_round(session, one)
    known = units_of_round(session, turn.id)
    named = [unit for slug in dict.fromkeys(units) if (unit := deed.people.unit(slug)).id not in known]
    if not named:
        raise NoDepartment
    for unit in named:
        session.add(FeedbackUnit(round_id=turn.id, unit_id=unit.id))
        ask_department(deed, one, unit)
    record(session, "feedback.units", "feedback", feedback_id, by=by, now=now,
           after={"units": [unit.slug for unit in named]})  # fmt: skip
    acknowledge(deed, one, turn)
    give_time(deed, one, turn, len(known) + len(named))
    if one.status is FeedbackStatus.RECEIVED:
        move(session, Feedback, [feedback_id], one.status, FeedbackStatus.WORKING, by=by, now=now)
    session.flush()


def get_feedback(session: Session, feedback_id: int) -> Feedback:
    """Get one by its number. Raises NoSuchFeedback."""
    found = session.get(Feedback, feedback_id, populate_existing=True)
    if found is None:
        raise NoSuchFeedback(number=feedback_id)
    return found


def lock_feedback(session: Session, feedback_id: int) -> Feedback:
    """Get one by its number and keep others from it until the end of the transaction. Raises NoSuchFeedback."""
    wanted = select(Feedback).where(Feedback.id == feedback_id).with_for_update()
    found = session.exec(wanted.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NoSuchFeedback(number=feedback_id)
    return found


def require_office(deed: Deed) -> None:
    """Let only the quality office, and who stands in for it, pass. Raises NotAllowed."""
    if deed.by not in of_office(deed.people, deed.today):
        office = deed.people.office(deed.today)
        raise NotAllowed(who=deed.name(deed.by), allowed=", ".join(deed.name(person) for person in office))


def of_office(people: Directory, on: date) -> frozenset[int]:
    """Name who works for the quality office on a date, stand-ins included: they alone read all that a patient left."""
    office = people.office(on)
    return frozenset({*office, *(people.told(person, on) for person in office)})


def _insert(
    session: Session, given: GivenFeedback, unit: Unit | None, mark: str, due: datetime, now: datetime
) -> int | None:
    """Write the row; None where the same receipt's code was given before, just now too."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(Feedback).values(
        code_fingerprint=mark,
        kind=given.kind,
        unit_id=unit.id if unit else None,
        said=given.said,
        contact=given.contact,
        language=given.language,
        door=str(session.info.get("door", "code")),
        status=FeedbackStatus.RECEIVED,
        round_no=1,
        received_at=now,
        answer_due_at=due,
    )
    return session.execute(row.on_conflict_do_nothing().returning(col(Feedback.id))).scalar_one_or_none()
