"""Breakers of channels, refused addresses, the valve, rows that killed a sender."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("n_crashes", sa.Integer(), server_default="0", nullable=False))
    queued = sa.text("status = 'queued'")
    op.create_index(
        "ix_delivery_lane",
        "delivery",
        ["channel", "next_try_at", "id"],
        sqlite_where=queued,
        postgresql_where=queued,
    )
    _channel_state()
    _suspended_address()
    _valve()


def _channel_state() -> None:
    op.create_table(
        "channel_state",
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("n_failed", sa.Integer(), nullable=False),
        sa.Column("shut_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("failed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("worked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_state")),
    )


def _suspended_address() -> None:
    op.create_table(
        "suspended_address",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("since_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("lifted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("lifted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["lifted_by"], ["person.id"], name=op.f("fk_suspended_address_lifted_by_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_suspended_address_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspended_address")),
    )
    standing = sa.text("lifted_at IS NULL")
    op.create_index(
        "ix_suspended_address_standing",
        "suspended_address",
        ["person_id", "channel"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _valve() -> None:
    op.create_table(
        "valve",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shut_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("n_waiting", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.Column("released_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("released_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("released_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["released_by"], ["person.id"], name=op.f("fk_valve_released_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valve")),
    )
