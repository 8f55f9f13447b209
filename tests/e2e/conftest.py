"""What the tests in a browser share: a hospital at work behind real pages, and one running `wardcycle up`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from engine.rules import Rules
from models.db import Database
from tests.e2e.browsing import chromium, site_at_work
from tests.e2e.installation import Installation, make_installation


@pytest.fixture
def system() -> str:
    """One database system: pages look the same on both, and the tests of integration read and write on both."""
    return "sqlite"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a screen; closed after each file, since its event loop would stop tests of flows."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def work(migrated_file: Path, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Database]]:
    """The pages of a hospital with cycles in every stage: their address and their database."""
    with site_at_work(migrated_file, tmp_path_factory.mktemp("site"), rules) as (address, database):
        yield address, database


@pytest.fixture
def site(work: tuple[str, Database]) -> str:
    """The address of the pages."""
    return work[0]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation with the small hospital of the tests; starting it takes half a minute."""
    made = make_installation(tmp_path_factory.mktemp("up") / "data")
    made.start()
    made.await_up()
    yield made
    made.stop()
