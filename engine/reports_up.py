"""Reports upward: when a cycle whose template says so closes, the unit above it gets one that receives its record."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engine.activity_schedules import leader
from engine.deed import Deed
from engine.launch import Launch, pick_template
from engine.origins import launch_from
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.cycle import Cycle, CycleStatus
from models.people import Unit


def find_unreported(session: Session, rules: Rules) -> list[int]:
    """Find the closed cycles whose report the unit above has not got yet; the topmost unit reports to nobody here."""
    reporting = [one.id for one in rules.catalogue.templates.values() if one.reports_to]
    reported = sa.exists().where(col(Origin.kind) == OriginKind.REPORT, col(Origin.subject_id) == col(Cycle.id))
    closed = (
        select(Cycle.id)
        .join(Unit, col(Unit.id) == col(Cycle.unit_id))
        .where(col(Cycle.template).in_(reporting), Cycle.status == CycleStatus.CLOSED, col(Unit.parent_id).is_not(None))
        .where(~reported)
    )
    return list(session.exec(closed.order_by(col(Cycle.id))))


def report_up(session: Session, cycle_id: int, *, rules: Rules, now: datetime) -> int:
    """Hand the record of a closed cycle to the unit above, as a cycle there that began from it; once.

    Raises NotFound, NoOffice.
    """
    cycle, deed = session.get_one(Cycle, cycle_id), Deed(session, rules, None, now)
    to, unit = pick_template(cycle.template, rules).reports_to, deed.people.units[cycle.unit_id]
    if to is None or unit.parent_id is None:
        return 0
    above, template = deed.people.units[unit.parent_id], pick_template(to, rules)
    launch = Launch(
        template=template.id,
        unit=above.slug,
        lead=deed.people.persons[leader(deed, template.led_by, above.id)].slug,
        title=f"{template.title.en}: {unit.name_en}, {cycle.title_en}"[:300],
        title_zh=f"{template.title.zh}：{unit.name_zh}，{cycle.title_zh}"[:300],
        allow_unstaffed=True,
    )
    launch_from(session, OriginKind.REPORT, cycle_id, launch, rules=rules, by=None, now=now)
    return 1
