"""Everything that a hospital writes in YAML, read from the shipped folder and from the hospital's own."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from config.checks import check_calendar, check_indicators, check_ladder, check_parts
from config.events import EventClass, EventRules, Harm, check_events
from config.feedback import FeedbackFile, FeedbackKind, FeedbackRules, check_feedback
from config.indicators import Indicator, IndicatorSet, WrittenIndicator
from config.problems import Finding, Loc, Problem, explain
from config.programme import Measure, Programme, Requirement, SpecialAction, Step, Target
from config.programme_checks import check_programme
from config.programme_parts import Evidence, Goal, GoalYear, Phase
from config.shapes import (
    CalendarFile,
    ChannelSetting,
    Level,
    Policy,
    Question,
    Slug,
    StageTemplate,
    TaskTemplate,
    Template,
)
from config.source import Source, read_source, source_of
from config.words import Text

SHIPPED = Path(__file__).parent

_build_templates = TypeAdapter(Template).validate_python
_build_policies = TypeAdapter(Annotated[dict[Slug, Policy], Field(min_length=1)]).validate_python
_build_roles = TypeAdapter(dict[Slug, Text]).validate_python
_build_channels = TypeAdapter(dict[Slug, ChannelSetting]).validate_python
_build_calendars = TypeAdapter(CalendarFile).validate_python
_build_sets = TypeAdapter(IndicatorSet).validate_python
_build_programmes = TypeAdapter(Programme).validate_python
_build_events = TypeAdapter(EventRules).validate_python
_build_feedback = TypeAdapter(FeedbackFile).validate_python

_TEXT_KEYS = ("en", "zh")
_KEYS_UNDER = {
    "stages": tuple(StageTemplate.model_fields),
    "questions": tuple(Question.model_fields),
    "indicators": tuple(WrittenIndicator.model_fields),
    "kinds": tuple(FeedbackKind.model_fields),
    "tasks": tuple(TaskTemplate.model_fields),
    "harms": tuple(Harm.model_fields),
    "classes": tuple(EventClass.model_fields),
    "measures": tuple(Measure.model_fields),
    "requirements": tuple(Requirement.model_fields),
    "special_actions": tuple(SpecialAction.model_fields),
    "steps": tuple(Step.model_fields),
    "targets": tuple(Target.model_fields),
    "goals": tuple({**GoalYear.model_fields, **Goal.model_fields}),
    "phases": tuple(Phase.model_fields),
    "evidence": tuple(Evidence.model_fields),
    "title": _TEXT_KEYS,
    "guidance": _TEXT_KEYS,
    "numerator": _TEXT_KEYS,
    "denominator": _TEXT_KEYS,
    "unit": _TEXT_KEYS,
    "note": _TEXT_KEYS,
}

Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Catalogue:
    """What could be read, by id, and what could not. Calendars go by the name of their file.

    indicator_sets: the title of each set that a definition in `indicators` belongs to.
    """

    templates: Mapping[str, Template]
    policies: Mapping[str, tuple[Level, ...]]
    roles: Mapping[str, Text]
    calendars: Mapping[str, CalendarFile]
    channels: Mapping[str, ChannelSetting]
    problems: tuple[Problem, ...]
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    indicator_sets: Mapping[str, Text] = field(default_factory=dict)
    feedback: FeedbackRules = field(default_factory=FeedbackRules)
    events: EventRules | None = None
    programmes: Mapping[str, Programme] = field(default_factory=dict)


@dataclass
class _Reading:
    """A catalogue while it is being read; `first` remembers which file of the present folder gave a template."""

    environ: Mapping[str, str]
    templates: dict[str, Template] = field(default_factory=dict)
    policies: dict[str, tuple[Level, ...]] = field(default_factory=dict)
    roles: dict[str, Text] = field(default_factory=dict)
    calendars: dict[str, CalendarFile] = field(default_factory=dict)
    channels: dict[str, ChannelSetting] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    indicator_sets: dict[str, Text] = field(default_factory=dict)
    feedback: FeedbackRules = field(default_factory=FeedbackRules)
    events: EventRules | None = None
    programmes: dict[str, Programme] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_catalogue(*folders: Path, environ: Mapping[str, str] | None = None) -> Catalogue:
    """Read the shipped folder, then the given ones, each adding to what came before or replacing it by id.

    environ: where `${NAME}` in channels.yaml is looked up; the process's own when None.
    """
    reading = _Reading(os.environ if environ is None else environ)
    # Names before what uses them: a template of the first folder may name a role of the last one.
    steps = (
        _read_roles,
        _read_policies,
        _read_calendars,
        _read_channels,
        _read_indicators,
        _read_programmes,
        _read_feedback,
        _read_templates,
        _read_events,
    )
    for step in steps:
        for folder in (SHIPPED, *folders):
            step(reading, folder)
    reading.problems.extend(_absent(folder) for folder in folders if not folder.is_dir())
    return Catalogue(
        reading.templates,
        reading.policies,
        reading.roles,
        reading.calendars,
        reading.channels,
        tuple(reading.problems),
        reading.indicators,
        reading.indicator_sets,
        feedback=reading.feedback,
        events=reading.events,
        programmes=reading.programmes,
    )


def check_template(
    text: str, name: str, *, roles: Collection[str], policies: Collection[str], indicators: Collection[str] = ()
) -> tuple[Template | None, tuple[Problem, ...]]:
    """Read one template from the text of a file; None when there is any problem. `name` is the file in the problems."""
    # surrogatepass: what Python could not decode becomes a problem of the encoding, not a crash.
    source = read_source(name, text.encode("utf-8", "surrogatepass"))
    return _build_template(source, roles, policies, indicators)


def template_from(
    value: Mapping[str, object],
    *,
    roles: Collection[str],
    policies: Collection[str],
    indicators: Collection[str] = (),
    name: str = "template",
) -> tuple[Template | None, tuple[Problem, ...]]:
    """Build a template from a part of a larger file; lines are known when ruamel's round-trip loader read it."""
    return _build_template(source_of(name, value), roles, policies, indicators)


