"""Every kind of message in both languages, and what hostile or unusual words do to it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from config.words import Text
from models.notification import NotificationKind
from models.task import AnswerKind, Outcome
from notifications.letters import ALONE, Letter
from notifications.links import LINKED, Seals
from notifications.mail import Head, build_mail
from notifications.render import MOST_SUBJECT, Renderer, one_line
from notifications.wording import ITEMS, WORDS

K = NotificationKind
EACH = list(product(K, ("en", "zh")))
RENDERER = Renderer(ZoneInfo("Asia/Shanghai"), "http://ward.test/")
FACTS: dict[NotificationKind, dict[str, str]] = {
    K.DECISION: {"who": "Bo", "until": "2026-03-31", "note": "more data", "decision": "extension"},
    K.DECIDED: {"outcome": "granted", "who": "Bo", "until": "2026-03-31", "note": "go on"},
    K.HAND_OVER: {"who": "Bo", "note": "on leave"},
    K.RECEIPT: {"answer": "done", "who": "Bo", "note": "ready"},
    K.DEADLINE: {"until": "2026-03-31T09:30:00+00:00", "before": "2026-03-06", "why": "ill"},
    K.STOPPED: {"why": "merged"},
    K.INVITATION: {"invitation": "12.salt"},
    K.CODE: {"code_row": "12.salt"},
    K.ALARM: {"alarm": "dead", "person": "Dee", "why": "550 no such user"},
}


def letter(kind: NotificationKind = K.ASSIGNED, language: str = "en", **more: object) -> Letter:
    given: dict[str, object] = {
        "delivery_id": 7,
        "notification_id": 3,
        "rank": 0,
        "channel": "email",
        "epoch": 1,
        "n_attempts": 0,
        "kind": kind,
        "rung": "",
        "level": 1,
        "urgent": False,
        "mark": "7.abc",
        "facts": FACTS.get(kind, {}),
        "person": "Ana",
        "email": "ana@h.test",
        "language": language,
        "channels": ("email",),
        "addresses": "",
        "code": "C2026-0001",
        "cycle_id": 1,
        "cycle": Text("Surgical safety", "手术安全"),
        "unit": Text("Ward 3", "三病区"),
        "lead": "Bo",
        "task_id": 1,
        "task_slug": "present-state",
        "task": Text("Study the present state", "现状调查"),
        "deadline_at": datetime(2026, 3, 6, 9, 30, tzinfo=UTC),
        "owners": ("Chen",),
    }
    return Letter(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_every_kind_is_written_in_both_languages(kind: NotificationKind, language: str) -> None:
    message = RENDERER.write(letter(kind, language))
    assert message.subject.startswith("[C2026-0001] ")
    assert len(message.subject) <= MOST_SUBJECT
    for part in (message.text, message.html):
        assert "http://ward.test/cycles/C2026-0001" in part
        assert "None" not in part
        assert "{{" not in part
    assert ("患者" in message.text) == (language == "zh")


@pytest.mark.parametrize(("kind", "language"), list(product(sorted(LINKED), ("en", "zh"))))
def test_a_letter_with_a_link_to_answer_shows_it_once_before_the_page_and_says_whose_it_is(
    kind: NotificationKind, language: str
) -> None:
    seals = Seals(Settings.model_validate({"secret_keys": "sixteen-or-more!"}))
    linked = letter(kind, language, answer_token="token")
    message = replace(RENDERER, seals=seals).write(linked)
    link = f"http://ward.test/a/{seals.sign('token')}"
    for part in (message.text, message.html):
        assert part.count(link) == 1
        assert part.index(link) < part.index("http://ward.test/cycles/C2026-0001")
        assert ("请勿转发" if language == "zh" else "please do not pass it on") in part
    assert "/a/" not in RENDERER.write(linked).text
    assert "/a/" not in replace(RENDERER, seals=seals, base_url="").write(linked).text


def test_whatever_a_message_names_has_words_in_both_languages() -> None:
    assert {kind.value for kind in K} - {kind.value for kind in ALONE} - {K.DIGEST.value} == ITEMS.keys()
    assert {each.value for each in (*AnswerKind, *Outcome)} <= WORDS.keys()


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_every_kind_is_written_when_nothing_is_known_but_the_person(kind: NotificationKind, language: str) -> None:
    nothing = {"facts": {}, "code": "", "cycle": Text("", ""), "unit": Text("", ""), "lead": "", "owners": ()}
    bare = letter(kind, language, **nothing, task=Text("", ""), task_id=None, task_slug="", deadline_at=None)
    message = RENDERER.write(bare)
    assert message.subject.startswith("[wardcycle]")
    assert "None" not in message.text


@pytest.mark.parametrize(
    ("kind", "language", "said"),
    [
        (K.ASSIGNED, "en", "Fri 6 Mar 2026, 17:30"),
        (K.ASSIGNED, "zh", "2026年3月6日（周五）17:30"),
        (K.DECISION, "en", "asks for more time, until Tue 31 Mar 2026"),
        (K.DECIDED, "en", "Bo decided: more time was granted."),
        (K.DECIDED, "zh", "Bo已作决定：同意延期。"),
        (K.DEADLINE, "en", "now Tue 31 Mar 2026, 17:30 (it was Fri 6 Mar 2026)"),
        (K.ESCALATION, "en", "Chen did not answer by Fri 6 Mar 2026, 17:30"),
        (K.ESCALATION, "en", "- give the task to somebody else"),
        (K.ALARM, "en", "550 no such user"),
    ],
)
def test_a_message_says_what_by_when_and_who(kind: NotificationKind, language: str, said: str) -> None:
    assert said in RENDERER.write(letter(kind, language)).text


def test_a_stand_in_learns_for_whom_and_until_when() -> None:
    message = RENDERER.write(letter(K.REMINDER, instead_of="Chen", away_until=date(2026, 3, 20)))
    assert "You stand in for Chen until Fri 20 Mar 2026." in message.text


def test_who_is_told_for_want_of_an_address_learns_why() -> None:
    message = RENDERER.write(letter(K.REMINDER, instead_of="Dee", facts={"instead": "no-address"}))
    assert "Dee has no address, so this goes to you." in message.text


def test_a_possible_repeat_says_so_in_both_forms() -> None:
    message = RENDERER.write(letter(K.ESCALATION, repeat=True))
    assert message.text.startswith("Possible repeat")
    assert "Possible repeat" in message.html


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        "x\r\nBcc: all@h.test",
        "{{ 7 * 7 }}{% raw %}",
        "长" * 300,
        "👩‍⚕️" * 40,
        "a\x00b\x1b[31m\u2028c\u202ed",
        "half \ud83d a character",
    ],
)
def test_hostile_and_unusual_titles_stay_words(title: str) -> None:
    message = RENDERER.write(letter(task=Text(title, title), person=title, facts={"note": title}))
    assert len(message.subject) <= MOST_SUBJECT
    assert not set(message.subject) & set("\r\n\x00\x1b\u2028\u202e")
    assert "<script>" not in message.html
    mail = build_mail(message, Head("w@h.test", "ana@h.test", datetime(2026, 3, 2, tzinfo=UTC), "7.abc", "C1"))
    head = mail.partition(b"\r\n\r\n")[0]
    assert b"\r\nBcc" not in head
    assert all(len(line) <= 998 for line in mail.split(b"\r\n"))
    assert all(
        len(line) <= 78 for line in head.split(b"\r\n") if line.startswith((b"Subject", b" =?")) and b"=?" in line
    )


def test_a_line_is_cut_with_a_sign_that_it_goes_on() -> None:
    assert one_line("a" * 60) == "a" * 60
    assert one_line("a" * 61) == "a" * 59 + "…"
