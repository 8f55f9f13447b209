"""What a verdict would bring about, in one sentence for whoever decides."""

from collections.abc import Sequence
from datetime import datetime

from engine.decisions import Verdict
from engine.effects import Coming, Effect, Ending
from engine.people import Directory
from engine.waiting import Waits
from models.queries import CycleView
from web.reader import Reader

MOST_NAMED = 3


def effect_words(effect: Effect, waits: Waits, view: CycleView, people: Directory, reader: Reader) -> str:
    """Say what follows from a verdict about a task."""
    t, verdict = reader.t, effect.verdict
    if effect.ending is not None:
        head = t("The task is done", "任务完成") if verdict is Verdict.ACCEPT else t("The task ends undone", "任务终止")
        return _sentence(reader, [head, *_ending(effect.ending, view, reader)])
    to = [t("It goes to whom you choose", "转交给您选择的人员")] if verdict is Verdict.GIVE else []
    if effect.needs_date:
        date = t(
            "you choose the new deadline; reminders and escalation begin anew", "请选择新的期限，提醒与升级重新开始"
        )
        return _sentence(reader, [*to, date])
    assert effect.coming is not None and waits.task is not None
    return _sentence(
        reader, [*to, _deadline(effect, waits.task.deadline_at, reader), *_coming(effect.coming, people, reader)]
    )


def approval_words(ending: Ending, view: CycleView, reader: Reader) -> str:
    """Say what follows from the approval of a stage."""
    return _sentence(reader, _ending(ending, view, reader))


def _deadline(effect: Effect, before: datetime | None, reader: Reader) -> str:
    assert effect.coming is not None
    local, new = reader.calendar.local_date, effect.coming.deadline_at
    if effect.moves and before is not None:
        old = reader.day(local(before))
        return reader.t(f"deadline moves from {old} to {reader.moment(new)}", f"期限由{old}改为{reader.moment(new)}")
    return reader.t(f"the deadline stays {reader.moment(new)}", f"期限仍为{reader.moment(new)}")


def _coming(coming: Coming, people: Directory, reader: Reader) -> list[str]:
    t, said = reader.t, []
    days = list(dict.fromkeys(reader.day(reader.calendar.local_date(at)) for at in coming.reminders))
    if days:
        listed = reader.names(days)
        said.append(t(f"reminder{'s' if len(days) > 1 else ''} on {listed}", f"{listed}提醒"))
    if coming.asked_at is not None:
        at = reader.day(reader.calendar.local_date(coming.asked_at))
        names = reader.names([people.persons[one].name for one in coming.asked][:MOST_NAMED])
        role = reader.role(coming.role)
        late = coming.deadline_at <= reader.now
        if late:
            said.append(
                t(f"if nobody answers, {names} ({role}) is asked on {at}", f"如仍无答复，{at}提请{names}（{role}）决定")
            )
        else:
            said.append(t(f"if missed, {names} ({role}) is asked on {at}", f"如逾期，{at}提请{names}（{role}）决定"))
    return said


def _ending(ending: Ending, view: CycleView, reader: Reader) -> list[str]:
    t, said = reader.t, []
    if ending.cycle_ends:
        return [t("its stage ends and with it the whole cycle", "所在阶段结束，整个循环随之结束")]
    if ending.asks_approval:
        return [t("it was the last of its stage, which then waits for its approval", "本阶段任务全部结束，等待批准")]
    if ending.stage_ends:
        said.append(t("the stage ends", "本阶段结束"))
    if ending.opens:
        said.append(
            t(f"now opens: {_titles(ending.opens, view, reader)}", f"随即开始：{_titles(ending.opens, view, reader)}")
        )
    return said or [t("the other tasks of the stage go on", "本阶段其他任务继续")]


def _titles(slugs: Sequence[str], view: CycleView, reader: Reader) -> str:
    titles = {one.line.slug: one.line.title for one in view.tasks()}
    named = [f"“{reader.word(titles[slug])}”" for slug in slugs[:MOST_NAMED]]
    more = len(slugs) - len(named)
    return reader.names(named) + (reader.t(f" and {more} more", f"等{len(slugs)}项") if more else "")


def _sentence(reader: Reader, parts: Sequence[str]) -> str:
    joined = reader.t("; ", "；").join(parts)
    return f"{joined[:1].upper()}{joined[1:]}{reader.t('.', '。')}"
