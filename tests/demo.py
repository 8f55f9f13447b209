"""The demo hospital without its simulated year: people, stories and what is shown beside them, by the verbs."""

from datetime import datetime, timedelta

from cli.demo import SHOWN, acts_of
from cli.story import STORIES
from config.catalogue import SHIPPED
from engine.hospital import import_hospital
from engine.rules import Rules
from models.db import Database


def furnish(database: Database, rules: Rules, now: datetime) -> None:
    """Fill an empty database; nothing is sent, no tick has run."""
    with database.transaction("demo") as session:
        import_hospital(session, SHIPPED / "demo", rules=rules, by=None, now=now - timedelta(days=400))
    for story in STORIES:
        for act in acts_of(story, rules, now):
            with database.transaction("demo") as session:
                act.do(session, act.at)
    for ago, show in SHOWN:
        with database.transaction("demo") as session:
            show(session, rules=rules, now=now - ago)
