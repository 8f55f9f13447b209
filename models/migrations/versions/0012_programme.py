"""Which cycle answers for which measure of a programme in which unit."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measure_cycle",
        _id("id"),
        _text("edition"),
        _text("measure"),
        _id("unit_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_measure_cycle_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_cycle")),
        sa.UniqueConstraint("edition", "measure", "unit_id", name=op.f("uq_measure_cycle_edition_measure_unit_id")),
    )
    op.create_index("ix_measure_cycle_measure", "measure_cycle", ["measure", "unit_id"])


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False)
