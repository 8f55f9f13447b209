"""The year's plan beside what happened, on page, workbook and command; deadlines in one's own calendar program."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from icalendar import Calendar as Feed
from python_calamine import CalamineWorkbook
from sqlmodel import col, select

from engine.activity_schedules import GivenActivity, plan_activity
from engine.launch import Launch, launch_cycle
from engine.people import directory
from engine.plan_files import plan_bytes
from engine.rules import Rules
from engine.tasks import GivenAnswer, submit_answer
from engine.work_plan import Course, LineKind, WorkPlan, read_work_plan
from models.activity import YearlyGoal
from models.db import Database
from models.people import Person
from models.queries import get_task
from models.task import AnswerKind, Task
from tests.commands import Command
from tests.corpus import HEADS, HTML
from tests.places import make_hospital
from tests.visitors import Pages, pages_of
from tests.walks import PDF

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, NOW) as opened:
        yield opened


def launch(database: Database, rules: Rules, *, at: datetime = NOW, title: str = "Fewer falls") -> str:
    given = Launch(template="pdca", unit="ward-3", lead="ana", title=title, allow_unstaffed=True)
    with database.transaction("test") as session:
        return launch_cycle(session, given, rules=rules, by=None, now=at).code


def plan(database: Database, rules: Rules, *, now: datetime = NOW, year: int = 2026) -> WorkPlan:
    with database.reading() as session:
        return read_work_plan(session, year, rules=rules, now=now)


def test_a_cycle_stands_in_its_years_with_every_stage_and_task(pages: Pages, rules: Rules) -> None:
    code = launch(pages.database, rules)
    line = plan(pages.database, rules).lines[0]
    assert (line.code, line.kind, line.course, line.lead) == (code, LineKind.CYCLE, Course.ON_TIME, "Ana Ferro")
    assert [stage.title.en for stage in line.stages] == ["Plan", "Do", "Check", "Act"]
    assert line.stages[0].opened_at == NOW and line.stages[1].opened_at is None
    assert all(stage.tasks and all(task.owners for task in stage.tasks) for stage in line.stages)
    assert line.stages[0].tasks[0].planned_at == line.stages[0].tasks[0].deadline_at
    assert not plan(pages.database, rules, year=2025).lines


def test_a_task_is_late_after_its_deadline_and_not_at_it(pages: Pages, rules: Rules) -> None:
    launch(pages.database, rules)
    first = plan(pages.database, rules).lines[0].stages[0].tasks[0].deadline_at
    assert first is not None
    assert plan(pages.database, rules, now=first).lines[0].course is Course.ON_TIME
    assert plan(pages.database, rules, now=first + timedelta(seconds=1)).lines[0].course is Course.LATE


def test_planned_activities_stand_with_their_coming_turns(pages: Pages, rules: Rules) -> None:
    given = GivenActivity(activity="quality-committee", unit="hospital", every="monthly 3wd")
    with pages.database.transaction("test") as session:
        plan_activity(session, given, rules=rules, by=None, now=NOW)
    line = plan(pages.database, rules).lines[0]
    assert line.kind is LineKind.ACTIVITY and line.course is Course.PLANNED
    assert len(line.turns) == 10 and line.turns[0] == datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
    # Nobody ticked all year: of what was missed only the newest is still launched.
    assert len(plan(pages.database, rules, now=datetime(2026, 12, 31, tzinfo=UTC)).lines[0].turns) == 1


def test_goals_come_first_and_are_never_called_reached(pages: Pages, rules: Rules) -> None:
    launch(pages.database, rules)
    with pages.database.transaction("test") as session:
        unit = directory(session).unit("hospital").id
        goal = YearlyGoal(year=2026, code="G1", indicator="vte-assessment", added_at=NOW, title_en="VTE",
                          title_zh="静脉血栓", unit_id=unit, baseline=60.0, target=90.0)  # fmt: skip
        session.add(goal)
    assert [line.kind for line in plan(pages.database, rules).lines] == [LineKind.GOAL, LineKind.CYCLE]
    first = plan(pages.database, rules).lines[0]
    assert "60 → 90 %" in first.objective.en and first.course is Course.RUNNING
    assert plan(pages.database, rules, now=datetime(2027, 1, 5, tzinfo=UTC)).lines[0].course is Course.OVER


def test_the_page_shows_chart_objective_and_tasks_in_both_languages_and_only_what_may_be_seen(
    pages: Pages, rules: Rules
) -> None:
    for number in range(18):
        launch(pages.database, rules, title=f"Cycle <b>{number}</b>")
    office = pages.logged_in("eva")
    for language, word in (("en", "Stages and tasks"), ("zh", "阶段与任务")):
        page = office.get(f"/plan?year=2026&lang={language}")
        assert page.status == 200 and word in page.body and "<svg" in page.body and "<b>" not in page.body
        assert len(page.body.encode()) < 100_000
    assert "Cycle &lt;b&gt;17" in office.get("/plan?page=2&lang=en").body
    assert "Nothing is planned" in office.get("/plan?year=2031&lang=en").body
    assert office.get("/plan?year=1").status == office.get("/plan?year=9999").status == 404
    assert "Cycle" not in pages.logged_in("gao").get("/plan?unit=quality-dept").body


def test_the_workbook_has_a_row_for_each_task_and_no_formula(pages: Pages, rules: Rules) -> None:
    launch(pages.database, rules, title="=1+1")
    answer = pages.logged_in("eva").get("/plan.xlsx?lang=zh&year=2026")
    assert answer.status == 200 and 'filename="plan-2026.xlsx"' in answer.headers["Content-Disposition"]
    content = plan_bytes(plan(pages.database, rules), "zh", rules.calendar)
    rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    with pages.database.reading() as session:
        n_tasks = len(session.exec(select(Task)).all())
    assert rows[0][:3] == ["类别", "编号", "标题"] and len(rows) == 1 + n_tasks
    assert rows[1][2] == "=1+1" and rows[1][8]


def test_the_commands_show_and_export(command: Command, tmp_path: Path) -> None:
    command("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--title", "Falls", "--allow-unstaffed")
    shown = command.json("plan", "show", "--year", "2026")
    assert [line["title"] for line in shown["lines"]] == ["Falls"] and len(shown["lines"][0]["stages"]) == 4
    file = tmp_path / "plan.xlsx"
    assert "1" in command("plan", "export", str(file), "--year", "2026").out and file.stat().st_size > 3000
    command("plan", "export", str(file), "--year", "2026", code=2)
    assert command.json("plan", "show", "--unit", "quality-dept", "--year", "2026")["lines"] == []


def feed_path(pages: Pages, slug: str) -> str:
    visitor = pages.logged_in(slug)
    me = visitor.get("/me?lang=en")
    assert visitor.post("/me/feed", {"form": me.form, "how": "open"}).status == 303
    return "/feed/" + visitor.get("/me?lang=en").body.partition("/feed/")[2].partition("<")[0]


def events(pages: Pages, path: str) -> list[dict[str, str]]:
    answer = pages.visitor().get(path)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/calendar")
    found = Feed.from_ical(answer.body)
    return [{key.lower(): str(value) for key, value in event.items()} for event in found.walk("VEVENT")]


def test_a_calendar_program_reads_open_deadlines_and_follows_them(pages: Pages, rules: Rules) -> None:
    code = launch(pages.database, rules)
    path = feed_path(pages, "ana")
    before = events(pages, path)
    assert before and all(one["summary"].startswith("Due: ") for one in before)
    assert any(code in one["description"] for one in before)
    address = before[0]["description"].partition("\n")[0]
    with pages.database.transaction("test") as session:
        task, ana = get_task(session, address), directory(session).person("ana")
        note = GivenAnswer(kind=AnswerKind.DONE, note="done and seen", evidence=(PDF,))
        submit_answer(session, task.id, note, rules=rules, by=ana.id, now=NOW)
    assert before[0]["uid"] not in {one["uid"] for one in events(pages, path)}


def test_another_address_ends_the_first_and_wrong_ones_open_nothing(pages: Pages, rules: Rules) -> None:
    launch(pages.database, rules)
    first = feed_path(pages, "ana")
    second = feed_path(pages, "ana")
    stranger = pages.visitor()
    assert first != second and stranger.get(first).status == 404 and stranger.get(second).status == 200
    for wrong in (second.replace(".ics", "x.ics"), "/feed/1.ics", "/feed/x.y.ics", f"/feed/{'9' * 30}.a.ics"):
        assert stranger.get(wrong).status == 404
    me = pages.logged_in("ana")
    me.post("/me/feed", {"form": me.get("/me").form, "how": "end"})
    assert stranger.get(second).status == 404


def test_guessing_is_slowed_down(pages: Pages) -> None:
    stranger = pages.visitor()
    found = [stranger.get(f"/feed/{number}.guess.ics").status for number in range(40)]
    assert found[0] == 404 and found[-1] == 429


def test_who_has_left_reads_nothing_more(pages: Pages, rules: Rules) -> None:
    launch(pages.database, rules)
    path = feed_path(pages, "ana")
    with pages.database.transaction("test") as session:
        ana = session.exec(select(Person).where(Person.slug == "ana")).one()
        ana.left_on = NOW.date()
        session.add(ana)
    assert pages.visitor().get(path).status == 404


def test_hostile_titles_stay_words_in_a_calendar(pages: Pages, rules: Rules) -> None:
    for hostile in (*HTML[:3], *HEADS):
        launch(pages.database, rules, title=hostile.replace("\x00", ""))
    with pages.database.reading() as session:
        n_owned = len(session.exec(select(Task).where(col(Task.status) == "open")).all())
    found = events(pages, feed_path(pages, "ana"))
    assert 0 < len(found) <= n_owned
    assert {key for one in found for key in one} <= {
        "uid", "sequence", "dtstamp", "dtstart", "dtend", "summary", "description", "url",
    }  # fmt: skip
