"""Every scenario file comes out exactly: on time, every five minutes, twice at once, once a day; and as forecast."""

import os
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from cli.scenario import Scenario, read_scenario
from cli.simulate import Clock, Recorder, Tick, events, simulate_file, tick_with
from engine.forecast import Told, forecast_cycle, forecast_launch
from engine.launch import Launch
from engine.rules import Rules
from models.db import Database
from models.errors import WardcycleError
from tests.invariants import hold
from tests.walks import at_once

FOLDER = Path(os.environ.get("WARDCYCLE_SCENARIOS") or Path(__file__).parents[1] / "scenarios")
FILES = sorted(FOLDER.glob("*.yaml"))
LATE = time(17, 55)  # the sending window closes at 18:00
Event = dict[str, object]


def tick_of_its_own() -> Tick:
    return tick_with(Recorder())


def expected(scenario: Scenario) -> list[Event]:
    return [dict(event) for event in scenario.expect or ()]


def compare(file: Path, *, every: timedelta | None = None, tick: Tick | None = None) -> None:
    scenario = read_scenario(file)
    done = simulate_file(file, every=every, tick=tick)
    assert done.refused == ()
    assert events(done.told, scenario.rules()) == expected(scenario)


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    """Each scenario in turn."""
    return Path(str(request.param))


def test_there_are_scenarios() -> None:
    assert FILES, f"no scenario in {FOLDER}"


def test_a_scenario_comes_out_exactly(file: Path) -> None:
    real = tick_of_its_own()

    def tick(database: Database, rules: Rules, clock: Clock) -> None:
        real(database, rules, clock)
        hold(database, clock.now, swept=True)

    compare(file, tick=tick)


def test_a_scenario_ticked_every_five_minutes_comes_out_exactly(file: Path) -> None:
    compare(file, every=timedelta(minutes=5))


def test_a_scenario_with_every_tick_twice_at_once_comes_out_exactly(file: Path) -> None:
    def tick(database: Database, rules: Rules, clock: Clock) -> None:
        results = at_once(database, [lambda own: tick_of_its_own()(own, rules, Clock(clock.now))] * 2, durable=False)
        assert not [result for result in results if isinstance(result, WardcycleError)], results

    compare(file, tick=tick)


def test_a_scenario_ticked_once_a_day_and_late_tells_the_same_on_the_same_days(file: Path) -> None:
    scenario, real = read_scenario(file), tick_of_its_own()
    if _in_hours(scenario):
        return  # hours cannot be kept by a daily tick

    def tick(database: Database, rules: Rules, clock: Clock) -> None:
        clock.now = _late(clock.now, rules)
        real(database, rules, clock)

    done = simulate_file(file, tick=tick)
    days = [event | {"at": str(event["at"])[:10]} for event in events(done.told, scenario.rules())]
    assert _sorted(days) == _sorted([event | {"at": str(event["at"])[:10]} for event in expected(scenario)])


@dataclass
class Forecaster:
    """A tick that forecasts the whole cycle just after its launch."""

    scenario: Scenario
    real: Tick = field(default_factory=tick_of_its_own)
    found: tuple[list[Told], list[Told]] | None = None

    def __call__(self, database: Database, rules: Rules, clock: Clock) -> None:
        if self.found is None:
            given, until = self.scenario.launch, self.scenario.moment(self.scenario.until)
            launch = Launch(template=self.scenario.template.id, unit=given.unit, lead=given.lead)
            with database.reading() as session:
                self.found = (
                    forecast_launch(session, launch, rules=rules, now=clock.now, until=until),
                    forecast_cycle(session, 1, rules=rules, now=clock.now, until=until),
                )
        self.real(database, rules, clock)


def test_the_forecast_of_a_scenario_is_what_is_sent_before_the_first_answer(file: Path) -> None:
    scenario = read_scenario(file)
    forecaster = Forecaster(scenario)
    simulate_file(file, tick=forecaster)
    ends = min((scenario.moment(step.at) for step in scenario.steps), default=scenario.moment(scenario.until))
    zone = scenario.rules().calendar.zone
    until = f"{ends.astimezone(zone):%Y-%m-%dT%H:%M}"
    wanted = [event for event in expected(scenario) if str(event["at"]) < until]
    for told in forecaster.found or ():
        assert [event for event in events(told, scenario.rules()) if str(event["at"]) < until] == wanted


def _in_hours(scenario: Scenario) -> bool:
    written = [level.after for ladder in scenario.escalation.values() for level in ladder]
    written += [text for task in scenario.template.tasks for text in (task.due, *task.remind)]
    return any(text.endswith("h") for text in written)


def _late(moment: datetime, rules: Rules) -> datetime:
    calendar = rules.calendar
    day = calendar.local_date(moment)
    late = calendar.at(day, LATE)
    return late if moment <= late else calendar.at(day + timedelta(days=1), LATE)


def _sorted(found: list[Event]) -> list[Event]:
    return sorted(found, key=lambda event: [str(event.get(key, "")) for key in ("at", "task", "kind", "rung", "level")])
