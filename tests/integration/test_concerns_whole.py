"""Signals of concern, whole: which of them count, whom each look tells and what, and the cycle that comes of one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from config.words import Text
from engine.absences import add_absence
from engine.assessing import assess
from engine.concerns import FollowedAlready, Seen, concerned, concerns, follow_alert, tell_concerns
from engine.deed import Deed
from engine.indicators import get_indicator
from engine.looks import Look
from engine.people import directory, people_changed
from engine.rules import Rules
from models.assessment import Aim, Assessment, AssessmentStatus
from models.cycle import Cycle
from models.db import Database
from models.errors import NotAllowed
from models.notification import Delivery, Notification, NotificationKind
from models.people import Person, RoleHolding
from models.reads.series import Series
from models.records import Record, Signal
from models.schedule import Alert
from tests.invariants import hold
from tests.places import make_hospital
from tests.plans import Plan
from tests.proofs import HYGIENE, observe, shares
from tests.walks import ONE, person_id, with_template
from tests.whole import is_as_written, letters, rows, trail

DUE = datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONTHS = tuple(date(2025, number, 1) for number in range(1, 13))
JANUARY, OCTOBER, NOVEMBER, DECEMBER = MONTHS[0], *MONTHS[9:]


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


def signal(
    rule: str, first: date, last: date = DECEMBER, sense: str = "unfavourable", direction: str = "low"
) -> Signal:
    return Signal(rule, first, last, direction, sense, "after", DECEMBER)


def record_of(rules: Rules, signals: Sequence[Signal], *, empty: int = 0, provisional: int = 0) -> Record:
    """Assess a year of which the last months are empty or not final, and mark it."""
    given = [120.0] * (12 - empty - provisional) + [None] * empty + [120.0] * provisional
    open_ = [n >= 12 - provisional for n in range(12)]
    one = get_indicator(rules.catalogue.indicators, HYGIENE)
    found = assess(Series(MONTHS, tuple(given), (200.0,) * 12, tuple(open_)), Look(one, "ward-3", DUE, DUE.date(), 12))
    return replace(found, signals=tuple(signals))


def test_only_what_the_newest_final_value_belongs_to_counts_and_only_where_it_is_worse(rules: Rules) -> None:
    trend, beyond, shift = signal("trend", OCTOBER), signal("beyond", DECEMBER), signal("shift", JANUARY)
    others = (
        signal("beyond", OCTOBER, NOVEMBER),
        signal("beyond", DECEMBER, sense="favourable"),
        signal("trend", DECEMBER, sense="neutral"),
    )
    assert concerns(record_of(rules, [beyond, *others, trend, shift])) == (shift, trend, beyond)
    assert concerns(record_of(rules, [])) == ()
    same_day = signal("beyond", OCTOBER)
    assert concerns(record_of(rules, [trend, same_day])) == (same_day, trend)


def test_what_is_empty_or_not_final_is_no_newest_value(rules: Rules) -> None:
    ends, begins, goes_on = signal("trend", JANUARY, OCTOBER), signal("beyond", NOVEMBER), signal("shift", OCTOBER)
    marked = [begins, goes_on, ends]
    assert concerns(record_of(rules, marked, empty=2)) == (ends, goes_on)
    assert concerns(record_of(rules, marked, provisional=2)) == (ends, goes_on)
    assert concerns(record_of(rules, marked, empty=1, provisional=1)) == (ends, goes_on)
    assert concerns(record_of(rules, marked, provisional=1)) == (goes_on, begins)
    assert concerns(record_of(rules, marked, empty=6, provisional=6)) == ()


def test_an_episode_is_known_by_indicator_unit_rule_direction_and_first_day(rules: Rules) -> None:
    marked = signal("beyond", OCTOBER), signal("shift", DECEMBER, direction="high")
    found = record_of(rules, marked)
    assert Seen.of(7, 3, found) == Seen(
        7, 3, HYGIENE, Text("Hand hygiene done", "手卫生依从率"),
        {"hand-hygiene:3:beyond:low:2025-10-01": marked[0], "hand-hygiene:3:shift:high:2025-12-01": marked[1]},
    )  # fmt: skip


@pytest.fixture
def hospital(database: Database) -> Database:
    """Bo headed the ward until yesterday, ana from today on; chen has left, gao leaves tomorrow; ana owns data too."""
    make_hospital(database)
    today = DUE.date()
    with database.transaction("test") as session:
        people, unit = directory(session), directory(session).unit("surgery").id
        bo, ana = people.person("bo").id, people.person("ana").id
        held = sa.update(RoleHolding).where(col(RoleHolding.person_id) == bo)
        session.execute(held.values(until_on=today - DAY))
        session.add_all(RoleHolding(person_id=ana, role=role, unit_id=unit, from_on=today) for role in
                        ("dept-head", "data-owner"))  # fmt: skip
        for slug, day in (("chen", today), ("gao", today + DAY)):
            session.execute(sa.update(Person).where(col(Person.slug) == slug).values(left_on=day))
        people_changed(session)
    return database


def looked(database: Database, *indicators: str) -> list[int]:
    """Write assessments of the ward, so that something can refer to them."""
    with database.transaction("test") as session:
        unit_id = directory(session).unit("ward-3").id
        made = [Assessment(status=AssessmentStatus.DUE, indicator=one, unit_id=unit_id) for one in indicators]
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


def seen(assessment_id: int, unit_id: int, indicator: str, *signals: Signal) -> Seen:
    title = Text(f"Title of {indicator}", f"{indicator}标题")
    return Seen(assessment_id, unit_id, indicator, title, {f"{indicator}:{unit_id}:{n.rule}": n for n in signals})


def tell(database: Database, rules: Rules, looks: Sequence[Seen], now: datetime, by: str | None = None) -> int:
    with database.transaction("test") as session:
        deed = Deed(session, rules, directory(session).person(by).id if by else None, now)
        n = tell_concerns(deed, looks)
        deed.finish()
        return n


def test_what_is_new_in_a_look_is_told_in_one_message_to_each_whom_it_concerns(
    hospital: Database, rules: Rules
) -> None:
    first, second, third = looked(hospital, HYGIENE, "inpatient-falls", HYGIENE)
    with hospital.reading() as session:
        ward, surgery = (directory(session).unit(slug).id for slug in ("ward-3", "surgery"))
    shift, beyond = signal("shift", JANUARY), signal("beyond", DECEMBER)
    trend, near = signal("trend", OCTOBER), signal("two_of_three", NOVEMBER)
    quiet = seen(third, surgery, HYGIENE)
    looks = [seen(first, ward, HYGIENE, shift, beyond), quiet, seen(second, surgery, "inpatient-falls", near)]
    assert tell(hospital, rules, looks, DUE) == 2
    assert tell(hospital, rules, looks, DUE + DAY) == 0
    assert tell(hospital, rules, [seen(third, ward, HYGIENE, shift, trend, beyond)], DUE + 2 * DAY, by="eva") == 1
    is_as_written("concerns", [
        *rows(hospital, Alert), *trail(hospital), *rows(hospital, Notification), *rows(hospital, Delivery),
        *letters(hospital, DUE.date()),
    ])  # fmt: skip


def test_a_signal_concerns_the_head_then_the_owners_of_the_data_then_the_office_each_once(
    hospital: Database, rules: Rules
) -> None:
    one = get_indicator(rules.catalogue.indicators, HYGIENE)
    with hospital.reading() as session:
        people = directory(session)
        for day, slugs in ((DUE - DAY, ("bo", "chen", "gao", "eva")), (DUE, ("ana", "gao", "eva")),
                           (DUE + DAY, ("ana", "eva"))):  # fmt: skip
            found = concerned(Deed(session, rules, None, day), one, people.unit("ward-3").id)
            assert [people.persons[person].slug for person in found] == list(slugs), day
        other = one.model_copy(update={"data_owner": "dept-quality-officer"})
        found = concerned(Deed(session, rules, None, DUE), other, people.unit("ward-3").id)
        assert [people.persons[person].slug for person in found] == ["ana", "dee", "eva"]


@pytest.fixture
def plan(hospital: Database, rules: Rules) -> Plan:
    """Two stable years of hand hygiene, then a month far below: one signal."""
    observe(hospital, rules, shares(0.6, 30), now=DUE - 40 * DAY, first=date(2023, 8, 1))
    made = Plan(hospital, with_template(rules, ONE))
    made.add(HYGIENE, DUE - 20 * DAY)
    made.enter(date(2026, 2, 1), 70, DUE - DAY)
    assert made.round(DUE).n_alerts == 1
    return made


def follow(plan: Plan, by: str, now: datetime = DUE, **more: str) -> Cycle:
    with plan.database.transaction("page") as session:
        who = directory(session).person(by).id
        return follow_alert(session, 1, rules=plan.rules, by=who, now=now, **more)


def left_of(plan: Plan) -> list[str]:
    """Write what a cycle from a signal leaves behind."""
    told = [line for line in trail(plan.database) if " what cycle." in line or " what assessment.alert" in line]
    return [*rows(plan.database, Alert), *rows(plan.database, Cycle, "snapshot"), *rows(plan.database, Aim), *told]


def test_the_cycle_of_a_signal_is_led_by_the_head_of_its_unit_and_has_its_aim(plan: Plan) -> None:
    opened = follow(plan, "eva", DUE + timedelta(hours=1))
    lines = left_of(plan)
    with pytest.raises(FollowedAlready) as again:
        follow(plan, "eva", DUE + DAY)
    assert again.value.text("en") == f"A cycle was launched from this signal already: {opened.code}."
    assert again.value.text("zh") == f"已由该预警信号启动过循环：{opened.code}。"
    assert left_of(plan) == lines
    told = [line for line in rows(plan.database, Notification, "facts") if " kind signal" in line]
    is_as_written("follow", [*lines, *told])
    hold(plan.database, DUE)


def test_whoever_launches_names_template_and_lead(plan: Plan) -> None:
    follow(plan, "gao", template="trial", lead="dee")
    is_as_written("follow-named", left_of(plan))


def test_who_stands_in_for_somebody_whom_a_signal_concerns_may_launch_and_nobody_else(plan: Plan) -> None:
    with plan.database.transaction("test") as session:
        today = DUE.date() + DAY
        add_absence(session, person="eva", stand_in="feng", from_on=today, until_on=today, rules=plan.rules,
                    by=None, now=DUE)  # fmt: skip
    for by, name, day in (("feng", "Feng Qi", DUE), ("bo", "Bo Li", DUE), ("dee", "Dee Park", DUE + DAY)):
        with pytest.raises(NotAllowed) as refused:
            follow(plan, by, day)
        allowed = "Ana Ferro, Gao Min, Eva Sun" if day == DUE else "Ana Ferro, Eva Sun"
        assert refused.value.text("en") == f"{name} may not do this. It belongs to: {allowed}."
        assert refused.value.text("zh") == f"{name}无权进行此操作，应由以下人员进行：{allowed}。"
    assert follow(plan, "feng", DUE + DAY).launched_by == person_id(plan.database, "feng")


def test_in_a_unit_without_head_and_officer_who_launches_leads_and_the_office_takes_the_tasks(plan: Plan) -> None:
    with plan.database.transaction("test") as session:
        session.execute(sa.delete(RoleHolding).where(col(RoleHolding.role).in_(("dept-head", "dept-quality-officer"))))
        people_changed(session)
    opened = follow(plan, "gao", template="trial")
    assert opened.lead_id == person_id(plan.database, "gao")
    with plan.database.reading() as session:
        assigned = select(Notification.person_id).where(Notification.kind == NotificationKind.ASSIGNED)
        assert session.exec(assigned).all() == [person_id(plan.database, "eva")]
