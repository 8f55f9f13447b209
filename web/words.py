"""The words for what pages show: statuses with their shapes, kinds of messages, outcomes, deeds of the audit trail."""

from enum import StrEnum

from config.words import Text
from engine.words import ANSWER_WORDS, CYCLE_WORDS, DECISION_WORDS, FEEDBACK_WORDS, STAGE_WORDS, TASK_WORDS
from models.cycle import CycleStatus, StageStatus
from models.feedback import FeedbackStatus
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
    NotificationKind.TAKEN_BACK: Text("Answer taken back", "答复撤回通知"),
    NotificationKind.LEAD: Text("New lead", "负责人变更"),
    NotificationKind.CLOSED: Text("Cycle closed", "循环结束"),
    NotificationKind.ALARM: Text("Alarm", "警报"),
    NotificationKind.INVITATION: Text("Invitation", "账号邀请"),
    NotificationKind.CODE: Text("Code", "验证码"),
    NotificationKind.DIGEST: Text("Digest", "汇总通知"),
    NotificationKind.NOTE: Text("Note", "留言"),
    NotificationKind.DATA: Text("Request for data", "请求补充数据"),
    NotificationKind.PROPOSAL: Text("New cycle proposed", "提议新循环"),
    NotificationKind.SIGNAL: Text("Signal of concern", "预警信号"),
    NotificationKind.BULLETIN: Text("Bulletin", "质量简报"),
    NotificationKind.GATHERING: Text("You are expected", "请参加"),
    NotificationKind.MISSED: Text("You were missed", "缺席通知"),
    NotificationKind.PREFERENCES: Text("Settings changed", "通知设置已更改"),
    NotificationKind.UNCLEAR: Text("Reply not understood", "邮件回复未识别"),
}
DELIVERY_WORDS = {
    DeliveryStatus.QUEUED: Text("to be sent", "待发送"),
    DeliveryStatus.SENDING: Text("being sent", "发送中"),
    DeliveryStatus.SENT: Text("sent", "已发送"),
    DeliveryStatus.HELD: Text("unclear whether it arrived", "是否送达不明"),
    DeliveryStatus.DROPPED: Text("no longer needed", "无需发送"),
    DeliveryStatus.BUNDLED: Text("goes with the digest", "并入汇总"),
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
    "mail": Text("reply by mail", "邮件回复"),
    "code": Text("link in a message, with a code", "消息中的链接及验证码"),
    "web": Text("web page", "网页"),
    "attend": Text("code on the screen", "现场二维码"),
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
    "stopped by the person": Text("the person has stopped such messages", "本人已停收此类消息"),
    "a newer reminder goes": Text("a newer reminder of the task goes instead", "改发该任务更新的提醒"),
    "nothing in it is wanted any more": Text("nothing in it is needed any more", "其中各项均已无需通知"),
    "no longer wanted": Text("no longer needed", "无需再通知"),
    "taken back": Text("the answer was taken back", "答复已撤回"),
    "the data have come": Text("the data have come", "数据已补齐"),
    "the time for the data is over": Text("the time for the data is over", "补录期限已过"),
    "no data in time": Text("the data did not come in time", "数据未按时补齐"),
    "late": Text("created late, after an outage", "停运后补建"),
    "answered by the office": Text("the quality office answered itself", "质控部门已直接答复"),
    "handed over": Text("the person has left and handed it over", "原负责人离任，已移交"),
    "official calendar": Text("the official calendar of the holidays is out", "国家已公布节假日安排"),
    "several departments are concerned": Text("several departments are concerned", "涉及多个科室"),
    "counted from the events": Text("counted from the reported events", "由事件上报统计"),
    "counted from the feedback": Text("counted from the feedback", "由意见反馈统计"),
    "counted from the tasks": Text("counted from the tasks", "由任务统计"),
    "the channel does not work; sent by the next one": Text(
        "the channel does not work; sent by the next one", "该渠道无法使用，改由下一渠道发送"
    ),
    "this address was refused before": Text("this address was refused before", "该地址此前被拒收"),
    "the channel does not work at the moment": Text("the channel does not work at the moment", "该渠道目前无法使用"),
    "the sender was stopped before": Text("the sender was stopped before it was sent", "发送前发送程序已停止"),
    "the sender stopped before an answer came": Text(
        "the sender stopped before an answer came", "发送程序停止，未收到回应"
    ),
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
    "task.undo": Text("took the task back to where it was", "任务恢复原状"),
    "stage.undo": Text("took the stage back to where it was", "阶段恢复原状"),
    "answer.undo": Text("took the answer back", "撤回答复"),
    "decision.reopen": Text("asked for the decision again", "重新提请决定"),
    "task.deadline": Text("moved the deadline", "变更期限"),
    "task.reminder": Text("reminded the owners", "提醒负责人"),
    "task.escalation": Text("passed the overdue task up", "逾期升级"),
    "task.stagnant": Text("told that nothing moves", "通知任务停滞"),
    "outage.end": Text("ran again after an outage", "停运后恢复运行"),
    "person.preferences": Text("changed how they are told", "更改通知设置"),
    "task.skip_level": Text("skipped a level whose holders own the task", "跳过由负责人本人担任的级别"),
    "task.put_off": Text("could not plan the task and put it off", "无法安排，暂缓"),
    "task.give": Text("gave the task to somebody else", "转交任务"),
    "cycle.aim": Text("set the aim", "设定目标"),
    "cycle.past_changed": Text("corrected a value of the sealed baseline", "更正了已封存基线中的数值"),
    "cycle.seal": Text("sealed baseline and prediction", "封存基线与预测"),
    "cycle.check": Text("decided about the Check", "就检查作出决定"),
    "cycle.sign": Text("weighed the doubts and signed", "权衡疑点并签名"),
    "cycle.end": Text("said what comes of the cycle", "作出处理结论"),
    "cycle.watch": Text("began the watch", "开始持续观察"),
    "cycle.watch_end": Text("ended the watch", "结束持续观察"),
    "cycle.propose": Text("proposed a new cycle", "提议新循环"),
    "calendar_feed.open": Text("made an address for a calendar", "生成了日历订阅地址"),
    "calendar_feed.end": Text("ended the address of a calendar", "停用了日历订阅地址"),
    "care.analyse": Text("analysed a care process", "分析了诊疗流程"),
    "cycle.edition": Text("adopted a new edition of the programme", "改用行动计划新版"),
    "task.reword": Text("took over the words of the new edition", "按新版更新任务"),
    "event.receive": Text("the report came in", "收到报告"),
    "event.unstaffed": Text("nobody is there to look at it", "无人可受理"),
    "event.triage": Text("looked at the report", "完成研判"),
    "event.class": Text("gave the event its class", "确定事件级别"),
    "event.reclassify": Text("changed the class", "更改事件级别"),
    "event.analyse": Text("began to look for causes", "开始原因分析"),
    "event.report": Text("reported it as the law asks", "登记法定上报"),
    "event.reporter": Text("read who reported", "查看报告人"),
    "event.set aside": Text("set it aside and answered the reporter", "不作为事件处理并回复报告人"),
    "event.close": Text("answered the reporter and closed the event", "回复报告人并办结事件"),
    "action.launch": Text("launched the special action", "启动专项行动"),
    "action.look": Text("looked where the action falls short", "核对行动未达标之处"),
    "action.keep": Text("kept the roll-up of the action", "保存行动汇总"),
    "cycle.origin": Text("wrote down what it began from", "登记了循环的来源"),
    "cycle.follow": Text("launched it after another cycle", "承接前一循环启动"),
    "cycle.lead": Text("gave the lead to somebody else", "更换项目负责人"),
    "feedback.give": Text("a patient said something", "收到患者反馈"),
    "feedback.units": Text("named the departments concerned", "指定相关科室"),
    "feedback.assign": Text("passed it to the departments", "转交科室"),
    "feedback.answer": Text("let the answer go out", "审核发出答复"),
    "feedback.judge": Text("the patient judged the answer", "患者评价答复"),
    "feedback.reopen": Text("not solved: began again", "未解决，重新处理"),
    "feedback.close": Text("closed the feedback", "反馈结束"),
    "feedback.tell": Text("told everybody what was done", "公示改进结果"),
    "schedule.add": Text("planned assessments", "制定评估计划"),
    "schedule.stop": Text("stopped a schedule of assessments", "停止评估计划"),
    "activity.plan": Text("planned the activity", "安排活动"),
    "activity.stop": Text("stopped the planned activity", "停止活动安排"),
    "activity.launch": Text("launched the activity by plan", "按计划启动活动"),
    "gathering.add": Text("entered the session and invited", "登记场次并邀请人员"),
    "gathering.missing": Text("told those who were missing", "通知缺席人员"),
    "attendance.note": Text("noted the presence", "签到"),
    "attendance.test": Text("marked the test", "测试评分"),
    "attendance.rate": Text("evaluated the session", "评价场次"),
    "goal.adopt": Text("adopted the goal of the year", "采纳年度目标"),
    "goal.set": Text("set the department's goal", "设定科室目标"),
    "assessment.due": Text("made an assessment due", "安排评估"),
    "assessment.make": Text("assessed the indicator", "评估指标"),
    "assessment.assess": Text("assessed the indicator", "评估指标"),
    "assessment.miss": Text("closed the assessment as missed", "评估因缺数据未进行"),
    "assessment.alert": Text("told of a signal of concern", "发出预警"),
    "bulletin.make": Text("sent the bulletin", "发出质量简报"),
    "decision.ask": Text("asked for a decision", "请求决定"),
    "decision.end": Text("ended the wait for a decision", "结束决定等待"),
    "channel.add": Text("added the channel", "添加渠道"),
    "channel.remove": Text("removed the channel", "移除渠道"),
    "channel.reseal": Text("sealed the addresses of channels again", "重新加密渠道地址"),
    "account.invite": Text("invited to the pages", "邀请登录网页"),
    "account.link": Text("linked the account to the hospital's login", "账户关联医院统一登录"),
    "account.lock": Text("locked the account", "锁定账户"),
    "account.unlock": Text("unlocked the account", "解锁账户"),
    "account.password": Text("set a password", "设置密码"),
    "code.ask": Text("asked for a code", "获取验证码"),
    "code.use": Text("proved it with a code", "通过验证码确认"),
    "code.wrong": Text("typed a wrong code", "验证码错误"),
    "system.token": Text("gave a system a token", "为系统发放令牌"),
    "system.revoke": Text("took a system's token back", "收回系统令牌"),
    "unit.import": Text("imported the unit", "导入科室"),
    "person.import": Text("imported the person", "导入人员"),
    "role.import": Text("imported the role", "导入岗位"),
    "absence.import": Text("imported the absence", "导入请假"),
    "absence.add": Text("noted an absence", "登记请假"),
    "absence.give": Text("gave the standing-in to somebody else", "更换代理人"),
    "role.give": Text("gave the role to somebody else", "移交岗位"),
    "person.leave": Text("noted that the person leaves", "登记离职"),
    "person.suspend_channel": Text("left out an address that was refused", "停用被拒收的地址"),
    "person.lift_channel": Text("tries all addresses again", "恢复使用全部地址"),
    "observation.put": Text("entered values", "录入数值"),
    "observation.correct": Text("corrected a value", "更正数值"),
    "valve.shut": Text("held back an unusual number of messages", "消息数量异常，暂停发送"),
    "valve.release": Text("let the held messages go", "放行暂停的消息"),
    "delivery.claim": Text("took the message to send it", "开始发送消息"),
    "delivery.settle": Text("sent the message", "消息已发送"),
    "delivery.retry": Text("will try the message again", "消息稍后重试"),
    "delivery.hold": Text("does not know whether the message arrived", "消息是否送达不明"),
    "delivery.drop": Text("dropped the message", "不再发送消息"),
    "delivery.give up": Text("gave the message up", "放弃发送消息"),
    "delivery.pass on": Text("passed the message to the next channel", "改由下一渠道发送"),
    "delivery.bundle": Text("put the message into a digest", "消息并入汇总"),
    "channel.test": Text("sent a test message", "发送测试消息"),
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
    DeliveryStatus.BUNDLED: "⊕",
    FeedbackStatus.RECEIVED: "◌",
    FeedbackStatus.WORKING: "●",
    FeedbackStatus.ANSWERED: "◆",
    DeliveryStatus.DEAD: "✕",
}
_TABLES = (CYCLE_WORDS, STAGE_WORDS, TASK_WORDS, DELIVERY_WORDS, ANSWER_WORDS, DECISION_WORDS, KIND_WORDS)
_MORE = (ATTEMPT_WORDS, OUTCOME_WORDS, FEEDBACK_WORDS)


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


def channel(slug: str) -> Text:
    """Find the name of a channel; those that a hospital adds are called as it called them."""
    return Text("E-mail", "电子邮件") if slug == "email" else Text(slug, slug)


def reason(why: str) -> Text:
    """Find the words of a reason that the code gave; what a person wrote is shown as written."""
    return WHY_WORDS.get(why) or Text(why, why)
