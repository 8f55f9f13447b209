"""Signals of concern: which a record shows at its newest point, telling of them once, launching a cycle from one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from config.indicators import Indicator
from config.words import Text
from engine.deed import Deed
from engine.indicators import get_indicator
from engine.launch import Launch, launch_cycle
from engine.outbox import Note
from engine.people import OFFICE
from engine.rules import Rules
from models.assessment import Aim, Assessment
from models.audit import record
from models.cycle import Cycle
from models.errors import NotAllowed, NotFound, Refused
from models.notification import NotificationKind
from models.reads.schedules import known_alerts
from models.records import Record, Signal, record_from
from models.schedule import Alert

HEAD = "dept-head"
BASELINE_POINTS = 24
RULES = {
    "beyond": Text("a value beyond the limits", "数值超出控制限"),
    "trend": Text("a steady trend", "持续单向变化"),
    "two_of_three": Text("two of three values near a limit", "三点中有两点接近控制限"),
    "shift": Text("a run on one side of the average", "连续多点位于均值同一侧"),
}


class FollowedAlready(Refused):
    """A cycle was launched from this signal already: {code}."""

    zh = "已由该预警信号启动过循环：{code}。"


def concerns(found: Record) -> tuple[Signal, ...]:
    """Find the signals of concern that the newest final point belongs to, the oldest first; pure."""
    final = [point.period for point in found.points if point.value is not None and not point.provisional]
    if not final:
        return ()
    here = [each for each in found.signals if each.sense == "unfavourable" and each.first <= final[-1] <= each.last]
    return tuple(sorted(here, key=lambda each: (each.first, each.rule)))


@dataclass(frozen=True)
class Seen:
    """What an assessment that was just made shows at its newest point: each episode by its key."""

    assessment_id: int
    unit_id: int
    indicator: str
    title: Text
    episodes: Mapping[str, Signal]

    @classmethod
    def of(cls, assessment_id: int, unit_id: int, found: Record) -> "Seen":
        """Take it from the record."""
        where = f"{found.indicator}:{unit_id}"
        episodes = {f"{where}:{each.rule}:{each.direction}:{each.first}": each for each in concerns(found)}
        return cls(assessment_id, unit_id, found.indicator, found.title, episodes)


def tell_concerns(deed: Deed, seen: Sequence[Seen]) -> int:
    """Tell whom it concerns of what is new: unit head, data owner, quality office; one message for one look.

    Returns how many looks were told of.
    """
    known = known_alerts(deed.session, {key for one in seen for key in one.episodes})
    fresh = [(one, {key: each for key, each in one.episodes.items() if key not in known}) for one in seen]
    told = [(one, episodes) for one, episodes in fresh if episodes]
    for one, episodes in told:
        _tell(deed, one, episodes)
    return len(told)


def _tell(deed: Deed, seen: Seen, fresh: Mapping[str, Signal]) -> None:
    alerts = [_alert(deed, seen, key, signal) for key, signal in fresh.items()]
    deed.session.add_all(alerts)
    deed.session.flush()
    first = alerts[0]
    facts = {"indicator": seen.indicator, "rule": first.rule, "first": first.first_on}
    record(deed.session, "assessment.alert", "assessment", seen.assessment_id, by=deed.by, now=deed.now, after=facts)
    one = get_indicator(deed.rules.catalogue.indicators, seen.indicator)
    said = _said(deed, seen, first, [RULES[each.rule] for each in alerts])
    deed.notes += [
        Note(f"alert:{first.id}", NotificationKind.SIGNAL, person, deed.now, facts=said)
        for person in concerned(deed, one, seen.unit_id)
    ]


def concerned(deed: Deed, one: Indicator, unit_id: int) -> Sequence[int]:
    """Find whom a signal concerns."""
    roles = (HEAD, one.data_owner, OFFICE)
    return tuple(dict.fromkeys(person for role in roles for person in deed.people.holders(role, unit_id, deed.today)))


def follow_alert(
    session: Session,
    alert_id: int,
    *,
    rules: Rules,
    by: int,
    now: datetime,
    template: str = "pdca",
    lead: str | None = None,
) -> Cycle:
    """Launch a cycle from a signal of concern, its origin and aim filled in; date and prediction are its team's to say.

    By the unit's head, the data owner or the quality office. Raises NotFound, NotAllowed, FollowedAlready.
    """
    deed = Deed(session, rules, by, now)
    alert = session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NotFound(noun=Text("signal", "预警信号"), name=str(alert_id), mend="")
    if alert.cycle_id is not None:
        raise FollowedAlready(code=session.get_one(Cycle, alert.cycle_id).code)
    one = get_indicator(rules.catalogue.indicators, alert.indicator)
    allowed = concerned(deed, one, alert.unit_id)
    if by not in {*allowed, *(deed.people.told(person, deed.today) for person in allowed)}:
        raise NotAllowed(who=deed.name(by), allowed=", ".join(deed.name(person) for person in allowed))
    opened = _launch(deed, alert, one, template, lead or _lead(deed, alert, by))
    alert.cycle_id = opened.id
    session.add(_aim(deed, alert, one, opened.id, by))
    facts = {"alert": alert.id, "indicator": one.id, "since": alert.first_on}
    record(session, "cycle.follow", "cycle", opened.id, by=by, now=now, after=facts)
    return opened


def _alert(deed: Deed, seen: Seen, key: str, signal: Signal) -> Alert:
    return Alert(
        key=key,
        indicator=seen.indicator,
        unit_id=seen.unit_id,
        rule=signal.rule,
        first_on=signal.first,
        assessment_id=seen.assessment_id,
        told_at=deed.now,
    )


def _said(deed: Deed, seen: Seen, alert: Alert, rules: Sequence[Text]) -> dict[str, str]:
    unit = deed.people.units[seen.unit_id]
    return {
        "assessment": str(seen.assessment_id),
        "alert": str(alert.id),
        "indicator_en": seen.title.en,
        "indicator_zh": seen.title.zh,
        "unit_en": unit.name_en,
        "unit_zh": unit.name_zh,
        "from": alert.first_on.isoformat(),
        "rule_en": "; ".join(each.en for each in rules),
        "rule_zh": "；".join(each.zh for each in rules),
        "page": f"/indicators/{seen.indicator}?unit={unit.slug}",
    }


def _lead(deed: Deed, alert: Alert, by: int) -> str:
    """Choose the unit's head, else whoever launches."""
    heads = deed.people.holders(HEAD, alert.unit_id, deed.today)
    return deed.people.persons[heads[0] if heads else by].slug


def _launch(deed: Deed, alert: Alert, one: Indicator, template: str, lead: str) -> Cycle:
    launch = Launch(
        template=template,
        unit=deed.people.units[alert.unit_id].slug,
        lead=lead,
        title=f"{one.title.en}: signal of concern since {alert.first_on}",
        title_zh=f"{one.title.zh}：{alert.first_on} 起出现预警信号",
        launch_key=f"alert:{alert.id}",
        allow_unstaffed=True,
    )
    return launch_cycle(deed.session, launch, rules=deed.rules, by=deed.by, now=deed.now)


def _aim(deed: Deed, alert: Alert, one: Indicator, cycle_id: int, by: int) -> Aim:
    found = record_from(deed.session.get_one(Assessment, alert.assessment_id).record)
    recent = [point.period for point in found.points][-BASELINE_POINTS:]
    return Aim(
        cycle_id=cycle_id,
        indicator=one.id,
        indicator_version=one.version,
        unit_id=alert.unit_id,
        target=one.target,
        baseline_first_on=recent[0],
        baseline_last_on=recent[-1],
        set_at=deed.now,
        set_by=by,
    )
