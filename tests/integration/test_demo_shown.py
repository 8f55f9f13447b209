"""The demo hospital runs every special action and every activity, and every link of its pages leads somewhere."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from sqlmodel import col, select

from engine.rules import Rules
from models.cycle import Cycle
from models.db import Database
from models.notification import Delivery, NotificationKind
from notifications.letters import gather
from notifications.render import Renderer
from tests.crawl import Parts, crawl
from tests.demo import furnish
from tests.visitors import pages_of

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_the_demo_shows_every_template_and_every_link_leads_to_a_page(
    database: Database, rules: Rules, tmp_path: Path
) -> None:
    furnish(database, rules, NOW)
    templates = rules.catalogue.templates
    with database.reading() as session:
        shown = set(session.exec(select(col(Cycle.template))))
    # What only follows from another one's end comes by itself, when that one ends.
    assert {slug for slug in templates if slug not in shown} == {one.reports_to for one in templates.values()} - {None}
    with pages_of(database, rules, tmp_path, NOW) as pages:
        for slug in ("lin-yue", "liu-yang"):
            said = crawl(pages.logged_in(slug), pages.app, "/", "/work")
            assert {path: one.status for path, one in said.items() if one.status != 200} == {}
            assert len(said) > 30
            parts = [Parts(path, one.body) for path, one in said.items() if "html" in one.headers.get_content_type()]
            within = [(page, urldefrag(link)) for page in parts for link in page.links]
            lost = {(page.path, to[1]) for page, to in within if to[0] == page.path and to[1] and to[1] not in page.ids}
            assert lost == set(), "a link leads to a place that the page does not have"
    assert foreign_words(database, rules) == {}


def foreign_words(database: Database, rules: Rules) -> dict[str, NotificationKind]:
    """Find what a Chinese message says in Latin letters, beside names, codes and what people wrote themselves."""
    writer = Renderer(rules.calendar.zone, roles=rules.catalogue.roles)
    found: dict[str, NotificationKind] = {}
    with database.reading() as session:
        letters = gather(session, list(session.exec(select(Delivery.id))), on=NOW.date())
    assert len(letters) > 100
    for letter in letters.values():
        message = writer.write(replace(letter, language="zh"))
        said = f"{message.subject}\n{message.text}"
        own = (letter.person, letter.lead, letter.instead_of, letter.code, *letter.owners)
        for known in (*own, *(letter.facts.get(name, "") for name in ("note", "who", "person")), "wardcycle"):
            said = said.replace(known, "") if known else said
        found |= dict.fromkeys(re.findall(r"[A-Za-z][a-z-]{2,}", said), letter.kind)
    return found
