"""What is wrong in a hospital's file, where, and how to mend it, in both languages."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic_core import ErrorDetails

from config.words import Refused, Text

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong at a place in a value; config.source knows the file and the line."""

    loc: Loc
    what: Text
    mend: Text


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file; nothing of that file is loaded.

    file: relative to the folder that was read. line: from 1. path: such as `stages[0].tasks[1].owner`, may be empty.
    """

    file: str
    line: int
    path: str
    what: Text
    mend: Text

    def text(self, language: str) -> str:
        """Say it in one line."""
        where = f"{self.file}:{self.line}" + (f" {self.path}" if self.path else "")
        what, mend = self.what.in_(language), self.mend.in_(language)
        return f"{where}：{what}。{mend}。" if language.lower().startswith("zh") else f"{where}: {what}. {mend}."


def path_of(loc: Loc) -> str:
    """Write a place as people do: `stages[0].tasks[1].owner`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def nearest(word: str, known: Iterable[str]) -> Text:
    """Suggest the known word that was probably meant, else list them all."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return Text(f"Perhaps `{close[0]}` was meant", f"也许应为“{close[0]}”")
    return Text(f"Write one of: {', '.join(words)}", f"请从中选择：{'、'.join(words)}")


def explain(error: ErrorDetails, fields: Iterable[str]) -> Finding:
    """Turn an error of Pydantic into words; `fields` are the keys allowed at that place."""
    loc = tuple(step for step in error["loc"] if step != "[key]")
    if loc and error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        what = Text(f"The key `{loc[-1]}` is not known", f"未知的键“{loc[-1]}”")
        return Finding(loc, what, nearest(str(loc[-1]), fields))
    context: Mapping[str, object] = error.get("ctx", {})
    refusal = context.get("error")
    if isinstance(refusal, Refused):
        return Finding(loc, refusal.what, refusal.mend)
    if error["type"] == "missing":
        return Finding(loc, *_missing(str(loc[-1])))
    if error["type"] in ("enum", "literal_error"):
        return Finding(loc, *_choice(error["input"], str(context["expected"])))
    if (words := _WORDS.get(error["type"])) is not None:
        return Finding(loc, *words(context))
    return Finding(loc, Text(error["msg"], f"此处的值无法使用（{error['msg']}）"), Text("Mend the value", "请修改该值"))


def _missing(key: str) -> tuple[Text, Text]:
    if key in ("en", "zh"):
        return (
            Text(f"The {'English' if key == 'en' else 'Chinese'} text is missing", _LACKS[key]),
            Text("Write both, as in {en: Plan, zh: 计划}", "两种语言都要写，例如 {en: Plan, zh: 计划}"),
        )
    mend = _MISSING.get(key, Text(f"Add a line `{key}: ...`", f"请添加一行“{key}: ...”"))
    return Text(f"The key `{key}` is missing", f"缺少“{key}”"), mend


_LACKS = {"en": "缺少英文文字", "zh": "缺少中文文字"}
_MISSING = {
    "version": Text(
        "Add `version: 1`, and raise the number with every change", "请添加“version: 1”，每次修改后把数字加一"
    ),
    "kind": Text("Add `kind: pdca` or `kind: process`", "请添加“kind: pdca”或“kind: process”"),
    "due": Text("Add a deadline such as `due: 5wd`", "请添加期限，例如“due: 5wd”"),
    "period": Text(
        "Add when the edition is in force: `period: {start: 2026-01, end: 2027-12}`",
        "请添加本版的起止月份，例如“period: {start: 2026-01, end: 2027-12}”",
    ),
    "unit": Text(
        'Add in which unit the value is, such as `unit: {en: "%", zh: "%"}`',
        '请添加数值的单位，例如“unit: {en: "%", zh: "%"}”',
    ),
    "owner": Text("Add the role that does the task, such as `owner: lead`", "请添加负责的角色，例如“owner: lead”"),
}


def _choice(value: object, expected: str) -> tuple[Text, Text]:
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    return Text(f"`{value}` is not allowed here", f"此处不能写“{value}”"), nearest(str(value), choices)


Said = Callable[[Mapping[str, object]], tuple[Text, Text]]


def _same(what: Text, mend: Text) -> Said:
    return lambda _: (what, mend)


_BOTH = _same(
    Text("A text in two languages belongs here", "此处应为两种语言的文字"),
    Text("Write {en: Plan, zh: 计划}", "请写成 {en: Plan, zh: 计划}"),
)
_LIST = _same(
    Text("A list belongs here", "此处应为列表"),
    Text("Write [a, b], or one entry a line with `- ` before it", "请写成 [a, b]，或每行一项并以“- ”开头"),
)
_KEYS = _same(
    Text("Keys with values belong here", "此处应为“键: 值”"),
    Text("Write one `key: value` a line, with a blank after the colon", "每行写一个“键: 值”，冒号用半角且后面留空格"),
)
_WHOLE = _same(
    Text("A whole number belongs here", "此处应为整数"),
    Text("Write 1, 2, 3 without quotes", "请写 1、2、3，不加引号"),
)
_NUMBER = _same(
    Text("A number belongs here", "此处应为数字"), Text("Write 85 or 0.5 without quotes", "请写 85 或 0.5，不加引号")
)
_YES_NO = _same(
    Text("Either true or false belongs here", "此处应为 true 或 false"), Text("Write one of the two", "请二选一")
)

_WORDS: dict[str, Said] = {
    "dataclass_type": _BOTH,
    "tuple_type": _LIST,
    "model_type": _KEYS,
    "dict_type": _KEYS,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "string_type": _same(Text("A text belongs here", "此处应为文字"), Text("Put it into quotes", "请加上引号")),
    "string_too_short": _same(Text("The text is empty", "文字为空"), Text("Write it", "请填写")),
    "too_short": _same(Text("The list is empty", "列表为空"), Text("Write at least one entry", "请至少写一项")),
    "string_pattern_mismatch": _same(
        Text("This is not a short name", "这不是短名称"),
        Text("Use a-z, 0-9 and single hyphens, such as ward-round", "请用小写字母、数字和单个连字符，例如 ward-round"),
    ),
    "string_too_long": lambda context: (
        Text("The name is too long", "名称过长"),
        Text(f"Use at most {context['max_length']} characters", f"最多 {context['max_length']} 个字符"),
    ),
    "greater_than": lambda context: (
        Text("The number is too small", "数字过小"),
        Text(f"Write more than {context['gt']}", f"请写大于 {context['gt']} 的数"),
    ),
    "greater_than_equal": lambda context: (
        Text("The number is too small", "数字过小"),
        Text(f"Write {context['ge']} or more", f"请写 {context['ge']} 或更大的数"),
    ),
    "less_than_equal": lambda context: (
        Text("The number is too large", "数字过大"),
        Text(f"Write {context['le']} or less", f"请写 {context['le']} 或更小的数"),
    ),
    "date_from_datetime_parsing": _same(
        Text("This is not a date", "这不是日期"), Text("Write 2026-03-31", "请写 2026-03-31")
    ),
}
