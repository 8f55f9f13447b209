"""The demo hospital's own quality work: one of each activity by plan, a drill with attendance, goals of the year."""

from datetime import datetime, time, timedelta

from sqlmodel import Session

from config.words import Text
from engine.activity_schedules import GivenActivity, launch_activity_now, plan_activity
from engine.attendance import check_in, evaluate, take_test
from engine.gatherings import GivenGathering, add_gathering, questions_of, tell_missing
from engine.launch import Launch, launch_cycle
from engine.people import Directory, directory
from engine.rule_reviews import plan_reviews
from engine.rules import Rules
from engine.yearly_goals import adopt_goals, set_goal
from models.activity import CameBy, Gathering

HOSPITAL, OFFICE = "city-hospital", "lin-yue"
# What is planned where; each is launched once now, so that its first task can be seen.
PLANNED = (
    ("quality-committee", HOSPITAL),
    ("department-quality-meeting", "surgery"),
    ("weekly-feedback", HOSPITAL),
    ("bulletin-preparation", HOSPITAL),
    ("training", HOSPITAL),
    ("seminar", HOSPITAL),
    ("hazard-round", "internal"),
    ("safety-walk", HOSPITAL),
    ("yearly-goals", HOSPITAL),
    ("qc-appraisal", "quality-dept"),
)
CAME = (("xu-feng", True, 5, ""), ("liu-yang", False, 4, "时间安排在交班之后更好"), ("omar-haddad", True, 4, ""))
INVITED = ("emergency", "icu")
TARGETS = (("internal", 85.0), ("surgery", 80.0))
DRILL = Text("Emergency drill: cardiac arrest in the waiting area", "应急演练：候诊区心脏骤停")
GOAL_INDICATOR = "vte-prevention"
DAY = timedelta(days=1)


def show_activities(session: Session, *, rules: Rules, now: datetime) -> None:
    """Plan and launch one of each, hold a drill three days ago, adopt the goals of the newest year that has any."""
    people = directory(session)
    office = people.person(OFFICE).id
    for activity, unit in PLANNED:
        plan = plan_activity(
            session, GivenActivity(activity=activity, unit=unit), rules=rules, by=office, now=now - DAY
        )
        launch_activity_now(session, plan.id, rules=rules, by=office, now=now)
    reviews = plan_reviews(
        session, GivenActivity(activity="document-review", unit=HOSPITAL), rules=rules, by=office, now=now
    )
    launch_activity_now(session, reviews[2].id, rules=rules, by=office, now=now)
    _hold_drill(session, people, rules, now)
    _adopt_goals(session, rules, office, now)


def _hold_drill(session: Session, people: Directory, rules: Rules, now: datetime) -> None:
    lead, before = people.person("wu-dan").id, now - 4 * DAY
    launch = Launch(template="emergency-drill", unit="emergency", lead="wu-dan", title=DRILL.en, title_zh=DRILL.zh)
    cycle = launch_cycle(session, launch, rules=rules, by=lead, now=before)
    day = rules.calendar.shift(rules.calendar.local_date(now - 2 * DAY), 0)
    starts_at = rules.calendar.at(day, time(14))
    given = GivenGathering(title="心脏骤停演练", place="急诊候诊区", starts_at=starts_at, invited=INVITED)
    held = add_gathering(session, cycle.id, given, rules=rules, by=lead, now=before)
    for slug, knows, rating, note in CAME:
        _come(session, held, people.person(slug).id, knows, rating, note, rules)
    tell_missing(session, held.id, rules=rules, now=held.ends_at)


def _come(session: Session, held: Gathering, person: int, knows: bool, rating: int, note: str, rules: Rules) -> None:
    number, at = held.id, held.starts_at + timedelta(minutes=5)
    check_in(session, number, person, came_by=CameBy.CODE, rules=rules, now=at)
    choices = [one.right if knows else one.right % len(one.choices) + 1 for one in questions_of(held)]
    take_test(session, number, person, choices, now=held.ends_at)
    evaluate(session, number, person, rating, note, now=held.ends_at)


def _adopt_goals(session: Session, rules: Rules, office: int | None, now: datetime) -> None:
    years = {goals.year for one in rules.catalogue.programmes.values() for goals in one.goals}
    year = max(one for one in years if one <= max(min(years), rules.calendar.local_date(now).year))
    adopted = adopt_goals(session, year, HOSPITAL, rules=rules, by=office, now=now)
    code = next((one.code for one in adopted if one.indicator == GOAL_INDICATOR), adopted[0].code)
    for unit, target in TARGETS:
        set_goal(session, year, code, unit, target, rules=rules, by=office, now=now)
