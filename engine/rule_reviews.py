"""The yearly review of the rules behind the core systems of a programme: one plan each, spread over the year."""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from config.indicators import Frequency
from config.programme_parts import CoreSystem
from config.recurrence import Recurrence
from config.words import Text
from engine.activity_schedules import GivenActivity, plan_activity, read_recurrence
from engine.launch import pick_template
from engine.rules import Rules
from models.activity import ActivitySchedule
from models.errors import NotFound, Refused

DAYS_APART = 20  # 18 systems fill a year, and nobody gets two at once
_ANY_YEAR = 2025  # without a leap day: a date of every year


class NotYearly(Refused):
    """The core systems are reviewed once a year: write yearly 03-01, the date of the first one."""

    zh = "核心制度每年复审一次：请写 yearly 03-01（首项制度的日期）。"


def plan_reviews(
    session: Session, given: GivenActivity, *, rules: Rules, by: int | None, now: datetime
) -> list[ActivitySchedule]:
    """Plan the review of each core system; the cycle is titled with the system.

    Raises NotYearly, NotFound where no programme names core systems, and what plan_activity raises.
    """
    every = read_recurrence(given.every or pick_template(given.activity, rules).every)
    if every.frequency is not Frequency.YEAR:
        raise NotYearly
    return [
        plan_activity(session, _of(given, system, _later(every, number)), rules=rules, by=by, now=now)
        for number, system in enumerate(core_systems(rules))
    ]


def core_systems(rules: Rules) -> tuple[CoreSystem, ...]:
    """Give the core systems of the newest edition that names any. Raises NotFound."""
    named = [one for one in rules.catalogue.programmes.values() if one.core_systems is not None]
    newest = max(named, key=lambda one: one.period.start, default=None)
    if newest is None or newest.core_systems is None:
        mend = Text("No programme names core systems.", "没有行动计划列出核心制度。")
        raise NotFound(noun=Text("list", "清单"), name="core_systems", mend=mend)
    return newest.core_systems.systems


def _of(given: GivenActivity, system: CoreSystem, every: Recurrence) -> GivenActivity:
    title = Text(f"Review of the rule: {system.title.en}", f"制度复审：{system.title.zh}")
    return given.model_copy(update={"every": str(every), "title": title.en, "title_zh": title.zh})


def _later(every: Recurrence, number: int) -> Recurrence:
    """Move a date of every year by so many steps, round the end of the year where it comes to that."""
    first = date(_ANY_YEAR, every.month, min(every.n, 28 if every.month == 2 else every.n))
    day = first + timedelta(days=number * DAYS_APART)
    return Recurrence(Frequency.YEAR, day.day, month=day.month)
