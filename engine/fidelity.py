"""How true a cycle was to the method, on its four features, read from the record; pure but for one reader.

Features: Taylor et al. 2014 (iterative cycles, prediction before the test, small scale first, data over time).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from config.words import Text
from engine.people import Directory
from models.cycle import Cycle
from models.reads.assessments import (
    find_gate,
    find_seal,
    following_cycles,
    latest_assessment,
    previous_cycle,
)
from models.records import record_from

FULL_BEFORE, FULL_AFTER = 12, 8  # what the gate asks for on each side


@dataclass(frozen=True)
class Facts:
    """What the record holds. n_linked: cycles before and after; began_smaller: the one before, in a unit below."""

    n_linked: int
    sealed_at: datetime | None
    do_opened_at: datetime | None
    n_units_below: int
    is_whole_hospital: bool
    began_smaller: bool
    n_before: int
    n_after: int


@dataclass(frozen=True)
class Feature:
    """One feature: how far it holds, 0 to 1, and why."""

    name: str
    title: Text
    score: float
    why: Text


@dataclass(frozen=True)
class Fidelity:
    """The four features; `score` is out of 4."""

    features: tuple[Feature, ...]

    @property
    def score(self) -> float:
        return sum(feature.score for feature in self.features)


def score(facts: Facts) -> Fidelity:
    """Score the four features; pure."""
    return Fidelity((_iterative(facts), _predicted(facts), _small(facts), _over_time(facts)))


def read_fidelity(session: Session, cycle: Cycle, people: Directory) -> Fidelity:
    """Read a cycle's record and score it."""
    cycle_id = cycle.id
    seal, do = find_seal(session, cycle_id), find_gate(session, cycle_id, "do")
    made = latest_assessment(session, cycle_id)
    record = record_from(made.record) if made else None
    previous, following = previous_cycle(session, cycle_id), following_cycles(session, cycle_id)
    below = _below(people, cycle.unit_id)
    return score(
        Facts(
            n_linked=(1 if previous else 0) + len(following),
            sealed_at=seal.sealed_at if seal else None,
            do_opened_at=do.opened_at if do else None,
            n_units_below=len(below),
            is_whole_hospital=people.units[cycle.unit_id].parent_id is None,
            began_smaller=previous is not None and previous.unit_id in below,
            n_before=record.baseline.n if record else 0,
            n_after=record.after.n if record else 0,
        )
    )


def _below(people: Directory, unit_id: int) -> Sequence[int]:
    return [one for one in people.units if one != unit_id and unit_id in people.upwards(one)]


def _iterative(facts: Facts) -> Feature:
    title = Text("Iterative cycles", "循环迭代")
    if facts.n_linked:
        why = Text("Follows, or is followed by, another cycle.", "与前后循环相衔接。")
        return Feature("iterative", title, 1.0, why)
    return Feature("iterative", title, 0.0, Text("Stands alone so far.", "目前仅有单个循环。"))


def _predicted(facts: Facts) -> Feature:
    title = Text("Prediction before the test", "实施前有预测")
    if facts.sealed_at and (facts.do_opened_at is None or facts.sealed_at <= facts.do_opened_at):
        return Feature("predicted", title, 1.0, Text("Sealed before Do opened.", "在实施阶段开始前已封存。"))
    return Feature("predicted", title, 0.0, Text("No prediction is sealed.", "没有封存的预测。"))


def _small(facts: Facts) -> Feature:
    title = Text("Small scale first", "先小范围试行")
    if facts.n_units_below == 0:
        return Feature("small", title, 1.0, Text("Tried in one unit without others below it.", "在单个最小科室试行。"))
    if facts.began_smaller:
        why = Text("The cycle before tried it in a smaller unit.", "前一循环已在较小范围试行。")
        return Feature("small", title, 1.0, why)
    if facts.is_whole_hospital:
        return Feature("small", title, 0.0, Text("Tried in the whole hospital at once.", "一开始就在全院实施。"))
    why = Text(f"Tried in {facts.n_units_below + 1} units at once.", f"同时在 {facts.n_units_below + 1} 个单位试行。")
    return Feature("small", title, 0.5, why)


def _over_time(facts: Facts) -> Feature:
    share = (min(1.0, facts.n_before / FULL_BEFORE) + min(1.0, facts.n_after / FULL_AFTER)) / 2
    why = Text(
        f"{facts.n_before} points before the change and {facts.n_after} after it.",
        f"改进前 {facts.n_before} 个点，改进后 {facts.n_after} 个点。",
    )
    return Feature("over-time", Text("Data over time", "按时间连续的数据"), round(share, 2), why)
