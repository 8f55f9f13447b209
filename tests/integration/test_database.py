"""The door to the database: what stands in the way is said in words, nothing is lost, nothing half-written."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.audit import Audit, record
from models.cycle import CodeCounter
from models.db import Database
from models.errors import DatabaseMissing, DatabaseReadOnly, DatabaseUnreachable, SchemaNewer, SchemaOlder
from models.migrations import HEAD, VERSION_TABLE
from models.migrations.upgrade import upgrade
from models.people import Person, Unit


def add_unit(session: Session, slug: str = "ward-3") -> None:
    session.add(Unit(slug=slug, name_en="Ward 3", name_zh="三病区"))


def units(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.exec(select(Unit.slug).order_by(col(Unit.id))))


def reopened(database: Database) -> Database:
    database.dispose()
    return Database(database.url.render_as_string(hide_password=False))


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/wardcycle", "sqlite:////proc/no/such/folder/w.db"])
def test_a_database_that_does_not_answer_is_named(url: str) -> None:
    database = Database(url)
    with pytest.raises(DatabaseUnreachable) as caught, database.transaction("test") as session:
        add_unit(session)
    database.dispose()
    assert database.shown in str(caught.value)
    assert database.shown in caught.value.text("zh")


def test_a_password_is_never_shown() -> None:
    database = Database("postgresql://nurse:hunter2@127.0.0.1:1/wardcycle")
    with pytest.raises(DatabaseUnreachable) as caught:
        database.check()
    database.dispose()
    assert "hunter2" not in str(caught.value) + database.shown


@pytest.mark.parametrize("url", ["", "wardcycle.db", "mysql://root@db/x", "nonsense://x", "postgresql+asyncpg://db/x"])
def test_an_address_of_another_form_is_refused_with_the_right_forms(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match=r"sqlite:///file\.db"):
        Database(url)


def test_a_file_that_is_no_database_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_bytes(b"an important report, no database at all" * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(DatabaseUnreachable, match="not a database"):
        database.check()
    with pytest.raises(DatabaseUnreachable, match="not a database"):
        upgrade(database)
    database.dispose()
    assert file.read_bytes() == b"an important report, no database at all" * 100


def test_a_database_without_tables_says_how_to_make_them(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(DatabaseMissing, match="wardcycle database upgrade"):
        database.check()
    with pytest.raises(DatabaseMissing), database.reading() as session:
        session.exec(select(Unit)).all()
    database.dispose()


def test_looking_for_a_file_does_not_make_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'wardcycle.db'}")
    with pytest.raises(DatabaseMissing):
        database.check()
    assert list(tmp_path.iterdir()) == []


def test_a_newer_database_is_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    for attempt in (database.check, lambda: upgrade(database)):
        with pytest.raises(SchemaNewer, match="9999"):
            attempt()
    assert database.version() == "9999"


def test_an_older_database_asks_for_its_upgrade(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.db.VERSIONS", (HEAD, "next"))
    monkeypatch.setattr("models.db.HEAD", "next")
    with pytest.raises(SchemaOlder, match="wardcycle database upgrade"):
        database.check()


def test_a_migrated_database_passes_the_check_and_a_second_upgrade_changes_nothing(database: Database) -> None:
    with database.transaction("test") as session:
        add_unit(session)
    database.check()
    assert upgrade(database) == HEAD
    assert units(database) == ["ward-3"]


def test_an_upgrade_makes_the_folder_of_a_new_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'wardcycle.db'}")
    assert upgrade(database) == ""
    database.check()
    database.dispose()


def test_two_upgrades_at_once_make_one_database(empty_url: str) -> None:
    imports = "import sys; from models.db import Database; from models.migrations.upgrade import upgrade"
    code = f"{imports}; upgrade(Database(sys.argv[1]))"
    top = Path(__file__).parents[2]
    both = [subprocess.Popen([sys.executable, "-c", code, empty_url], cwd=top) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    database = Database(empty_url)
    database.check()
    assert units(database) == []
    database.dispose()


def test_an_upgrade_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    database = Database(empty_url)
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("CREATE SCHEMA wardcycle"))
        connection.execute(sa.text("CREATE TABLE attempt (id INTEGER)"))  # stands in the way of the last table
    with pytest.raises(sa.exc.DBAPIError):
        upgrade(database)
    assert database.version() is None
    with database.engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == ["attempt"]
        connection.execute(sa.text("DROP TABLE attempt"))
    upgrade(database)
    database.check()
    database.dispose()


def test_a_database_that_may_only_be_read_says_so_and_can_be_read(database: Database) -> None:
    with database.transaction("test") as session:
        add_unit(session)
    if database.is_sqlite:
        database.dispose()
        database = Database(f"sqlite:///file:{database.url.database}?mode=ro&uri=true")
    else:
        with database.engine.begin() as connection:
            name = database.url.database
            connection.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        database = reopened(database)
    database.check()
    assert units(database) == ["ward-3"]
    with pytest.raises(DatabaseReadOnly), database.transaction("test") as session:
        add_unit(session, "ward-4")
    assert units(database) == ["ward-3"]
    database.dispose()


def test_an_error_takes_back_everything_with_its_audit_rows(database: Database, now: datetime) -> None:
    with pytest.raises(RuntimeError), database.transaction("test") as session:
        add_unit(session)
        session.flush()
        record(session, "unit.add", "unit", 1, by=None, now=now)
        raise RuntimeError
    assert units(database) == []
    with database.reading() as session:
        assert session.exec(select(Audit)).all() == []


def test_an_error_at_the_commit_takes_back_the_audit_rows_too(database: Database, now: datetime) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.transaction("test") as session:
        record(session, "unit.add", "unit", 1, by=None, now=now)
        session.flush()
        session.add_all([Person(slug="ana", name="Ana"), Person(slug="ana", name="Another Ana")])
    with database.reading() as session:
        assert session.exec(select(Audit)).all() == []


def test_what_a_reader_writes_is_not_kept(database: Database) -> None:
    with database.reading() as session:
        session.execute(sa.insert(Unit).values(slug="x", name_en="X", name_zh="某", kind=""))
        add_unit(session)
        session.flush()
    assert units(database) == []


def test_a_reader_sees_one_state_from_its_first_to_its_last_question(database: Database) -> None:
    if database.is_sqlite and database.journal != "WAL":
        database = Database(f"sqlite:///{database.url.database}", journal="wal")
    with database.reading() as session:
        assert session.exec(select(Unit)).all() == []
        with database.transaction("test") as other:
            add_unit(other)
        assert session.exec(select(Unit)).all() == []
    assert units(database) == ["ward-3"]
    database.dispose()


def test_no_increment_of_four_writers_is_lost(database: Database) -> None:
    with database.transaction("test") as session:
        session.add(CodeCounter(year=2026, n=0))

    def count(_: int) -> None:
        for _ in range(100):
            with database.transaction("test") as session:
                counter = session.exec(select(CodeCounter).with_for_update()).one()
                counter.n += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    with database.reading() as session:
        assert session.exec(select(CodeCounter)).one().n == 400


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO unit (slug, kind, name_en, name_zh, parent_id) VALUES ('x', '', 'X', 'X', 77)",
        "INSERT INTO absence (person_id, from_on, until_on, stand_in_id) VALUES (1, '2026-03-02', '2026-03-01', 2)",
        "INSERT INTO absence (person_id, from_on, until_on, stand_in_id) VALUES (1, '2026-03-02', '2026-03-03', 1)",
        "INSERT INTO person (slug, name, language, channels, addresses) VALUES ('ana', 'Ana', 'en', 'email', '')",
        "INSERT INTO people_version (id, n) VALUES (1, 5)",
        "INSERT INTO audit_head (id, last_id, hash) VALUES (1, 5, 'x')",
    ],
)
def test_both_databases_refuse_rows_that_cannot_be(database: Database, statement: str) -> None:
    with database.transaction("test") as session:
        session.add_all([Person(slug="ana", name="Ana"), Person(slug="bo", name="Bo")])
    with pytest.raises(sa.exc.IntegrityError), database.transaction("test") as session:
        session.execute(sa.text(statement))


def test_an_unknown_status_is_refused_before_it_is_stored(database: Database) -> None:
    with (
        pytest.raises(sa.exc.StatementError, match="not among the defined enum"),
        database.transaction("test") as session,
    ):
        session.execute(sa.text("SELECT 1"))
        session.execute(sa.update(Audit.metadata.tables["cycle"]).values(status="frozen"))
