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
}
