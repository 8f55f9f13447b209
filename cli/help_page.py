"""Help pages without rich, which alone would take longer to load than a reader wants to wait; right with Chinese."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cli.speech import say

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument

FLAGS = ("--help", "-h")
MOST_COLUMNS, WIDEST_NAME = 100, 30
Entry = tuple[str, str]


def find_help(app: App, tokens: Sequence[str]) -> str | None:
    """Write the page that is asked for by --help, or by naming a group without a command; None when none is."""
    words = tokens[: tokens.index("--")] if "--" in tokens else tokens
    asked = any(flag in words for flag in FLAGS)
    names, apps, rest = app.parse_commands([word for word in words if word not in FLAGS])
    if not asked and (apps[-1].default_command is not None or rest):
        return None
    return _page(apps[-1], ("wardcycle", *names))


def _page(app: App, names: tuple[str, ...]) -> str:
    is_group = app.default_command is None
    arguments = [] if is_group else [one for one in app.assemble_argument_collection(parse_docstring=False) if one.show]
    usage = [*names, *(["COMMAND"] if is_group else _usage(arguments))]
    lines = [say("Usage: ", "用法：") + " ".join(usage), "", app.help]
    lines += _section(say("Commands", "命令"), [(name, app[name].help) for name in app if not name.startswith("-")])
    lines += _section(say("Arguments", "参数"), [_entry(one) for one in arguments if _is_argument(one)])
    options = [_entry(one) for one in arguments if not _is_argument(one)]
    return "\n".join([*lines, *_section(say("Options", "选项"), [*options, *_flags(names)])])


def _flags(names: tuple[str, ...]) -> list[Entry]:
    version = [("--version", say("Show the version.", "显示版本。"))] if names == ("wardcycle",) else []
    return [*version, ("--help, -h", say("Show this page.", "显示本页。"))]


def _usage(arguments: Sequence[Argument]) -> Iterator[str]:
    for one in arguments:
        if _is_argument(one):
            yield one.name if one.required else f"[{one.name}]"
    for one in arguments:
        if one.required and not _is_argument(one):
            yield _entry(one)[0]
    yield say("[OPTIONS]", "[选项]")


def _is_argument(argument: Argument) -> bool:
    return argument.field_info.is_positional_only


def _entry(argument: Argument) -> Entry:
    name = argument.names[0]
    if not _is_argument(argument) and argument.token_count()[0]:
        name += " " + name.strip("-").replace("-", "_").upper()
    said = argument.parameter.help or ""
    choices = argument.get_choices()
    if choices:
        said += say(" One of: ", "可选：") + ", ".join(choices) + say(".", "。")
    return name, said + (say(" Required.", "必填。") if argument.required and not _is_argument(argument) else "")


def _section(title: str, entries: Sequence[Entry]) -> list[str]:
    if not entries:
        return []
    width = min(WIDEST_NAME, max(_width(name) for name, _ in entries))
    room = max(30, min(MOST_COLUMNS, shutil.get_terminal_size().columns) - width - 4)
    lines = ["", title + say(":", "：")]
    for name, said in entries:
        first, *others = _wrap(said, room) or [""]
        if _width(name) > width:
            lines.append(f"  {name}")
            name = ""
        lines.append(f"  {name}{' ' * (width - _width(name))}  {first}".rstrip())
        lines += [" " * (width + 4) + other for other in others]
    return lines


def _wrap(text: str, room: int) -> list[str]:
    """Break between words, and between any two Chinese characters."""
    lines, line, at_blank = [], "", -1
    for letter in text:
        line += letter
        if letter == " " or _width(letter) == 2:
            at_blank = len(line)
        if _width(line) > room:
            cut = at_blank - (letter != " " and at_blank == len(line)) if at_blank > 0 else len(line) - 1
            lines.append(line[:cut].rstrip())
            line, at_blank = line[cut:].lstrip(), -1
    return [*lines, line] if line else lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
