"""What Alembic runs: the connection comes from `models.migrations.upgrade`."""

from alembic import context

import models.audit
import models.cycle
import models.links
import models.notification
import models.people
import models.task  # noqa: F401
from models.base import Row
from models.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
