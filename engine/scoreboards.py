"""Reading where special actions stand: every department's last year against the targets, and who must decide."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlmodel import Session

from config.words import Text
from engine.action_targets import Action, Held, pooled, recent, stand_of, stand_of_all
from engine.assessing import find_icons
from engine.looks import Look
from engine.people import OFFICE, Directory, directory
from engine.rules import Rules
from engine.scopes import LONG, LONG_SERIES, SHORT
from models.cycle import Cycle
from models.reads.boards import places_with_values
from models.reads.schedules import list_schedules
from models.reads.series import Series, Wanted, read_many
from models.reads.special_actions import (
    AT_WORK,
    aimed_at,
    begun_by,
    latest_run,
    latest_verdicts,
    open_decisions_of,
    stage_at_work,
)
from models.reads.views import DecisionView
from models.scoreboard import Asked, Department, Recent, Score, Scoreboard, Stand
from models.special_action import ActionRun

NOBODY, LAUNCH = "nobody", "launch"
WORSE = "worse"  # a word of spc.verdict


@dataclass(frozen=True)
class Hospital:
    """What boards are read of: one unit with everything below it, at one moment."""

    session: Session
    rules: Rules
    now: datetime
    unit_id: int
    actions: tuple[Action, ...]

    @property
    def today(self) -> date:
        """The date in the hospital's zone."""
        return self.rules.calendar.local_date(self.now)

    @cached_property
    def people(self) -> Directory:
        """Units and people."""
        return directory(self.session)

    @cached_property
    def held(self) -> dict[str, Held]:
        """Everything that the actions are held against, once each."""
        return {one.indicator.id: one for action in self.actions for one in action.held}

    @cached_property
    def places(self) -> dict[str, tuple[int, ...]]:
        """List by indicator the departments where it is counted or is to be counted; else the hospital itself."""
        below = [key for key in self.people.units if self.unit_id in self.people.upwards(key)]
        found: dict[str, set[int]] = {slug: set() for slug in self.held}
        for slug, unit_id in places_with_values(self.session, list(found), below):
            found[slug].add(unit_id)
        for plan in list_schedules(self.session):
            for slug, one in self.held.items():
                covers = slug == plan.indicator or one.indicator.set == plan.indicator_set
                if covers and plan.unit_id in below and not (plan.units_below and found[slug]):
                    found[slug].add(plan.unit_id)
        return {slug: self._departments(units) for slug, units in found.items()}

    @cached_property
    def series(self) -> dict[tuple[str, int], Series]:
        """Read all values at once; the hospital's own too."""
        keys = [(slug, unit) for slug, units in self.places.items() for unit in {*units, self.unit_id}]
        asked = [Wanted(slug, unit, self.held[slug].indicator.frequency, self.today) for slug, unit in keys]
        return dict(zip(keys, read_many(self.session, asked), strict=True)) if asked else {}

    @cached_property
    def aims(self) -> dict[tuple[str, int], Cycle]:
        """Find the cycles at work on these indicators."""
        return aimed_at(self.session, list(self.held))

    @cached_property
    def verdicts(self) -> dict[tuple[str, int], str]:
        """Read what the newest assessments say of indicators without a target."""
        return latest_verdicts(self.session, [slug for slug, one in self.held.items() if one.target is None])

    def name(self, unit_id: int) -> Text:
        """Name a unit."""
        unit = self.people.units[unit_id]
        return Text(unit.name_en or unit.slug, unit.name_zh or unit.slug)

    def _departments(self, units: set[int]) -> tuple[int, ...]:
        departments = units - {self.unit_id} or {self.unit_id}
        return tuple(sorted(departments, key=lambda key: self.people.units[key].slug))


def read_scoreboards(
    session: Session, actions: Sequence[Action], unit_id: int, *, rules: Rules, now: datetime
) -> tuple[Scoreboard, ...]:
    """Read where actions stand in a unit, each by its newest run, or as its launch would find it."""
    here = Hospital(session, rules, now, unit_id, tuple(actions))
    return tuple(_board(here, action, latest_run(session, action.template.id, unit_id)) for action in actions)


def read_scoreboard(session: Session, action: Action, run: ActionRun, *, rules: Rules, now: datetime) -> Scoreboard:
    """Read where one run stands."""
    return _board(Hospital(session, rules, now, run.unit_id, (action,)), action, run)


def part_of(indicator: str, unit_id: int) -> str:
    """Name the part of a run that a department's cycle is for."""
    return f"{indicator}:{unit_id}"


