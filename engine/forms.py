"""The form of the hospital's workbook: its four sheets, their columns, and how each is called in both languages."""

from dataclasses import dataclass

from config.words import Text

NO_ADDRESS = ("none", "无", "没有")  # what people write who have no e-mail address; a blank is more often forgotten
LANGUAGES = {"en": ("en", "english", "英文", "英语"), "zh": ("zh", "zh-cn", "chinese", "中文", "汉语", "简体中文")}
RHYTHMS = {"at-once": ("at-once", "即时"), "daily": ("daily", "每天"), "weekly": ("weekly", "每周")}


@dataclass(frozen=True)
class Column:
    """A column: its key, what else its heading may say, and whether the sheet is useless without it."""

    key: str
    zh: str
    help: Text
    also: tuple[str, ...] = ()
    needed: bool = True

    def heading(self, language: str) -> str:
        return Text(self.key, self.zh).in_(language)

    @property
    def headings(self) -> tuple[str, ...]:
        return (self.key, self.zh, *self.also)


@dataclass(frozen=True)
class Form:
    """A sheet, or the CSV file of the same name."""

    key: str
    zh: str
    columns: tuple[Column, ...]
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key, self.zh, *self.also)

    def title(self, language: str) -> str:
        return Text(self.key, self.zh).in_(language)


_ID = Text("A short name of a-z, 0-9 and hyphens; it never changes", "短名称：小写字母、数字、连字符；以后不再更改")
_DATE = Text("A date, such as 2026-03-31; blank: open", "日期，例如 2026-03-31；空白表示不限")

UNITS = Form(
    "units",
    "科室",
    (
        Column("id", "科室编号", _ID, ("编号", "单位编号")),
        Column("name_en", "英文名称", Text("One of the two names may be blank", "两个名称可以只填一个"), ("英文名",)),
        Column(
            "name_zh",
            "中文名称",
            Text("One of the two names may be blank", "两个名称可以只填一个"),
            ("中文名", "名称", "科室名称"),
        ),
        Column(
            "kind",
            "类型",
            Text("Such as hospital, department, ward", "例如 医院、科室、病区"),
            ("科室类型",),
            needed=False,
        ),
        Column(
            "parent",
            "上级科室",
            Text("The id of the unit above; blank: the top", "上级科室的编号；最上级留空"),
            ("上级",),
        ),
    ),
    ("单位", "部门"),
)
PEOPLE = Form(
    "people",
    "人员",
    (
        Column("id", "人员编号", _ID, ("编号", "工号")),
        Column("name", "姓名", Text("As colleagues know it", "同事熟悉的姓名"), ("名字",)),
        Column(
            "email",
            "邮箱",
            Text("An address, or the word `none`", "邮箱地址；没有请写“无”"),
            ("电子邮件", "电子邮箱", "邮件", "e-mail"),
        ),
        Column("language", "语言", Text("en or zh; blank: zh", "en 或 zh；空白为 zh"), needed=False),
        Column(
            "channels",
            "通知渠道",
            Text(
                "In the order in which they are tried, such as email,ntfy; blank: email",
                "按尝试顺序填写，例如 email,ntfy；空白为 email",
            ),
            ("渠道",),
            needed=False,
        ),
        Column(
            "addresses",
            "渠道地址",
            Text(
                "What stands for {address} in a channel, such as ntfy=ward-3",
                "渠道中 {address} 处的值，例如 ntfy=ward-3",
            ),
            needed=False,
        ),
        Column(
            "left_on",
            "离职日期",
            Text("The first day on which the person is no longer here", "离开后的第一天"),
            needed=False,
        ),
        Column(
            "digest",
            "汇总",
            Text(
                "at-once, daily or weekly; blank: at-once",
                "at-once（即时）、daily（每天）或 weekly（每周）；空白为即时",
            ),
            ("汇总频率",),
            needed=False,
        ),
        Column(
            "muted",
            "停收",
            Text(
                "News not wanted: receipt, deadline, closed, bulletin",
                "不接收的消息：receipt、deadline、closed、bulletin",
            ),
            ("停收消息",),
            needed=False,
        ),
    ),
    ("员工",),
)
ROLES = Form(
    "roles",
    "角色",
    (
        Column("person", "人员编号", Text("An id of the sheet people", "“人员”表中的编号"), ("人员",)),
        Column("role", "角色", Text("An id or a title of a role", "角色编号或名称"), ("职责", "岗位")),
        Column("unit", "科室编号", Text("An id of the sheet units", "“科室”表中的编号"), ("科室",)),
        Column("from", "开始日期", _DATE, ("开始",), needed=False),
        Column("until", "结束日期", _DATE, ("结束", "截止日期"), needed=False),
    ),
    ("职责", "任职"),
)
ABSENCES = Form(
    "absences",
    "缺勤",
    (
        Column("person", "人员编号", Text("An id of the sheet people", "“人员”表中的编号"), ("人员",)),
        Column("from", "开始日期", Text("The first day away", "离开的第一天"), ("开始",)),
        Column("until", "结束日期", Text("The last day away", "离开的最后一天"), ("结束", "截止日期")),
        Column(
            "stand_in",
            "代理人",
            Text("Who is told instead: an id of the sheet people", "代为接收通知的人员编号"),
            ("代理人编号", "替班人"),
        ),
    ),
    ("请假", "不在岗"),
)
FORMS = (UNITS, PEOPLE, ROLES, ABSENCES)
