"""What patients say, its rounds and departments, what came of it."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATUSES = ("received", "working", "answered", "closed")


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _words(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def _refers(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))


def upgrade() -> None:
    op.create_table(
        "feedback",
        _id("id"),
        _text("code_fingerprint", 64),
        _text("kind", 64),
        _id("unit_id", nullable=True),
        _words("said"),
        _words("contact"),
        _text("language", 5),
        _text("door", 20),
        sa.Column("status", sa.Enum(*STATUSES, name="feedbackstatus", native_enum=False, length=24), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        _moment("received_at"),
        _moment("answer_due_at"),
        _moment("answered_at", nullable=True),
        _moment("closed_at", nullable=True),
        _refers("feedback", "unit_id", "unit"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("code_fingerprint", name=op.f("uq_feedback_code_fingerprint")),
    )
    op.create_index("ix_feedback_status", "feedback", ["status", "answer_due_at", "id"], unique=False)
    op.create_table(
        "feedback_round",
        _id("id"),
        _id("feedback_id"),
        sa.Column("no", sa.Integer(), nullable=False),
        _words("said"),
        _moment("opened_at"),
        _moment("acknowledge_due_at"),
        _moment("answer_due_at"),
        _moment("acknowledged_at", nullable=True),
        _words("answer"),
        _moment("answered_at", nullable=True),
        _id("answered_by", nullable=True),
        _moment("judged_at", nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name=op.f("ck_feedback_round_answered")),
        sa.CheckConstraint("(judged_at IS NULL) = (solved IS NULL)", name=op.f("ck_feedback_round_judged")),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name=op.f("ck_feedback_round_satisfaction")),
        _refers("feedback_round", "feedback_id", "feedback"),
        _refers("feedback_round", "answered_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_round")),
        sa.UniqueConstraint("feedback_id", "no", name=op.f("uq_feedback_round_feedback_id_no")),
    )
    op.create_index("ix_feedback_round_answer_due_at", "feedback_round", ["answer_due_at"], unique=False)
    op.create_table(
        "feedback_unit",
        _id("round_id"),
        _id("unit_id"),
        _refers("feedback_unit", "round_id", "feedback_round"),
        _refers("feedback_unit", "unit_id", "unit"),
        sa.PrimaryKeyConstraint("round_id", "unit_id", name=op.f("pk_feedback_unit")),
    )
    op.create_index("ix_feedback_unit_unit_id", "feedback_unit", ["unit_id"], unique=False)
    op.create_table(
        "said_and_done",
        sa.Column(
            "feedback_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        _text("text_en", 500),
        _text("text_zh", 500),
        _moment("approved_at"),
        _id("approved_by"),
        _refers("said_and_done", "feedback_id", "feedback"),
        _refers("said_and_done", "approved_by", "person"),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_said_and_done")),
    )
    op.create_table(
        "feedback_month",
        sa.Column("month_on", sa.Date(), nullable=False),
        _moment("counted_at"),
        sa.PrimaryKeyConstraint("month_on", name=op.f("pk_feedback_month")),
    )
