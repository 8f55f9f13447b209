"""The options that commands share; only the standard library and cyclopts are loaded for them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from cli.speech import say

LANGUAGE = say("Language of the output: en or zh.", "输出语言：en 或 zh。")
DATABASE = say(
    "Database, such as sqlite:///file.db or postgresql://user@host/name; else WARDCYCLE_DATABASE_URL.",
    "数据库地址，如 sqlite:///file.db 或 postgresql://user@host/name；默认取 WARDCYCLE_DATABASE_URL。",
)
NOW = say(
    "Take this as the present moment: 2026-03-02T09:30, in the hospital's zone.",
    "以此作为当前时间：2026-03-02T09:30（医院所在时区）。",
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Basic:
    """What every command takes."""

    json: Annotated[bool, Parameter(help=say("Print JSON.", "以 JSON 输出。"), negative="")] = False
    language: Annotated[Literal["en", "zh"] | None, Parameter(help=LANGUAGE)] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Stored(Basic):
    """What a command takes that looks into the database."""

    database: Annotated[str | None, Parameter(help=DATABASE)] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Timed(Stored):
    """What a command takes to which the moment matters."""

    now: Annotated[str | None, Parameter(help=NOW)] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Signed(Timed):
    """What a command takes that somebody may sign with their name."""

    by: Annotated[str | None, Parameter(help=say("Who does this: a person's id.", "操作人编号。"))] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Acting(Timed):
    """What a command takes that somebody must answer for."""

    by: Annotated[str, Parameter(help=say("Who does this: a person's id.", "操作人编号。"))]


BASIC, STORED, TIMED, SIGNED = Basic(), Stored(), Timed(), Signed()

Why = Annotated[str, Parameter(help=say("The reason, in a few words.", "理由，几个字即可。"))]
Limit = Annotated[int, Parameter(help=say("At most so many lines.", "最多显示的行数。"))]
