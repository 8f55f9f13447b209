"""The pages on which somebody decides, to the letter: tests/data/pages holds what each visit says, offers and writes.

A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from engine.cycles import pause_cycle
from engine.rules import Rules
from models.base import table_of
from models.db import Database
from models.notification import Notification, NotificationKind
from models.task import Decision
from notifications.links import DECIDE
from tests.browsing import Browsing, browsing
from tests.proofs import PDCA
from tests.walks import Part, person_id, stage, task, template

FOUR = template(
    stage(
        "work",
        task("a", title={"en": "Count the falls", "zh": "统计跌倒"}),
        task("b", title={"en": "Hang the list", "zh": "张贴清单"}, accept=True),
        task("c", title={"en": "Print the list", "zh": "打印清单"}),
        task("d", title={"en": "Hand it out", "zh": "分发"}, after=["c"]),
        task("e", title={"en": "Report", "zh": "汇报"}, owner="lead"),
        gate="do",
    ),
    stage("next", task("f", owner="lead")),
)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
UNTIL = date(2026, 3, 20)


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


def ask_three(b: Browsing) -> None:
    """Let dee ask three things of the lead, each with a message of its own."""
    b.walk.answer("a", "extend", "dee", b.now, note="two on leave", until=UNTIL)
    b.walk.answer("b", "done", "dee", b.now, note="hangs there")
    b.walk.answer("c", "extend", "dee", b.now, note="printer broken", until=date(2026, 3, 16))


def who_has_proved_who_they_are_decides_what_waits(b: Browsing) -> None:
    ask_three(b)
    page = b.enter("ana", b.link("ana", "decision", "a", DECIDE), "a question")
    b.see("ana", page, f"{page}?lang=zh")
    b.send("ana", page, about="1", choice="grant")
    b.send("ana", f"{page}/proof?lang=zh")
    b.send("ana", f"{page}/proof?lang=zh", me="yes")
    b.see("ana", page)
    code = b.code("ana")
    b.send("ana", f"{page}/proof", code="000000" if code != "000000" else "111111")
    b.send("ana", f"{page}/proof?lang=zh", code=code)
    b.see("ana", page, f"{page}?lang=zh")
    b.send("ana", f"{page}?lang=zh", about="1", choice="grant")
    b.send("ana", page, about="2", choice="accept")
    b.send("ana", page, about="3", choice="give", note=" knows it ", to=" Gao Min ", until="")
    b.see("ana", page, f"{page}?lang=zh")


def what_a_rule_refuses_is_said_with_what_was_typed(b: Browsing) -> None:
    ask_three(b)
    page = b.enter("ana", b.link("ana", "decision", "c", DECIDE), "a question")
    b.send("ana", f"{page}/proof", me="yes")
    b.send("ana", f"{page}/proof", code=b.code("ana"))
    b.send("ana", page, about="3")
    b.send("ana", f"{page}?lang=zh", about="3", choice="give", to="nobody", note="knows it", until="2026-03-12")
    b.send("ana", page, about="99", choice="grant")
    b.send("ana", page, about="2", choice="return", note="nothing hangs", until="soon")
    b.send("ana", page, about="2", choice="grant", note="more")
    b.walk.run(pause_cycle, b.walk.cycle_id, "ana", b.now, why="norovirus")
    b.send("ana", page, about="3", choice="refuse", note="use another")
    for fields in ({"form": "of another page"}, {"form": ""}):
        b.send("ana", page, about="3", choice="stop", note="x", **fields)
    b.send("ana", f"{page}/proof", me="yes", form="of another page")
    other = b.link("dee", "assigned", "a", DECIDE)
    b.see("ana", other, "/decide/99", "/d/x?lang=zh")
    b.pages.later(hours=2)
    b.see("ana", page)
    b.send("ana", page, about="3", choice="stop", note="x")


def an_escalation_is_decided_by_the_level_that_was_asked(b: Browsing) -> None:
    b.pages.later(days=8)
    b.walk.sweep(b.now)
    page = b.enter("bo", b.link("bo", "escalation", "a", DECIDE), "an escalation")
    b.log_in("bo")
    b.see("bo", page, f"{page}?lang=en")
    b.walk.answer("c", "blocked", "dee", b.now, note="printer broken")
    b.see("bo", page, f"{page}?lang=en")
    b.send("bo", page, about="1", choice="grant", note="one week")
    b.send("bo", f"{page}?lang=en", about="1", choice="grant", note="one week", until="2026-03-20")
    b.see("bo", page)


def a_stage_that_lacks_something_says_where_it_is_mended(b: Browsing) -> None:
    b.walk.answer("plan-it", "done", "dee", b.now)
    page = b.enter("ana", b.link("ana", "decision", "", DECIDE), "a question")
    b.log_in("ana")
    b.see("ana", page, f"{page}?lang=zh")
    b.send("ana", page, about="1", choice="approve", note="good")
    b.send("ana", f"{page}?lang=zh", about="1", choice="approve", note="good")
    b.send("ana", f"{page}?lang=zh", about="1", choice="grant", note="good")


def whoever_is_logged_in_sees_all_that_waits_and_decides_their_own(b: Browsing) -> None:
    for person in ("ana", "eva", "gao"):
        b.log_in(person)
    b.see("ana", "/decisions", "/decisions?lang=zh")
    ask_three(b)
    b.see("ana", "/decisions", "/decisions?lang=zh")
    b.see("eva", "/decisions")
    b.see("gao", "/decisions")
    b.send("ana", "/decisions?lang=zh", about="1", choice="refuse")
    b.send("ana", "/decisions", about="1", choice="give", to="nobody", note=" not again ", until="")
    b.send("ana", "/decisions?lang=zh", about="1", choice="refuse", note=" not again ", until="")
    b.send("ana", "/decisions", about="2", choice="accept")
    b.send("ana", "/decisions", about="2", choice="accept")
    b.send("eva", "/decisions", about="3", choice="stop", note="x")
    b.send("eva", "/decisions", about="3", choice="stop", note="x", form="of another page")
    b.send("nobody", "/decisions", about="3", choice="stop", note="x")
    b.see("nobody", "/decisions")


STORIES: dict[Callable[[Browsing], None], Part] = {
    who_has_proved_who_they_are_decides_what_waits: FOUR,
    what_a_rule_refuses_is_said_with_what_was_typed: FOUR,
    an_escalation_is_decided_by_the_level_that_was_asked: FOUR,
    a_stage_that_lacks_something_says_where_it_is_mended: PDCA,
    whoever_is_logged_in_sees_all_that_waits_and_decides_their_own: FOUR,
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_pages_of_decisions_come_out_to_the_letter(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, story: Callable[[Browsing], None]
) -> None:
    with browsing(database, rules, tmp_path, now, STORIES[story]) as begun:
        story(begun)
        begun.compare(f"decisions {story.__name__}".replace("_", " "))


def test_an_old_link_still_shows_the_question_of_its_message_at_whatever_level_it_is_asked(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        ask_three(b)
        links = {slug: b.link("ana", "decision", slug, DECIDE) for slug in "abc"}
        assert {slug: shown(b, "ana", link) for slug, link in links.items()} == {slug: set("abc") for slug in "abc"}
        for days, level in ((2, 1), (4, 2), (11, 3), (21, 3)):
            b.pages.moment[0] = now + timedelta(days=days)
            b.walk.sweep(b.now)
            assert {one.level for one in b.walk.decisions(pending=True) if one.kind != "overdue"} == {level}
            assert {slug: shown(b, "ana", link) for slug, link in links.items()} == {slug: {slug} for slug in "abc"}
        assert len(b.walk.decisions()) > len(b.walk.decisions(pending=True)) * 3, "at the top they are asked again"
        b.walk.decide("b", "accept", "feng", b.now)
        assert [shown(b, "ana", links[slug]) for slug in "abc"] == [{"a"}, set(), {"c"}], "what was decided is over"


def test_an_old_link_about_an_approval_shows_its_own_stage_after_it_was_passed_up(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        for slug, by in (("a", "dee"), ("b", "ana"), ("c", "dee"), ("d", "dee"), ("e", "ana")):
            b.walk.answer(slug, "done", by, b.now)
        link = b.link("ana", "decision", "", DECIDE)
        b.pages.later(days=3)
        b.walk.sweep(b.now)
        assert [one.level for one in b.walk.decisions(pending=True)] == [1]
        assert shown(b, "ana", link) == {"Stage: work"}


def test_the_link_of_an_escalation_shows_the_furthest_one_of_its_task_and_of_no_other(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        b.pages.later(days=8)
        b.walk.sweep(b.now)
        links = {slug: b.link("bo", "escalation", slug, DECIDE) for slug in "abce"}
        assert {slug: shown(b, "bo", link) for slug, link in links.items()} == {slug: set("abce") for slug in "abce"}
        b.pages.later(days=6)
        b.walk.sweep(b.now)
        assert {one.level for one in b.walk.decisions(pending=True)} == {2}
        assert {slug: shown(b, "bo", link) for slug, link in links.items()} == {slug: {slug} for slug in "abce"}
        # What dee asks for now is another question, and not the head's.
        b.walk.answer("a", "extend", "dee", b.now, note="two on leave", until=date(2026, 5, 1))
        assert [shown(b, "bo", links[slug]) for slug in "ab"] == [set(), {"b"}]


def test_the_link_of_a_question_that_was_answered_opens_no_later_escalation_of_its_task(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        b.walk.answer("a", "extend", "dee", b.now, note="two on leave", until=UNTIL)
        link = b.link("ana", "decision", "a", DECIDE)
        b.walk.decide("a", "refuse", "ana", b.now)
        b.pages.later(days=8)
        b.walk.sweep(b.now)
        assert shown(b, "bo", b.link("bo", "escalation", "a", DECIDE)) >= {"a"}
        assert shown(b, "ana", link) == set()


def test_a_link_decides_of_the_kinds_that_ask_and_of_no_others(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        b.walk.answer("a", "extend", "dee", b.now, note="two on leave", until=UNTIL)
        link, opens = b.link("ana", "decision", "a", DECIDE), set[NotificationKind]()
        told = sa.update(Notification).where(table_of(Notification).c.person_id == person_id(database, "ana"))
        for kind in NotificationKind:
            with database.transaction("test") as session:
                session.execute(told.values(kind=kind))
            said = b.pages.visitor().get(link)
            assert said.status in (303, 404)
            opens |= {kind} if said.status == 303 else set()
        assert opens == {NotificationKind.DECISION, NotificationKind.ESCALATION, NotificationKind.DIGEST}


@pytest.mark.parametrize(("n", "says"), [(99, "99"), (101, "100+")])
def test_of_all_that_waits_a_hundred_are_listed(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, n: int, says: str
) -> None:
    with browsing(database, rules, tmp_path, now, FOUR) as b:
        b.walk.answer("a", "extend", "dee", b.now, note="two on leave", until=UNTIL)
        with database.transaction("test") as session:
            asked = session.exec(select(Decision)).one()
            given = asked.model_dump(exclude={"id"})
            session.add_all([Decision(**given) for _ in range(n - 1)])
        said = b.pages.logged_in("eva").get("/decisions").body
        assert f'Waiting for a decision <span class="n">{says}</span>' in said
        assert said.count('<li class="asks">') == min(n, 100)


def shown(b: Browsing, person: str, link: str) -> set[str]:
    """Name what the page of a link shows to somebody: tasks by their id, stages by their title."""
    visitor = b.pages.visitor()
    said = visitor.get(f"{visitor.get(link).to}?lang=en")
    assert said.status == 200, f"{person}: {said.status}"
    titles = {str(words["title"]["en"]): words["id"] for words in FOUR["stages"][0]["tasks"]}  # type: ignore[index]
    return {titles.get(found, found) for found in re.findall(r"<h2>(.*)</h2>", said.body)}
