"""What a password must be: long, and none of those that everybody tries first. Pure."""

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from models.errors import Refused

SHORTEST, LONGEST = 12, 200
FEWEST_LETTERS = 5  # different ones
# The long passwords of published leaks come down to these words, turned round, repeated or with numbers about them.
COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())
RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")


class PasswordTooShort(Refused):
    """The password needs at least {shortest} characters. Three or four words in a row are easy to keep in mind."""

    zh = "密码至少需要 {shortest} 个字符。用三四个词连成一句更容易记住。"


class PasswordTooLong(Refused):
    """The password has more than {longest} characters. Choose a shorter one."""

    zh = "密码超过 {longest} 个字符，请换一个较短的。"


class PasswordCommon(Refused):
    """This password is one of those that are tried first: a common word, a run of keys, or your own name. \
Choose another one."""

    zh = "此密码过于常见（常用词、键盘连续字符或本人姓名），容易被猜中，请另选一个。"


def check_password(password: str, own: Iterable[str]) -> None:
    """Refuse what others would guess. own: the person's names and addresses. Raises a Refused that says why."""
    if len(password) < SHORTEST:
        raise PasswordTooShort(shortest=SHORTEST)
    if len(password) > LONGEST:
        raise PasswordTooLong(longest=LONGEST)
    written = password.lower()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", written)  # numbers and signs about a word add nothing
    letters = re.sub(r"[\W\d_]", "", core.translate(_AS_LETTERS))
    plain = re.sub(r"[\W\d_]", "", written)
    if (
        len(set(written)) < FEWEST_LETTERS
        or any(_is_common(one) for one in {letters, plain} if one)
        or _is_run(written)
        or _is_own(written, own)
    ):
        raise PasswordCommon


_AS_LETTERS = str.maketrans("0134578@$!", "oieastbasi")


def _is_common(word: str) -> bool:
    """Answer whether a word, its mirror, or what it repeats is a common one."""
    bases = {word, word[::-1]}
    bases |= {word[:n] for n in range(2, len(word) // 2 + 1) if word == (word[:n] * len(word))[: len(word)]}
    return bool(bases & COMMON)


def _is_run(written: str) -> bool:
    """Answer whether it is keys in a row, one way or the other, however often."""
    steps = [ord(later) - ord(earlier) for earlier, later in pairwise(written)]
    doubled = [run * 2 for run in RUNS]
    return len(set(steps)) == 1 or any(written in run or written in run[::-1] for run in doubled)


def _is_own(written: str, own: Iterable[str]) -> bool:
    """Answer whether little but the person's own names is in it."""
    parts = {part for name in own for part in re.split(r"[\W_]+", name.lower()) if len(part) > 1}
    rest = written
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, "")
    return rest != written and len(rest) < SHORTEST // 2
