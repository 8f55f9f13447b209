"""Patients who say something, and the office that answers: the real verbs, each in a transaction of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlmodel import Session, col, select

from engine.feedback import GivenFeedback, assign_feedback, give_feedback
from engine.feedback_answers import Judgement, approve_answer, judge_answer
from engine.feedback_clock import Ran, run_feedback
from engine.people import directory
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.cycle import Cycle
from models.db import Database
from models.feedback import Feedback, FeedbackRound
from models.reads.feedback import RoundView, cycles_of_round, rounds_of
from models.task import AnswerKind, Task


@dataclass
class Patients:
    """The feedback of one hospital."""

    database: Database
    rules: Rules
    marks: Iterator[int] = field(default_factory=count)

    def say(self, now: datetime, said: str = "The lift is broken", **other: str) -> int:
        """Say something; a complaint about nothing in particular if nothing else is told. Returns its number."""
        mark = other.pop("mark", f"mark-{next(self.marks)}")
        given = GivenFeedback.model_validate({"kind": "complaint", "said": said, "language": "en"} | other)
        with self.database.transaction("test") as session:
            return give_feedback(session, given, mark=mark, rules=self.rules, now=now)

    def assign(self, number: int, *units: str, now: datetime, by: str = "eva") -> None:
        """Name departments."""
        with self.database.transaction("test") as session:
            assign_feedback(session, number, units, rules=self.rules, by=_id(session, by), now=now)

    def draft(self, number: int, unit: str, text: str, *, now: datetime, by: str = "dee") -> None:
        """Answer the task of a department."""
        task = self.task(number, "draft", unit)
        with self.database.transaction("test") as session:
            given = GivenAnswer(kind=AnswerKind.DONE, note=text)
            submit_answer(session, task.id, given, rules=self.rules, by=_id(session, by), now=now)

    def approve(self, number: int, text: str = "It works again.", *, now: datetime, by: str = "eva") -> None:
        """Let an answer go out."""
        with self.database.transaction("test") as session:
            approve_answer(session, number, text, rules=self.rules, by=_id(session, by), now=now)

    def judge(self, number: int, *, solved: bool, now: datetime, mark: int | None = None, said: str = "") -> None:
        """Say what the patient thinks of the answer."""
        given = Judgement(solved=solved, satisfaction=mark, said=said)
        with self.database.transaction("test") as session:
            judge_answer(session, number, given, rules=self.rules, now=now)

    def run(self, now: datetime) -> Ran:
        """Let the clock do what is due."""
        return run_feedback(self.database, rules=self.rules, now=now, door="test")

    def row(self, number: int) -> Feedback:
        """Read one."""
        with self.database.reading() as session:
            return session.get_one(Feedback, number)

    def rounds(self, number: int) -> tuple[RoundView, ...]:
        """Read its rounds."""
        with self.database.reading() as session:
            return rounds_of(session, session.get_one(Feedback, number))

    def cycles(self, number: int, no: int = 1) -> list[Cycle]:
        """Read the cycles of a round."""
        with self.database.reading() as session:
            return cycles_of_round(session, number, no)

    def task(self, number: int, slug: str, unit: str = "hospital", no: int = 1) -> Task:
        """Read a task of the newest cycle that a round launched in a unit."""
        with self.database.reading() as session:
            unit_id = directory(session).unit(unit).id
            cycles = [cycle.id for cycle in cycles_of_round(session, number, no) if cycle.unit_id == unit_id]
            found = select(Task).where(col(Task.cycle_id).in_(cycles), Task.slug == slug).order_by(col(Task.id).desc())
            return session.exec(found).first() or Task.model_validate({})

    def all_rounds(self) -> list[FeedbackRound]:
        """Read the rounds of all."""
        with self.database.reading() as session:
            return list(session.exec(select(FeedbackRound).order_by(col(FeedbackRound.id))))


def _id(session: Session, slug: str) -> int:
    return directory(session).person(slug).id
