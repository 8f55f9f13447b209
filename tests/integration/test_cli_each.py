"""Each command in both languages and as JSON, on a hospital at work."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.cells import cell_len

from models.db import Database
from tests.commands import Command
from tests.places import PEOPLE

NOW = ("--now", "2026-03-02T10:00")
TASK = "C2026-0001/present-state"
# command, what the English reader sees, what the Chinese reader sees, the keys of its JSON
SHOWN = [
    (("cycle", "list", *NOW), "PDCA in eight steps", "三病区", {"cycles", "n_all"}),
    (("cycle", "show", "C2026-0001", *NOW), "waiting for a decision", "待决定", {"cycle", "missing"}),
    (("cycle", "show", "C2026-0001", *NOW), "an aim: indicator", "目标设定：指标", {"cycle", "missing"}),
    (("task", "list", *NOW), "not open yet", "尚未开始", {"tasks", "n_all"}),
    (("task", "show", TASK, *NOW), "asks for more time", "申请延期", {"task"}),
    (("notifications", "list"), "to be sent", "待发送", {"notifications", "n_all"}),
    (("channel", "list"), "Works since", "正常始于", {"channels"}),
    (("audit", "show"), "answered", "答复", {"audit", "n_all"}),
    (("audit", "show", "--cycle", "C2026-0001"), "asked for a decision", "请求决定", {"audit", "n_all"}),
    (("audit", "verify"), "rows are in order", "行全部相符", {"ok", "n_rows", "bad_id", "kind", "head"}),
    (("cycle", "aim", "C2026-0001", "--indicator", "hand-hygiene", "--target", "85", "--by", "ana", *NOW),
     "target 85 % by ?, prediction ?", "预测 ?", {"cycle", "missing"}),
    (("assess", "hand-hygiene", "--unit", "ward-3", *NOW), "Not enough to tell", "尚不能判断", {"assessment"}),
    (("forecast", *NOW), "If nobody answers", "若无人答复", {"events"}),
    (("forecast", "pdca", "--unit", "ward-3", "--lead", "ana", *NOW), "Reminder -1wd", "提醒 -1wd", {"events"}),
    (("template", "list"), "QC circle in ten steps", "模板", {"templates", "problems"}),
    (("template", "check"), "templates are in order", "个模板没有问题", {"n_templates", "problems"}),
    (("template", "show", "pdca"), "Carry out the plan", "执行计划", {"template"}),
    (("template", "schema"), "$schema", "$schema", None),
    (("doctor", *NOW), "7 people", "7 名人员", {"ok", "checks"}),
    (("database", "upgrade"), "Nothing to do", "无需升级", {"before", "now", "database"}),
    (("tick", *NOW), "Delivered:", "发送：", {"swept", "delivered"}),
    (("hospital", "absence", "bo", "--from", "2026-03-05", "--until", "2026-03-06", "--stand-in", "eva", *NOW),
     "eva is told instead", "由 eva 代为接收通知", {"person", "from", "until", "stand_in"}),
    (("hospital", "leave", "gao", "--to", "chen", *NOW), "chen takes over", "chen 接手 gao",
     {"person", "to", "on", "n_tasks", "n_cycles", "n_roles", "n_absences"}),
]  # fmt: skip


@pytest.fixture
def at_work(command: Command) -> Command:
    """One cycle whose first task waits for a decision."""
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    command.at("answer", TASK, "extend", "--by", "ana", "--note", "data late", "--until", "2026-03-20")
    return command


@pytest.mark.parametrize(
    ("words", "en", "zh", "keys"), SHOWN, ids=lambda value: "-".join(value[:2]) if isinstance(value, tuple) else None
)
def test_a_command_speaks_both_languages_and_json(
    at_work: Command, words: tuple[str, ...], en: str, zh: str, keys: set[str] | None
) -> None:
    english = at_work(*words)
    assert en in english.out
    assert english.err == ""
    chinese = at_work(*words, "--language", "zh")
    assert zh in chinese.out
    if words != ("template", "schema"):
        assert english.following.startswith("wardcycle ")
        assert chinese.following.startswith("wardcycle ")
    facts = at_work.json(*words)
    assert keys is None or set(facts) == keys


def test_moments_in_json_carry_the_hospitals_offset(at_work: Command) -> None:
    line = at_work.json("task", "show", TASK)["task"]["line"]
    assert line["opened_at"] == "2026-03-02T09:30:00+08:00"
    assert line["decision"]["kind"] == "extension"
    assert line["title"]["zh"] == "分析现状，找出问题"


def test_a_moment_with_an_offset_is_taken_as_written(command: Command) -> None:
    launched = command.json("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--now", "2026-03-02T01:30+00:00")
    assert launched["cycle"]["launched_at"] == "2026-03-02T09:30:00+08:00"


def test_a_chinese_table_keeps_its_columns_straight(at_work: Command) -> None:
    said = at_work("cycle", "list", "--language", "zh", *NOW).out.splitlines()
    heading, rule, row = said[0], said[1], said[2]
    assert cell_len(heading[: heading.index("标题")]) == cell_len(row[: row.index("PDCA")])
    assert set(rule) == {"─"}


def test_output_into_a_pipe_has_no_colours(at_work: Command) -> None:
    late = at_work("cycle", "list", "--now", "2026-04-01")
    assert "\x1b" not in late.out


def test_brackets_in_a_title_are_shown_as_written(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana", "--title", "[bold]Falls[/bold] [/x]")
    assert "[bold]Falls[/bold] [/x]" in command("cycle", "show", "C2026-0001").out


def test_a_list_that_is_cut_says_so(at_work: Command) -> None:
    said = at_work("task", "list", "--limit", "3", *NOW)
    assert "3 of 8 shown" in said.out
    assert len(at_work.json("task", "list", "--limit", "3")["tasks"]) == 3


def test_the_hospitals_people_go_out_and_come_in_again(command: Command, installation: Path) -> None:
    for name in ("book.xlsx", "book"):
        command("hospital", "export", name, "--language", "zh")
        sheets = command.json("hospital", "import", name)["sheets"]
        assert sheets["people"] == {"n_new": 0, "n_changed": 0, "n_unchanged": len(PEOPLE)}
    assert "人员" in command("hospital", "import", "book", "--language", "zh").out
    command("hospital", "template", "empty.xlsx")
    assert (installation / "empty.xlsx").stat().st_size > 5000


def test_a_scenario_is_simulated_on_a_database_of_its_own(command: Command) -> None:
    file = Path(__file__).parents[1] / "scenarios" / "extension.yaml"
    done = command.json("simulate", str(file))
    assert done["events"][0] == {"at": "2026-06-15T08:05", "kind": "assigned", "task": "present-state", "to": ["dee"]}
    assert command.json("cycle", "list")["n_all"] == 0


def test_a_simulated_month_of_the_hospital_tells_what_the_forecast_says(at_work: Command) -> None:
    until = (*NOW, "--until", "2026-03-31")
    assert at_work.json("simulate", *until)["events"] == at_work.json("forecast", *until)["events"]


def test_the_doctor_fails_when_nobody_would_hear_an_alarm(command: Command, database: Database) -> None:
    assert command.json("doctor", *NOW)["ok"] is True
    with database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM role_holding WHERE role = 'quality-office'"))
    checks = command.json("doctor", *NOW, code=1)["checks"]
    assert [one["about"] for one in checks if one["state"] == "error"] == ["people"]
    assert "警报无人接收" in command("doctor", *NOW, "--language", "zh", code=1).out


def test_a_tampered_trail_is_found(at_work: Command, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE audit_head SET hash = 'x'"))
    assert at_work.json("audit", "verify", code=1)["kind"] == "head"
    assert "链尾与所存链尾不符" in at_work("audit", "verify", "--language", "zh", code=1).out
