"""Bad input at the command line: its exit code, a sentence that helps, and not one row changed."""

import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.catalogue import read_catalogue
from models.db import Database
from models.migrations import VERSION_TABLE
from tests.commands import Command, rows_of

LAUNCH = ("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
TASK = "C2026-0001/present-state"
# What is refused in words is refused before either database says anything.
IN_WORDS = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

TEMPLATE = """\
id: huddle
version: 1
kind: process
title: {en: Huddle, zh: 晨会}
stages:
  - id: run
    tasks:
      - id: prepare
        title: {en: Prepare, zh: 准备}
        owner: dept-head
        due: 2wd
      - id: hold
        title: {en: Hold, zh: 召开}
        owner: dept-head
        due: 3wd
        after: [prepare]
"""


@pytest.fixture
def launched(command: Command) -> Command:
    """A cycle whose first task waits for Ana."""
    command.at(*LAUNCH)
    return command


@IN_WORDS
@pytest.mark.parametrize(
    ("words", "code", "en", "zh"),
    [
        (
            ("launch", "pdca", "--unit", "ward-33", "--lead", "ana"),
            1,
            "Did you mean: ward-3?",
            "没有名为“ward-33”的科室",
        ),
        (("launch", "pdca", "--unit", "ward-3", "--lead", "anna"), 1, "Did you mean: ana?", "没有名为“anna”的人员"),
        (
            ("launch", "pdac", "--unit", "ward-3", "--lead", "ana"),
            1,
            "Did you mean: pdca",
            "没有名为“pdac”的模板",
        ),
        (("launch", "pdca", "--unit", "quality-dept", "--lead", "ana"), 1, "--allow-unstaffed", "角色无人担任"),
        ((*LAUNCH, "--start", "2026-02-20"), 1, "--allow-past", "早于今天"),
        ((*LAUNCH, "--start", "2026-02-30"), 2, "Write 2026-03-31T09:30", "无法识别"),
        ((*LAUNCH, "--title", "x" * 301), 2, "--title cannot be used", "--title 无法使用"),
        ((*LAUNCH, "--by", "nobody"), 1, "no person 'nobody'", "没有名为“nobody”的人员"),
        (("launch", "pdca", "--unit", "ward-3"), 2, "--lead requires an argument", "缺少 --lead"),
        (("forecast", "pdca", "--unit", "ward-3"), 2, "--unit, --lead", "需要以下选项"),
        ((*LAUNCH, "--colour", "red"), 2, "Unknown option: --colour", "未知的选项 --colour"),
    ],
)
def test_a_launch_that_cannot_be_is_refused(
    command: Command, database: Database, words: tuple[str, ...], code: int, en: str, zh: str
) -> None:
    before = rows_of(database)
    assert en in command.at(*words, code=code).err
    assert zh in command.at(*words, "--language", "zh", code=code).err
    assert en in command.json(*words, "--now", command.now, code=code)["error"]["text"]
    assert rows_of(database) == before


@IN_WORDS
@pytest.mark.parametrize(
    ("words", "code", "kind", "en", "zh"),
    [
        (("done", "--by", "ana", "--note", "ok"), 1, "evidence-missing", "Attach a file", "请附上文件"),
        (("done", "--by", "ana", "--evidence", "p.pdf"), 1, "note-missing", "A note is needed", "请写一句说明"),
        (("done", "--by", "dee", "--note", "ok"), 1, "stranger", "It belongs to: Ana Ferro", "不是任务"),
        (
            ("done", "--by", "ana", "--note", "ok", "--evidence", "big.pdf"),
            1,
            "evidence-too-large",
            "at most 10 MB",
            "最多 10 MB",
        ),
        (
            ("done", "--by", "ana", "--note", "ok", "--evidence", "run.exe"),
            1,
            "evidence-refused",
            "Save it as PDF",
            "请另存为 PDF",
        ),
        (
            ("done", "--by", "ana", "--note", "ok", "--evidence", "gone.pdf"),
            2,
            "file-unreadable",
            "gone.pdf",
            "无法读取文件",
        ),
        (
            ("extend", "--by", "ana", "--note", "late", "--until", "2026-02-27"),
            1,
            "date-in-the-past",
            "before today",
            "早于今天",
        ),
        (
            ("extend", "--by", "ana", "--note", "late", "--until", "2026-03-06"),
            1,
            "date-not-later",
            "not later",
            "不晚于",
        ),
        (("extend", "--by", "ana", "--note", "late"), 1, "date-missing", "such as 2026-03-31", "例如 2026-03-31"),
        (
            ("extend", "--by", "ana", "--note", "late", "--until", "31.3."),
            2,
            "date-unreadable",
            "like 2026-03-31",
            "请写成",
        ),
        (("extend", "--by", "ana", "--until", "2026-03-31"), 1, "reason-missing", "A reason is needed", "说明理由"),
        (("hand-over", "--by", "ana", "--note", "away"), 1, "person-missing", "to whom", "交给谁"),
        (
            ("hand-over", "--by", "ana", "--note", "x", "--to", "deee"),
            1,
            "not-found",
            "Did you mean: dee?",
            "是否指：dee",
        ),
        (("perhaps", "--by", "ana"), 2, "usage", "Choose from", "可选"),
        (("done", "--note", "ok"), 2, "usage", "--by", "--by"),
    ],
)
def test_an_answer_that_lacks_something_is_refused(
    launched: Command,
    installation: Path,
    database: Database,
    words: tuple[str, ...],
    code: int,
    kind: str,
    en: str,
    zh: str,
) -> None:
    (installation / "p.pdf").write_bytes(b"%PDF-1.4")
    (installation / "big.pdf").write_bytes(b"%PDF-1.4" + bytes(10_000_001))
    (installation / "run.exe").write_bytes(b"MZ")
    before = rows_of(database)
    assert en in launched.at("answer", TASK, *words, code=code).err
    assert zh in launched.at("answer", TASK, *words, "--language", "zh", code=code).err
    error = launched.json("answer", TASK, *words, "--now", launched.now, code=code)["error"]
    assert error["kind"] == kind
    assert en in error["text"]
    assert rows_of(database) == before


def test_the_second_answer_learns_of_the_first_and_changes_nothing(
    launched: Command, installation: Path, database: Database
) -> None:
    (installation / "p.pdf").write_bytes(b"%PDF-1.4")
    done = ("answer", TASK, "done", "--by", "ana", "--note", "counted", "--evidence", "p.pdf")
    launched.at(*done)
    before = rows_of(database)
    assert "Ana Ferro said 'done' on 2026-03-02 09:30" in launched.at(*done, code=1).err
    assert "Ana Ferro于 2026-03-02 09:30 答复“已完成”" in launched.at(*done, "--language", "zh", code=1).err
    assert rows_of(database) == before


@IN_WORDS
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("answer", "C2026-0001/causes", "done", "--by", "ana", "--note", "x"), "task-closed"),
        (("answer", "C2026-0001/cuases", "done", "--by", "ana", "--note", "x"), "not-found"),
        (("answer", "present-state", "done", "--by", "ana", "--note", "x"), "not-found"),
        (("decide", TASK, "grant", "--by", "bo", "--note", "x"), "nothing-to-decide"),
        (("cycle", "approve", "C2026-0001/plan", "--by", "ana", "--note", "x"), "stage-not-ready"),
        (("cycle", "pause", "C2026-0001", "--by", "dee", "--why", "x"), "not-allowed"),
        (("cycle", "pause", "C2026-0001", "--by", "ana", "--why", " "), "reason-missing"),
        (("cycle", "resume", "C2026-0001", "--by", "ana", "--why", "x"), "cycle-not-running"),
        (("cycle", "show", "C2026-0009"), "not-found"),
        (("task", "take", TASK, "--by", "dee"), "nothing-to-take"),
        (("task", "move", TASK, "--until", "2026-03-01", "--why", "x", "--by", "ana"), "date-in-the-past"),
        (("task", "reassign", TASK, "--to", "dee", "--why", "x", "--by", "gao"), "not-allowed"),
        (("hospital", "leave", "ana", "--to", "ana"), "leave-refused"),
        (
            ("hospital", "absence", "bo", "--from", "2026-03-02", "--until", "2026-03-03", "--stand-in", "bo"),
            "absence-refused",
        ),
    ],
)
def test_a_deed_that_a_rule_forbids_is_refused(
    launched: Command, database: Database, words: tuple[str, ...], kind: str
) -> None:
    before = rows_of(database)
    assert launched.json(*words, "--now", launched.now, code=1)["error"]["kind"] == kind
    assert rows_of(database) == before


