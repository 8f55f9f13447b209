"""The migrations make exactly what the models say, on both databases."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine.interfaces import ReflectedIndex

from models.base import Row
from models.db import SCHEMA, Database
from models.migrations import HEAD, VERSION_TABLE, VERSIONS
from models.migrations.upgrade import config, upgrade


def look(connection: sa.Connection) -> dict[str, set[str]]:
    """Describe each table by what the database itself says of it, without the order of anything."""
    inspector = sa.inspect(connection)
    return {
        table: {
            *(f"column {facts}" for facts in inspector.get_columns(table)),
            *(f"check {facts}" for facts in inspector.get_check_constraints(table)),
            *(f"index {facts | {'dialect_options': None}} {where(facts)}" for facts in inspector.get_indexes(table)),
            *(f"unique {facts}" for facts in inspector.get_unique_constraints(table)),
            *(f"foreign key {facts}" for facts in inspector.get_foreign_keys(table)),
            f"primary key {inspector.get_pk_constraint(table)}",
        }
        for table in inspector.get_table_names()
        if table != VERSION_TABLE
    }


def where(index: ReflectedIndex) -> list[str]:
    """Write the condition of a partial index."""
    return [str(condition) for condition in index.get("dialect_options", {}).values()]


def test_alembic_finds_nothing_left_to_migrate(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_the_tables_are_those_that_the_models_alone_would_make(database: Database, empty_url: str) -> None:
    # Alembic itself compares neither checks nor the conditions of indexes.
    direct = Database(empty_url)
    with direct.engine.begin() as connection:
        if not direct.is_sqlite:
            connection.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
        Row.metadata.create_all(connection)
        wanted = look(connection)
    direct.dispose()
    with database.engine.connect() as connection:
        found = look(connection)
    assert set(found) == set(wanted)
    assert {table: found[table] ^ wanted[table] for table in wanted if found[table] != wanted[table]} == {}
    assert sum(len(facts) for facts in wanted.values()) > 100


def test_a_database_of_the_first_version_is_brought_forward_with_its_rows(empty_url: str) -> None:
    database = Database(empty_url)
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
        command.upgrade(config(connection), VERSIONS[0])
        connection.execute(sa.text("INSERT INTO unit (slug, kind, name_en, name_zh) VALUES ('w', '', 'W', 'W')"))
    assert upgrade(database) == VERSIONS[0]
    database.check()
    with database.reading() as session:
        assert session.execute(sa.text("SELECT slug FROM unit")).scalars().all() == ["w"]
        assert session.execute(sa.text("SELECT COUNT(*) FROM answer_link")).scalar() == 0
    assert upgrade(database) == HEAD
    database.dispose()


def test_the_versions_are_those_of_the_scripts() -> None:
    database = Database("sqlite://")
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(config(connection))
        assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == VERSIONS
        assert scripts.get_heads() == [HEAD]
    database.dispose()
