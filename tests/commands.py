"""Giving commands as a person does: through the real door, seeing exit code, output and errors."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import models.audit
import models.cycle
import models.notification
import models.people
import models.task
from cli.main import main
from models.base import Row
from models.db import Database
from tests.places import make_hospital


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def following(self) -> str:
        """The sensible next command, as printed."""
        return next(
            line.partition(mark)[2]
            for line in self.out.splitlines()
            for mark in ("Next: ", "下一步：")
            if line.startswith(mark)
        )


@dataclass
class Command:
    """Runs `wardcycle` in this process."""

    capsys: pytest.CaptureFixture[str]
    now: str = "2026-03-02T09:30"

    def __call__(self, *words: str, code: int = 0) -> Ran:
        """Run a command and check its exit code."""
        self.capsys.readouterr()
        found = main(list(words))
        said = self.capsys.readouterr()
        ran = Ran(found, said.out, said.err)
        assert ran.code == code, (words, ran)
        return ran

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with --json and read its only output."""
        ran = self(*words, "--json", code=code)
        assert ran.err == ""
        return json.loads(ran.out)

    def at(self, *words: str, code: int = 0) -> Ran:
        """Run a command at this test's moment."""
        return self(*words, "--now", self.now, code=code)


def rows_of(database: Database) -> dict[str, object]:
    """Count the rows of every table, and note the end of the audit trail."""
    with database.reading() as session:
        counts: dict[str, object] = {
            table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in Row.metadata.sorted_tables
        }
        head = session.execute(sa.select(models.audit.AuditHead.hash)).scalar_one()  # type: ignore[call-overload]
        return counts | {"head": head}


@pytest.fixture
def installation(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which commands run; nothing of this machine's own installation is touched or asked."""
    monkeypatch.chdir(tmp_path)
    for name in ("WARDCYCLE_CONFIG_FOLDER", "WARDCYCLE_DEBUG", "PREFECT_API_URL", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", database_url)
    monkeypatch.setenv("WARDCYCLE_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("WARDCYCLE_LANGUAGE", "en")
    # Ports on which nobody listens.
    for name in ("PREFECT_PORT", "WEB_PORT", "MAILBOX_SMTP_PORT"):
        monkeypatch.setenv(f"WARDCYCLE_{name}", "1")
    return tmp_path


@pytest.fixture
def command(installation: Path, database: Database, capsys: pytest.CaptureFixture[str]) -> Command:
    """Commands given in the small hospital."""
    make_hospital(database)
    return Command(capsys)
