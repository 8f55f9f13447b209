"""Indicators, their versions, observations with history; the systems that send them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "indicator_version",
        _id("id"),
        _text("indicator", 80),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        _text("digest", 64),
        _moment("first_used_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator_version")),
        sa.UniqueConstraint("indicator", "version", name=op.f("uq_indicator_version_indicator_version")),
    )
    op.create_table(
        "observation",
        _id("id"),
        _text("indicator", 80),
        _id("unit_id"),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("denominator", sa.Float(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        _text("note", 500),
        sa.Column("no", sa.Integer(), nullable=False),
        _moment("entered_at"),
        _id("entered_by", nullable=True),
        _text("door", 20),
        sa.CheckConstraint("denominator IS NULL OR denominator >= 0", name=op.f("ck_observation_denominator")),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_observation_entered_by_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_observation_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        sa.UniqueConstraint(
            "indicator", "unit_id", "period_on", name=op.f("uq_observation_indicator_unit_id_period_on")
        ),
    )
    op.create_table(
        "former_observation",
        _id("id"),
        _id("observation_id"),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("denominator", sa.Float(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        _text("note", 500),
        _moment("entered_at"),
        _id("entered_by", nullable=True),
        _moment("corrected_at"),
        _id("corrected_by", nullable=True),
        _text("why", 500),
        sa.ForeignKeyConstraint(
            ["corrected_by"], ["person.id"], name=op.f("fk_former_observation_corrected_by_person")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_former_observation_entered_by_person")),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observation.id"], name=op.f("fk_former_observation_observation_id_observation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_observation")),
        sa.UniqueConstraint("observation_id", "no", name=op.f("uq_former_observation_observation_id_no")),
    )
    op.create_table(
        "system_token",
        _id("id"),
        _text("system", 64),
        _text("digest", 64),
        _id("unit_id", nullable=True),
        _moment("made_at"),
        _id("made_by", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_system_token_made_by_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_system_token_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_system_token_digest")),
        sa.UniqueConstraint("system", name=op.f("uq_system_token_system")),
    )
    op.create_table(
        "system_request",
        _id("id"),
        _id("token_id"),
        _text("key", 200),
        _text("body_digest", 64),
        sa.Column("answer", sa.Text(), nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(
            ["token_id"], ["system_token.id"], name=op.f("fk_system_request_token_id_system_token")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_request")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_system_request_token_id_key")),
    )
