"""The special actions of the demo hospital: a year of figures in a few departments, and all five launched."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from config.indicators import Indicator
from config.periods import after, start_of
from engine.action_targets import list_actions
from engine.observation_checks import Given
from engine.observations import put_observations
from engine.people import OFFICE, Directory, directory
from engine.rules import Rules
from engine.special_actions import GivenAction, hospital_of, launch_action

N_PERIODS = {"month": 18, "quarter": 14, "year": 3}
SCATTER = (0.2, -0.6, 0.9, -0.1, 0.5, -1.1, 0.7, 0.1, -0.4, 1.2, -0.8, -0.3, 0.6, -0.9, 0.2, 0.8, -0.5, -0.1)


@dataclass(frozen=True)
class Level:
    """What an indicator was about in a unit, as shown, out of so many cases a period."""

    indicator: str
    unit: str
    level: float
    cases: int


# Some reach their targets, some do not, and of some nobody knows: there a request for data goes out.
LEVELS = (
    Level("unplanned-reoperation", "surgery", 2.9, 2400),
    Level("unplanned-reoperation", "day-surgery", 1.0, 3000),
    Level("post-surgical-acquired", "surgery", 6.1, 5200),
    Level("stemi-reperfusion", "emergency", 71, 48),
    Level("stroke-reperfusion", "emergency", 52, 90),
    Level("coding-accuracy", "surgery", 86, 420),
    Level("coding-accuracy", "internal", 94, 610),
    Level("coding-accuracy", "icu", 93, 150),
    Level("adverse-event-reporting", "surgery", 2.1, 900),
    Level("adverse-event-reporting", "internal", 3.4, 1100),
    Level("adverse-event-reporting", "emergency", 2.9, 500),
    Level("municipal-qc-coverage", "city-hospital", 90, 10),
    Level("provincial-qc-coverage", "city-hospital", 100, 20),
)


def show_actions(session: Session, *, rules: Rules, now: datetime) -> None:
    """Enter what was counted until a moment, and let the quality office launch every action then."""
    people, today = directory(session), rules.calendar.local_date(now)
    put_observations(session, list(_values(people, rules, now)), rules=rules, by=None, now=now)
    by = people.holders(OFFICE, hospital_of(people, None).id, today)[0]
    for action in list_actions(rules.catalogue):
        given = GivenAction(action=action.template.id, allow_unstaffed=True)
        launch_action(session, given, rules=rules, by=by, now=now)


def _values(people: Directory, rules: Rules, now: datetime) -> Iterator[Given]:
    for one in LEVELS:
        indicator, unit_id = rules.catalogue.indicators[one.indicator], people.unit(one.unit).id
        running = start_of(indicator.frequency, rules.calendar.local_date(now))
        for k in range(N_PERIODS[indicator.frequency.value]):
            period = after(indicator.frequency, running, -1 - k)
            yield Given(one.indicator, unit_id, period, _numerator(one, indicator, k), one.cases, provisional=False)


def _numerator(one: Level, indicator: Indicator, k: int) -> float:
    """Scatter about the level as counts do."""
    expected = one.level / indicator.multiply * one.cases
    found = round(expected + SCATTER[k % len(SCATTER)] * max(0.0, expected * (1 - expected / one.cases)) ** 0.5)
    return float(min(one.cases, max(0, found)))
