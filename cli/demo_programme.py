"""The demo hospital's programme: two measures launched in the clinical departments, one of which is done already."""

from datetime import datetime

from sqlmodel import Session, col, select

from config.shapes import Evidence
from config.words import Text
from engine.evidence import GivenFile
from engine.people import directory
from engine.programme_launch import launch_batch
from engine.programme_plan import Wanted, compile_programme
from engine.programme_words import pick_edition
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.people import Person
from models.reads.programme import list_launched
from models.task import AnswerKind, Task, TaskOwner

MEASURES = frozenset({"org-system", "ward-rounds"})
NOT_CLINICAL = frozenset({"quality-dept", "radiology", "pharmacy", "outpatient", "medical-records"})
DONE_BY = "surgery"
PAPER = GivenFile(name="record.txt", content=b"Demo record: no real data.\n")
NOTE = Text("Done; the record is attached", "已完成，记录见附件")


def show_programme(session: Session, *, rules: Rules, now: datetime) -> None:
    """Launch the two measures and let one department answer its tasks."""
    people = directory(session)
    programme = pick_edition(rules.catalogue.programmes, None)
    wanted = Wanted("city-hospital", MEASURES, NOT_CLINICAL)
    plan = compile_programme(programme, wanted, people=people, rules=rules, now=now)
    by = people.person("lin-yue").id
    launch_batch(session, plan.cycles, edition=programme.id, rules=rules, by=by, now=now)
    surgery = people.unit(DONE_BY).id
    for one in list_launched(session, [programme.id]):
        if one.unit_id == surgery:
            _answer_all(session, one.cycle_id, rules=rules, now=now)


def _answer_all(session: Session, cycle_id: int, *, rules: Rules, now: datetime) -> None:
    for task in session.exec(select(Task).where(Task.cycle_id == cycle_id).order_by(col(Task.position))).all():
        owner = session.exec(
            select(Person)
            .join(TaskOwner, col(TaskOwner.person_id) == col(Person.id))
            .where(TaskOwner.task_id == task.id)
        ).first()
        if owner is not None:
            evidence = (PAPER,) if task.evidence == Evidence.REQUIRED.value else ()
            given = GivenAnswer(kind=AnswerKind.DONE, note=NOTE.in_(owner.language), evidence=evidence)
            submit_answer(session, task.id, given, rules=rules, by=owner.id, now=now)
