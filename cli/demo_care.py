"""What the demo hospital's event tables show: an emergency process in which the CT is waited for."""

from datetime import datetime, timedelta

from sqlmodel import Session

from careflow.log import event_log
from engine.care import keep_analysis, look_at_care
from engine.care_tables import ReadEvents
from engine.people import directory
from engine.rules import Rules

UNIT, N_CASES, WEEKS = "emergency", 600, 26
WAY = ("Registration 挂号", "Triage 分诊", "Physician 接诊", "CT ordered 开单", "CT done 检查", "Admission 入院")
# Minutes to each step; scattered by a fixed pattern, so that each demo shows the same.
MINUTES = (0, 6, 18, 12, 170, 95)
SCATTER = (0.6, 1.3, 0.9, 1.8, 0.7, 1.1, 2.4, 0.8, 1.0, 0.5, 1.5)
WITHOUT_CT = ("CT ordered 开单", "CT done 检查")


def show_care(session: Session, *, rules: Rules, now: datetime) -> None:
    """Keep the analysis of half a year of an emergency department."""
    cases, steps, at = [], [], []
    for number in range(N_CASES):
        moment = now - timedelta(weeks=WEEKS) * (1 - number / N_CASES) - timedelta(days=2)
        for place, (step, minutes) in enumerate(zip(WAY, MINUTES, strict=True)):
            if number % 4 == 0 and step in WITHOUT_CT:
                continue
            moment += timedelta(minutes=minutes * SCATTER[(number * 7 + place * 3) % len(SCATTER)])
            cases.append(str(number))
            steps.append(step)
            at.append(moment.timestamp())
    read = ReadEvents(event_log(cases, steps, at), (), 0, 0)
    found = look_at_care("emergency.csv", "\n".join(steps).encode(), read, rules.calendar)
    people = directory(session)
    office = people.office(rules.calendar.local_date(now))[0]
    keep_analysis(session, found, title="Emergency to bed 急诊到入院", unit=UNIT, rules=rules, by=office, now=now)
