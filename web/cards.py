"""The decisions that wait for somebody, as a page shows them: each verdict with its effect on the plan in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from config.words import Text
from engine.decisions import Verdict
from engine.people import Directory, directory
from engine.rules import Rules
from engine.waiting import Waits, waiting_for
from models.cycle import Cycle, Stage
from models.queries import AnswerView, CycleView, StageView, TaskView, cycle_view
from models.task import Decision, Outcome, Task
from web.effect_words import approval_words, effect_words
from web.gate_asks import GateAsks, read_gate_asks
from web.reader import Reader

APPROVE = "approve"
MOST_CARDS = 12  # of a page that loads on a ward's telephone
TAKEN_LATELY = timedelta(minutes=30)
VERDICT_WORDS = {
    Verdict.GRANT: Text("More time", "同意延期"),
    Verdict.REFUSE: Text("Refuse", "不同意"),
    Verdict.GIVE: Text("Give to somebody else", "转交他人"),
    Verdict.REMOVE: Text("Obstacle removed, go on", "障碍已排除，继续"),
    Verdict.STOP: Text("Stop the task", "终止任务"),
    Verdict.ACCEPT: Text("Accept", "验收通过"),
    Verdict.RETURN: Text("Return, something is missing", "退回补充"),
}
APPROVE_WORDS = Text("Approve the stage", "批准阶段")


@dataclass(frozen=True)
class Choice:
    """One verdict as a form offers it. needs: the parts that belong to it: note, until, to."""

    value: str
    words: Text
    effect: str
    needs: tuple[str, ...]
    must: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One decision on the page; task and answer are None for the approval of a stage, gate for all others."""

    waits: Waits
    cycle: CycleView
    stage: StageView
    task: TaskView | None
    answer: AnswerView | None
    before: tuple[TaskView, ...]
    choices: tuple[Choice, ...]
    gate: GateAsks | None

    @property
    def number(self) -> int:
        """Give the decision's number, which the form brings back."""
        return self.waits.decision.id


@dataclass(frozen=True)
class Taken:
    """A decision that somebody took lately: the receipt line."""

    at: datetime
    outcome: Outcome
    code: str
    title: Text
    deadline_at: datetime | None


@dataclass(frozen=True)
class Cards:
    """Everything that the page shows. names: of colleagues to whom a task may be given, by id."""

    cards: tuple[Card, ...]
    n_all: int
    taken: tuple[Taken, ...]
    names: Mapping[str, str]


def read_cards(
    session: Session, person_id: int, *, rules: Rules, reader: Reader, now: datetime, also: int | None = None
) -> Cards:
    """Read the page of a person; also: the decision that the link was about, which they may still take."""
    mine = waiting_for(session, person_id, rules=rules, now=now, most=MOST_CARDS, also=also)
    people, views = directory(session), dict[str, CycleView]()
    for waits in mine.first:
        if waits.cycle.code not in views:
            views[waits.cycle.code] = cycle_view(session, waits.cycle.code, now=now)
    on = rules.calendar.local_date(now)
    gates = {
        waits.decision.id: read_gate_asks(session, waits, person_id, rules=rules, people=people, on=on)
        for waits in mine.first
        if waits.ending is not None
    }
    cards = tuple(
        _card(waits, views[waits.cycle.code], people, reader, gates.get(waits.decision.id)) for waits in mine.first
    )
    units = {unit for waits in mine.first for unit in people.upwards(waits.cycle.unit_id)}
    return Cards(cards, mine.n_all, _taken(session, person_id, now), _colleagues(people, units, rules, now))


def _card(waits: Waits, view: CycleView, people: Directory, reader: Reader, gate: GateAsks | None) -> Card:
    stage = next(one for one in view.stages if one.id == waits.stage.id)
    task = next((one for one in stage.tasks if waits.task and one.line.id == waits.task.id), None)
    answers = task.answers if task else ()
    answer = next((one for one in answers if one.id == waits.decision.answer_id), None)
    before = tuple(one for one in stage.tasks if task and one.line.slug in task.after)
    return Card(waits, view, stage, task, answer, before, _choices(waits, view, people, reader), gate)


def _choices(waits: Waits, view: CycleView, people: Directory, reader: Reader) -> tuple[Choice, ...]:
    if waits.ending is not None:
        return (Choice(APPROVE, APPROVE_WORDS, approval_words(waits.ending, view, reader), ("note",), ("note",)),)
    made = []
    for effect in waits.effects:
        verdict = effect.verdict
        needs = {Verdict.ACCEPT: (), Verdict.GRANT: ("note", "until"), Verdict.GIVE: ("note", "to", "until")}
        with_date = effect.needs_date or verdict is Verdict.GRANT
        parts = needs.get(verdict, ("note", "until") if effect.needs_date else ("note",))
        parts = parts if with_date else tuple(part for part in parts if part != "until")
        must = tuple(part for part in parts if part == "to" or (part == "until" and effect.needs_date))
        must += (
            () if verdict in (Verdict.ACCEPT,) or (verdict is Verdict.GRANT and not effect.needs_date) else ("note",)
        )
        words = effect_words(effect, waits, view, people, reader)
        made.append(Choice(verdict.value, VERDICT_WORDS[verdict], words, parts, must))
    return tuple(made)


def _colleagues(people: Directory, units: set[int], rules: Rules, now: datetime) -> dict[str, str]:
    on = rules.calendar.local_date(now)
    held = (one.person_id for (_, unit), some in people.holdings.items() if unit in units for one in some)
    here = (people.persons[one] for one in dict.fromkeys(held))
    return {one.slug: one.name for one in here if one.left_on is None or one.left_on > on}


def _taken(session: Session, person_id: int, now: datetime) -> tuple[Taken, ...]:
    query = (
        sa.select(Decision, Cycle, Task, Stage)
        .join(Cycle, col(Cycle.id) == col(Decision.cycle_id))
        .join(Stage, col(Stage.id) == col(Decision.stage_id))
        .outerjoin(Task, col(Task.id) == col(Decision.task_id))
        .where(
            col(Decision.decided_by) == person_id,
            col(Decision.ended_at) > now - TAKEN_LATELY,
            col(Decision.outcome).not_in((Outcome.MOOT, Outcome.PASSED_UP)),
        )
        .order_by(col(Decision.ended_at).desc(), col(Decision.id).desc())
        .limit(5)
    )
    made = []
    for decision, cycle, task, stage in session.execute(query).tuples():
        about = task or stage
        deadline_at = task.deadline_at if task and task.next_fire_at else None
        title = Text(about.title_en, about.title_zh)
        made.append(Taken(decision.ended_at or now, decision.outcome or Outcome.MOOT, cycle.code, title, deadline_at))
    return tuple(made)
