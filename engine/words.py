"""The words for statuses and kinds that people read."""

from typing import Annotated

from pydantic import AfterValidator

from config.words import Text
from models.cycle import CycleStatus, StageStatus
from models.feedback import FeedbackStatus
from models.scoreboard import Stand
from models.task import AnswerKind, DecisionKind, TaskStatus


def _storable(text: str) -> str:
    """Leave out what no database takes: NUL, and halves of characters that a broken paste left."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


# What people write in their own words.
Said = Annotated[str, AfterValidator(_storable)]

CYCLE_WORDS = {
    CycleStatus.PLANNED: Text("planned", "未开始"),
    CycleStatus.ACTIVE: Text("running", "进行中"),
    CycleStatus.PAUSED: Text("paused", "已暂停"),
    CycleStatus.CLOSED: Text("closed", "已结束"),
    CycleStatus.CANCELLED: Text("cancelled", "已取消"),
}
STAGE_WORDS = {
    StageStatus.WAITING: Text("waiting", "等待中"),
    StageStatus.OPEN: Text("open", "进行中"),
    StageStatus.READY: Text("ready for approval", "待批准"),
    StageStatus.CLOSED: Text("closed", "已结束"),
    StageStatus.CANCELLED: Text("cancelled", "已取消"),
}
STAND_WORDS = {
    Stand.MET: Text("met", "达标"),
    Stand.SHORT: Text("falls short", "未达标"),
    Stand.NO_DATA: Text("no data", "无数据"),
    Stand.INCOMPLETE: Text("met so far, data missing", "现有数据达标，尚缺数据"),
    Stand.NO_TARGET: Text("no target", "无目标值"),
}
TASK_WORDS = {
    TaskStatus.WAITING: Text("not open yet", "尚未开始"),
    TaskStatus.OPEN: Text("open", "进行中"),
    TaskStatus.DECIDING: Text("waiting for a decision", "待决定"),
    TaskStatus.PAUSED: Text("paused", "已暂停"),
    TaskStatus.DONE: Text("done", "已完成"),
    TaskStatus.STOPPED: Text("stopped", "已停止"),
}
ANSWER_WORDS = {
    AnswerKind.ACKNOWLEDGE: Text("acknowledged", "已知晓"),
    AnswerKind.DONE: Text("done", "已完成"),
    AnswerKind.EXTEND: Text("asks for more time", "申请延期"),
    AnswerKind.HAND_OVER: Text("hands over", "移交"),
    AnswerKind.BLOCKED: Text("blocked", "受阻"),
}
DECISION_WORDS = {
    DecisionKind.EXTENSION: Text("more time", "延期"),
    DecisionKind.OBSTACLE: Text("an obstacle", "障碍"),
    DecisionKind.ACCEPTANCE: Text("acceptance of the answer", "验收答复"),
    DecisionKind.APPROVAL: Text("approval of the stage", "批准阶段"),
    DecisionKind.OVERDUE: Text("an overdue task", "逾期任务"),
}
FEEDBACK_WORDS = {
    FeedbackStatus.RECEIVED: Text("received", "已收到"),
    FeedbackStatus.WORKING: Text("at work", "处理中"),
    FeedbackStatus.ANSWERED: Text("answered", "已答复"),
    FeedbackStatus.CLOSED: Text("closed", "已结束"),
}
