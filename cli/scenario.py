"""A scenario file: one hospital, one template, one launch, some steps, and what is expected to be sent."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from config.calendar import calendar_of
from config.catalogue import Catalogue, read_catalogue, template_from
from config.shapes import CalendarFile, Level, Template
from config.words import Text
from engine.rules import Rules
from models.errors import UsageError

AsText = Annotated[str, BeforeValidator(str)]


class ScenarioRefused(UsageError):
    """The scenario {file} cannot be used: {why}"""

    zh = "无法使用情景文件 {file}：{why}"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenUnit(_Part):
    """A unit and the one above it."""

    parent: str | None = None


class GivenPerson(_Part):
    """A person of the scenario."""

    name: str
    email: str | None = None
    language: str = "en"


class GivenRole(_Part):
    """A person holds a role in a unit."""

    person: str
    role: str
    unit: str
    since: date | None = Field(None, alias="from")
    until: date | None = None


class GivenAbsence(_Part):
    """A person is away; somebody stands in."""

    person: str
    since: date = Field(alias="from")
    until: date
    stand_in: str


class GivenHospital(_Part):
    """The hospital of the scenario; days and hours default to those of the shipped calendar."""

    country: str = "CN"
    subdivision: str | None = None
    timezone: str = "Asia/Shanghai"
    extra_days_off: tuple[date, ...] = ()
    extra_working_days: tuple[date, ...] = ()
    units: Mapping[str, GivenUnit]
    people: Mapping[str, GivenPerson]
    roles: tuple[GivenRole, ...]
    absences: tuple[GivenAbsence, ...] = ()


class GivenLaunch(_Part):
    """Who launches what, where, when; moments without an offset are in the hospital's zone."""

    unit: str
    lead: str
    at: datetime


class StepAnswer(_Part):
    """An answer or a decision: `kind` is any word of the commands answer and decide, or `take`."""

    task: str
    kind: str
    by: str
    note: AsText = ""
    until: date | None = None
    to: str | None = None


class StepApproval(_Part):
    """The approval of a stage."""

    stage: str
    by: str
    note: AsText


class StepChange(_Part):
    """A change of the whole cycle: pause, resume or cancel."""

    kind: str
    by: str
    note: AsText


class Step(_Part):
    """Something that people do at a moment: one of the three."""

    at: datetime
    answer: StepAnswer | None = None
    approve: StepApproval | None = None
    cycle: StepChange | None = None


class Scenario(_Part):
    """The whole file."""

    scenario: str = ""
    hospital: GivenHospital
    escalation: Mapping[str, tuple[Level, ...]]
    template: Template
    launch: GivenLaunch
    steps: tuple[Step, ...] = ()
    until: datetime
    expect: tuple[Mapping[str, object], ...] | None = None

    def moment(self, written: datetime) -> datetime:
        """Read a moment of the file: without an offset it is in the hospital's zone."""
        return written if written.tzinfo else written.replace(tzinfo=ZoneInfo(self.hospital.timezone))

    def rules(self) -> Rules:
        """Make the rules of this hospital: its calendar, its ladders, its one template."""
        shipped, given = read_catalogue(), self.hospital
        file = CalendarFile.model_validate(
            shipped.calendars["cn"].model_dump(exclude={"announced_until"})
            | given.model_dump(include={"country", "subdivision", "timezone", "extra_days_off", "extra_working_days"})
        )
        templates = {self.template.id: self.template}
        catalogue = Catalogue(templates, dict(self.escalation), shipped.roles, shipped.calendars, shipped.channels, (),
                              shipped.indicators, shipped.indicator_sets)  # fmt: skip
        return Rules(calendar_of(file), catalogue)


def read_scenario(file: Path) -> Scenario:
    """Read a scenario file. Raises ScenarioRefused with the place and what is wrong there."""
    try:
        value = YAML().load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ScenarioRefused(file=file, why=str(error)) from error
    if not isinstance(value, Mapping) or not isinstance(value.get("template"), Mapping):
        raise ScenarioRefused(file=file, why=Text("it has no template", "其中没有模板"))
    policies, shipped = value.get("escalation") or {}, read_catalogue()
    template, problems = template_from(
        value["template"], roles=shipped.roles, policies=policies, indicators=shipped.indicators, name=file.name
    )
    if template is None:
        raise ScenarioRefused(file=file, why="; ".join(problem.text("en") for problem in problems))
    try:
        return Scenario.model_validate({**value, "template": template})
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioRefused(file=file, why=f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
