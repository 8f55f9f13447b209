"""The report of a cycle on one page (A3): problem, aim, baseline, actions, result, outcome; all from the record."""

from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from config.indicators import Indicator
from config.words import Text
from engine.aims import baseline_series, n_planned
from engine.assessing import assess
from engine.baselines import with_sealed
from engine.looks import Look
from engine.power import find_power
from engine.rules import Rules
from engine.saying import decimals
from engine.seals import sealed_baseline
from models.assessment import Aim, Assessment, CycleEnding, Seal, Watch
from models.cycle import Cycle
from models.queries import CycleView, get_cycle
from models.reads.assessments import (
    find_aim,
    find_ending,
    find_gate,
    find_seal,
    find_watch,
    following_cycles,
    latest_assessment,
    previous_cycle,
)
from models.reads.series import Series
from models.reads.views import StageView, TaskView
from models.records import Record, Saying, record_from
from models.task import AnswerKind

NO_VALUES = Series((), (), None, ())


@dataclass(frozen=True)
class Told:
    """What somebody answered when a task was done."""

    task: Text
    by: str
    note: str


@dataclass(frozen=True)
class Part:
    """A stage in the report: what its tasks brought, and what was said when it closed."""

    gate: str
    title: Text
    answers: tuple[Told, ...]
    note: str


@dataclass(frozen=True)
class Report:
    """The whole page. baseline, result: records to draw; power: what the indicator could show before the start."""

    parts: tuple[Part, ...]
    aim: Aim | None
    indicator: Indicator | None
    power: Text | None
    seal: Seal | None
    baseline: Record | None
    result: Record | None
    ending: CycleEnding | None
    watch: Watch | None
    previous: Cycle | None
    following: tuple[Cycle, ...]

    def part(self, gate: str) -> Part | None:
        """Find the part of a stage of the circle."""
        return next((one for one in self.parts if one.gate == gate), None)


def read_report(session: Session, view: CycleView, *, rules: Rules, on: date) -> Report | None:
    """Read the report; None for a cycle without a Plan."""
    cycle = get_cycle(session, view.line.code)
    cycle_id = cycle.id
    if find_gate(session, cycle_id, "plan") is None:
        return None
    aim, seal, ending = find_aim(session, cycle_id), find_seal(session, cycle_id), find_ending(session, cycle_id)
    indicator = rules.catalogue.indicators.get(aim.indicator) if aim else None
    began = rules.calendar.local_date(seal.sealed_at) if seal else on
    series = _baseline(session, cycle_id, aim, indicator)
    return Report(
        parts=tuple(_part(stage) for stage in view.stages if stage.gate),
        aim=aim,
        indicator=indicator,
        power=_power(aim, indicator, series, began),
        seal=seal,
        baseline=_baseline_record(view, aim, indicator, series, on),
        result=_result(session, cycle_id, ending),
        ending=ending,
        watch=find_watch(session, cycle_id),
        previous=previous_cycle(session, cycle_id),
        following=tuple(following_cycles(session, cycle_id)),
    )


def _part(stage: StageView) -> Part:
    told = tuple(one for task in stage.tasks if (one := _told(task)))
    return Part(stage.gate or "", stage.title, told, stage.note)


def _told(task: TaskView) -> Told | None:
    """Take the last answer that stands; nothing where it was given without words."""
    done = [one for one in task.answers if one.kind is AnswerKind.DONE and one.undone_at is None and one.note]
    return Told(task.line.title, done[-1].by.name, done[-1].note) if done else None


def _baseline(session: Session, cycle_id: int, aim: Aim | None, indicator: Indicator | None) -> Series:
    """Read the sealed baseline; what would be sealed today while nothing is."""
    sealed = sealed_baseline(session, cycle_id)
    if sealed is not None:
        return with_sealed(sealed, NO_VALUES)
    return baseline_series(session, aim, indicator) if aim and indicator else NO_VALUES


def _power(aim: Aim | None, indicator: Indicator | None, series: Series, began: date) -> Text | None:
    if aim is None or indicator is None:
        return None
    found = find_power(series, indicator, n_after=n_planned(aim, indicator, began), target=aim.target)
    return found.said if found else None


def _baseline_record(
    view: CycleView, aim: Aim | None, indicator: Indicator | None, series: Series, on: date
) -> Record | None:
    if aim is None or indicator is None or not any(value is not None for value in series.values):
        return None
    look = Look(
        indicator, view.line.unit.slug, view.line.launched_at, on, n_baseline=len(series.periods), target=aim.target
    )
    found = assess(series, look)
    centre = next((point.centre for point in found.points if point.centre is not None), None)
    level = "?" if centre is None else f"{centre:.{decimals(centre)}f}"
    said = Text(f"Baseline: {level} in {found.baseline.n} periods", f"基线：{found.baseline.n} 期，均值 {level}")
    return replace(found, said=Saying(said, said, (), ()), signals=())


def _result(session: Session, cycle_id: int, ending: CycleEnding | None) -> Record | None:
    """Take the assessment that the outcome rests on, else the newest."""
    made = session.get(Assessment, ending.assessment_id) if ending and ending.assessment_id else None
    made = made or latest_assessment(session, cycle_id)
    return record_from(made.record) if made and made.record else None
