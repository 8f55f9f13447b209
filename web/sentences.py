"""Who waits for whom, in one sentence."""

from config.shapes import Level
from engine.words import DECISION_WORDS
from models.queries import CycleView, DecisionView, MustAct, StageView, TaskView
from models.task import AnswerKind, DecisionKind, TaskStatus
from web.reader import Reader
from web.words import reason


def waits(task: TaskView, stage: StageView, cycle: CycleView, reader: Reader) -> str:
    """Say what a task waits for, or how it ended."""
    t, line = reader.t, task.line
    if line.status is TaskStatus.WAITING:
        return _waits_for(task, stage, cycle, reader)
    if line.status is TaskStatus.PAUSED:
        return t("Stands still until the cycle is resumed.", "循环恢复前暂停。")
    if line.status is TaskStatus.DONE:
        who, at = line.done_by.name if line.done_by else "?", reader.moment(line.done_at)
        return t(f"Done by {who} on {at}.", f"{who} 于 {at} 完成。")
    if line.status is TaskStatus.STOPPED:
        why = reader.word(reason(line.why))
        return t(f"Stopped: {why}" if why else "Stopped.", f"已停止：{why}" if why else "已停止。")
    if line.status is TaskStatus.DECIDING and line.decision:
        return asked(line.decision, cycle.line.lead.name, cycle.ladder, reader)
    return _open(task, cycle, reader)


def asked(decision: DecisionView, lead: str, ladder: tuple[Level, ...], reader: Reader) -> str:
    """Say who was asked to decide what, since when, and when it goes one level up."""
    who, what = decider(decision, lead, reader), reader.word(DECISION_WORDS[decision.kind])
    since = reader.moment(decision.asked_at)
    sentence = reader.t(f"{who} decides about {what}, asked {since}.", f"等待{who}决定：{what}，{since} 提出。")
    if decision.next_at and decision.level < len(ladder):
        up, at = reader.role(ladder[decision.level].to), reader.moment(decision.next_at)
        sentence += reader.t(f" Goes up to {up} on {at}.", f"如未决定，{at} 上报{up}。")
    elif decision.next_at:
        at = reader.moment(decision.next_at)
        sentence += reader.t(f" Asked again on {at}.", f"如未决定，{at} 再次提请。")
    return sentence


def passed_by(decision: DecisionView, level: int) -> bool:
    """Answer whether an escalation's question has meanwhile gone to a higher level of the ladder."""
    return decision.kind is DecisionKind.OVERDUE and decision.level < level


def decider(decision: DecisionView, lead: str, reader: Reader) -> str:
    """Name who must decide now: those who were told, else the role; with the role in brackets."""
    role = reader.role(decision.role)
    if decision.asked:
        names = reader.names([person.name for person in decision.asked])
        return reader.t(f"{names} ({role})", f"{names}（{role}）")
    return reader.t(f"{lead} ({role})", f"{lead}（{role}）") if decision.level == 0 else role


def first_step(item: MustAct, reader: Reader) -> str:
    """Say what somebody must do about an item of the list on the home page."""
    t = reader.t
    if item.decision is None:
        return t("No decision has been asked for yet.", "尚未提请决定。")
    who = decider(item.decision, item.lead.name, reader)
    if item.decision.kind is DecisionKind.OVERDUE:
        return t(f"{who} must decide.", f"须由{who}作出决定。")
    what = reader.word(DECISION_WORDS[item.decision.kind])
    return t(f"{who} must decide about {what}.", f"须由{who}决定：{what}。")


def _waits_for(task: TaskView, stage: StageView, cycle: CycleView, reader: Reader) -> str:
    ended = (TaskStatus.DONE, TaskStatus.STOPPED)
    titles = {other.line.slug: other.line for other in cycle.tasks()}
    before = [titles[slug] for slug in task.after if slug in titles and titles[slug].status not in ended]
    if before and stage.opened_at:
        names = reader.names([reader.t(f"“{reader.word(one.title)}”", f"“{reader.word(one.title)}”") for one in before])
        return reader.t(f"Opens when {names} is done.", f"{names}完成后开始。")
    title = reader.word(stage.title)
    return reader.t(f"Opens in the stage {title}.", f"进入“{title}”阶段后开始。")


def _open(task: TaskView, cycle: CycleView, reader: Reader) -> str:
    t, line = reader.t, task.line
    owners, by = reader.names([person.name for person in line.owners]), reader.moment(line.deadline_at)
    if not line.is_overdue(reader.now):
        sentence = t(f"{owners} answers by {by}.", f"等待 {owners} 于 {by} 前答复。")
    else:
        late = reader.lateness(line.deadline_at or reader.now)
        sentence = t(
            f"{owners} should have answered by {by}: {late} late.", f"{owners} 应于 {by} 前答复，已逾期 {late}。"
        )
        if line.decision:
            who = decider(line.decision, cycle.line.lead.name, reader)
            sentence += t(f" Now {who} must decide.", f"现须由{who}作出决定。")
    return sentence + _handed(task, reader)


def _handed(task: TaskView, reader: Reader) -> str:
    """Say that somebody was asked to take the task and has not yet."""
    offers = (one for one in reversed(task.answers) if one.kind is AnswerKind.HAND_OVER and one.undone_at is None)
    last = next(offers, None)
    if last is None or last.taken_at or last.to is None or last.to in task.line.owners:
        return ""
    to, since = last.to.name, reader.moment(last.at)
    return reader.t(f" {to} was asked on {since} to take it over.", f"已于 {since} 请 {to} 接手。")
