"""What Alembic runs: the connection comes from `models.migrations.upgrade`."""

from alembic import context

import models.account
import models.activity
import models.assessment
import models.audit
import models.calendar_feed
import models.care
import models.channel
import models.channel_state
import models.cycle
import models.event
import models.feedback
import models.indicator
import models.links
import models.notification
import models.people
import models.programme
import models.reply
import models.schedule
import models.special_action
import models.systems
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
