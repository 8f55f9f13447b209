"""The monthly bulletin: who gets it once, what its mail and its page say, and the chart in the mail of a signal."""

import email
import email.policy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from engine.bulletins import bulletin_at
from engine.preferences import Preferences, set_preferences
from engine.rules import Rules
from models.db import Database
from models.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from models.people import Rhythm
from models.schedule import Bulletin
from notifications.deliver import deliver_due
from notifications.letters import gather
from notifications.render import Message, Renderer
from tests.indicators import person_of
from tests.invariants import hold
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import observe, shares
from tests.visitors import pages_of
from tests.voices import Behaviour, mail_server, mail_voice

DUE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
OUT = datetime(2026, 3, 13, 1, 0, tzinfo=UTC)  # 09:00 of the tenth working day of March
MISSED = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def plan(database: Database, rules: Rules) -> Plan:
    """February of ward 3: hand hygiene far below, everything else of the core set without data."""
    make_hospital(database)
    observe(database, rules, shares(0.6, 23), now=DUE - 40 * DAY)
    made = Plan(database, rules)
    made.add("core", DUE - 20 * DAY)
    made.enter(FEBRUARY, 70, DUE - DAY)
    made.round(DUE)
    return made


def written(plan: Plan, kind: NotificationKind) -> dict[str, Message]:
    """Write the mails of a kind as the sender does; by the id of the person."""
    renderer = Renderer(plan.rules.calendar.zone, "http://ward.test", roles=plan.rules.catalogue.roles)
    told = plan.told(kind)
    with plan.database.reading() as session:
        ids = {row.notification_id: row.id for row in session.exec(select(Delivery))}
        letters = gather(session, [ids[row.id] for _, row in told], on=DUE.date())
    return {slug: renderer.write(letters[ids[row.id]]) for slug, row in told}


def test_the_bulletin_goes_out_once_on_the_tenth_working_day(plan: Plan) -> None:
    assert bulletin_at(FEBRUARY, plan.rules.calendar) == OUT
    assert [plan.round(at).n_bulletins for at in (OUT - SECOND, OUT, OUT, OUT + DAY)] == [0, 2, 0, 0]
    assert sorted(slug for slug, _ in plan.told(NotificationKind.BULLETIN)) == ["bo", "eva", "feng"]
    with plan.database.reading() as session:
        assert {row.month_on for row in session.exec(select(Bulletin))} == {FEBRUARY}
    hold(plan.database, OUT + DAY)


def test_an_outage_makes_a_bulletin_late_and_not_lost(plan: Plan) -> None:
    assert plan.round(OUT + 50 * DAY).n_bulletins == 4  # of February and of March
    assert plan.round(OUT + 50 * DAY).n_bulletins == 0


def test_whoever_stopped_bulletins_gets_none(plan: Plan) -> None:
    with plan.database.transaction("test") as session:
        wanted = Preferences("zh", ("email",), Rhythm.AT_ONCE, ("bulletin",))
        set_preferences(session, person_of(plan.database, "bo"), wanted, by=None, now=DUE)
    plan.round(OUT)
    with plan.database.reading() as session:
        rows = session.exec(select(Delivery.why, Notification.person_id).join(Notification).where(
            Notification.kind == NotificationKind.BULLETIN)).all()  # fmt: skip
    assert {why for why, person in rows if person == person_of(plan.database, "bo")} == {"stopped by the person"}


def test_the_mail_says_what_was_found_missed_and_how_much_of_it_chance_would_bring(plan: Plan) -> None:
    plan.round(OUT)
    mails = written(plan, NotificationKind.BULLETIN)
    assert "2026-02" in mails["bo"].subject and "预警 1 项" in mails["bo"].subject
    assert "约 0.0 项可能只是偶然波动" in mails["bo"].text
    assert "手卫生依从率，三病区：35" in mails["eva"].text
    assert "http://ward.test/bulletins/surgery/2026-02" in mails["bo"].text
    assert "http://ward.test/bulletins/hospital/2026-02" in mails["feng"].html


def test_the_mail_of_a_signal_shows_the_chart_of_the_stored_record(plan: Plan) -> None:
    mails = written(plan, NotificationKind.SIGNAL)
    assert sorted(mails) == ["bo", "chen", "eva", "gao"]
    mail = mails["bo"]
    assert [one.cid for one in mail.pictures] == ["chart"] and mail.pictures[0].png.startswith(b"\x89PNG")
    assert 'src="cid:chart"' in mail.html and mail.pictures[0].alt
    assert "数值超出控制限（2026年2月1日" in mail.text and "wardcycle assess follow 1" in mail.text
    assert "http://ward.test/indicators/hand-hygiene?unit=ward-3" in mail.text


def test_the_page_shows_icons_values_missed_and_the_cycles_in_both_languages(plan: Plan, tmp_path: Path) -> None:
    plan.round(MISSED)
    with pages_of(plan.database, plan.rules, tmp_path, MISSED) as pages:
        office = pages.logged_in("eva")
        for language, words in (
            ("en", ("signal of concern", "missed", "says nothing about", "By chance alone about 0.0 of 1", "35 %")),
            ("zh", ("预警", "未评估", "不代表结果好或坏", "仅因偶然波动约有 0.0 项")),
        ):
            page = office.get(f"/bulletins/hospital/2026-02?lang={language}")
            assert page.status == 200 and [word for word in words if word not in page.body] == []
            assert page.body.count("<svg xmlns") == 1 and "style=" not in page.body
            assert len(page.body.encode()) < 100_000
        assert "No assessment was planned" in office.get("/bulletins/hospital/2026-05?lang=en").body
        assert [office.get(f"/bulletins/{path}").status for path in ("nowhere/2026-02", "hospital/soon")] == [404, 404]


def test_a_head_sees_the_own_units_and_nobody_elses(plan: Plan, tmp_path: Path) -> None:
    with pages_of(plan.database, plan.rules, tmp_path, OUT) as pages:
        head, stranger = pages.logged_in("bo"), pages.logged_in("ana")
        plan.round(OUT)
        assert "/bulletins/surgery/2026-02" in head.get("/bulletins").body
        assert "/bulletins/hospital" not in head.get("/bulletins").body
        assert "No bulletin" in stranger.get("/bulletins?lang=en").body
        assert 'href="/bulletins"' in head.get("/indicators").body
        assert [head.get(f"/bulletins/{unit}/2026-02").status for unit in ("surgery", "ward-3", "hospital")] == [
            200,
            200,
            404,
        ]
        assert stranger.get("/bulletins/surgery/2026-02").status == 404


def test_a_real_mail_server_gets_the_signal_with_its_picture_inside(plan: Plan) -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as port:
        deliver_due(plan.database, voice=mail_voice(port), now=lambda: DUE)
    mails = {
        str(one.rcpt_tos[0]): email.message_from_bytes(one.content, policy=email.policy.default)
        for one in behaviour.got
        if isinstance(one.content, bytes)
    }
    mail = mails["eva@hospital.test"]
    assert mail["Subject"].startswith("[wardcycle] 预警信号：手卫生依从率")
    chart = next(part for part in mail.walk() if part["Content-ID"] == "<chart>")
    assert chart.get_content().startswith(b"\x89PNG")
    with plan.database.reading() as session:
        sent = session.exec(select(Delivery.status).join(Notification).where(
            Notification.kind == NotificationKind.SIGNAL)).all()  # fmt: skip
    assert set(sent) == {DeliveryStatus.SENT}
    hold(plan.database, DUE)
