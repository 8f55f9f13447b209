"""What a page says of an indicator in a unit as it stands now: chart, icons, cycles marked on it, assessments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from sqlmodel import Session

from config.indicators import Indicator
from config.periods import start_of
from config.words import Text
from engine.boards import look_at
from engine.people import directory
from engine.rules import Rules
from engine.scopes import Place
from models.pictures import draw_record
from models.reads.boards import AssessmentLine, StageOpened, list_assessments, stages_about
from models.records import Record
from web.indicator_words import (
    ASSESSMENT,
    CONFIDENCE,
    VERDICT,
    Mark,
    assurance_mark,
    signal_words,
    variation_mark,
)
from web.reader import Reader
from web.site import Site

MOST_ASSESSMENTS = 12


@dataclass(frozen=True)
class ChartBlock:
    """`picture` is SVG; record is None where there are no values."""

    record: Record | None
    picture: Markup
    stages: Sequence[StageOpened]
    assessments: Sequence[AssessmentLine]

    @property
    def variation(self) -> Mark | None:
        """Say what the newest point means."""
        return variation_mark(self.record.variation) if self.record else None

    @property
    def assurance(self) -> Mark | None:
        """Say whether the target can be met; None without a target."""
        return assurance_mark(self.record.assurance) if self.record else None

    def rule(self, slug: str) -> Text:
        """Say what a rule marks."""
        return signal_words(slug)

    def words(self, line: AssessmentLine) -> Text:
        """Say what came of an assessment."""
        return VERDICT.get(line.verdict, ASSESSMENT[line.status])

    def surety(self, line: AssessmentLine) -> Text | None:
        """Say how sure its verdict is."""
        return CONFIDENCE.get(line.confidence)


def read_chart_block(session: Session, one: Indicator, unit_id: int, *, site: Site, reader: Reader) -> ChartBlock:
    """Read the block."""
    rules = Rules(site.calendar, site.catalogue)
    (record,) = look_at(session, [Place(one, unit_id)], directory(session), rules=rules, now=reader.now)
    stages = stages_about(session, one.id, unit_id)
    picture = draw_record(record, reader.language, name="_chart", notes=axis_notes(stages, one, site)) if record else ""
    return ChartBlock(
        record=record,
        picture=Markup(picture),  # noqa: S704  # every text in it was escaped when it was drawn
        stages=stages,
        assessments=list_assessments(session, one.id, unit_id, limit=MOST_ASSESSMENTS),
    )


def axis_notes(stages: Iterable[StageOpened], one: Indicator, site: Site) -> list[tuple[date, Text]]:
    """Mark each period in which stages were opened once, with all their names."""
    found: dict[date, list[Text]] = {}
    for stage in stages:
        period = start_of(one.frequency, site.calendar.local_date(stage.opened_at))
        titles = found.setdefault(period, [])
        if stage.title not in titles:
            titles.append(stage.title)
    return [
        (period, Text(", ".join(title.en for title in titles), "、".join(title.zh for title in titles)))
        for period, titles in found.items()
    ]
