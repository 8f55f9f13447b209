"""One YAML file, read so that every value can be traced back to its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import BaseConstructor, RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from config.problems import Finding, Loc, Problem, path_of
from config.words import Text

MOST_BYTES = 1_000_000
# Aliases unfold: nine lines of them can stand for a thousand million values. A large template has about 2,000.
MOST_VALUES = 50_000
# The reader needs time with the square of the depth: 20,000 open brackets kept it busy for 7 s. A template has 5.
MOST_BRACKETS = 200

# Beside its own errors ruamel stumbles over tags that do not fit their value, such as `!!bool plan` or `!!omap x`.
_READER_FAILS = (YAMLError, RecursionError, ValueError, LookupError, AttributeError, TypeError)


class _Constructor(RoundTripConstructor):
    """Leave dates as they were written: `2026-02-30` is then refused with its line, not by a crash of the reader."""


class _FastConstructor(SafeConstructor):
    """The same for the fast reader, which knows no lines."""


def _written(loader: BaseConstructor, node: object) -> object:
    return loader.construct_scalar(node)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _written)
_FastConstructor.add_constructor("tag:yaml.org,2002:timestamp", _written)


@dataclass(frozen=True)
class Source:
    """A file's value in plain dicts and lists; its lines are looked for only when something is wrong.

    given: the value as ruamel read it, with lines (or plain too); None: to be read from `text`.
    """

    file: str
    value: object
    given: object = None
    text: str = ""

    @cached_property
    def node(self) -> object:
        """The value with the lines that it was read from; without them where only the fast reader can read it."""
        if self.given is not None:
            return self.given
        try:
            return _yaml().load(self.text)
        except _READER_FAILS:
            return self.value

    def line(self, loc: Loc) -> int:
        """Find the line of a key or entry, from 1; of what holds it where it is missing."""
        node, line = self.node, _start(self.node)
        for step in loc:
            line = _line_in(node, step) or line
            node = _inside(node, step)
        return line

    def problem(self, finding: Finding) -> Problem:
        return Problem(self.file, self.line(finding.loc), path_of(finding.loc), finding.what, finding.mend)


# Nearly all the time of reading a catalogue goes here; a process that reads it again finds the same files.
@lru_cache(maxsize=64)
def read_source(file: str, content: bytes) -> Source | Problem:
    """Read one YAML 1.2 document in UTF-8; what cannot be read is returned as its Problem."""
    if len(content) > MOST_BYTES:
        return _too_large(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(file, content.count(b"\n", 0, error.start) + 1)
    if _deepest(text) > MOST_BRACKETS:
        return _too_large(file)
    quick = _read_fast(file, text)
    if quick is not None:
        return quick
    try:
        node = _yaml().load(text)
    except _READER_FAILS as error:
        return _not_yaml(file, error, text)
    return _empty(file) if node is None else source_of(file, node)


def _read_fast(file: str, text: str) -> Source | None:
    """Read by libyaml, nine times as fast; None where it stumbles, so that the other reader tells why and where."""
    yaml = YAML(typ="safe")
    yaml.Constructor = _FastConstructor
    try:
        node = yaml.load(text)
        return None if node is None else Source(file, _plain(node, iter(range(MOST_VALUES))), text=text)
    except (*_READER_FAILS, OverflowError):
        return None


def source_of(file: str, node: object) -> Source | Problem:
    """Take a value that was read already, such as a part of a larger file."""
    try:
        return Source(file, _plain(node, iter(range(MOST_VALUES))), given=node)
    except (OverflowError, RecursionError):
        return _too_large(file)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    return yaml


def _deepest(text: str) -> int:
    """Count the brackets open at once; those in texts are counted too, which only matters in their hundreds."""
    steps = {"[": 1, "{": 1, "]": -1, "}": -1}
    return max(accumulate(steps[found] for found in re.findall(r"[\[\]{}]", text)), default=0)


def _plain(node: object, left: Iterator[int]) -> object:
    if next(left, None) is None:
        raise OverflowError
    if isinstance(node, dict):
        return {str(key): _plain(node[key], left) for key in node}
    if isinstance(node, list | tuple):
        return [_plain(entry, left) for entry in node]
    if isinstance(node, TaggedScalar):
        return str(node.value)
    return str(node) if isinstance(node, str) else node


def _start(node: object) -> int:
    return node.lc.line + 1 if isinstance(node, CommentedMap | CommentedSeq) and node.lc.line is not None else 1


def _line_in(node: object, step: str | int) -> int | None:
    try:
        if isinstance(node, CommentedMap):
            return int(node.lc.key(step)[0]) + 1
        if isinstance(node, CommentedSeq):
            return int(node.lc.item(step)[0]) + 1
    except (KeyError, TypeError):  # not written here: missing, or merged from an alias
        return None
    return None


def _inside(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return None


def _too_large(file: str) -> Problem:
    what = Text("The file is too large", "文件过大")
    return Problem(file, 1, "", what, Text("Split it, or use fewer aliases", "请拆分文件，或减少 YAML 别名"))


def _not_utf8(file: str, line: int) -> Problem:
    what = Text("The file is not written in UTF-8", "文件不是 UTF-8 编码")
    return Problem(file, line, "", what, Text("Save it again as UTF-8", "请在编辑器中另存为 UTF-8"))


def _empty(file: str) -> Problem:
    what = Text("The file is empty", "文件为空")
    return Problem(file, 1, "", what, Text("Fill it or delete it", "请填写或删除该文件"))


def _not_yaml(file: str, error: Exception, text: str) -> Problem:
    said, line = "nested too deeply" if isinstance(error, RecursionError) else str(error), 1
    if isinstance(error, MarkedYAMLError):
        said = " ".join(filter(None, (error.context, error.problem)))
        line = error.problem_mark.line + 1 if error.problem_mark else 1
    elif isinstance(error, ReaderError):
        said, line = error.reason, text.count("\n", 0, error.position) + 1
    said = (said.splitlines() or ["unreadable"])[0]
    return Problem(
        file, line, "", Text(f"This is not valid YAML: {said}", f"不是有效的 YAML（{said}）"), _yaml_mend(said)
    )


def _yaml_mend(said: str) -> Text:
    if "\\t" in said:
        return Text("Indent with blanks, not with a tab", "请用空格缩进，不要用制表符")
    if "duplicate key" in said:
        return Text("Remove one of the two keys", "请删除其中一个键")
    return Text(
        "Look at the indentation, the colons and the quotes of this line and the one above",
        "请检查该行和上一行的缩进、冒号（半角，后面留空格）和引号",
    )
