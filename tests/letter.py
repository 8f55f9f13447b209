"""What a test writes down whole, held to the letter against a kept file that people read as a diff."""

import os
from collections.abc import Iterable
from pathlib import Path

from notifications.render import Message

FOLDER = Path(__file__).parent / "data"


def words_of(message: Message) -> list[str]:
    """List what a message says, without greeting, signature and empty lines."""
    body, _, foot = message.text.partition("\n-- \n")
    said = [line for line in body.splitlines()[1:] if line]
    return [message.subject, *said, foot.splitlines()[-1]]


def is_to_the_letter(kind: str, name: str, lines: Iterable[str]) -> None:
    """Compare with tests/data/KIND/NAME.txt; WARDCYCLE_CHRONICLE=1 writes the file anew, for a change that is meant."""
    file = FOLDER / kind / f"{name.replace(' ', '-').replace('_', '-')}.txt"
    written = "\n".join(lines).strip("\n") + "\n"
    if os.environ.get("WARDCYCLE_CHRONICLE") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(written, "utf-8")
    assert written == file.read_text("utf-8")
