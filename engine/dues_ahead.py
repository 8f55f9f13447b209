"""Which assessments are due and will be, if nobody enters a value: when a round comes to each, how long it waits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session

from config.calendar import ONE_DAY
from config.indicators import Indicator
from engine.data_requests import role_of
from engine.people import Directory
from engine.rules import Rules
from engine.schedules import due_turns, stretch, until
from engine.scheduling import chosen_now, units_of
from models.reads.schedules import Waiting, final_periods, list_schedules, list_waiting
from models.schedule import Schedule

MIDNIGHT = time(0, 0)


@dataclass(frozen=True)
class Due:
    """One assessment. comes_at: when a round comes to it first; asked_at: when its values are asked for (again)."""

    schedule_id: int
    indicator: Indicator
    unit_id: int
    period_on: date
    end_on: date
    month_on: date
    role: str
    comes_at: datetime
    asked_at: datetime | None
    until_at: datetime
    is_ready: bool
    request_id: int | None = None


def list_dues(session: Session, people: Directory, *, rules: Rules, now: datetime, until: datetime) -> list[Due]:
    """List what waits now, then what the schedules create until a moment."""
    schedules = {one.id: one for one in list_schedules(session, stopped=True)}
    found = [due for each in list_waiting(session) if (due := _of_waiting(each, schedules, rules, now))]
    for schedule in schedules.values():
        if schedule.stopped_at is None:
            found += _to_come(session, people, schedule, rules, now, until)
    return found


def _of_waiting(each: Waiting, schedules: Mapping[int, Schedule], rules: Rules, now: datetime) -> Due | None:
    """Describe what waits; None where its indicator is no longer defined."""
    one = rules.catalogue.indicators.get(each.indicator)
    if one is None:
        return None
    schedule, asked_at = schedules[each.schedule_id], _asked_again(each, rules, now)
    return Due(
        schedule_id=each.schedule_id,
        indicator=one,
        unit_id=each.unit_id,
        period_on=each.period_on,
        end_on=each.end_on,
        month_on=(each.end_on - ONE_DAY).replace(day=1),
        role=role_of(schedule, each, rules),
        comes_at=now,
        asked_at=asked_at if asked_at and asked_at < each.until_at else None,
        until_at=each.until_at,
        is_ready=each.is_ready,
        request_id=each.request_id,
    )


def _asked_again(each: Waiting, rules: Rules, now: datetime) -> datetime | None:
    """Say when values are asked for: now, where nobody was asked; from the day after an answer that brought none."""
    if each.request_id is None:
        return now
    if each.answered_at is None:
        return None
    return max(now, rules.calendar.at(rules.calendar.local_date(each.answered_at) + ONE_DAY, MIDNIGHT))


def _to_come(
    session: Session, people: Directory, schedule: Schedule, rules: Rules, now: datetime, end: datetime
) -> Iterator[Due]:
    chosen = chosen_now(rules, schedule)
    units = units_of(session, people, schedule, chosen)
    there = final_periods(session, [one.id for one in chosen], since=schedule.next_on)
    for turn in due_turns(schedule.frequency, schedule.next_on, schedule.after, rules.calendar, end):
        at = max(turn.due_at, now)
        for one in chosen:
            seen = stretch(schedule.frequency, one.frequency, turn)
            if seen is None:
                continue
            for unit_id in units[one.id]:
                n = _n_between(there.get((one.id, unit_id), ()), seen.period_on, seen.end_on)
                yield Due(
                    schedule_id=schedule.id,
                    indicator=one,
                    unit_id=unit_id,
                    period_on=seen.period_on,
                    end_on=seen.end_on,
                    month_on=turn.month_on,
                    role=schedule.data_owner or one.data_owner,
                    comes_at=at,
                    asked_at=at,
                    until_at=until(schedule.waits, at, rules.calendar),
                    is_ready=n >= seen.n_values,
                )


def _n_between(periods: Sequence[date], first: date, end: date) -> int:
    return sum(first <= period < end for period in periods)
