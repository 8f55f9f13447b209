"""The page that leads to all of a hospital's quality work, a sentence beside each door."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from config.words import Text
from web.access import Policy, who
from web.routes import get_page
from web.site import Site


@dataclass(frozen=True)
class Place:
    """A page to go to. for_office: for others it is not there."""

    path: str
    title: Text
    words: Text
    for_office: bool = False


@dataclass(frozen=True)
class Group:
    """Pages that belong together."""

    title: Text
    places: tuple[Place, ...]


GROUPS = (
    Group(
        Text("The programme", "行动计划"),
        (
            Place(
                "/programme",
                Text("Measures", "举措"),
                Text("The 28 measures, what runs for each, department by department", "28 项举措及各科室落实情况"),
            ),
            Place(
                "/actions",
                Text("Special actions", "专项行动"),
                Text("Five actions: value, target, who must decide", "五个专项行动：现值、目标、待谁决定"),
            ),
            Place(
                "/plan",
                Text("Work plan", "工作计划"),
                Text("The year as a Gantt chart, beside what happened", "年度计划甘特图与实际进展"),
            ),
            Place(
                "/goals",
                Text("Yearly goals", "年度目标"),
                Text("From the nation to the department, and what was reached", "从国家到科室的年度目标及完成情况"),
            ),
        ),
    ),
    Group(
        Text("Listening", "倾听"),
        (
            Place(
                "/events",
                Text("Adverse events", "不良事件"),
                Text("Reports, their class, what came of them", "上报、分级、处理结果"),
            ),
            Place(
                "/report",
                Text("Report an event", "上报不良事件"),
                Text("Open to everybody, by name or without", "人人可报，可匿名"),
            ),
            Place(
                "/feedback/inbox",
                Text("Patient feedback", "患者反馈"),
                Text("What patients said, and until when they hear back", "患者意见与答复期限"),
            ),
            Place(
                "/feedback/said-and-done",
                Text("You said, we did", "您说的，我们做到了"),
                Text("From closed loops only", "仅收录已闭环的意见"),
            ),
            Place("/feedback/posters", Text("Posters", "二维码海报"), Text("QR codes for each unit", "各科室二维码")),
        ),
    ),
    Group(
        Text("Looking", "监测与分析"),
        (
            Place("/indicators", Text("Indicators", "指标"), Text("The board with its charts", "指标看板")),
            Place(
                "/schedules",
                Text("Schedules of assessments", "评估计划"),
                Text("What is assessed where, and when next", "评估内容、科室与下次时间"),
                True,
            ),
            Place("/bulletins", Text("Bulletins", "质量简报"), Text("Month by month", "每月一期")),
            Place(
                "/care",
                Text("Care processes", "诊疗流程"),
                Text("Where patients wait, from an event table", "由事件表分析等待环节"),
            ),
            Place("/pareto", Text("Pareto chart", "柏拉图"), Text("The vital few of any table", "找出关键少数")),
        ),
    ),
    Group(
        Text("Working", "工作"),
        (
            Place(
                "/activities",
                Text("Activities", "质量活动"),
                Text(
                    "Meetings, rounds, reviews, training: planned and launched",
                    "会议、查房、制度评审、培训：计划与启动",
                ),
                True,
            ),
            Place(
                "/responsibility",
                Text("Responsibility matrix", "职责矩阵"),
                Text("Who is responsible, accountable, consulted, informed", "负责、批准、咨询、知会"),
            ),
            Place(
                "/channels",
                Text("Channels", "通知渠道"),
                Text("How people are told, and a test of each", "通知渠道及测试"),
                True,
            ),
        ),
    ),
)


def pages(site: Site) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @get_page(router, "/work", policy=Policy.READER)
    def work(request: Request) -> Response:
        is_office = who(request).is_office
        seen = {group.title: tuple(one for one in group.places if is_office or not one.for_office) for group in GROUPS}
        groups = [Group(title, places) for title, places in seen.items()]
        return site.page(site.reader(request), "work.html.j2", groups=groups)

    return router
