"""What every test may ask for: a real database of its own on both systems, the rules of a hospital, a moment."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from config.calendar import calendar_of
from config.catalogue import read_catalogue
from engine.rules import Rules
from models.db import Database
from models.migrations.upgrade import upgrade
from tests.chaos.sizes import FULL
from tests.postgres import Server, in_memory, running

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50, database=None)
settings.register_profile("desk", deadline=None, max_examples=50)
settings.register_profile("release", deadline=None, max_examples=4_000, database=None)
settings.load_profile("release" if FULL else "ci" if os.environ.get("CI") else "desk")

# Tests start many processes; what one has compiled the next one finds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SYSTEMS = ("sqlite", "postgresql")
# These files wait for processes or work longest: begun first, they are not what everybody waits for at the end.
LONGEST = (
    "e2e/test_up.py",
    "e2e/test_kill.py",
    "simulation/",
    "integration/test_bench.py",
    "chaos/",
    "e2e/",
    "security/",
    "integration/test_workers.py",
    "integration/test_cli_",
    "integration/",
)
_ran = dict.fromkeys(SYSTEMS, 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the order within a file stays."""
    folder = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(folder).as_posix()
        return next((n for n, part in enumerate(LONGEST) if name.startswith(part)), len(LONGEST))

    items.sort(key=rank)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the tests that really ran on each database system."""
    if report.when == "call" and report.passed:
        for name in SYSTEMS:
            _ran[name] += f"[{name}" in report.nodeid or f"-{name}" in report.nodeid


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI that left a database system out; at the desk one may choose tests."""
    if hasattr(session.config, "workerinput"):  # a worker sees a part only; the controller hears of all
        return
    if os.environ.get("CI") and not all(_ran.values()) and session.exitstatus == pytest.ExitCode.OK:
        print(f"\nNot every database system was tested: {_ran}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server; each test makes its own database on it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("migrated") / "wardcycle.db"
    _migrate(sa.URL.create("sqlite", database=str(file)))
    return file


@pytest.fixture(scope="session")
def migrated_template(postgres: Server) -> Iterator[str]:
    """The name of a migrated PostgreSQL database that tests copy."""
    url = postgres.create()
    _migrate(url)
    yield str(url.database)
    postgres.drop(url)


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> str:
    """The database system of this run of the test."""
    return str(request.param)


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder for a SQLite file, in memory where there is room: the disk is not what is tested."""
    with tempfile.TemporaryDirectory(prefix="wardcycle-test-", dir=in_memory()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shelf() -> Iterator[Path]:
    """The folder in which the SQLite files of one test after the other lie."""
    with tempfile.TemporaryDirectory(prefix="wardcycle-test-", dir=in_memory()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def doors() -> dict[str, Database]:
    """The doors to the tests' databases by address: a statement is compiled once, not in each test anew."""
    return {}


@pytest.fixture
def empty_url(system: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without tables."""
    yield from _url(system, request, migrated=False)


@pytest.fixture
def database_url(system: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated, empty database, for programs that tests start."""
    yield from _url(system, request, migrated=True)


@pytest.fixture
def database(database_url: str, doors: dict[str, Database]) -> Iterator[Database]:
    """A migrated, empty database: once a SQLite file, once PostgreSQL."""
    opened = doors.setdefault(database_url, Database(database_url))
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped catalogue and the Chinese calendar."""
    catalogue = read_catalogue(environ={})
    return Rules(calendar_of(catalogue.calendars["cn"]), catalogue)


@pytest.fixture
def now() -> datetime:
    """Monday, 2 March 2026, 09:30 in Shanghai."""
    return datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def _url(system: str, request: pytest.FixtureRequest, *, migrated: bool) -> Iterator[str]:
    """Make a database that has the same address in each test and nothing from the one before."""
    name = "migrated" if migrated else "empty"
    if system == "sqlite":
        folder: Path = request.getfixturevalue("shelf") / name
        folder.mkdir()
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_file"), folder / "wardcycle.db")
        yield f"sqlite:///{folder / 'wardcycle.db'}"
        shutil.rmtree(folder)
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.create(request.getfixturevalue("migrated_template") if migrated else "template0", name)
    yield url.render_as_string(hide_password=False)
    server.drop(url)


def _migrate(url: sa.URL) -> None:
    database = Database(url.render_as_string(hide_password=False))
    upgrade(database)
    database.dispose()