@IN_WORDS
@pytest.mark.parametrize(
    ("old", "new", "line", "en", "zh"),
    [
        ("version: 1", "version: 1\ncolour: red", 3, "colour: The key `colour` is not known", "未知的键"),
        ("owner: dept-head", "owner: dept-haed", 10, "stages[0].tasks[0].owner", "未知的角色"),
        ("version: 1", "version: 1\nescalation: strict", 3, "escalation", "升级规则"),
        ("  - id: run", "  - id: run\n    gate: pan", 7, "stages[0].gate", "gate"),
        ("due: 2wd", "due: 2wd\n        after: [hold]", 12, "after", "after"),
        ("due: 2wd", "due: soon", 11, "The deadline `soon` cannot be read. Write 5wd", "无法识别期限“soon”"),
        ("{en: Prepare, zh: 准备}", "{en: Prepare}", 9, "Chinese text is missing", "缺少中文文字"),
    ],
)
def test_a_template_problem_is_named_by_file_line_path_and_mend(
    command: Command, installation: Path, old: str, new: str, line: int, en: str, zh: str
) -> None:
    file = installation / "huddle.yaml"
    file.write_text(TEMPLATE, "utf-8")
    command("template", "check", str(file))
    file.write_text(TEMPLATE.replace(old, new, 1), "utf-8")
    said = command("template", "check", str(file), code=1).out
    assert any(row.startswith(f"{file}:{line} ") and en in row for row in said.splitlines()), said
    assert zh in command("template", "check", str(file), "--language", "zh", code=1).out
    problem = command.json("template", "check", str(file), code=1)["problems"][0]
    assert (problem["file"], problem["line"]) == (str(file), line)
    assert all(problem["mend"][tag] for tag in ("en", "zh"))


