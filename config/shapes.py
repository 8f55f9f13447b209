"""The shapes of everything that a hospital writes in YAML: templates, ladders, calendars and channels."""

import re
from collections.abc import Iterator
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from config.words import Refused, Text, Words
from config.written import parse_after, parse_due, parse_offset

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


def _due(value: object) -> str:
    return str(parse_due(str(value)))


def _offset(value: object) -> str:
    return str(parse_offset(str(value)))


def _after(value: object) -> str:
    offset = parse_after(str(value))
    return f"{offset.n}{offset.unit}"


# Times stay text in the shapes (in one spelling each), so that a stored template reads as it was written.
DueText = Annotated[
    str,
    BeforeValidator(_due),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+(wd|d!?|h)|[0-9]{4}-[0-9]{2}-[0-9]{2})$"}),
]
OffsetText = Annotated[
    str, BeforeValidator(_offset), WithJsonSchema({"type": "string", "pattern": "^([+-][0-9]+|0)(wd|h)$"})
]
AfterText = Annotated[str, BeforeValidator(_after), WithJsonSchema({"type": "string", "pattern": "^[0-9]+(wd|h)$"})]

StageId = Literal["plan", "do", "check", "act"]
PDCA: tuple[StageId, ...] = ("plan", "do", "check", "act")
GateId = Literal["plan", "do", "check", "act", "roll-up"]  # roll-up: of a special action
_PDCA_TITLES = {
    "plan": Text("Plan", "计划"),
    "do": Text("Do", "实施"),
    "check": Text("Check", "检查"),
    "act": Text("Act", "处理"),
}


class Evidence(StrEnum):
    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class Kind(StrEnum):
    PDCA = "pdca"
    PROCESS = "process"


class Shape(BaseModel):
    """The parent of all shapes: nothing unknown is written, nothing read is changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class TaskTemplate(Shape):
    """One thing that somebody does by a deadline."""

    id: Slug
    title: Text
    guidance: Text | None = Field(None, description="Shown on the page where the owner answers.")
    owner: Slug = Field(description="A role of roles.yaml, looked for from the cycle's unit upwards.")
    due: DueText = Field(description="5wd, 10d, 10d!, 24h or a date, counted from the opening of the task.")
    remind: tuple[OffsetText, ...] = Field(("-1wd", "0wd"), description="-3wd, 0wd, +2wd or -2h from the deadline.")
    evidence: Evidence = Evidence.OPTIONAL
    accept: bool = Field(False, description="true: the lead accepts or returns the answer.")
    safety: bool = Field(False, description="true: a message's link alone does not do; a login or a code is asked for.")
    names_nobody: bool = Field(False, description="true: an answer that seems to name a patient is refused.")
    after: tuple[Slug, ...] = Field((), description="Ids of the tasks that must be done before this one opens.")
    consulted: tuple[Slug, ...] = Field((), description="Roles whose advice the owner asks for.")
    informed: tuple[Slug, ...] = Field((), description="Roles that hear of the result.")


class StageTemplate(Shape):
    """Tasks that must all be done before the next stage opens."""

    id: Slug
    title: Text | None = None
    tasks: tuple[TaskTemplate, ...] = Field(min_length=1)
    gate: GateId | None = Field(None, description="What the stage must prove before it closes.")

    @property
    def heading(self) -> Text:
        """Give the stage's own title, else the usual name of a PDCA stage, else its id."""
        return self.title or _PDCA_TITLES.get(self.id) or Text(self.id, self.id)


class Question(Shape):
    """A question of the short test after a training; `right` counts the choices from 1."""

    ask: Text
    choices: tuple[Text, ...] = Field(min_length=1, max_length=6)
    right: int = Field(ge=1, strict=True)


class Template(Shape):
    """An activity of the hospital as stages of tasks. Its parts fit together only when config.checks finds nothing."""

    id: Slug
    version: int = Field(ge=1, strict=True, description="Raise it with every change; a running cycle keeps its own.")
    kind: Kind = Field(description="pdca: stages plan, do, check, act; process: any stages.")
    title: Text
    special_action: Words | None = None
    measures: tuple[Words, ...] = ()
    indicators: tuple[Words, ...] = Field((), description="What the cycle aims at; the first is the primary one.")
    escalation: Slug = Field("standard", description="A policy of escalation.yaml.")
    urgent: bool = Field(False, description="true: reminders do not wait for working hours.")
    announce: bool = Field(True, description="false: nobody is told when it closes.")
    led_by: Slug | None = Field(None, description="The role that leads what is launched by plan; else the office.")
    every: str = Field("", description="How often as a rule: weekly mon, monthly 3wd, quarterly 10, yearly 03-15.")
    reports_to: Slug | None = Field(None, description="The template that the unit above gets when this one closes.")
    questions: tuple[Question, ...] = Field((), description="The test of those who attended.")
    pass_percent: int = Field(80, ge=1, le=100, strict=True, description="So much of the test must be right.")
    stages: tuple[StageTemplate, ...] = Field(min_length=1)

    @property
    def tasks(self) -> Iterator[TaskTemplate]:
        """Walk over the tasks of all stages, in the order written."""
        return (task for stage in self.stages for task in stage.tasks)


class Level(Shape):
    """One rung of an escalation ladder: so long after the deadline, this role decides."""

    after: AfterText
    to: Slug


Policy = Annotated[tuple[Level, ...], Field(min_length=1)]


def _clock(value: object) -> time:
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", str(value).strip()) if isinstance(value, str) else None
    if isinstance(value, time):
        return value
    if not found:
        raise Refused(Text(f"`{value}` is not a time of day", f"“{value}”不是时间"), Text("Write 08:00", "请写 08:00"))
    return time(int(found[1]), int(found[2]))


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (KeyError, ValueError, OSError):  # OSError: `Asia` is a folder
        raise Refused(
            Text(f"The time zone `{value}` is not known", f"未知的时区“{value}”"),
            Text("Write a name such as Asia/Shanghai", "请写 Asia/Shanghai 这样的名称"),
        ) from None


def _country(value: object) -> str:
    import holidays  # takes a while, and only calendars need it

    if str(value) not in holidays.list_supported_countries():
        raise Refused(
            Text(f"The country `{value}` is not known", f"未知的国家代码“{value}”"),
            Text("Write a two-letter code such as CN", "请写两个字母的代码，例如 CN"),
        )
    return str(value)


Clock = Annotated[time, BeforeValidator(_clock)]


class CalendarFile(Shape):
    """Which days and hours a hospital works, in its own zone."""

    country: Annotated[str, BeforeValidator(_country)]
    subdivision: str | None = None
    timezone: Annotated[str, BeforeValidator(_zone)]
    opens: Clock
    closes: Clock
    window_opens: Clock
    window_closes: Clock
    extra_days_off: tuple[date, ...] = ()
    extra_working_days: tuple[date, ...] = ()
    announced_until: int | None = Field(None, ge=2000, le=2200)


class ChannelSetting(Shape):
    """A way to reach people; its address may hold a password and is never printed."""

    title: Text
    url: str = Field(min_length=1, repr=False)
    base_url: str = Field("", description="Another place than the vendor's own, for a group bot; nothing secret.")
    personal: bool = Field(False, description="Each address there is read by one person only: links to answer may go.")
