"""How a person wants to be told; messages that are bundled; outages."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BUNDLED = sa.text("digest_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "outage",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("from_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    rhythm = sa.Enum("at-once", "daily", "weekly", name="rhythm", native_enum=False, length=24)
    op.add_column("person", sa.Column("digest", rhythm, nullable=False, server_default="at-once"))
    muted = sqlmodel.sql.sqltypes.AutoString(length=200)
    op.add_column("person", sa.Column("muted", muted, nullable=False, server_default=""))
    op.add_column("notification", sa.Column("digest_id", BIG_ID, nullable=True))
    op.create_index(
        "ix_notification_digest_id", "notification", ["digest_id"], sqlite_where=BUNDLED, postgresql_where=BUNDLED
    )