def _build_template(
    source: Source | Problem, roles: Collection[str], policies: Collection[str], indicators: Collection[str]
) -> tuple[Template | None, tuple[Problem, ...]]:
    template, problems = _shaped(source, _build_templates, tuple(Template.model_fields))
    if template is None or isinstance(source, Problem):
        return None, problems
    found = check_parts(template, roles=roles, policies=policies, indicators=indicators)
    problems = tuple(map(source.problem, found))
    return (None if problems else template), problems


def _shaped(
    source: Source | Problem, build: Callable[[object], Shape], keys: tuple[str, ...]
) -> tuple[Shape | None, tuple[Problem, ...]]:
    """Bring a file into its shape; `keys` are those allowed where _KEYS_UNDER does not say."""
    if isinstance(source, Problem):
        return None, (source,)
    try:
        return build(source.value), ()
    except ValidationError as error:
        # Pydantic also calls a list too short whose only entry was refused: that says nothing new.
        found = [one for one in error.errors(include_url=False) if one["type"] != "too_short" or not one["input"]]
        return None, tuple(source.problem(explain(one, _keys_at(one["loc"], keys))) for one in found)


def _keys_at(loc: Loc, top: tuple[str, ...]) -> tuple[str, ...]:
    holders = [step for step in loc[:-1] if isinstance(step, str)]
    return _KEYS_UNDER.get(holders[-1], top) if holders else top


def _sources(folder: Path, *patterns: str) -> Iterator[Source | Problem]:
    for file in sorted({file for pattern in patterns for file in folder.glob(pattern) if not _hidden(file)}):
        name = file.relative_to(folder).as_posix()
        try:
            yield read_source(name, file.read_bytes())
        except OSError as error:
            why = error.strerror or "unreadable"
            what = Text(f"The file cannot be read: {why}", f"无法读取文件（{why}）")
            yield Problem(name, 1, "", what, Text("Mend its permissions", "请检查文件权限"))


def _hidden(file: Path) -> bool:
    return file.name.startswith(".")


def _absent(folder: Path) -> Problem:
    what = Text("This folder does not exist", "该文件夹不存在")
    return Problem(str(folder), 1, "", what, Text("Create it or mend the setting", "请创建该文件夹或修改设置"))


def _read_roles(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "roles.yaml"):
        roles, problems = _shaped(source, _build_roles, _TEXT_KEYS)
        reading.problems.extend(problems)
        reading.roles.update(roles or {})


def _read_policies(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "escalation.yaml"):
        policies, problems = _shaped(source, _build_policies, tuple(Level.model_fields))
        if policies is not None and isinstance(source, Source):
            found = [f for name, ladder in policies.items() for f in check_ladder(name, ladder, roles=reading.roles)]
            problems = tuple(map(source.problem, found))
        reading.problems.extend(problems)
        reading.policies.update(policies if policies and not problems else {})


def _read_calendars(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "calendars/*.yaml", "calendars/*.yml"):
        calendar, problems = _shaped(source, _build_calendars, tuple(CalendarFile.model_fields))
        if calendar is not None and isinstance(source, Source):
            problems = tuple(map(source.problem, check_calendar(calendar)))
            if not problems:
                reading.calendars[Path(source.file).stem] = calendar
        reading.problems.extend(problems)


def _read_channels(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "channels.yaml"):
        filled, lacking = _fill(source, reading.environ)
        channels, problems = (
            (None, lacking) if lacking else _shaped(filled, _build_channels, tuple(ChannelSetting.model_fields))
        )
        reading.problems.extend(problems)
        reading.channels.update(channels or {})


