"""What stands before the first start: tables, a demo only where nothing is, and no demo mail to a real relay."""

from datetime import datetime
from pathlib import Path

import pytest

from cli.marker import Marker
from cli.prepare import DemoHalf, NotForDemo, Ready, prepare
from cli.started import for_demo, surroundings
from config.settings import Settings
from models.db import Database
from tests.places import make_hospital


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """An installation on the database of the test."""
    return Settings(database_url=database_url, data_folder=tmp_path / "data")


def test_an_empty_database_gets_its_tables_and_stays_empty(empty_url: str, tmp_path: Path, now: datetime) -> None:
    settings = Settings(database_url=empty_url, data_folder=tmp_path / "data")
    assert prepare(settings, demo=False, now=now, progress=print) == Ready(0, 0, is_demo=False)


def test_a_real_hospital_never_becomes_a_demo(settings: Settings, database: Database, now: datetime) -> None:
    make_hospital(database)
    with pytest.raises(NotForDemo):
        prepare(settings, demo=True, now=now, progress=print)
    assert prepare(settings, demo=False, now=now, progress=print).is_demo is False


def test_a_demo_that_was_interrupted_on_a_server_is_refused_and_a_file_is_whole(
    settings: Settings, database: Database, now: datetime
) -> None:
    make_hospital(database)
    Marker(settings.data_folder / "demo", database.shown).write("loading")
    if database.is_sqlite:
        assert prepare(settings, demo=True, now=now, progress=print).is_demo
    else:
        with pytest.raises(DemoHalf):
            prepare(settings, demo=True, now=now, progress=print)


def test_a_demo_keeps_its_mails_on_this_machine_whatever_relay_is_set() -> None:
    environ = {"WARDCYCLE_SMTP_HOST": "mail.hospital.example", "WARDCYCLE_SMTP_PORT": "25", "PATH": "/bin"}
    assert for_demo(environ) == {"PATH": "/bin"}


def test_children_get_absolute_places_and_free_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    around = surroundings(Settings(data_folder=Path("here")), "zh", {})
    assert around.environ["WARDCYCLE_DATABASE_URL"] == f"sqlite:///{tmp_path / 'here/wardcycle.db'}"
    assert around.environ["PREFECT_HOME"] == str(tmp_path / "here/prefect")
    assert around.environ["PREFECT_API_URL"] == f"http://127.0.0.1:{around.settings.prefect_port}/api"
    assert around.own_prefect


def test_a_prefect_that_somebody_named_is_used_as_it_is(tmp_path: Path) -> None:
    around = surroundings(Settings(data_folder=tmp_path), "en", {"PREFECT_API_URL": "http://prefect.example/api"})
    assert (around.prefect_api, around.own_prefect) == ("http://prefect.example/api", False)
