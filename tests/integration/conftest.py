"""Prefect keeps its files where the tests do (it reads its settings at its import); a ward that answers by link."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.rules import Rules
from models.db import Database

os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="wardcycle-prefect-")
atexit.register(shutil.rmtree, os.environ["PREFECT_HOME"], ignore_errors=True)
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from tests.commands import command, installation  # noqa: E402, F401 - fixtures of the tests of commands
from tests.e2e.answering import Ward, ward_at_work  # noqa: E402


@pytest.fixture
def ward(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Ward]:
    """One cycle whose messages carry links, with its mail server and its pages."""
    with ward_at_work(database, rules, tmp_path, now) as opened:
        yield opened
