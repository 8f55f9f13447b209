"""What somebody typed into the form of an answer, and making an answer of it."""

from dataclasses import dataclass
from datetime import date

from config.words import Text
from engine.evidence import GivenFile
from engine.tasks import GivenAnswer
from models.errors import DateMissing, Refused
from models.task import AnswerKind

MOST_NOTE = 5000
CHOICES = {
    "take": Text("I take it over", "我来接手"),
    "acknowledge": Text("Seen, I am on it", "已知悉，正在办理"),
    "done": Text("It is done", "已完成"),
    "extend": Text("I need more time", "需要延期"),
    "hand-over": Text("Somebody else should do it", "移交他人"),
    "blocked": Text("Something stands in the way", "遇到障碍"),
}


class NothingChosen(Refused):
    """Choose one of the answers first. Nothing was changed."""

    zh = "请先选择一种答复。没有任何改动。"


class NotTicked(Refused):
    """Tick that you want to take your answer back. Nothing was changed."""

    zh = "请先勾选确认撤回答复。没有任何改动。"


class NobodyThere(Refused):
    """Nobody has the id '{to}'. Choose a colleague from the list, or correct the id."""

    zh = "没有编号为“{to}”的人员。请从列表中选择同事，或改正编号。"


class NoteTooLong(Refused):
    """The note has {n} characters; at most {most} are taken. Shorten it, or attach it as a file."""

    zh = "说明共 {n} 字，最多 {most} 字。请缩短，或作为附件提交。"


@dataclass(frozen=True)
class Typed:
    """What somebody put into the form."""

    choice: str = ""
    note: str = ""
    until: str = ""
    to: str = ""
    files: tuple[GivenFile, ...] = ()

    def given(self) -> GivenAnswer:
        """Make an answer of it. Raises NothingChosen, NoteTooLong, DateMissing."""
        if self.choice not in {kind.value for kind in AnswerKind}:
            raise NothingChosen
        if len(self.note) > MOST_NOTE:
            raise NoteTooLong(n=len(self.note), most=MOST_NOTE)
        kind = AnswerKind(self.choice)
        return GivenAnswer(
            kind=kind,
            note=self.note,
            until=_date(self.until) if kind is AnswerKind.EXTEND else None,
            to=(self.to.strip() or None) if kind is AnswerKind.HAND_OVER else None,
            evidence=self.files if kind is AnswerKind.DONE else (),
        )


def _date(written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise DateMissing from None
