"""How a hospital deals with adverse events: the shape of config/events.yaml, and whether its parts fit together."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from pydantic import Field

from config.problems import Finding, Loc, nearest
from config.shapes import DueText, Shape, Slug, Template
from config.words import Text

TRIAGE, STATUTORY, ANSWER = "triage", "statutory-report", "closing-answer"


class Severity(StrEnum):
    """The class of an event; I is the gravest."""

    I = "I"  # noqa: E741 - as the classes are called
    II = "II"
    III = "III"
    IV = "IV"


class Harm(Shape):
    """What an event did to a patient, as the reporter can say it, and the class that this lets expect."""

    id: Slug
    grade: str = Field(pattern=r"^([A-I](-[A-I])?)?$", description="Of the nine grades A-I; empty: not known.")
    severity: Severity
    title: Text


class EventKind(Shape):
    """What an event was about."""

    id: Slug
    title: Text


class EventClass(Shape):
    """What follows from a class: which templates run, and by when each of their tasks is due.

    deadlines: task of `receipt` or `handling` -> deadline, counted from the moment at which the report came in.
    """

    title: Text
    meaning: Text
    receipt: Slug = Field(description="Launched when a report comes in that lets expect this class.")
    handling: Slug = Field(description="Launched at triage.")
    analysis: Slug | None = Field(None, description="Launched at triage too, such as a root cause analysis.")
    deadlines: dict[Slug, DueText]


class EventRules(Shape):
    """One hospital's rules for adverse events."""

    handled_by: tuple[Slug, ...] = Field(min_length=1, description="Roles that triage and close.")
    reporter_seen_by: tuple[Slug, ...] = Field(description="Roles that may read who reported; each look is audited.")
    kinds: tuple[EventKind, ...] = Field(min_length=1)
    harms: tuple[Harm, ...] = Field(min_length=1)
    classes: dict[Severity, EventClass]

    def kind(self, slug: str) -> Text:
        """Give the words of a kind; those that are no longer in the file show their id."""
        return next((one.title for one in self.kinds if one.id == slug), Text(slug, slug))

    def harm(self, slug: str) -> Harm | None:
        """Find what was said of the harm."""
        return next((one for one in self.harms if one.id == slug), None)

    @property
    def templates(self) -> frozenset[str]:
        """Name the templates whose tasks belong to an event."""
        return frozenset(name for one in self.classes.values() for name in (one.receipt, one.handling))


def check_events(
    written: EventRules, *, roles: Collection[str], templates: Mapping[str, Template]
) -> Iterator[Finding]:
    """Find unknown names, a class that lacks, deadlines of tasks that no template has, and those left out."""
    for key in ("handled_by", "reporter_seen_by"):
        for i, role in enumerate(getattr(written, key)):
            if role not in roles:
                yield _unknown((key, i), role, roles, Text("role", "角色"))
    for key, ids in (("kinds", [one.id for one in written.kinds]), ("harms", [one.id for one in written.harms])):
        for i, slug in enumerate(ids):
            if slug in ids[:i]:
                what = Text(f"`{slug}` appears twice", f"“{slug}”重复")
                yield Finding((key, i, "id"), what, Text("Use each one only once", "每一个都应不同"))
    for severity in Severity:
        if severity not in written.classes:
            what = Text(f"The class {severity} is missing", f"缺少 {severity} 级")
            yield Finding(("classes",), what, Text("Write all of I, II, III and IV", "请写全 I、II、III、IV 四级"))
    for severity, one in written.classes.items():
        yield from _check_class(("classes", severity.value), one, templates)


def _check_class(loc: Loc, one: EventClass, templates: Mapping[str, Template]) -> Iterator[Finding]:
    for key, slug in (("receipt", one.receipt), ("handling", one.handling), ("analysis", one.analysis)):
        if slug is not None and slug not in templates:
            yield _unknown((*loc, key), slug, templates, Text("template", "模板"))
    named = [templates[slug] for slug in (one.receipt, one.handling) if slug in templates]
    if len(named) < 2:
        return
    tasks = {task.id for template in named for task in template.tasks}
    for slug in one.deadlines:
        if slug not in tasks:
            yield _unknown((*loc, "deadlines", slug), slug, tasks, Text("task", "任务"))
    for slug in sorted((tasks | {TRIAGE, ANSWER}) - set(one.deadlines)):
        what = Text(f"The deadline of `{slug}` is missing", f"缺少任务“{slug}”的期限")
        yield Finding(
            (*loc, "deadlines"), what, Text(f"Write `{slug}: 5wd` or `{slug}: 24h`", f"请写 {slug}: 5wd 或 24h")
        )


def _unknown(loc: Loc, word: str, known: Collection[str], noun: Text) -> Finding:
    return Finding(loc, Text(f"The {noun.en} `{word}` is not known", f"未知的{noun.zh}“{word}”"), nearest(word, known))
