"""Why somebody gets a message, in one sentence."""

from collections.abc import Mapping

from config.words import Text
from models.notification import NotificationKind
from notifications.letters import Letter

K = NotificationKind
NO_ROLES: Mapping[str, Text] = {}
_AS_OWNER = frozenset({K.ASSIGNED, K.REMINDER})
_RHYTHMS = {
    "daily": Text("you asked to be told once a day", "您选择每天汇总一次"),
    "weekly": Text("you asked to be told once a week", "您选择每周汇总一次"),
}


def why_me(letter: Letter, language: str, roles: Mapping[str, Text] = NO_ROLES) -> str:
    """Say why this person is told, '' where the message says it itself; roles: their titles by slug."""
    if letter.facts.get("instead") == "no-address" or letter.instead_of:
        return ""  # the frame says for whom, and until when
    found = _reason(letter, roles)
    if not found:
        return ""
    said = Text(f"Why you: {found.en}.", f"为何发给您：{found.zh}。")
    return said.in_(language)


def _reason(letter: Letter, roles: Mapping[str, Text]) -> Text | None:
    if letter.kind in _AS_OWNER:
        return _as_owner(letter, roles)
    if letter.kind is K.DIGEST:
        return _as_digest(letter)
    if letter.kind is K.ESCALATION or (letter.kind is K.DECISION and letter.level):
        n = letter.level
        return Text(f"you are level {n} of the escalation for {_unit(letter).en}",
                    f"您是{_unit(letter).zh}第 {n} 级升级的决定人")  # fmt: skip
    if letter.kind is K.DATA:
        return Text("you own the data of this indicator", "您负责该指标的数据")
    if letter.kind is K.SIGNAL:
        return Text("you head the unit, own its data, or belong to the quality office",
                    "您是科室负责人、数据负责人或质控人员")  # fmt: skip
    if letter.kind is K.BULLETIN:
        return Text("you are responsible for quality here", "您负责该科室（医院）的质量工作")
    if letter.kind in (K.GATHERING, K.MISSED):
        return Text("you were invited", "您在邀请名单中")
    if letter.kind in (K.STAGNANT, K.ALARM):
        return Text("you belong to the quality office", "您属于质控部门")
    if letter.kind is K.PREFERENCES:
        return Text("every change by a link is told", "凡通过链接更改设置均会通知本人")
    if letter.kind is K.HAND_OVER:
        return Text("the owner named you", "任务负责人指定了您")
    if letter.is_lead:
        return Text("you lead this cycle", "您是该循环的项目负责人")
    if letter.kind is K.DECISION:
        return Text("the decision has come to you", "该决定已提交给您")
    if letter.kind in (K.RECEIPT, K.DECIDED, K.DEADLINE, K.STOPPED, K.CLOSED, K.PROPOSAL, K.TAKEN_BACK):
        return Text("you have a part in this task or cycle", "您参与该任务或循环")
    return None


def _as_owner(letter: Letter, roles: Mapping[str, Text]) -> Text:
    role = roles.get(letter.owner_role)
    if role is None or letter.owner_role == "lead":
        return Text("the task is yours", "您是该任务的负责人")
    place = _unit(letter)
    return Text(f"the task is yours as {role.en} for {place.en}", f"您作为{place.zh}的{role.zh}负责该任务")


def _as_digest(letter: Letter) -> Text:
    if letter.facts.get("stood"):
        return Text("one message names everything that the outage kept back", "停运期间未发出的消息合并为一封")
    asked = _RHYTHMS.get(letter.rhythm)
    return asked or Text("several messages to you were due at once", "同一时间有多条消息发给您")


def _unit(letter: Letter) -> Text:
    return letter.unit if letter.unit.en else Text("this hospital", "本院")
