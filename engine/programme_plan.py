"""The programme compiler: an edition, the tree of units and who holds which role become cycles with tasks; pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from config.programme import Measure, Programme, Requirement, Where
from config.programme_checks import LAST
from config.shapes import Template
from config.words import Text
from engine.deadlines import deadline
from engine.measure_template import derive_template
from engine.people import OFFICE, Directory
from engine.rules import Rules
from models.errors import NotFound, Refused
from models.people import Unit

DEPARTMENT, HOSPITAL = "department", "hospital"


class NoDepartments(Refused):
    """No unit of the kind `department` lies below '{unit}', so measures of departments have no place. \
Write the kind of each unit in units.csv and import it again."""

    zh = "“{unit}”之下没有类别为 department 的科室，科室举措无处落实。请在 units.csv 中填写科室类别后重新导入。"


@dataclass(frozen=True)
class PlannedTask:
    """A task with everybody who will own it; where nobody holds the role, `unstaffed`, that is the quality office."""

    slug: str
    role: str
    owners: tuple[int, ...]
    deadline_at: datetime
    unstaffed: bool = False


@dataclass(frozen=True)
class PlannedCycle:
    """One measure in one unit; `lead_id` is None when not even the quality office is staffed."""

    measure: Measure
    unit: Unit
    lead_id: int | None
    template: Template
    tasks: tuple[PlannedTask, ...]

    @property
    def key(self) -> tuple[str, int]:
        """The measure and the unit: what is launched once."""
        return self.measure.id, self.unit.id


@dataclass(frozen=True)
class Vacancy:
    """A role that nobody holds for a unit, and the measures whose tasks wait for it."""

    role: str
    unit: Unit
    measures: tuple[str, ...]


@dataclass(frozen=True)
class ProgrammePlan:
    """What a launch of an edition opens."""

    programme: Programme
    root: Unit
    cycles: tuple[PlannedCycle, ...]

    @property
    def n_tasks(self) -> int:
        """How many tasks there are in all cycles."""
        return sum(len(cycle.tasks) for cycle in self.cycles)

    @cached_property
    def vacancies(self) -> tuple[Vacancy, ...]:
        """Every role that nobody holds, with the unit in which it is missing."""
        found: dict[tuple[str, int], list[str]] = {}
        units: dict[int, Unit] = {}
        for cycle in self.cycles:
            units[cycle.unit.id] = cycle.unit
            for task in cycle.tasks:
                if task.unstaffed:
                    found.setdefault((task.role, cycle.unit.id), []).append(cycle.measure.id)
        return tuple(
            Vacancy(role, units[unit], tuple(dict.fromkeys(measures))) for (role, unit), measures in found.items()
        )

    def load(self) -> Counter[int]:
        """Count the tasks that each person gets."""
        return Counter(person for cycle in self.cycles for task in cycle.tasks for person in task.owners)


@dataclass(frozen=True)
class Wanted:
    """What of an edition is launched where. measures: all when empty; without: units that take no part."""

    unit: str
    measures: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


def compile_programme(
    programme: Programme, wanted: Wanted, *, people: Directory, rules: Rules, now: datetime
) -> ProgrammePlan:
    """Work out every cycle and task of an edition in a hospital: who owns it and by when.

    Raises NotFound, NoDepartments.
    """
    _refuse_unknown(programme, wanted, people)
    root = people.unit(wanted.unit)
    place = _Place(people, root, rules.calendar.local_date(now), wanted.without)
    made = _Making(programme, place, rules, now)
    chosen = [one for one in programme.measures if not wanted.measures or one.id in wanted.measures]
    cycles = [cycle for measure in chosen for cycle in made.cycles(measure)]
    order = {unit.id: n for n, unit in enumerate((*place.below, *place.bodies))}
    return ProgrammePlan(programme, root, tuple(sorted(cycles, key=lambda cycle: order[cycle.unit.id])))


def _refuse_unknown(programme: Programme, wanted: Wanted, people: Directory) -> None:
    """Refuse measures and units that do not exist: a misspelt one to leave out would take part."""
    known = [one.id for one in programme.measures]
    for slug in sorted(wanted.measures):
        if slug not in known:
            mend = Text(f"Known: {', '.join(known)}.", f"已有：{'、'.join(known)}。")
            raise NotFound(noun=Text("measure", "举措"), name=slug, mend=mend)
    for slug in sorted(wanted.without):
        people.unit(slug)


@dataclass(frozen=True)
class _Place:
    """The units that take part, seen from the hospital that launches."""

    people: Directory
    root: Unit
    today: date
    without: Collection[str]

    @cached_property
    def below(self) -> tuple[Unit, ...]:
        """The hospital and every unit below it, the upper ones first."""
        depth = {key: [*self.people.upwards(key)] for key in self.people.units}
        inside = [key for key in sorted(depth, key=lambda key: (len(depth[key]), key)) if self.root.id in depth[key]]
        return tuple(self.people.units[key] for key in inside)

    @cached_property
    def departments(self) -> tuple[Unit, ...]:
        """The departments that take part. Raises NoDepartments."""
        found = [one for one in self.below if one.kind == DEPARTMENT]
        if not found:
            raise NoDepartments(unit=self.root.slug)
        return tuple(one for one in found if one.slug not in self.without)

    @cached_property
    def bodies(self) -> tuple[Unit, ...]:
        """The units of no hospital: authorities, quality-control centres."""
        inside_one = (
            key
            for key in self.people.units
            if any(self.people.units[above].kind == HOSPITAL for above in self.people.upwards(key))
        )
        left_out = {*inside_one, *(one.id for one in self.below)}
        return tuple(one for key, one in self.people.units.items() if key not in left_out)

    def holding(self, role: str) -> list[Unit]:
        """Find the units in which somebody holds a role today."""
        return [
            one for one in (*self.below, *self.bodies) if one.slug not in self.without and self._holds(role, one.id)
        ]

    def _holds(self, role: str, unit_id: int) -> bool:
        held = self.people.holdings.get((role, unit_id), ())
        found = self.people.holders(role, unit_id, self.today)
        return any(one.person_id in found for one in held)


@dataclass
class _Making:
    programme: Programme
    place: _Place
    rules: Rules
    now: datetime
    templates: dict[tuple[str, ...], Template] = field(default_factory=dict)
    moments: dict[str, datetime] = field(default_factory=dict)
    found: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)

    def cycles(self, measure: Measure) -> Iterator[PlannedCycle]:
        """Make one cycle of a measure in each unit that has something to do for it."""
        asked: dict[int, list[Requirement]] = {}
        for requirement in measure.requirements:
            for unit, meant in self._units(requirement):
                asked.setdefault(unit.id, []).append(meant)
        for unit_id, requirements in asked.items():
            yield self._cycle(measure, self.place.people.units[unit_id], requirements)

    def _units(self, requirement: Requirement) -> Iterable[tuple[Unit, Requirement]]:
        """Find where a requirement is worked on; where nobody holds the role, the hospital itself has it."""
        if requirement.where is Where.HOSPITAL:
            return [(self.place.root, requirement)]
        if requirement.where is Where.DEPARTMENTS:
            return [(unit, requirement) for unit in self.place.departments]
        held = self.place.holding(requirement.owner)
        if held:
            return [(unit, requirement) for unit in held]
        stand_in = {"owner": requirement.instead} if requirement.instead else {}
        return [(self.place.root, requirement.model_copy(update=stand_in))]

    def _cycle(self, measure: Measure, unit: Unit, requirements: Sequence[Requirement]) -> PlannedCycle:
        template = self._template(measure, requirements)
        tasks = [self._task(task.id, task.owner, task.due, unit) for task in template.tasks if task.id != LAST]
        office = self._holders(OFFICE, unit)
        led = next((task.owners for task in tasks if not task.unstaffed), office)
        last = PlannedTask(LAST, "lead", led[:1], self._moment(template.stages[-1].tasks[-1].due))
        return PlannedCycle(measure, unit, next(iter(led), None), template, (*tasks, last))

    def _task(self, slug: str, role: str, due: str, unit: Unit) -> PlannedTask:
        owners = self._holders(role, unit)
        if owners:
            return PlannedTask(slug, role, owners, self._moment(due))
        office = self._holders(OFFICE, unit) or self.place.people.office(self.place.today)
        return PlannedTask(slug, role, office, self._moment(due), unstaffed=True)

    def _holders(self, role: str, unit: Unit) -> tuple[int, ...]:
        key = role, unit.id
        if key not in self.found:
            self.found[key] = self.place.people.holders(role, unit.id, self.place.today)
        return self.found[key]

    def _moment(self, due: str) -> datetime:
        if due not in self.moments:
            self.moments[due] = deadline(due, self.now, self.rules.calendar).at
        return self.moments[due]

    def _template(self, measure: Measure, requirements: Sequence[Requirement]) -> Template:
        key = (measure.id, *(f"{one.id}:{one.owner}" for one in requirements))
        if key not in self.templates:
            self.templates[key] = derive_template(
                self.programme, measure, requirements, self.rules.catalogue.indicators
            )
        return self.templates[key]
