"""The words of the machine in the words of a ward: decisions, outcomes, answers, weekdays."""

from config.words import Text

WEEKDAYS = (
    Text("Mon", "周一"),
    Text("Tue", "周二"),
    Text("Wed", "周三"),
    Text("Thu", "周四"),
    Text("Fri", "周五"),
    Text("Sat", "周六"),
    Text("Sun", "周日"),
)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

WORDS = {
    # what an owner answered
    "acknowledge": Text("noted", "已知悉"),
    "done": Text("done", "已完成"),
    "extend": Text("asks for more time", "申请延期"),
    "hand-over": Text("hands the task over", "移交任务"),
    "blocked": Text("reports an obstacle", "报告障碍"),
    "taken": Text("has taken the task over", "已接手任务"),
    # what was decided
    "granted": Text("more time was granted", "同意延期"),
    "refused": Text("the request was refused", "未同意申请"),
    "given": Text("the task was given to somebody else", "任务已转交他人"),
    "removed": Text("the obstacle is removed", "障碍已排除"),
    "stopped": Text("the task was stopped", "任务已终止"),
    "accepted": Text("the answer was accepted", "已验收通过"),
    "returned": Text("the answer was returned", "已退回补充"),
    "approved": Text("the stage was approved", "阶段已批准"),
    "passed-up": Text("the decision went one level up", "已上报上一级"),
    "moot": Text("nothing was left to decide", "无需再决定"),
    # why a deadline moved by itself
    "official calendar": Text("the official calendar of the holidays is out", "国家已公布节假日安排"),
    "several departments are concerned": Text("several departments are concerned", "涉及多个科室"),
}

# What a digest says of each message in it, by kind.
ITEMS = {
    "assigned": Text("new: please answer", "新任务：请答复"),
    "reminder": Text("no answer yet", "尚未答复"),
    "escalation": Text("overdue: your decision is needed", "已逾期：请您决定"),
    "stagnant": Text("nobody has decided", "无人决定"),
    "decision": Text("your decision is needed", "请您决定"),
    "decided": Text("it was decided", "已作决定"),
    "hand-over": Text("you are asked to take it over", "请您接手"),
    "receipt": Text("an answer was received", "已收到答复"),
    "taken-back": Text("an answer was taken back", "答复已撤回"),
    "lead": Text("you lead this cycle now", "请您负责该项目"),
    "note": Text("a reply by mail that is no answer", "邮件回复未作为答复"),
    "unclear": Text("your reply by mail was no answer", "您的邮件回复未作为答复"),
    "data-wanted": Text("values are missing", "缺少数据"),
    "proposal": Text("a new cycle is proposed", "建议启动新循环"),
    "deadline": Text("the deadline has moved", "期限已变更"),
    "stopped": Text("nothing more to do", "无需再办理"),
    "closed": Text("the cycle is closed", "循环已结束"),
    "signal": Text("signal of concern", "预警信号"),
    "gathering": Text("you are expected", "请参加"),
    "missed": Text("you were missed", "缺席通知"),
    "bulletin": Text("bulletin", "质量简报"),
    "preferences": Text("how you are told was changed", "您的通知设置已更改"),
    "alarm": Text("somebody could not be told", "有人未能收到通知"),
}
ASKED = {
    "extension": Text("more time is asked for", "申请延期"),
    "obstacle": Text("an obstacle is reported", "遇到障碍"),
    "acceptance": Text("an answer waits for your word", "待您验收"),
    "approval": Text("a stage waits for your approval", "阶段待您批准"),
    "overdue": Text("no answer came in time", "逾期未答复"),
}
