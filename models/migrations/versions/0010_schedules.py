"""Scheduled assessments, signals of concern that were told, bulletins."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITING = sa.text("closed_at IS NULL")


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def _refers(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))


def upgrade() -> None:
    op.create_table(
        "schedule",
        _id("id"),
        _text("indicator_set", 80),
        _text("indicator", 80),
        _id("unit_id"),
        sa.Column("units_below", sa.Boolean(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum("month", "quarter", "week", "year", name="frequency", native_enum=False, length=24),
            nullable=False,
        ),
        _text("after", 20),
        _text("waits", 20),
        _text("data_owner", 60),
        sa.Column("next_on", sa.Date(), nullable=False),
        _moment("added_at"),
        _id("added_by", nullable=True),
        _moment("stopped_at", nullable=True),
        _id("stopped_by", nullable=True),
        sa.CheckConstraint("(indicator_set = '') <> (indicator = '')", name=op.f("ck_schedule_one_of_both")),
        sa.CheckConstraint("stopped_at IS NOT NULL OR stopped_by IS NULL", name=op.f("ck_schedule_stopped")),
        _refers("schedule", "unit_id", "unit"),
        _refers("schedule", "added_by", "person"),
        _refers("schedule", "stopped_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_table(
        "due_assessment",
        _id("assessment_id"),
        _id("schedule_id"),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=False),
        sa.Column("n_values", sa.Integer(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        _moment("due_at"),
        sa.Column("late", sa.Boolean(), nullable=False),
        _moment("until_at"),
        _id("request_id", nullable=True),
        _moment("closed_at", nullable=True),
        _refers("due_assessment", "assessment_id", "assessment"),
        _refers("due_assessment", "schedule_id", "schedule"),
        _refers("due_assessment", "request_id", "cycle"),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_due_assessment")),
    )
    op.create_index("ix_due_assessment_waiting", "due_assessment", ["assessment_id"], unique=False,
                    sqlite_where=WAITING, postgresql_where=WAITING)  # fmt: skip
    op.create_index("ix_due_assessment_month_on", "due_assessment", ["month_on"], unique=False)
    op.create_table(
        "alert",
        _id("id"),
        _text("key", 200),
        _text("indicator", 80),
        _id("unit_id"),
        _text("rule", 40),
        sa.Column("first_on", sa.Date(), nullable=False),
        _id("assessment_id"),
        _moment("told_at"),
        _id("cycle_id", nullable=True),
        _refers("alert", "unit_id", "unit"),
        _refers("alert", "assessment_id", "assessment"),
        _refers("alert", "cycle_id", "cycle"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
    )
    op.create_index("ix_alert_indicator", "alert", ["indicator", "unit_id"], unique=False)
    op.create_table(
        "bulletin",
        _id("id"),
        _id("unit_id"),
        sa.Column("month_on", sa.Date(), nullable=False),
        _moment("made_at"),
        _refers("bulletin", "unit_id", "unit"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("unit_id", "month_on", name=op.f("uq_bulletin_unit_id_month_on")),
    )
