"""Why somebody is told, in words, in both languages."""

import pytest

from config.words import Text
from models.notification import NotificationKind
from notifications.why import why_me
from tests.unit.test_render import letter

K = NotificationKind
ROLES = {"dept-head": Text("head of department", "科室主任"), "lead": Text("lead", "项目负责人")}
EACH = [
    (K.ASSIGNED, {"owner_role": "dept-head"}, "the task is yours as head of department for Ward 3", "三病区的科室主任"),
    (K.REMINDER, {"owner_role": "lead"}, "the task is yours", "您是该任务的负责人"),
    (K.ASSIGNED, {"owner_role": "no-longer-there"}, "the task is yours", "您是该任务的负责人"),
    (K.ESCALATION, {"level": 2}, "you are level 2 of the escalation for Ward 3", "三病区第 2 级升级"),
    (K.DECISION, {"level": 0, "is_lead": True}, "you lead this cycle", "您是该循环的项目负责人"),
    (K.HAND_OVER, {}, "the owner named you", "任务负责人指定了您"),
    (K.RECEIPT, {"is_lead": True}, "you lead this cycle", "您是该循环的项目负责人"),
    (K.RECEIPT, {}, "you have a part in this task or cycle", "您参与该任务或循环"),
    (K.ALARM, {}, "you belong to the quality office", "您属于质控部门"),
    (K.DIGEST, {"rhythm": "daily"}, "you asked to be told once a day", "您选择每天汇总一次"),
    (K.DIGEST, {"rhythm": "weekly"}, "you asked to be told once a week", "您选择每周汇总一次"),
    (K.DIGEST, {}, "several messages to you were due at once", "同一时间有多条消息发给您"),
    (K.DIGEST, {"facts": {"stood": "engine"}}, "everything that the outage kept back", "停运期间未发出的消息"),
]


@pytest.mark.parametrize(("kind", "more", "en", "zh"), EACH)
def test_each_reader_learns_why(kind: NotificationKind, more: dict[str, object], en: str, zh: str) -> None:
    asked = letter(kind, "en", **more)
    assert en in why_me(asked, "en", ROLES)
    assert zh in why_me(asked, "zh", ROLES)


@pytest.mark.parametrize("more", [{"instead_of": "Chen"}, {"facts": {"instead": "no-address"}}])
def test_who_takes_somebodys_place_is_told_so_by_the_message_itself(more: dict[str, object]) -> None:
    assert why_me(letter(K.REMINDER, "en", **more), "en", ROLES) == ""
