"""What a bulletin says: the assessments of a month in some units, and what they found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from config.words import Text
from models.assessment import Assessment, AssessmentStatus
from models.cycle import Cycle
from models.people import Unit
from models.reads.cycles import RUNNING, cycle_lines
from models.reads.views import CycleLine
from models.records import Record, record_from
from models.schedule import Bulletin, DueAssessment

# Of stable indicators so many show a special cause at their last point by chance alone (Anhoej & Wentzel-Larsen 2018,
# simulated for the NHS icon with 24 to 60 points).
FALSE_RATE = 0.019
MOST_CYCLES = 50
COMMON, CONCERN, IMPROVEMENT = "common", "concern", "improvement"


@dataclass(frozen=True)
class BulletinLine:
    """One assessment of the month; `record` is None while it is due, and where it was missed."""

    indicator: str
    unit: str
    unit_name: Text
    period_on: date
    status: AssessmentStatus
    late: bool
    said: Text
    record: Record | None

    @property
    def kind(self) -> str:
        """Say in a word what the newest point means; empty without a record."""
        return self.record.variation.partition("_")[0] if self.record else ""

    @property
    def value(self) -> float | None:
        """Give the newest value, as shown."""
        shown = [point.value for point in self.record.points if point.value is not None] if self.record else []
        return shown[-1] if shown else None

    @property
    def rank(self) -> tuple[int, str, str, date]:
        """Order: concern first, then what was missed, improvement, the rest, what is still due."""
        first = {CONCERN: 0, IMPROVEMENT: 2}.get(self.kind, 3)
        by_status = {AssessmentStatus.MISSED: 1, AssessmentStatus.DUE: 4}.get(self.status, first)
        return by_status, self.indicator, self.unit, self.period_on


@dataclass(frozen=True)
class BulletinView:
    """The lines of a bulletin in their order, and what they add up to."""

    lines: tuple[BulletinLine, ...]

    def n(self, status: AssessmentStatus) -> int:
        """Count the assessments of a status."""
        return sum(line.status is status for line in self.lines)

    def n_of(self, *kinds: str) -> int:
        """Count the assessments whose newest point means this."""
        return sum(line.kind in kinds for line in self.lines)

    @property
    def n_special(self) -> int:
        """Count the special causes found, good and bad."""
        return self.n(AssessmentStatus.DONE) - self.n_of(COMMON)

    @property
    def n_by_chance(self) -> float:
        """Say how many special causes chance alone would show."""
        return FALSE_RATE * self.n(AssessmentStatus.DONE)


def list_assessed(session: Session, since: date) -> tuple[tuple[int, date], ...]:
    """List the units and months, from one on, in which assessments were due."""
    found = (
        sa.select(col(Assessment.unit_id), col(DueAssessment.month_on))
        .join(DueAssessment, col(DueAssessment.assessment_id) == col(Assessment.id))
        .where(col(DueAssessment.month_on) >= since)
        .distinct()
    )
    return tuple(session.execute(found).tuples().all())


def list_made(session: Session, since: date) -> frozenset[tuple[int, date]]:
    """List the bulletins that went out, by unit and month, from a month on."""
    sent = session.exec(select(Bulletin).where(col(Bulletin.month_on) >= since))
    return frozenset((one.unit_id, one.month_on) for one in sent)


def read_bulletin(session: Session, unit_ids: Collection[int], month_on: date) -> BulletinView:
    """Read the scheduled assessments of some units whose period ends in a month."""
    rows = session.execute(
        sa.select(Assessment, DueAssessment, Unit)
        .join(DueAssessment, col(DueAssessment.assessment_id) == col(Assessment.id))
        .join(Unit, col(Unit.id) == col(Assessment.unit_id))
        .where(col(DueAssessment.month_on) == month_on, col(Assessment.unit_id).in_(unit_ids))
    ).tuples()
    lines = [_line(made, due, unit) for made, due, unit in rows]
    return BulletinView(tuple(sorted(lines, key=lambda line: line.rank)))


def _line(made: Assessment, due: DueAssessment, unit: Unit) -> BulletinLine:
    return BulletinLine(
        indicator=made.indicator,
        unit=unit.slug,
        unit_name=Text(unit.name_en, unit.name_zh),
        period_on=due.period_on,
        status=made.status,
        late=due.late,
        said=Text(made.text_en, made.text_zh),
        record=record_from(made.record) if made.status is AssessmentStatus.DONE else None,
    )


def cycles_in(
    session: Session, unit_ids: Collection[int], *, now: datetime, without: str = ""
) -> tuple[CycleLine, ...]:
    """List the running cycles of some units, newest first, except those of one template."""
    running = (
        select(Cycle)
        .where(col(Cycle.unit_id).in_(unit_ids), col(Cycle.status).in_(RUNNING), Cycle.template != without)
        .order_by(col(Cycle.id).desc())
        .limit(MOST_CYCLES)
    )
    return cycle_lines(session, session.exec(running).all(), now)


@dataclass(frozen=True)
class SentBulletin:
    """A bulletin that went out."""

    unit_id: int
    unit: str
    unit_name: Text
    month_on: date


def list_bulletins(session: Session, *, limit: int = 120) -> tuple[SentBulletin, ...]:
    """List the bulletins that went out, the newest month first."""
    rows = session.execute(
        sa.select(Bulletin, Unit)
        .join(Unit, col(Unit.id) == col(Bulletin.unit_id))
        .order_by(col(Bulletin.month_on).desc(), col(Unit.id))
        .limit(limit)
    ).tuples()
    return tuple(
        SentBulletin(one.unit_id, unit.slug, Text(unit.name_en, unit.name_zh), one.month_on) for one, unit in rows
    )
