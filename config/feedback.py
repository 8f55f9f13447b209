"""What patients may say and by when they are answered: the shape of config/feedback.yaml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from pydantic import Field

from config.problems import Finding, Loc
from config.shapes import DueText, Shape, Slug
from config.words import Text
from config.written import Unit, parse_due

REOPEN_DAYS = 30


class FeedbackKind(Shape):
    """One kind of word from a patient. Every time counts from the moment at which it came."""

    id: Slug
    title: Text
    acknowledge: DueText = Field("1wd", description="Somebody has read it and named the departments.")
    draft: DueText = Field("3wd", description="Each department has drafted its part; counts from being asked.")
    answer: DueText = Field("5wd", description="The patient has the answer.")
    several: DueText | None = Field(None, description="The answer, where several departments are concerned.")
    complaint: bool = Field(False, description="true: counted as a complaint by the indicator.")
    note: Text | None = Field(None, description="Where the times come from, and how far that is confirmed.")

    def answer_within(self, n_units: int) -> str:
        """Give the time for the answer by how many departments are concerned."""
        return self.several if self.several is not None and n_units > 1 else self.answer


class FeedbackFile(Shape):
    """A file feedback.yaml; what a hospital's own leaves out stays as shipped, kinds are replaced by id."""

    reopen_days: int | None = Field(None, ge=1, le=365, strict=True, description="So long `not solved` reopens.")
    said_and_done: Literal["everybody", "staff"] | None = Field(None, description="Who reads `you said, we did`.")
    kinds: tuple[FeedbackKind, ...] = ()


@dataclass(frozen=True)
class FeedbackRules:
    """What holds for feedback in one hospital. for_everybody: of the page `you said, we did`."""

    reopen_days: int = REOPEN_DAYS
    for_everybody: bool = True
    kinds: Mapping[str, FeedbackKind] = field(default_factory=dict)

    def with_file(self, file: FeedbackFile) -> "FeedbackRules":
        """Lay a hospital's own file over these."""
        asked = file.said_and_done
        return replace(
            self,
            reopen_days=file.reopen_days or self.reopen_days,
            for_everybody=self.for_everybody if asked is None else asked == "everybody",
            kinds={**self.kinds, **{kind.id: kind for kind in file.kinds}},
        )


def check_feedback(file: FeedbackFile) -> Iterator[Finding]:
    """Find kinds that stand twice, fixed dates, and times that end before what they follow."""
    seen: set[str] = set()
    for i, kind in enumerate(file.kinds):
        loc: Loc = ("kinds", i)
        if kind.id in seen:
            what = Text(f"`{kind.id}` appears twice", f"“{kind.id}”重复")
            yield Finding((*loc, "id"), what, Text("Use each one only once", "每一个都应不同"))
        seen.add(kind.id)
        yield from _check_times(loc, kind)


def _check_times(loc: Loc, kind: FeedbackKind) -> Iterator[Finding]:
    named = {"acknowledge": kind.acknowledge, "draft": kind.draft, "answer": kind.answer, "several": kind.several}
    times = {name: parse_due(written) for name, written in named.items() if written is not None}
    for name, due in times.items():
        if due.unit is Unit.DATE:
            what = Text("A date cannot count from each patient's word", "不能写固定日期，时限应从收到之时起算")
            yield Finding((*loc, name), what, Text("Write 5wd, 10d or 24h", "请写 5wd、10d 或 24h"))
    ordered = [(name, due) for name, due in times.items() if name != "draft"]
    for (first, before), (name, due) in pairwise(ordered):
        if before.unit is due.unit and due.n < before.n:
            what = Text(f"`{name}` {due} ends before `{first}` {before}", f"{name} {due} 早于 {first} {before}")
            yield Finding((*loc, name), what, Text("Give it as much time or more", "请不要少于前者"))
