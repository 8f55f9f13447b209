"""Runs of special actions, and their roll-ups, which are never changed."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEPT = "a roll-up is never changed"


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _refers(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))


def upgrade() -> None:
    op.create_table(
        "action_run",
        _id("id"),
        _text("action", 80),
        _text("programme", 80),
        sa.Column("number", sa.Integer(), nullable=False),
        _id("unit_id"),
        _id("cycle_id"),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("launched_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        _id("launched_by", nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_action_run_number")),
        _refers("action_run", "unit_id", "unit"),
        _refers("action_run", "cycle_id", "cycle"),
        _refers("action_run", "launched_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_run")),
        sa.UniqueConstraint("action", "unit_id", "number", name=op.f("uq_action_run_action_unit_id_number")),
        sa.UniqueConstraint("cycle_id", name=op.f("uq_action_run_cycle_id")),
    )
    op.create_table(
        "roll_up",
        _id("id"),
        _id("run_id"),
        _id("cycle_id"),
        sa.Column("kept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        _id("kept_by"),
        sa.Column("record", sa.Text(), nullable=False),
        _text("digest", 64),
        _refers("roll_up", "run_id", "action_run"),
        _refers("roll_up", "cycle_id", "cycle"),
        _refers("roll_up", "kept_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_up")),
    )
    op.create_index("ix_roll_up_cycle_id", "roll_up", ["cycle_id"], unique=False)
    _refuse_changes("roll_up")


def _refuse_changes(table: str) -> None:
    """Let the database itself refuse to change or remove rows."""
    if op.get_bind().dialect.name == "sqlite":
        stop = f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {stop}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {stop}")
        # REPLACE removes the old row without asking the triggers above.
        there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} {stop}")
        return
    refuse = f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{KEPT}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} {refuse}")
