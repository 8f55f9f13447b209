"""The newest turn of a schedule is found by an index; a channel that works again at night waits for the morning."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_due_assessment_schedule_id", "due_assessment", ["schedule_id", "due_at"], unique=False)
    op.add_column("channel_state", sa.Column("quiet_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
