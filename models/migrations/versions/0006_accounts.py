"""Accounts, invitations, sessions and codes."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT, MOMENT = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id_person"))


def upgrade() -> None:
    op.create_table(
        "account",
        _id("id"),
        _id("person_id"),
        sa.Column("password_hash", TEXT(length=200), nullable=True),
        sa.Column("oidc_subject", TEXT(length=400), nullable=True),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.Column("changed_at", MOMENT(), nullable=False),
        sa.Column("n_failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT(), nullable=True),
        _of_person("account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_account_oidc_subject")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
    )
    op.create_table(
        "invitation",
        _id("id"),
        _id("person_id"),
        sa.Column("salt", TEXT(length=40), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("expires_at", MOMENT(), nullable=False),
        sa.Column("used_at", MOMENT(), nullable=True),
        _of_person("invitation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index("ix_invitation_person_id", "invitation", ["person_id"])
    op.create_table(
        "login_session",
        _id("id"),
        sa.Column("token_hash", TEXT(length=64), nullable=False),
        _id("person_id"),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.Column("seen_at", MOMENT(), nullable=False),
        sa.Column("ends_at", MOMENT(), nullable=False),
        sa.Column("ended_at", MOMENT(), nullable=True),
        _of_person("login_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index("ix_login_session_person_id", "login_session", ["person_id", "ended_at"])
    op.create_table(
        "login_code",
        _id("id"),
        _id("person_id"),
        sa.Column("purpose", TEXT(length=60), nullable=False),
        sa.Column("salt", TEXT(length=40), nullable=False),
        sa.Column("channel", TEXT(length=40), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("expires_at", MOMENT(), nullable=False),
        sa.Column("n_tries", sa.Integer(), nullable=False),
        sa.Column("used_at", MOMENT(), nullable=True),
        _of_person("login_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_code")),
    )
    op.create_index("ix_login_code_person_id", "login_code", ["person_id", "purpose"])
