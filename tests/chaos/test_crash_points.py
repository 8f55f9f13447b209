"""kill -9 around every commit of every verb: whoever does it again finds nothing lost and nothing twice."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlmodel import Session, select

from engine.sweep import sweep
from models.cycle import Cycle
from models.db import Database
from models.notification import Notification
from models.task import Answer
from notifications.claim import LEASE
from tests.chaos.children import RULES, Deed, Point, run
from tests.chaos.received import explain_copies, received
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Behaviour, mail_server

BEFORE = {"launch": (), "answer": ("launch",), "sweep": ("launch",), "deliver": ("launch",)}
LATER = timedelta(days=2)  # everything of the task is due: a reminder and a level of the ladder


@pytest.mark.parametrize("verb", list(BEFORE))
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
def test_a_kill_at_any_commit_loses_nothing_and_doubles_nothing(
    database: Database, database_url: str, now: datetime, verb: str, after: bool
) -> None:
    make_hospital(database)
    behaviour, n_kills = Behaviour(), 0
    with mail_server(behaviour) as port:
        for first in BEFORE[verb]:
            assert not run(database_url, Deed(first, now, port))
        at = now + LATER if verb == "sweep" else now
        for commit in count(1):
            if not run(database_url, Deed(verb, at, port), Point(commit, after)):
                break
            n_kills += 1
            hold(database, at)
            at += LEASE  # what a dead sender held is taken back now
    assert n_kills >= 1, "the verb commits at least once"
    sweep(database, rules=RULES, now=at)
    hold(database, at, swept=True)
    with database.reading() as session:
        _each_thing_happened_once(session, verb)
        explain_copies(session, received(behaviour))


def _each_thing_happened_once(session: Session, verb: str) -> None:
    assert len(session.exec(select(Cycle)).all()) == 1
    assert len(session.exec(select(Answer)).all()) == (verb == "answer")
    keys = session.exec(select(Notification.key)).all()
    assert len(keys) == len(set(keys))
