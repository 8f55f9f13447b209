"""Analyses of care processes, and the waiting that a unit goes on counting."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_analysis",
        _id("id"),
        _text("title", 200),
        _id("unit_id"),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        _id("made_by"),
        _refers("care_analysis", "unit_id", "unit"),
        _refers("care_analysis", "made_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_analysis")),
    )
    op.create_index("ix_care_analysis_unit_id", "care_analysis", ["unit_id"])
    op.create_table(
        "care_wait",
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        _text("before", 80),
        _text("after", 80),
        _id("analysis_id"),
        _refers("care_wait", "unit_id", "unit"),
        _refers("care_wait", "analysis_id", "care_analysis"),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_care_wait")),
    )


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def _refers(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))
