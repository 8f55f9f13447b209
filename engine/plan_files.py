"""The work plan of a year as an Excel workbook: a row for each task, planned beside what happened."""

import io
from collections.abc import Iterator
from datetime import datetime

import xlsxwriter

from config.calendar import Calendar
from config.words import Text
from engine.work_plan import Course, PlanLine, WorkPlan

COURSES = {
    Course.PLANNED: Text("planned", "计划中"),
    Course.RUNNING: Text("running", "进行中"),
    Course.OVER: Text("year over", "年度已结束"),
    Course.ON_TIME: Text("on time", "按期进行"),
    Course.LATE: Text("late", "滞后"),
    Course.DONE: Text("done in time", "按期完成"),
    Course.DONE_LATE: Text("done late", "延期完成"),
    Course.STOPPED: Text("stopped", "已终止"),
}
KINDS = {"goal": Text("Goal", "目标"), "cycle": Text("Cycle", "循环"), "activity": Text("Activity", "活动")}
HEADINGS = (
    Text("Kind", "类别"), Text("Code", "编号"), Text("Title", "标题"), Text("Unit", "科室"), Text("Lead", "负责人"),
    Text("Objective", "目标"), Text("Stage", "阶段"), Text("Task", "任务"), Text("Owner", "责任人"),
    Text("Planned", "计划完成"), Text("Deadline", "当前期限"), Text("Done", "完成时间"), Text("Course", "进展"),
)  # fmt: skip
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
_WIDTHS = (10, 14, 36, 18, 14, 36, 12, 32, 20, 12, 12, 12, 12)


def plan_bytes(plan: WorkPlan, language: str, calendar: Calendar) -> bytes:
    """Write a plan as a workbook."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, _OPTIONS) as book:
        sheet = book.add_worksheet(str(plan.year))
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading.in_(language), bold)
        sheet.freeze_panes(1, 3)
        rows = (row for line in plan.lines for row in _rows(line, language))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, cell.astimezone(calendar.zone).replace(tzinfo=None), day)
                elif cell:
                    sheet.write_string(number, column, cell)
    return made.getvalue()


def _rows(line: PlanLine, language: str) -> Iterator[tuple[str | datetime | None, ...]]:
    head = (
        KINDS[line.kind].in_(language), line.code, line.title.in_(language), line.unit.in_(language), line.lead,
        line.objective.in_(language),
    )  # fmt: skip
    course = COURSES[line.course].in_(language)
    for turn in line.turns:
        yield (*head, "", "", "", turn, None, None, course)
    for stage in line.stages:
        for task in stage.tasks:
            name, owners = stage.title.in_(language), ", ".join(task.owners)
            yield (
                *head,
                name,
                task.title.in_(language),
                owners,
                task.planned_at,
                task.deadline_at,
                task.done_at,
                course,
            )
    if not line.turns and not line.stages:
        yield (*head, "", "", "", line.ends_at, None, line.ended_at, course)