def test_the_same_id_twice_is_named_with_both_files(command: Command, installation: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (installation / name).write_text(TEMPLATE, "utf-8")
    said = command("template", "check", "one.yaml", "two.yaml", code=1).out
    assert "two.yaml:1 id: The id `huddle` is already used by one.yaml" in said
    (installation / "activities").mkdir()
    for name in ("one.yaml", "two.yaml"):
        shutil.copy(installation / name, installation / "activities")
    assert "is already used by activities/one.yaml" in command("template", "check", ".", code=1).out


def test_a_hospitals_own_template_is_launched_and_a_broken_one_says_why_not(
    command: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = installation / "own" / "activities"
    folder.mkdir(parents=True)
    monkeypatch.setenv("WARDCYCLE_CONFIG_FOLDER", str(installation / "own"))
    (folder / "huddle.yaml").write_text(TEMPLATE, "utf-8")
    command.at("launch", "huddle", "--unit", "ward-3", "--lead", "ana")
    (folder / "huddle.yaml").write_text(TEMPLATE.replace("dept-head", "dept-haed"), "utf-8")
    said = command.at("launch", "huddle", "--unit", "ward-3", "--lead", "ana", code=1).err
    assert "activities/huddle.yaml:10 stages[0].tasks[0].owner" in said
    assert command.json("template", "check", code=1)["n_templates"] == len(read_catalogue().templates)
    # The running cycle keeps its own copy.
    assert command.json("cycle", "show", "C2026-0001")["cycle"]["line"]["template"] == "huddle"


def test_a_database_without_tables_says_how_to_create_them(
    installation: Path, empty_url: str, command: Command
) -> None:
    listed = ("cycle", "list", "--database", empty_url)
    assert "wardcycle database upgrade" in command(*listed, code=3).err
    assert command.json(*listed, code=3)["error"]["kind"] == "database-missing"
    assert command.json("database", "upgrade", "--database", empty_url)["before"] == ""
    assert command.json(*listed)["n_all"] == 0
    assert "Nothing to do" in command("database", "upgrade", "--database", empty_url).out


@pytest.mark.parametrize(("version", "kind"), [("9999", "schema-newer"), ("0000", "schema-newer")])
def test_a_database_of_an_unknown_form_is_left_alone(
    launched: Command, database: Database, version: str, kind: str
) -> None:
    before = rows_of(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = :version"), {"version": version})
    for words in (("cycle", "list"), LAUNCH, ("tick",), ("database", "upgrade")):
        assert launched.json(*words, code=3)["error"]["kind"] == kind
    assert rows_of(database) == before


def test_a_database_that_does_not_answer_is_named_without_its_password(command: Command) -> None:
    nobody = "postgresql://ward:secret@127.0.0.1:1/ward"
    error = command.json("cycle", "list", "--database", nobody, code=3)["error"]
    assert error["kind"] == "database-unreachable"
    assert "ward:***@127.0.0.1:1/ward" in error["text"]
    assert "没有响应" in command("cycle", "list", "--database", nobody, "--language", "zh", code=3).err
    assert command.json("cycle", "list", "--database", "mysql://x", code=3)["error"]["kind"] == "database-unreachable"
    assert command.json("cycle", "list", "--database", "nonsense", code=3)["error"]["kind"] == "database-unreachable"


def test_a_read_only_database_is_read_but_not_written(
    launched: Command, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(database)
    address = _read_only(database)
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", address)
    assert launched.json("cycle", "list")["n_all"] == 1
    for words in (LAUNCH, ("answer", TASK, "acknowledge", "--by", "ana"), ("tick",)):
        assert launched.json(*words, code=3)["error"]["kind"] == "database-read-only"
    checks = launched.json("doctor", code=1)["checks"]
    assert [one["state"] for one in checks if one["about"] == "database"] == ["error"]
    assert rows_of(database) == before


def _read_only(database: Database) -> str:
    """Give an address by which the database can only be read; root may write any file, so SQLite is told."""
    if database.file is not None:
        return f"sqlite:///file:{database.file}?mode=ro&uri=true"
    with database.engine.begin() as connection:
        name = connection.execute(sa.text("SELECT current_database()")).scalar_one()
        role = f"reader_{os.getpid()}_{name}"[:60]
        connection.execute(sa.text(f'CREATE ROLE "{role}" LOGIN SUPERUSER'))
        connection.execute(sa.text(f'ALTER ROLE "{role}" SET default_transaction_read_only = on'))
    return database.url.set(username=role).render_as_string(hide_password=False)


def test_a_busy_database_is_said_to_be_busy(launched: Command, database: Database) -> None:
    with database.engine.begin() as connection:
        if not database.is_sqlite:  # SQLite's transaction alone keeps everybody else from writing
            connection.execute(sa.text("SELECT id FROM cycle FOR UPDATE"))
        error = launched.json("answer", TASK, "acknowledge", "--by", "ana", "--now", launched.now, code=3)["error"]
    assert error["kind"] == "database-busy"


@IN_WORDS
@pytest.mark.parametrize(
    ("name", "value"), [("WEB_PORT", "eighty"), ("SMTP_TLS", "maybe"), ("LANGUAGE", "fr"), ("CALENDAR", "mars")]
)
def test_a_setting_that_cannot_be_used_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"WARDCYCLE_{name}", value)
    assert f"WARDCYCLE_{name}" in command("cycle", "list", code=2).err


def test_files_that_are_there_are_not_written_over(command: Command, installation: Path) -> None:
    (installation / "h.xlsx").write_bytes(b"filled in by hand")
    for words in (("hospital", "template", "h.xlsx"), ("hospital", "export", "h.xlsx")):
        assert "somebody's work" in command(*words, code=2).err
    assert (installation / "h.xlsx").read_bytes() == b"filled in by hand"
    command("hospital", "export", "h.xlsx", "--overwrite")
    assert command.json("hospital", "import", "h.xlsx")["sheets"]["people"]["n_unchanged"] == 7


def test_a_workbook_with_a_wrong_cell_is_refused_with_the_cell(
    command: Command, installation: Path, database: Database
) -> None:
    command("hospital", "export", "book")
    people = installation / "book" / "people.csv"
    people.write_text(people.read_text("utf-8-sig").replace("bo@hospital.test", "ana@hospital.test"), "utf-8")
    before = rows_of(database)
    said = command("hospital", "import", "book", code=1).err
    assert "people!" in said
    assert rows_of(database) == before
    assert command("hospital", "import", "nowhere.xlsx", "--language", "zh", code=2).err.startswith("无法读取文件")
