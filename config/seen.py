"""What no reader sees but some programs obey, taken out of words that people wrote."""

import re

# Control characters (a terminal obeys them, a mail server refuses them, PostgreSQL stores no NUL), halves of
# characters, line ends of Unicode; and the marks that turn the direction of writing, which can make a subject, a link
# or a file's name read as something else.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def visible(written: str) -> str:
    """Put a blank where something cannot be seen; ends of lines and tabs stay."""
    return _UNSEEN.sub(" ", written.replace("\r\n", "\n"))


def on_one_line(written: str) -> str:
    """Bring words to one line of what can be seen."""
    return " ".join(visible(written).split())
