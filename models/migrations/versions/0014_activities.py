"""Activities by plan, gatherings with their attendance, goals of a year."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UNHEARD = sa.text("missing_told_at IS NULL")


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
        "activity_schedule",
        _id("id"),
        _text("activity", 80),
        _id("unit_id"),
        sa.Column("units_below", sa.Boolean(), nullable=False),
        _text("every", 40),
        _text("title_en", 200),
        _text("title_zh", 200),
        sa.Column("next_on", sa.Date(), nullable=False),
        _moment("added_at"),
        _id("added_by", nullable=True),
        _moment("stopped_at", nullable=True),
        _id("stopped_by", nullable=True),
        sa.CheckConstraint("stopped_at IS NOT NULL OR stopped_by IS NULL", name=op.f("ck_activity_schedule_stopped")),
        _refers("activity_schedule", "unit_id", "unit"),
        _refers("activity_schedule", "added_by", "person"),
        _refers("activity_schedule", "stopped_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_schedule")),
    )
    op.create_table(
        "gathering",
        _id("id"),
        _id("cycle_id"),
        _text("title", 200),
        _text("place", 200),
        _moment("starts_at"),
        _moment("ends_at"),
        _text("salt", 40),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("pass_percent", sa.Integer(), nullable=False),
        _moment("added_at"),
        _id("added_by", nullable=True),
        _moment("missing_told_at", nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_gathering_times")),
        sa.CheckConstraint("pass_percent BETWEEN 1 AND 100", name=op.f("ck_gathering_pass_percent")),
        _refers("gathering", "cycle_id", "cycle"),
        _refers("gathering", "added_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering")),
    )
    op.create_index("ix_gathering_cycle_id", "gathering", ["cycle_id"], unique=False)
    op.create_index("ix_gathering_unheard", "gathering", ["ends_at"], unique=False,
                    sqlite_where=UNHEARD, postgresql_where=UNHEARD)  # fmt: skip
    op.create_table(
        "invitee",
        _id("id"),
        _id("gathering_id"),
        _id("person_id"),
        _refers("invitee", "gathering_id", "gathering"),
        _refers("invitee", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitee")),
        sa.UniqueConstraint("gathering_id", "person_id", name=op.f("uq_invitee_gathering_id_person_id")),
    )
    op.create_table(
        "attendance",
        _id("id"),
        _id("gathering_id"),
        _id("person_id"),
        _moment("came_at"),
        sa.Column(
            "came_by",
            sa.Enum("code", "login", "hand", name="cameby", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("score_percent", sa.Integer(), nullable=True),
        sa.Column("n_tries", sa.Integer(), nullable=False),
        _moment("tested_at", nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        _text("note", 500),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_attendance_rating")),
        sa.CheckConstraint("(score_percent IS NULL) = (tested_at IS NULL)", name=op.f("ck_attendance_tested")),
        _refers("attendance", "gathering_id", "gathering"),
        _refers("attendance", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("gathering_id", "person_id", name=op.f("uq_attendance_gathering_id_person_id")),
    )
    op.create_table(
        "yearly_goal",
        _id("id"),
        sa.Column("year", sa.Integer(), nullable=False),
        _text("code", 60),
        _text("programme", 80),
        _text("indicator", 80),
        _text("title_en", 300),
        _text("title_zh", 300),
        _id("unit_id"),
        _id("parent_id", nullable=True),
        sa.Column("baseline", sa.Float(), nullable=True),
        sa.Column("target", sa.Float(), nullable=True),
        _moment("added_at"),
        _id("added_by", nullable=True),
        _refers("yearly_goal", "unit_id", "unit"),
        _refers("yearly_goal", "parent_id", "yearly_goal"),
        _refers("yearly_goal", "added_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yearly_goal")),
        sa.UniqueConstraint("year", "code", "unit_id", name=op.f("uq_yearly_goal_year_code_unit_id")),
    )
    op.create_index("ix_yearly_goal_parent_id", "yearly_goal", ["parent_id"], unique=False)
