"""A hospital in which an enemy chose every word, brought in by the real doors; and taking pages apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

from engine.evidence import GivenFile
from engine.hospital import import_hospital
from engine.indicator_cells import note_of
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from models.db import Database
from models.task import AnswerKind
from notifications.deliver import deliver_due
from notifications.render import Message
from notifications.senders import Address
from tests.indicators import put, unit_of, vte
from tests.voices import Recorder, voice
from tests.walks import Walk, stage, task, template, with_template
from tests.workbooks import write_xlsx

TWO = template(
    stage("work", task("first", owner="lead", evidence="optional"), task("then", owner="lead", after=["first"]))
)
MOST_NAME, MOST_TITLE = 200, 300


@dataclass(frozen=True)
class World:
    """One cycle for each word: title, unit, lead, note, file and note of a value all are that word."""

    database: Database
    rules: Rules
    now: datetime
    words: Sequence[str]
    codes: Sequence[str]
    sent: Sequence[tuple[Message, Address]]


def world(database: Database, rules: Rules, folder: Path, now: datetime, words: Sequence[str]) -> World:
    """Import, launch, answer, count, and write every message."""
    rules = with_template(rules, TWO)
    with database.transaction("test") as session:
        import_hospital(session, _workbook(folder / "hospital.xlsx", words), rules=rules, by=None, now=now)
    cycles = [_cycle(database, rules, now, n, word) for n, word in enumerate(words)]
    unit_ids = [unit_of(database, f"u-{n}") for n in range(len(words))]
    put(
        database,
        [vte(unit_ids[n], 1, 80, note=note_of(word[:MOST_TITLE])) for n, word in enumerate(words)],
        rules=rules,
        now=now,
    )
    box, later = Recorder(), now + timedelta(hours=1)
    deliver_due(database, voice=voice(box), now=lambda: later)
    return World(database, rules, now, words, cycles, box.sent)


def _workbook(file: Path, words: Sequence[str]) -> Path:
    named = [word.encode("utf-8", "ignore").decode()[:MOST_NAME] for word in words]
    units = [("hospital", "Hospital", "医院", "hospital", "")]
    units += [(f"u-{n}", name, name, "ward", "hospital") for n, name in enumerate(named)]
    people = [("eva", "Eva Sun", "eva@hospital.example", "en", "email", "", "")]
    people += [(f"p-{n}", name, f"p-{n}@hospital.example", "zhen"[n % 2 * 2 :][:2], "email", "", "")
               for n, name in enumerate(named)]  # fmt: skip
    roles = [("eva", "quality-office", "hospital", "", "")]
    return write_xlsx(file, {"units": units, "people": people, "roles": roles, "absences": ()})


def _cycle(database: Database, rules: Rules, now: datetime, n: int, word: str) -> str:
    """Launch a cycle and answer its first task."""
    asked = Launch(template="trial", unit=f"u-{n}", lead=f"p-{n}", title=word[:MOST_TITLE])
    with database.transaction("test") as session:
        by = directory(session).person(f"p-{n}").id
        cycle = launch_cycle(session, asked, rules=rules, by=by, now=now)
        walk = Walk(database, rules, cycle.id)
        given = GivenAnswer(kind=AnswerKind.DONE, note=word, evidence=(GivenFile(name=f"{word}.txt", content=b"x"),))
        submit_answer(session, walk.task_id("first", session), given, rules=rules, by=by, now=now)
        return cycle.code


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, in order; and its addresses."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, ...]] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, *(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")]

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("!",))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
