"""The pages of a link to answer, to the letter: tests/data/pages holds what each visit says, offers and writes.

A change that is meant is written with WARDCYCLE_CHRONICLE=1, and read as a diff.
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from engine.changes import reassign_task
from engine.cycles import cancel_cycle, pause_cycle, resume_cycle
from engine.rules import Rules
from models.db import Database
from tests.browsing import Browsing, browsing
from tests.walks import stage, task, template

SAFETY = template(
    stage(
        "work",
        task(
            "photograph",
            title={"en": "Photograph the new checklist", "zh": "拍摄新核查表"},
            guidance={"en": "One photo of the place where it hangs.", "zh": "拍一张能看清张贴位置的照片。"},
            evidence="required",
        ),
        task("teach", title={"en": "Teach the night shift", "zh": "培训夜班人员"}, owner="lead", after=["photograph"]),
        task("causes", title={"en": "Find the causes", "zh": "查找原因"}, safety=True),
    ),
    title={"en": "Surgical safety checklist", "zh": "手术安全核查"},
)
PHOTO = b"\x89PNG\r\n" + b"0" * 2000


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


def an_owner_answers_and_takes_it_back(b: Browsing) -> None:
    page = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.see("dee", page, f"{page}?lang=zh", f"{page}/receipt", f"{page}/receipt?lang=zh")
    b.send("dee", page, choice="acknowledge")
    b.see("dee", f"{page}/receipt", f"{page}/receipt?lang=zh", page)
    b.send("dee", f"{page}/undo", answer="1")
    b.send("dee", f"{page}/undo?lang=zh", undo="yes", answer="2")
    b.send("dee", f"{page}/undo?lang=zh", undo="yes", answer="1")
    b.see("dee", f"{page}/receipt", f"{page}/receipt?lang=zh")
    b.send("dee", f"{page}/undo", undo="yes", answer="1")
    b.send("dee", f"{page}?lang=zh", choice="extend", note="two on leave", until="2026-03-20")
    b.see("dee", f"{page}/receipt", f"{page}/receipt?lang=zh", page, f"{page}?lang=zh")
    b.send("dee", page, choice="extend", note="two on leave", until="2026-03-20")
    b.pages.later(minutes=9, seconds=59)
    b.see("dee", f"{page}/receipt")
    b.pages.later(seconds=1)
    b.see("dee", f"{page}/receipt")
    b.send("dee", f"{page}/undo", undo="yes", answer="2")


def what_a_rule_refuses_is_said_with_what_was_typed(b: Browsing) -> None:
    page = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.send("dee", page)
    b.send("dee", page, choice="done", note="hangs")
    b.send("dee", f"{page}?lang=zh", choice="extend", note="more", until="soon")
    b.send("dee", page, choice="hand-over", note="leave", to="gao", other="nobody-here")
    b.send("dee", page, choice="take")
    b.send_file("dee", page, "virus.exe", b"MZ", choice="done", note="hangs")
    b.send("dee", page, choice="acknowledge", form="of another page")
    b.send("dee", f"{page}/undo", undo="yes", answer="1")
    b.send("dee", f"{page}/undo")
    b.send("dee", f"{page}/undo", undo="yes", answer="1", form="of another page")
    b.send("dee", f"{page}/proof", me="yes", form="of another page")


def a_photo_is_handed_in_and_the_next_task_shows_what_came_before(b: Browsing) -> None:
    page = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.send("dee", page, choice="blocked", note="no printer")
    b.see("dee", page)
    b.walk.decide("photograph", "remove", "ana", b.now, until=date(2026, 3, 10))
    b.send_file("dee", page, "photo.png", PHOTO, choice="done", note="hangs", until="2026-03-20", to="gao")
    b.see("dee", f"{page}/receipt", page, f"{page}?lang=zh")
    lead = b.enter("ana", b.link("ana", "assigned", "teach"), "what was assigned")
    b.see("ana", lead, f"{lead}?lang=zh")
    of_dee = b.enter("ana", b.link("ana", "receipt", "photograph"), "a receipt")
    b.see("ana", of_dee, f"{of_dee}/receipt")


def a_task_is_handed_over_and_taken(b: Browsing) -> None:
    dee = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.send("dee", dee, choice="hand-over", note="not my ward", to="bo", other=" gao ")
    b.see("dee", f"{dee}/receipt", f"{dee}/receipt?lang=zh")
    gao = b.enter("gao", b.link("gao", "hand-over", "photograph"), "an offer")
    b.see("gao", gao, f"{gao}?lang=en")
    b.send("gao", gao, choice="acknowledge")
    b.send("gao", f"{gao}?lang=en", choice="take")
    b.see("gao", f"{gao}/receipt", f"{gao}/receipt?lang=en", gao)
    b.see("dee", dee, f"{dee}?lang=zh", f"{dee}/receipt")
    b.send("dee", dee, choice="acknowledge")
    b.send("gao", gao, choice="take")
    b.send("dee", f"{dee}/undo", undo="yes", answer="1")


def a_task_is_answered_late_by_the_lead_and_in_every_status_the_page_says_so(b: Browsing) -> None:
    dee = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.walk.answer("photograph", "acknowledge", "dee", b.now)
    b.pages.later(days=9)
    lead = b.enter("ana", b.link("ana", "receipt", "photograph"), "a receipt")
    b.see("ana", lead, f"{lead}?lang=zh")
    b.walk.run(pause_cycle, b.walk.cycle_id, "ana", b.now, why="norovirus")
    dee = b.enter("dee", b.link("dee", "assigned", "photograph"), "what was assigned")
    b.see("dee", dee, f"{dee}?lang=zh")
    b.send("dee", dee, choice="acknowledge")
    b.walk.run(resume_cycle, b.walk.cycle_id, "ana", b.now, why="over")
    b.send("ana", lead, choice="blocked", note="no printer")
    b.walk.decide("photograph", "stop", "bo", b.now)
    b.see("dee", dee, f"{dee}?lang=zh")
    b.send("dee", dee, choice="acknowledge")
    causes = b.enter("dee", b.link("dee", "assigned", "causes"), "what was assigned")
    b.walk.run(reassign_task, b.walk.task_id("causes"), "ana", b.now, to="chen", why="has time")
    b.see("dee", causes)
    b.walk.run(cancel_cycle, b.walk.cycle_id, "ana", b.now, why="given up")
    b.see("dee", causes, f"{causes}?lang=zh", dee)
    b.send("dee", causes, choice="done", note="found")


def what_concerns_safety_needs_a_code_or_a_login(b: Browsing) -> None:
    page = b.enter("dee", b.link("dee", "assigned", "causes"), "what was assigned")
    b.see("dee", page, f"{page}?lang=zh")
    b.send("dee", page, choice="done", note="found")
    b.send("dee", f"{page}/proof")
    b.send("dee", f"{page}/proof?lang=zh", me="yes")
    b.see("dee", page, f"{page}?lang=zh")
    code = b.code("dee")
    b.send("dee", f"{page}/proof", code="000000" if code != "000000" else "111111")
    b.send("dee", f"{page}/proof?lang=zh", code=code)
    b.see("dee", page)
    b.send("dee", page, choice="done", note="found")
    b.send("dee", f"{page}/undo", undo="yes", answer="1")
    b.pages.later(minutes=15)
    b.see("dee", page)
    b.log_in("dee")
    b.see("dee", page)
    b.send("dee", page, choice="done", note="found")


def a_link_opens_its_own_page_only_and_not_for_ever(b: Browsing) -> None:
    link = b.link("dee", "assigned", "photograph")
    page, other = (
        b.enter("dee", one, "what was assigned") for one in (link, b.link("dee", "assigned", "causes"))
    )  # fmt: skip
    b.browsers["gao"] = b.pages.visitor()
    b.browsers["gao"].cookies = {
        f"wardcycle_answer_{other[-1]}": b.browsers["dee"].cookies[f"wardcycle_answer_{page[-1]}"]
    }
    b.see("gao", other, f"{other}/receipt", page)
    for path in (other, f"{other}/proof", f"{other}/undo"):
        b.send("gao", path, choice="acknowledge", me="yes", undo="yes", answer="1")
    b.send("gao", page, choice="acknowledge")
    b.see("dee", "/answer/0", "/answer/x", f"{link}x", "/a/x?lang=zh")
    b.pages.later(hours=2)
    b.see("dee", page)
    b.send("dee", page, choice="acknowledge")
    b.pages.later(days=90)
    b.see("dee", link)


STORIES: tuple[Callable[[Browsing], None], ...] = (
    an_owner_answers_and_takes_it_back,
    what_a_rule_refuses_is_said_with_what_was_typed,
    a_photo_is_handed_in_and_the_next_task_shows_what_came_before,
    a_task_is_handed_over_and_taken,
    a_task_is_answered_late_by_the_lead_and_in_every_status_the_page_says_so,
    what_concerns_safety_needs_a_code_or_a_login,
    a_link_opens_its_own_page_only_and_not_for_ever,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_pages_of_an_answer_come_out_to_the_letter(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, story: Callable[[Browsing], None]
) -> None:
    with browsing(database, rules, tmp_path, now, SAFETY) as begun:
        story(begun)
        begun.compare(f"answer {story.__name__}".replace("_", " "))
