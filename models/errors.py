"""The errors that people read: the docstring is the English message, `zh` the Chinese one."""

from typing import ClassVar


class WardcycleError(Exception):
    """Something went wrong: {what}"""

    zh: ClassVar[str] = "出错了：{what}"
    exit_code: ClassVar[int] = 1

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """Write the message in `language` ('zh...' or anything else for English)."""
        message = self.zh if language.startswith("zh") else (type(self).__doc__ or "")
        return message.format(**{name: _in(language, fact) for name, fact in self.facts.items()}).strip()


def _in(language: str, fact: object) -> object:
    """Facts may themselves be bilingual (config.words.Text)."""
    read = getattr(fact, "in_", None)
    return read(language) if read else fact


class Refused(WardcycleError):
    """A rule does not allow this: {what}"""

    zh = "规则不允许：{what}"


class UsageError(WardcycleError):
    """{what}"""

    zh = "{what}"
    exit_code = 2


# --- database -------------------------------------------------------------------------------------------------------
class DatabaseUnreachable(WardcycleError):
    """The database {url} does not answer ({why}). Check that it runs and that the address is right."""

    zh = "数据库 {url} 没有响应（{why}）。请检查数据库是否已启动、地址是否正确。"
    exit_code = 3


class DatabaseReadOnly(WardcycleError):
    """The database {url} can be read but not written. Check the rights of the file and folder, or the user's rights."""

    zh = "数据库 {url} 只能读、不能写。请检查文件及其目录的权限，或数据库用户的权限。"
    exit_code = 3


class DatabaseBusy(WardcycleError):
    """The database {url} is busy with other work. Nothing was changed; try again in a moment."""

    zh = "数据库 {url} 正忙。未作任何更改，请稍后重试。"
    exit_code = 3


class DatabaseFull(WardcycleError):
    """The disk of the database {url} is full. Nothing was changed; make room and try again."""

    zh = "数据库 {url} 所在磁盘已满。未作任何更改，请清理空间后重试。"
    exit_code = 3


class DatabaseMissing(WardcycleError):
    """The database {url} has no tables yet. Create them with: wardcycle database upgrade"""

    zh = "数据库 {url} 还没有数据表。请运行：wardcycle database upgrade"
    exit_code = 3


class SchemaOlder(WardcycleError):
    """The database has the older form {found}; this program needs {wanted}. Run: wardcycle database upgrade"""

    zh = "数据库结构是旧版 {found}，本程序需要 {wanted}。请运行：wardcycle database upgrade"
    exit_code = 3


class SchemaNewer(WardcycleError):
    """The database has the form {found}, newer than this program knows ({wanted}). Install the newer wardcycle."""

    zh = "数据库结构 {found} 比本程序（{wanted}）新。请安装新版 wardcycle。"
    exit_code = 3


# --- status ---------------------------------------------------------------------------------------------------------
class ArrowUnknown(WardcycleError):
    """No {noun} goes from {old} to {new}; see docs/states.md."""

    zh = "{noun} 不能从 {old} 变为 {new}，见 docs/states.md。"
    exit_code = 3


class Stale(Refused):
    """Somebody else was faster: this {noun} has changed meanwhile. Look again and repeat if it is still needed."""

    zh = "有人抢先一步：该{noun}刚刚已变化。请重新查看，如仍需要再操作。"


# --- finding things -------------------------------------------------------------------------------------------------
class NotFound(Refused):
    """There is no {noun} '{name}'. {mend}"""

    zh = "没有名为“{name}”的{noun}。{mend}"


class PersonLeft(Refused):
    """{who} has left the hospital and can take on nothing more. Name somebody else."""

    zh = "{who}已离开医院，不能再承担任务。请另选他人。"


# --- launching ------------------------------------------------------------------------------------------------------
class Unstaffed(Refused):
    """Nobody holds a role for these tasks: {tasks}. Give somebody the role, or launch with --allow-unstaffed."""

    zh = "以下任务的角色无人担任：{tasks}。请先安排人员，或用 --allow-unstaffed 启动（交质控办代管）。"


class NoOffice(Refused):
    """Nobody holds the role quality-office, so unstaffed tasks have no owner. Give somebody that role first."""

    zh = "无人担任“质控办（quality-office）”，无人的任务没有去处。请先安排质控办人员。"


