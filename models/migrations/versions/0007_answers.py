"""Answers taken back, answers by mail."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _columns_of_answers()
    _replies_by_mail()


def _columns_of_answers() -> None:
    # As SQL: for a check Alembic would make SQLite's table anew, which others refer to.
    _add("taken_by")
    op.execute("UPDATE answer SET taken_by = to_id WHERE taken_at IS NOT NULL")
    op.add_column("answer", sa.Column("opened", sa.Text(), nullable=False, server_default=""))
    op.add_column("answer", sa.Column("undone_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    _add(
        "undone_by",
        "ck_answer_taken CHECK ((taken_at IS NULL) = (taken_by IS NULL))",
        "ck_answer_undone CHECK ((undone_at IS NULL) = (undone_by IS NULL))",
    )


def _add(column: str, *constraints: str) -> None:
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    rules = " ".join(f"CONSTRAINT {constraint}" for constraint in constraints)
    op.execute(f"ALTER TABLE answer ADD COLUMN {column} {number} {rules}")


def _replies_by_mail() -> None:
    op.create_table(
        "mail_reply",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("task_id", _ID, nullable=True),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_reply_person_id_person")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_mail_reply_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_reply")),
        sa.UniqueConstraint("digest", name=op.f("uq_mail_reply_digest")),
    )
    op.create_index(op.f("ix_mail_reply_task_id"), "mail_reply", ["task_id", "at"])


_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