def _board(here: Hospital, action: Action, run: ActionRun | None) -> Scoreboard:
    frame = here.session.get_one(Cycle, run.cycle_id) if run else None
    begun = begun_by(here.session, run) if run else {}
    scores = tuple(_score(here, held, begun) for held in action.held)
    stage = stage_at_work(here.session, frame.id) if frame else None
    return Scoreboard(
        action=action.template.id,
        title=action.template.title,
        programme=run.programme if run else action.programme.id if action.programme else "",
        unit=here.people.units[here.unit_id].slug,
        as_of=here.now,
        code=frame.code if frame else "",
        number=run.number if run else 0,
        until_on=run.until_on if run else action.until,
        stage=Text(stage.title_en, stage.title_zh) if stage else None,
        is_over=frame is not None and frame.status not in AT_WORK,
        scores=scores,
        asked=tuple(_asked(here, action, scores, frame, begun)),
    )


def _score(here: Hospital, held: Held, begun: Mapping[str, Cycle]) -> Score:
    one, target = held.indicator, held.target
    departments = tuple(_department(here, held, unit, begun) for unit in here.places[one.id])
    of, series = _whole(here, held)
    found = recent(series, one, here.today) if series else None
    variation, assurance = _icons(here, held, series) if series and found else ("", "")
    return Score(
        indicator=one.id,
        version=one.version,
        label=one.label or "",
        title=one.title,
        shown_in=one.unit,
        op=target.op.value if target else "",
        target=target.value if target else None,
        by=target.by if target else None,
        evidence=target.evidence.status.value if target else "",
        of=of,
        recent=found,
        stand=stand_of_all(found, target, [each.stand for each in departments]),
        variation=variation,
        assurance=assurance,
        departments=departments,
    )


def _department(here: Hospital, held: Held, unit_id: int, begun: Mapping[str, Cycle]) -> Department:
    found = recent(here.series[held.indicator.id, unit_id], held.indicator, here.today)
    own, at_work = begun.get(part_of(held.indicator.id, unit_id)), here.aims.get((held.indicator.id, unit_id))
    if own is not None and own.status in AT_WORK:  # its aim may have been changed since
        at_work = own
    return Department(
        unit=here.people.units[unit_id].slug,
        name=here.name(unit_id),
        recent=found,
        stand=_stand(here, held, unit_id, found),
        code=at_work.code if at_work else "",
        ended=own is not None and own.status not in AT_WORK,
    )


def _stand(here: Hospital, held: Held, unit_id: int, found: Recent | None) -> Stand:
    """Without a target the newest assessment speaks: what became worse falls short, all else is not judged."""
    stand = stand_of(found, held.target)
    worse = here.verdicts.get((held.indicator.id, unit_id)) == WORSE
    return Stand.SHORT if stand is Stand.NO_TARGET and worse else stand


def _whole(here: Hospital, held: Held) -> tuple[str, Series | None]:
    """Take the hospital's own series, else the sum of the departments; what a department holds is not added again."""
    slug = held.indicator.id
    own = here.series[slug, here.unit_id]
    if recent(own, held.indicator, here.today):
        return here.people.units[here.unit_id].slug, own
    units = here.places[slug]
    tops = [unit for unit in units if not set(list(here.people.upwards(unit))[1:]) & set(units)]
    return "", pooled([here.series[slug, unit] for unit in tops], held.indicator)


def _icons(here: Hospital, held: Held, series: Series) -> tuple[str, str]:
    n_baseline = LONG if len(series.periods) >= LONG_SERIES else SHORT
    look = Look(
        held.indicator,
        here.people.units[here.unit_id].slug,
        here.now,
        here.today,
        n_baseline=min(n_baseline, len(series.periods)),
        target=held.target.value if held.target else None,
    )
    return find_icons(series, look)


def _asked(
    here: Hospital, action: Action, scores: Sequence[Score], frame: Cycle | None, begun: Mapping[str, Cycle]
) -> Iterator[Asked]:
    office = tuple(here.people.persons[one].name for one in here.people.holders(OFFICE, here.unit_id, here.today))
    if frame is None:
        if any(score.short for score in scores):
            yield Asked(office, LAUNCH, "", None, action.template.title)
        return
    codes = {one.code for score in scores for one in score.departments if one.code}
    mine = [frame, *begun.values(), *(cycle for cycle in here.aims.values() if cycle.code in codes)]
    cycles = {cycle.id: cycle for cycle in mine}
    for waiting in open_decisions_of(here.session, list(cycles)):
        yield _waits(waiting, cycles[waiting.cycle_id])
    for score in scores:
        idle = [one for one in score.short if not one.code]
        if idle and frame.status in AT_WORK:
            named = Text(", ".join(one.name.en for one in idle), "、".join(one.name.zh for one in idle))
            yield Asked(
                office, NOBODY, "", None, Text(f"{score.title.en}: {named.en}", f"{score.title.zh}：{named.zh}")
            )


def _waits(waiting: DecisionView, cycle: Cycle) -> Asked:
    who = tuple(person.name for person in waiting.asked)
    about = Text(cycle.title_en, cycle.title_zh)
    return Asked(who, waiting.kind.value, cycle.code, waiting.first_asked_at, about)
