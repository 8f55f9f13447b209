"""What a command has to say, and saying it: tables for people, JSON for programs, the sensible next command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

WIDTH_IN_PIPES = 140
NEXT = {"en": "Next: ", "zh": "下一步："}


@dataclass(frozen=True)
class Shown:
    """The outcome of a command.

    facts: for --json, made of what JSON knows. parts: for people, one after the other. next_commands: complete
    commands, the most sensible one first. told: the code of a cycle whose picture in Prefect is to be drawn again;
    action: the id of a special action, likewise.
    """

    facts: object
    parts: Sequence[RenderableType] = ()
    next_commands: Sequence[str] = ()
    exit_code: int = 0
    told: str = field(default="")
    action: str = field(default="")


def show(shown: Shown, *, as_json: bool, language: str) -> None:
    """Write to stdout."""
    if as_json:
        write_json(shown.facts)
        return
    from rich.console import Console

    from config.seen import visible

    _make_writable(sys.stdout)
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDTH_IN_PIPES)
    for part in shown.parts:
        # Only our own markup objects are styled: a title with [brackets] stays as somebody wrote it.
        if isinstance(part, str):
            console.print(visible(part), markup=False, soft_wrap=True)
        else:
            console.print(_Visible(part), markup=False)
    for number, command in enumerate(shown.next_commands):
        label = NEXT[language]
        console.print((label if number == 0 else " " * _width(label)) + visible(command), markup=False, soft_wrap=True)


@dataclass(frozen=True)
class _Visible:
    """Something drawn without what a terminal would obey: a note may hold its commands."""

    part: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Draw it; only our own styles reach the terminal."""
        from rich.segment import Segment

        from config.seen import visible

        for drawn in console.render(self.part, options):
            yield Segment(visible(drawn.text), drawn.style, drawn.control)


def write_json(facts: object) -> None:
    """Write one JSON document in UTF-8, whatever the system's encoding is."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")


def complain(kind: str, text: str, *, as_json: bool) -> None:
    """Say what went wrong: to stderr for people, to stdout for programs."""
    if as_json:
        write_json({"error": {"kind": kind, "text": text}})
        return
    from config.seen import visible

    _make_writable(sys.stderr)
    sys.stderr.write(visible(text.rstrip()) + "\n")


def _make_writable(stream: TextIO) -> None:
    # A terminal that knows no Chinese shows question marks rather than a traceback.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
