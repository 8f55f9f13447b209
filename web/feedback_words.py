"""The words of feedback pages: where it stands, who has it, which departments there are, what departments may read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from config.words import Text
from engine.feedback_tasks import DRAFT, REPLY
from engine.identifiers import masked
from engine.people import Directory
from engine.sight import SEE_ALL
from models.assessment import OriginKind
from models.feedback import Feedback, FeedbackRound
from models.people import Unit
from models.reads.feedback import RoundView
from models.reads.origins import find_origin
from models.reads.views import TaskLine
from models.task import TaskStatus
from web.reader import Reader

MARK_WORDS = {
    5: Text("Very good", "非常满意"),
    4: Text("Good", "满意"),
    3: Text("So-so", "一般"),
    2: Text("Bad", "不满意"),
    1: Text("Very bad", "非常不满意"),
}
NO_PLACE = frozenset({"committee", "qc-centre", "region", "city"})  # kinds of units in which no patient is


@dataclass(frozen=True)
class Place:
    """A department in the list of a form. depth: how far below the whole hospital."""

    slug: str
    name: Text
    depth: int


def places(people: Directory) -> list[Place]:
    """List the departments that a patient may name, each below its own; the whole hospital is none."""
    return [place for place in _below(people, None, 0) if place.depth > 0]


def _below(people: Directory, parent: int | None, depth: int) -> Iterator[Place]:
    for key, unit in sorted(people.units.items()):
        if unit.parent_id == parent and unit.kind not in NO_PLACE:
            yield Place(unit.slug, name_of(unit), depth)
            yield from _below(people, key, depth + 1)


def name_of(unit: Unit) -> Text:
    """Name a unit in both languages."""
    return Text(unit.name_en, unit.name_zh)


def holders(turn: RoundView, reader: Reader) -> list[str]:
    """Say who has it now: role and place of what is open, departments first; then who was asked because it is late."""
    lines = turn.open_tasks
    drafting = [line for line in lines if line.slug == DRAFT and line.status is TaskStatus.OPEN]
    only = drafting or [line for line in lines if line.slug == REPLY]
    found = [f"{reader.word(line.unit.name)} ({reader.role(line.owner_role or SEE_ALL[0])})" for line in only]
    return list(dict.fromkeys([*found, *_asked(lines, reader)]))


def _asked(lines: Sequence[TaskLine], reader: Reader) -> list[str]:
    return [reader.role(line.decision.role) for line in lines if line.decision and line.decision.role]


def said_of_cycle(session: Session, cycle_id: int) -> str:
    """Read what the patient wrote that a cycle is about, masked; '' where it is about nothing of the kind."""
    origin = find_origin(session, cycle_id)
    if origin is None or origin.kind is not OriginKind.FEEDBACK or origin.subject_id is None:
        return ""
    one = session.get(Feedback, origin.subject_id)
    added = (
        select(FeedbackRound.said).where(FeedbackRound.feedback_id == origin.subject_id).order_by(col(FeedbackRound.no))
    )
    return masked("\n\n".join(filter(None, [one.said, *session.exec(added)]))) if one else ""