def _read_indicators(reading: _Reading, folder: Path) -> None:
    given: dict[str, str] = {}  # indicator -> its file in this folder
    for source in _sources(folder, "indicators/*.yaml", "indicators/*.yml"):
        sheet, problems = _shaped(source, _build_sets, tuple(IndicatorSet.model_fields))
        if sheet is not None and isinstance(source, Source):
            problems = tuple(map(source.problem, check_indicators(sheet, roles=reading.roles, given=given)))
            if not problems:
                given |= {one.id: source.file for one in sheet.indicators}
                reading.indicator_sets[sheet.id] = sheet.title
                reading.indicators.update(sheet.placed())
        reading.problems.extend(problems)


def check_edition(
    text: str, name: str, *, roles: Collection[str], indicators: Mapping[str, Indicator]
) -> tuple[Programme | None, tuple[Problem, ...]]:
    """Read one edition of a programme from the text of a file; None when there is any problem."""
    return _build_programme(read_source(name, text.encode("utf-8", "surrogatepass")), roles, indicators)


def _build_programme(
    source: Source | Problem, roles: Collection[str], indicators: Mapping[str, Indicator]
) -> tuple[Programme | None, tuple[Problem, ...]]:
    programme, problems = _shaped(source, _build_programmes, tuple(Programme.model_fields))
    if programme is None or isinstance(source, Problem):
        return None, problems
    problems = tuple(map(source.problem, check_programme(programme, roles=roles, indicators=indicators)))
    return (None if problems else programme), problems


def _read_programmes(reading: _Reading, folder: Path) -> None:
    given: dict[str, str] = {}  # edition -> its file in this folder
    for source in _sources(folder, "programmes/*.yaml", "programmes/*.yml"):
        programme, problems = _build_programme(source, reading.roles, reading.indicators)
        reading.problems.extend(problems)
        if programme is None or isinstance(source, Problem):
            continue
        if programme.id in given:
            reading.problems.append(source.problem(_taken(programme.id, given[programme.id])))
        else:
            given[programme.id] = source.file
            reading.programmes[programme.id] = programme


def _read_events(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "events.yaml"):
        events, problems = _shaped(source, _build_events, tuple(EventRules.model_fields))
        if events is not None and isinstance(source, Source):
            found = check_events(events, roles=reading.roles, templates=reading.templates)
            problems = tuple(map(source.problem, found))
        reading.problems.extend(problems)
        reading.events = events if events is not None and not problems else reading.events


def _read_feedback(reading: _Reading, folder: Path) -> None:
    for source in _sources(folder, "feedback.yaml"):
        file, problems = _shaped(source, _build_feedback, tuple(FeedbackFile.model_fields))
        if file is not None and isinstance(source, Source):
            problems = tuple(map(source.problem, check_feedback(file)))
        reading.problems.extend(problems)
        reading.feedback = reading.feedback.with_file(file) if file and not problems else reading.feedback


def _fill(source: Source | Problem, environ: Mapping[str, str]) -> tuple[Source | Problem, tuple[Problem, ...]]:
    """Put the environment's values into the addresses, so that no password needs to stand in a file."""
    if isinstance(source, Problem) or not isinstance(source.value, dict):
        return source, ()
    lacking: list[Problem] = []
    filled: dict[str, object] = {}
    for name, setting in source.value.items():
        filled[name] = setting
        if isinstance(setting, dict) and isinstance(url := setting.get("url"), str):
            lacking += [
                source.problem(_unset((name, "url"), wanted)) for wanted in _NAMED.findall(url) if wanted not in environ
            ]
            filled[name] = {**setting, "url": _NAMED.sub(lambda found: environ.get(found[1], ""), url)}
    return replace(source, value=filled), tuple(lacking)


_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _unset(loc: Loc, name: str) -> Finding:
    what = Text(f"The environment variable {name} is not set", f"未设置环境变量 {name}")
    return Finding(loc, what, Text("Set it, or take the channel out", "请设置该变量，或删除该渠道"))


def _read_templates(reading: _Reading, folder: Path) -> None:
    given: dict[str, str] = {}  # id -> its file in this folder
    for source in _sources(folder, *_TEMPLATE_FILES):
        template, problems = _build_template(source, reading.roles, reading.policies, reading.indicators)
        reading.problems.extend(problems)
        if template is None or isinstance(source, Problem):
            continue
        if template.id in given:
            reading.problems.append(source.problem(_taken(template.id, given[template.id])))
        else:
            given[template.id] = source.file
            reading.templates[template.id] = template


_TEMPLATE_FILES = tuple(f"{room}/*.{end}" for room in ("activities", "special_actions") for end in ("yaml", "yml"))


def _taken(name: str, file: str) -> Finding:
    what = Text(
        f"The id `{name}` is already used by {file}, which stays", f"编号“{name}”已在 {file} 中使用，以该文件为准"
    )
    return Finding(("id",), what, Text("Give this one its own id", "请另取编号"))
