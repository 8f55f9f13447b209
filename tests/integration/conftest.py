"""Prefect keeps its files where the tests do: it reads its settings when it is first imported."""

import os
import tempfile

os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="wardcycle-prefect-")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from tests.commands import command, installation  # noqa: F401 - fixtures of the tests of commands
