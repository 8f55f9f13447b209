"""The answer to a COMMIT is lost: the server has it, nobody knows. Doing the verb again is the same as having heard."""

from datetime import datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from models.cycle import Cycle
from models.db import Database
from models.errors import WardcycleError
from models.notification import Notification
from models.task import Answer
from notifications.claim import LEASE
from tests.chaos.children import RULES, VERBS, Deed
from tests.chaos.proxy import losing_proxy
from tests.chaos.received import explain_copies, received
from tests.chaos.test_crash_points import BEFORE, LATER
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Behaviour, mail_server


@pytest.fixture
def system() -> str:
    return "postgresql"


@pytest.mark.parametrize("verb", list(BEFORE))
def test_a_lost_answer_to_any_commit_loses_nothing_and_doubles_nothing(
    database: Database, database_url: str, now: datetime, verb: str
) -> None:
    make_hospital(database)
    url, behaviour = sa.make_url(database_url), Behaviour()
    assert url.port
    with losing_proxy(str(url.host), url.port) as (proxy, port), mail_server(behaviour) as smtp:
        lossy = Database(url.set(port=port).render_as_string(hide_password=False))
        for first in BEFORE[verb]:
            VERBS[first](database, RULES, Deed(first, now, smtp))
        at = now + LATER if verb == "sweep" else now
        for commit in count(1):
            proxy.lose_at = commit
            n_lost, deed = proxy.n_lost, Deed(verb, at, smtp)
            try:
                VERBS[verb](lossy, RULES, deed)
            except (DBAPIError, WardcycleError):
                VERBS[verb](lossy, RULES, deed)
            if proxy.n_lost == n_lost:
                break
            hold(database, at)
            at += LEASE + timedelta(seconds=1)
        lossy.dispose()
    assert proxy.n_lost >= 1
    with database.reading() as session:
        assert len(session.exec(select(Cycle)).all()) == 1
        assert len(session.exec(select(Answer)).all()) == (verb == "answer")
        keys = session.exec(select(Notification.key)).all()
        assert len(keys) == len(set(keys))
        explain_copies(session, received(behaviour))
