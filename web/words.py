"""The words for what pages show: statuses with their shapes, kinds of messages, outcomes, deeds of the audit trail."""

from enum import StrEnum

from config.words import Text
from engine.words import ANSWER_WORDS, CYCLE_WORDS, DECISION_WORDS, STAGE_WORDS, TASK_WORDS
from models.cycle import CycleStatus, StageStatus
from models.notification import AttemptOutcome, DeliveryStatus, NotificationKind
from models.task import Outcome, TaskStatus

KIND_WORDS = {
    NotificationKind.ASSIGNED: Text("New task", "新任务"),
    NotificationKind.REMINDER: Text("Reminder", "提醒"),
    NotificationKind.ESCALATION: Text("Escalation", "升级"),
    NotificationKind.STAGNANT: Text("Standstill notice", "停滞通知"),
    NotificationKind.DECISION: Text("Request to decide", "请求决定"),
    NotificationKind.DECIDED: Text("Decision", "决定通知"),
    NotificationKind.HAND_OVER: Text("Request to take over", "移交请求"),
    NotificationKind.RECEIPT: Text("Receipt", "回执"),
    NotificationKind.DEADLINE: Text("New deadline", "期限变更"),
    NotificationKind.STOPPED: Text("Nothing more to do", "终止通知"),
    NotificationKind.CLOSED: Text("Cycle closed", "循环结束"),
    NotificationKind.ALARM: Text("Alarm", "警报"),
}
DELIVERY_WORDS = {
    DeliveryStatus.QUEUED: Text("to be sent", "待发送"),
    DeliveryStatus.SENDING: Text("being sent", "发送中"),
    DeliveryStatus.SENT: Text("sent", "已发送"),
    DeliveryStatus.HELD: Text("unclear whether it arrived", "是否送达不明"),
    DeliveryStatus.DROPPED: Text("no longer needed", "无需发送"),
    DeliveryStatus.DEAD: Text("could not be sent", "发送失败"),
}
ATTEMPT_WORDS = {
    AttemptOutcome.ACCEPTED: Text("accepted", "已接收"),
    AttemptOutcome.PERMANENT: Text("refused for good", "被永久拒绝"),
    AttemptOutcome.TRANSIENT: Text("refused for now", "暂时被拒"),
    AttemptOutcome.UNKNOWN: Text("no answer came", "没有回应"),
}
OUTCOME_WORDS = {
    Outcome.GRANTED: Text("granted", "同意"),
    Outcome.REFUSED: Text("refused", "不同意"),
    Outcome.GIVEN: Text("given to somebody else", "转交他人"),
    Outcome.REMOVED: Text("obstacle removed", "障碍已排除"),
    Outcome.STOPPED: Text("stopped", "终止"),
    Outcome.ACCEPTED: Text("accepted", "验收通过"),
    Outcome.RETURNED: Text("returned", "退回"),
    Outcome.APPROVED: Text("approved", "批准"),
    Outcome.PASSED_UP: Text("not taken in time, passed up", "超时未决，已上报"),
    Outcome.MOOT: Text("nothing left to decide", "无需再决定"),
}
DOOR_WORDS = {
    "cli": Text("command line", "命令行"),
    "flow": Text("schedule", "定时任务"),
    "link": Text("link in a message", "消息中的链接"),
    "web": Text("web page", "网页"),
    "sweep": Text("schedule", "定时任务"),
    "sender": Text("delivery", "发送程序"),
    "simulation": Text("simulation", "模拟"),
    "demo": Text("demo", "演示"),
}
# What the code gives as the reason of something, in the words of a ward.
WHY_WORDS = {
    "passed-up": Text("not decided in time", "超时未决"),
    "paused": Text("the cycle was paused", "循环已暂停"),
    "cancelled": Text("the cycle was cancelled", "循环已取消"),
    "answered": Text("the task was answered", "任务已答复"),
    "given to somebody else": Text("the task was given to somebody else", "任务已转交他人"),
    "new deadline": Text("the deadline moved", "期限已变更"),
    "stopped": Text("the task was stopped", "任务已停止"),
    "decided": Text("it has been decided", "已作决定"),
    "no longer wanted": Text("no longer needed", "无需再通知"),
}
DEED_WORDS = {
    "cycle.launch": Text("launched the cycle", "启动循环"),
    "cycle.start": Text("started the cycle", "循环开始"),
    "cycle.pause": Text("paused the cycle", "暂停循环"),
    "cycle.resume": Text("resumed the cycle", "恢复循环"),
    "cycle.close": Text("closed the cycle", "循环结束"),
    "cycle.cancel": Text("cancelled the cycle", "取消循环"),
    "stage.open": Text("opened the stage", "阶段开始"),
    "stage.finish": Text("finished the last task of the stage", "阶段任务全部完成"),
    "stage.approve": Text("approved the stage", "批准阶段"),
    "stage.close": Text("closed the stage", "阶段结束"),
    "stage.cancel": Text("cancelled the stage", "取消阶段"),
    "task.open": Text("opened the task", "任务开始"),
    "task.done": Text("did the task", "完成任务"),
    "task.ask": Text("asked for a decision", "请求决定"),
    "task.decide": Text("decided; the task is open again", "作出决定，任务继续"),
    "task.accept": Text("accepted the answer", "验收通过"),
    "task.stop": Text("stopped the task", "停止任务"),
    "task.pause": Text("paused the task", "暂停任务"),
    "task.resume": Text("resumed the task", "恢复任务"),
    "task.answer": Text("answered", "答复"),
    "task.deadline": Text("moved the deadline", "变更期限"),
    "task.reminder": Text("reminded the owners", "提醒负责人"),
    "task.escalation": Text("passed the overdue task up", "逾期升级"),
    "task.stagnant": Text("told that nothing moves", "通知任务停滞"),
    "task.skip_level": Text("skipped a level whose holders own the task", "跳过由负责人本人担任的级别"),
    "task.put_off": Text("could not plan the task and put it off", "无法安排，暂缓"),
    "task.give": Text("gave the task to somebody else", "转交任务"),
    "cycle.lead": Text("gave the lead to somebody else", "更换项目负责人"),
    "decision.ask": Text("asked for a decision", "请求决定"),
    "decision.end": Text("ended the wait for a decision", "结束决定等待"),
}
# A shape beside each word: nobody needs to tell colours apart.
SHAPES: dict[StrEnum, str] = {
    CycleStatus.PLANNED: "◌",
    CycleStatus.ACTIVE: "●",
    CycleStatus.PAUSED: "‖",
    CycleStatus.CLOSED: "✓",
    CycleStatus.CANCELLED: "✕",
    StageStatus.WAITING: "◌",
    StageStatus.OPEN: "●",
    StageStatus.READY: "◆",
    StageStatus.CLOSED: "✓",
    StageStatus.CANCELLED: "✕",
    TaskStatus.WAITING: "◌",
    TaskStatus.OPEN: "●",
    TaskStatus.DECIDING: "◆",
    TaskStatus.PAUSED: "‖",
    TaskStatus.DONE: "✓",
    TaskStatus.STOPPED: "✕",
    DeliveryStatus.QUEUED: "◌",
    DeliveryStatus.SENDING: "●",
    DeliveryStatus.SENT: "✓",
    DeliveryStatus.HELD: "?",
    DeliveryStatus.DROPPED: "–",
    DeliveryStatus.DEAD: "✕",
}
_TABLES = (CYCLE_WORDS, STAGE_WORDS, TASK_WORDS, DELIVERY_WORDS, ANSWER_WORDS, DECISION_WORDS, KIND_WORDS)
_MORE = (ATTEMPT_WORDS, OUTCOME_WORDS)


def words_of(member: StrEnum) -> Text:
    """Find the words of a status, kind or outcome."""
    for table in (*_TABLES, *_MORE):
        for known, text in table.items():
            if known is member:
                return text
    return Text(member.value, member.value)


def decision_kind(written: str) -> Text | None:
    """Find the words of a kind of decision as an audit row holds it."""
    return next((text for member, text in DECISION_WORDS.items() if member.value == written), None)


def outcome(written: str) -> Text | None:
    """Find the words of a decision's outcome as an audit row holds it."""
    return next((text for member, text in OUTCOME_WORDS.items() if member.value == written), None)


def deed(what: str) -> Text:
    """Find the words of an audit row's deed; an unknown one is shown as written."""
    return DEED_WORDS.get(what) or Text(what, what)


def reason(why: str) -> Text:
    """Find the words of a reason that the code gave; what a person wrote is shown as written."""
    return WHY_WORDS.get(why) or Text(why, why)
