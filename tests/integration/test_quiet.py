"""After an outage one digest a person, which names it; what was missed is counted; the list leads to each task."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from cli.simulate import simulate_hospital
from config.settings import Settings
from engine.forecast import forecast_hospital
from engine.outages import is_outage
from engine.people import people_changed
from engine.rules import Rules
from engine.sweep import sweep
from models.db import Database
from models.notification import NotificationKind, Outage
from models.people import Person, Rhythm
from notifications.channels import voice_of
from notifications.deliver import deliver_due
from tests.chaos.sizes import size
from tests.e2e.answering import Clock, ask, open_link, ward_at_work
from tests.invariants import hold
from tests.places import make_hospital
from tests.voices import Behaviour, Recorder, mail_server, voice
from tests.walks import launched, stage, task, template, with_template

K = NotificationKind
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
REMIND = ["-3wd", "-2wd", "-1wd", "0wd"]
MANY = template(
    stage(
        "one",
        *(task(f"d{n}", remind=REMIND, due="4wd") for n in range(6)),
        *(task(f"l{n}", owner="lead", remind=REMIND, due="4wd") for n in range(2)),
        task("h0", owner="dept-head", remind=REMIND, due="4wd"),
    ),
    id="many",
)


def run(database: Database, rules: Rules, start: datetime, until: datetime, *, live: bool = True) -> None:
    """Sweep every half hour."""
    now = start
    while now < until:
        sweep(database, rules=rules, now=now, live=live)
        now += 30 * MINUTE


def subjects(box: Behaviour) -> dict[str, list[str]]:
    """Give the subjects of what came to each address."""
    found: dict[str, list[str]] = {}
    for one in box.got:
        assert isinstance(one.content, bytes)
        found.setdefault(one.rcpt_tos[0], []).append(message_from_bytes(one.content, policy=default)["Subject"])
    return found


def text_of(box: Behaviour, to: str) -> str:
    [content] = [one.content for one in box.got if one.rcpt_tos == [to]]
    assert isinstance(content, bytes)
    body = message_from_bytes(content, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("n_cycles", [1, size(20, 112)])
def test_after_three_days_without_a_mail_server_each_person_gets_one_digest(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, n_cycles: int
) -> None:
    make_hospital(database)
    rules = with_template(rules, MANY)
    for _ in range(n_cycles):
        launched(database, rules, now, MANY)
    box, clock = Behaviour(), Clock(now)
    with mail_server(box) as port:
        settings = Settings.model_validate(
            {"data_folder": tmp_path, "smtp_host": "127.0.0.1", "smtp_port": port, "base_url": "http://ward.test"}
        )
        spoken = voice_of(settings, rules.catalogue)
        deliver_due(database, voice=spoken, now=clock)
        box.got.clear()
        box.at_rcpt = "421 the mail server is being mended"
        while clock.now < now + 3 * DAY:
            clock.now += HOUR
            sweep(database, rules=rules, now=clock.now, live=True)
            deliver_due(database, voice=spoken, now=clock, random=lambda: 0.5)
        assert box.got == []
        box.at_rcpt = ""
        for _ in range(10):  # as the sender does: it looks again and again
            clock.now += HOUR
            deliver_due(database, voice=spoken, now=clock, random=lambda: 0.5)
    found = subjects(box)
    assert set(found) == {"dee@hospital.test", "ana@hospital.test", "bo@hospital.test"}
    digests = {to: [one for one in each if "After an outage" in one or "恢复运行" in one] for to, each in found.items()}
    assert {to: len(each) for to, each in digests.items()} == dict.fromkeys(found, 1), found
    assert {to: len(each) for to, each in found.items()} == dict.fromkeys(found, 1), found
    hold(database, clock.now)


@pytest.mark.parametrize("n_cycles", [size(22, 112)])
def test_after_three_days_in_which_the_engine_did_not_run_one_digest_names_them(
    database: Database, rules: Rules, tmp_path: Path, now: datetime, n_cycles: int
) -> None:
    make_hospital(database)
    rules = with_template(rules, MANY)
    for _ in range(n_cycles):
        launched(database, rules, now, MANY)
    assert deliver_due(database, voice=voice(Recorder()), now=lambda: now).n_sent == 3
    run(database, rules, now, now + HOUR)
    back = now + 3 * DAY + 2 * HOUR  # 2 March + 3 days: all but the last reminder are missed
    sweep(database, rules=rules, now=back, live=True)
    sweep(database, rules=rules, now=back + MINUTE, live=True)
    box = Behaviour()
    with mail_server(box) as port:
        settings = Settings.model_validate({"data_folder": tmp_path, "smtp_host": "127.0.0.1", "smtp_port": port})
        deliver_due(database, voice=voice_of(settings, rules.catalogue), now=lambda: back + MINUTE)
        deliver_due(database, voice=voice_of(settings, rules.catalogue), now=lambda: back + HOUR)
    assert {to: len(each) for to, each in subjects(box).items()} == {
        "dee@hospital.test": 1, "ana@hospital.test": 1, "bo@hospital.test": 1,
    }  # fmt: skip
    said = text_of(box, "dee@hospital.test")
    assert "The system did not run from Mon 2 Mar 2026, 10:00 to Thu 5 Mar 2026, 11:30." in said
    assert said.count("no answer yet") == 6 * n_cycles
    assert "系统自2026年3月2日（周一）10:00至2026年3月5日（周四）11:30未运行" in text_of(box, "bo@hospital.test")
    with database.reading() as session:
        assert len(session.exec(select(Outage)).all()) == 1
        missed = session.execute(
            sa.text("SELECT COUNT(*) FROM audit WHERE what = 'task.reminder' AND after LIKE '%\"missed\"%'")
        ).scalar_one()
    assert missed == 9 * n_cycles
    hold(database, back + HOUR)


def test_even_one_message_after_an_outage_says_so(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    rules = with_template(rules, template(stage("one", task("only", remind=REMIND, due="4wd"))))
    launched(database, rules, now, template(stage("one", task("only", remind=REMIND, due="4wd"))))
    deliver_due(database, voice=voice(Recorder()), now=lambda: now)
    sweep(database, rules=rules, now=now, live=True)
    back = now + 3 * DAY
    sweep(database, rules=rules, now=back, live=True)
    recorder = Recorder()
    deliver_due(database, voice=voice(recorder), now=lambda: back)
    [(message, _)] = recorder.sent
    assert message.subject == "[wardcycle] After an outage: 1 message, 1 to answer"


def test_a_reminder_long_after_the_outage_does_not_name_it(database: Database, rules: Rules, now: datetime) -> None:
    make_hospital(database)
    written = template(stage("one", task("only", remind=REMIND, due="9wd")))
    rules = with_template(rules, written)
    launched(database, rules, now, written)
    deliver_due(database, voice=voice(Recorder()), now=lambda: now)
    sweep(database, rules=rules, now=now, live=True)
    sweep(database, rules=rules, now=now + DAY, live=True)  # nothing fell into this outage
    due = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    run(database, rules, now + DAY, due + 10 * MINUTE)
    recorder = Recorder()
    deliver_due(database, voice=voice(recorder), now=lambda: due + 10 * MINUTE)
    assert [message.subject for message, _ in recorder.sent] == ["[C2026-0001] Reminder: only"]


@pytest.mark.parametrize(
    ("since", "until", "outage"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:59", False),
        ("2026-03-02T10:00", "2026-03-02T12:00", True),
        ("2026-03-02T18:00", "2026-03-03T08:05", False),  # switched off overnight
        ("2026-03-06T18:00", "2026-03-09T09:59", False),  # and over the weekend
        ("2026-03-06T18:00", "2026-03-09T10:00", True),
        ("2026-03-03T10:00", "2026-03-02T10:00", False),  # the clock was set back
    ],
)
def test_only_a_gap_in_which_messages_could_have_gone_is_an_outage(
    rules: Rules, since: str, until: str, outage: bool
) -> None:
    zone = rules.calendar.zone
    first, last = (datetime.fromisoformat(one).replace(tzinfo=zone).astimezone(UTC) for one in (since, until))
    assert is_outage(first, last, rules.calendar) is outage


def test_a_simulated_clock_jumps_without_an_outage(database: Database, rules: Rules, now: datetime) -> None:
    for days in (0, 3, 6):
        sweep(database, rules=rules, now=now + days * DAY)
    with database.reading() as session:
        assert session.exec(select(Outage)).all() == []


def test_the_list_shows_each_task_as_it_stands_and_leads_to_its_page(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    with ward_at_work(database, rules, tmp_path, now, MANY) as ward:
        assert not ward.links("dee")
        [link] = re.findall(r"https?://\S+/l/\S+", ward.mails("dee")[0])
        listed = open_link(link)
        assert listed.said.body.count("/open/") == 6
        members = re.findall(r'href="(/list/\d+/open/\d+)"', listed.said.body)
        before = ward.all_rows()
        entered = ask(f"{ward.site}{members[0]}", cookie=listed.cookie)
        assert entered.status == 303 and re.fullmatch(r"/answer/\d+", entered.headers["Location"])
        assert ward.all_rows() == before
        page = f"{ward.site}{entered.headers['Location']}"
        form = ask(page, cookie=entered.cookie).form
        fields = {"form": form, "choice": "done", "note": "all six"}
        assert ask(page, "POST", cookie=entered.cookie, fields=fields).status == 303
        again = listed.again().body
        assert (again.count(">Answer</a>"), again.count("See what became of it")) == (5, 1)


def test_a_list_opens_nothing_of_somebody_else(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> None:
    with ward_at_work(database, rules, tmp_path, now, MANY) as ward:
        listed = open_link(re.findall(r"https?://\S+/l/\S+", ward.mails("dee")[0])[0])
        theirs = open_link(ward.links("ana")[0]).page.rpartition("/")[2]
        for address in (
            f"{listed.page}/open/{theirs}",
            f"{listed.page}/open/999999",
            f"{listed.page}/open/x",
            f"{listed.page}0",
        ):
            assert ask(address, cookie=listed.cookie).status == 404
        own = re.findall(r'href="(/list/\d+/open/\d+)"', listed.said.body)[0]
        assert ask(f"{ward.site}{own}").status == 404  # without the cookie


@pytest.mark.parametrize("rhythm", [Rhythm.DAILY, Rhythm.WEEKLY])
def test_what_was_asked_to_wait_waits_for_nine_and_goes_as_one(
    database: Database, rules: Rules, now: datetime, rhythm: Rhythm
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        session.execute(sa.update(Person).where(col(Person.slug) == "dee").values(digest=rhythm))
        people_changed(session)
    rules = with_template(rules, MANY)
    launched(database, rules, now, MANY)  # 09:30
    nine = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    sent: list[Counter[str]] = []
    for moment in (now, nine - MINUTE, nine):
        recorder = Recorder()
        deliver_due(database, voice=voice(recorder), now=Clock(moment))
        sent.append(Counter(to.value for _, to in recorder.sent))
    assert [one["dee@hospital.test"] for one in sent] == [0, 0, 1]
    assert "once a day" in recorder.sent[0][0].text or "once a week" in recorder.sent[0][0].text
    hold(database, nine)


def test_the_forecast_knows_who_waits_for_a_digest_and_who_has_stopped_what(
    database: Database, rules: Rules, now: datetime
) -> None:
    make_hospital(database)
    with database.transaction("test") as session:
        for slug, rhythm in (("dee", Rhythm.DAILY), ("bo", Rhythm.WEEKLY), ("ana", Rhythm.WEEKLY)):
            session.execute(sa.update(Person).where(col(Person.slug) == slug).values(digest=rhythm, muted="receipt"))
        people_changed(session)
    written = template(stage("one", *(task(f"d{n}", remind=["-1wd"], due="2wd") for n in range(5))))
    rules = with_template(rules, written)
    launched(database, rules, now, written)
    until = now + 30 * DAY
    with database.reading() as session:
        expected = forecast_hospital(session, rules=rules, now=now, until=until)
    assert list(simulate_hospital(database, rules=rules, now=now, until=until).told) == expected
    assert {told.kind for told in expected} >= {"assigned", "reminder", "escalation"}
