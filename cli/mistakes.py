"""What can be wrong with a command itself: words that cannot be read, files that are not there, settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from models.errors import Refused, UsageError, WardcycleError

if TYPE_CHECKING:
    from cyclopts import CycloptsError


class Both:
    """A fact in two languages, for errors; config.words.Text would load Pydantic for every help page."""

    def __init__(self, en: str, zh: str) -> None:
        self.en, self.zh = en, zh

    def in_(self, language: str) -> str:
        """Give the text in a language."""
        return self.zh if language.startswith("zh") else self.en


NOT_THERE = Both("it is not there", "文件不存在")


class DateUnreadable(UsageError):
    """The date '{written}' of {option} cannot be read. Write it like 2026-03-31."""

    zh = "{option} 的日期“{written}”无法识别，请写成 2026-03-31。"


class MomentUnreadable(UsageError):
    """The moment '{written}' of {option} cannot be read. Write 2026-03-31T09:30 (the hospital's zone) or 2026-03-31."""

    zh = "{option} 的时间“{written}”无法识别，请写成 2026-03-31T09:30（医院所在时区）或 2026-03-31。"


class FileUnreadable(UsageError):
    """The file {file} cannot be read ({why}). Check its name and its rights."""

    zh = "无法读取文件 {file}（{why}）。请检查文件名和权限。"


class EditionUseless(UsageError):
    """The edition in {file} cannot be used:
    {problems}"""

    zh = "{file} 中的版本无法使用：\n{problems}"


class FileUnwritable(UsageError):
    """The file {file} cannot be written ({why}). Choose another place or mend its rights."""

    zh = "无法写入文件 {file}（{why}）。请换一个位置或修改权限。"


class FileThere(UsageError):
    """{file} is there already and may hold somebody's work. Give another name, or delete it first."""

    zh = "{file} 已存在，可能有人已填写。请换一个名称，或先删除它。"


class SettingWrong(UsageError):
    """The setting {name} cannot be used: {why}. Mend the environment variable."""

    zh = "设置项 {name} 无法使用：{why}。请修改该环境变量。"


class CalendarUnknown(UsageError):
    """There is no calendar '{name}'. Set WARDCYCLE_CALENDAR to one of: {known}."""

    zh = "没有名为“{name}”的日历。请把 WARDCYCLE_CALENDAR 设为：{known}。"


class FieldWrong(UsageError):
    """{field} cannot be used: {why}."""

    zh = "{field} 无法使用：{why}。"


class OptionsMissing(UsageError):
    """These options are needed here: {options}."""

    zh = "此处需要以下选项：{options}。"


class TemplateUnusable(Refused):
    """There is no template '{name}', perhaps because these files have problems and are not used:
    {listed}"""

    zh = "没有名为“{name}”的模板，可能是因为以下文件有问题而未被使用：\n{listed}"


class DatabaseBusy(WardcycleError):
    """Another program keeps the database {url} busy. Nothing was changed; try again in a moment."""

    zh = "数据库 {url} 正被其他程序占用，本次未作任何更改，请稍后再试。"
    exit_code: ClassVar[int] = 3


def kind_of(error: WardcycleError) -> str:
    """Name an error for programs: AlreadyAnswered is already-answered."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def usage_text(error: CycloptsError, language: str) -> str:
    """Say what cyclopts could not make sense of."""
    error.verbose = False
    return f"{_in_chinese(error)}用法见 --help。" if language == "zh" else f"{error} See --help."


def _in_chinese(error: CycloptsError) -> str:
    kind, english = type(error).__name__, str(error)
    names = re.findall(r'parameter (\S+)|option: "?([^\s"]+)|command "([^"]+)"|for (--[a-z-]+|[A-Z_]+)', english)
    name = next((part for found in names for part in found if part), "").rstrip(".")
    choices = re.search(r"Choose from: (.+?)\.(?: |$)", english)
    meant = re.search(r"Did you mean \"?([^\s\"?]+)\"?\?", english)
    hint = f"是否指 {meant[1]}？" if meant else ""
    if kind in ("MissingArgumentError", "ConsumeMultipleError"):
        return f"缺少 {name}。{hint}"
    if kind == "UnknownOptionError":
        return f"未知的选项 {name}。{hint}"
    if kind == "UnknownCommandError":
        return f"未知的命令 {name}。{hint}"
    if kind == "CoercionError":
        return f"{name} 的值无法使用" + (f"，可选：{choices[1]}。" if choices else "。") + hint
    if kind == "RepeatArgumentError":
        return f"{name} 只能写一次。"
    return f"命令无法识别（{english}）。"