class StartInThePast(Refused):
    """The start {start} lies before today. Correct the date, or launch with --allow-past if it is meant."""

    zh = "开始时间 {start} 早于今天。请改正日期；如确需如此，请用 --allow-past 启动。"


class DeadlineInThePast(Refused):
    """The deadline {deadline} of task '{task}' lies before its opening. Change the date in the template."""

    zh = "任务“{task}”的期限 {deadline} 早于其开始。请修改模板中的日期。"


# --- cycles and stages ----------------------------------------------------------------------------------------------
class CycleNotRunning(Refused):
    """Cycle {code} is {status}, so nothing in it can be changed."""

    zh = "循环 {code} 处于“{status}”状态，不能更改。"


class ReasonMissing(Refused):
    """A reason is needed. Say in a few words why."""

    zh = "请用几句话说明理由。"


class NotAllowed(Refused):
    """{who} may not do this. It belongs to: {allowed}."""

    zh = "{who}无权进行此操作，应由以下人员进行：{allowed}。"


class StageNotReady(Refused):
    """Stage '{stage}' is {status}: it can be approved when its tasks are done ({n_open} still open)."""

    zh = "阶段“{stage}”处于“{status}”状态：任务全部完成后才能批准（还有 {n_open} 项未完成）。"


# --- answers --------------------------------------------------------------------------------------------------------
class AlreadyAnswered(Refused):
    """Already answered: {who} said '{answer}' on {at}. Nothing was changed."""

    zh = "已有答复：{who}于 {at} 答复“{answer}”。本次未作任何更改。"


class TaskClosed(Refused):
    """Task '{task}' is {status} and takes no answer. {why}"""

    zh = "任务“{task}”处于“{status}”状态，不再接受答复。{why}"


class Stranger(Refused):
    """{who} is neither owner, stand-in nor lead of task '{task}'. It belongs to: {owners}."""

    zh = "{who}不是任务“{task}”的负责人、代理人或项目负责人。负责人：{owners}。"


class NoteMissing(Refused):
    """A note is needed: say in a sentence what was done, or why."""

    zh = "请写一句说明：做了什么，或原因是什么。"


class EvidenceMissing(Refused):
    """Task '{task}' needs evidence. Attach a file (photo, PDF, Office document)."""

    zh = "任务“{task}”需要佐证材料。请附上文件（照片、PDF 或 Office 文档）。"


class EvidenceTooLarge(Refused):
    """The file {name} has {size} MB; at most {most} MB are taken. Attach a smaller one."""

    zh = "文件 {name} 为 {size} MB，最多 {most} MB。请换一个较小的文件。"


class EvidenceRefused(Refused):
    """The file {name} is not of a type that is taken ({types}). Save it as PDF or a picture."""

    zh = "不接受文件 {name} 的类型（可用：{types}）。请另存为 PDF 或图片。"


class DateMissing(Refused):
    """A new date is needed, such as 2026-03-31."""

    zh = "请给出新的日期，例如 2026-03-31。"


class DateInThePast(Refused):
    """The date {until} lies before today ({today}). Give a later one."""

    zh = "日期 {until} 早于今天（{today}）。请给出更晚的日期。"


class DateNotLater(Refused):
    """The date {until} is not later than the present deadline ({deadline})."""

    zh = "日期 {until} 不晚于现有期限（{deadline}）。"


class PersonMissing(Refused):
    """Say to whom: a person's id is needed."""

    zh = "请说明交给谁：需要填写人员编号。"


class AlreadyTheirs(Refused):
    """Task '{task}' belongs to {who} already. Name somebody else."""

    zh = "任务“{task}”的负责人已是{who}。请另选他人。"


class NothingToTake(Refused):
    """Nobody has handed task '{task}' over to {who}."""

    zh = "没有人把任务“{task}”移交给{who}。"


class NothingToDecide(Refused):
    """Nothing about '{task}' waits for a decision of the kind '{decision}'. Possible now: {possible}."""

    zh = "“{task}”目前没有可作“{decision}”的事项。现在可以：{possible}。"


class DeadlineNeeded(Refused):
    """The deadline of task '{task}' has passed. Give a new date with this decision, so that it is not forgotten."""

    zh = "任务“{task}”已过期限。请同时给出新的日期，以免遗忘。"
