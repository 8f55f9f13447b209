"""A cycle may begin from what is no cycle: an event, a patient's word, a bottleneck, a special action, a measure."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = ("adapt", "continue", "signal")
KINDS = (*BEFORE, "event", "feedback", "bottleneck", "action", "measure")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("origin") as origin:
        origin.add_column(sa.Column("subject_id", number, nullable=True))
        origin.alter_column("previous_id", existing_type=number, nullable=True)
        origin.alter_column("kind", existing_type=_words(BEFORE), type_=_words(KINDS), existing_nullable=False)
        origin.create_check_constraint(op.f("ck_origin_one_of_both"), "(previous_id IS NULL) <> (subject_id IS NULL)")
    op.create_index("ix_origin_subject", "origin", ["kind", "subject_id"])


def _words(kinds: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*kinds, name="originkind", native_enum=False, length=24)
