"""Adverse events, their photos, and who reported them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _long(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def _refers(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))


def _check(name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"ck_event_{name}"))


def upgrade() -> None:
    words = ("received", "triaged", "analysing", "closed")
    classes = ("I", "II", "III", "IV")
    op.create_table(
        "event",
        _id("id"),
        _text("code_mark", 64),
        sa.Column("status", sa.Enum(*words, name="eventstatus", native_enum=False, length=24), nullable=False),
        _id("unit_id"),
        _text("kind", 64),
        _text("harm", 64),
        _long("what"),
        _long("done_at_once"),
        _moment("happened_at", nullable=True),
        _moment("received_at"),
        _moment("triage_due_at"),
        sa.Column("severity", sa.Enum(*classes, name="severity", native_enum=False, length=24), nullable=True),
        _moment("triaged_at", nullable=True),
        _id("triaged_by", nullable=True),
        _moment("report_due_at", nullable=True),
        _moment("reported_at", nullable=True),
        _id("reported_by", nullable=True),
        _moment("answer_due_at"),
        _long("answer"),
        _moment("closed_at", nullable=True),
        _id("closed_by", nullable=True),
        sa.Column("set_aside", sa.Boolean(), nullable=False),
        _check("triaged", "(triaged_at IS NULL) = (severity IS NULL)"),
        _check("triaged_by", "triaged_at IS NOT NULL OR triaged_by IS NULL"),
        _check("reported", "(reported_at IS NULL) = (reported_by IS NULL)"),
        _check("closed", "(closed_at IS NULL) = (answer = '') AND (closed_at IS NULL) = (closed_by IS NULL)"),
        _check("set_aside", "closed_at IS NOT NULL OR NOT set_aside"),
        _refers("event", "unit_id", "unit"),
        _refers("event", "triaged_by", "person"),
        _refers("event", "reported_by", "person"),
        _refers("event", "closed_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("code_mark", name=op.f("uq_event_code_mark")),
    )
    op.create_index("ix_event_received_at", "event", ["received_at"])
    op.create_table(
        "event_photo",
        _id("id"),
        _id("event_id"),
        _text("media_type", 40),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        _text("sha256", 64),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _refers("event_photo", "event_id", "event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_photo")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_photo_event_id")),
    )
    op.create_table(
        "event_reporter",
        _id("event_id"),
        _long("sealed"),
        _refers("event_reporter", "event_id", "event"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_reporter")),
    )
