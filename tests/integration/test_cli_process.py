"""The command as a process of its own: exit codes, quick help pages, no tracebacks."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("sqlalchemy", "sqlmodel", "pydantic", "rich", "prefect", "apprise", "holidays", "fastapi")
PAGES = ((), ("launch",), ("cycle", "list"), ("answer",), ("up",), ("hospital", "import"))


def run(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m cli.main` in a folder, in English unless told otherwise."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WARDCYCLE_", "LC_", "LANG"))}
    root = str(Path(__file__).parents[2])
    around = kept | {"PYTHONPATH": root, "PYTHONUTF8": "1", "WARDCYCLE_PREFECT_PORT": "1"} | environ
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=folder,
        env=around,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_help_pages_load_nothing_heavy() -> None:
    program = (
        "import sys, cli.main\n"
        f"for words in {PAGES!r}: assert cli.main.main([*words, '--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("words", PAGES)
def test_a_help_page_comes_in_both_languages(tmp_path: Path, words: tuple[str, ...]) -> None:
    began = time.perf_counter()
    english = run(tmp_path, *words, "--help")
    print(f"wardcycle {' '.join(words)} --help: {time.perf_counter() - began:.2f} s")
    assert (english.returncode, english.stderr) == (0, "")
    assert english.stdout.startswith(f"Usage: wardcycle {' '.join(words)}".rstrip())
    for environ in ({"LANG": "zh_CN.UTF-8"}, {"LANG": "en_GB", "WARDCYCLE_LANGUAGE": "zh"}):
        assert run(tmp_path, *words, "--help", **environ).stdout.startswith("用法：")
    assert run(tmp_path, *words, "--help", "--language", "zh").stdout.startswith("用法：")
    assert list(tmp_path.iterdir()) == []


def test_every_exit_code_with_its_reason(tmp_path: Path) -> None:
    assert run(tmp_path, "database", "upgrade").returncode == 0
    refused = run(tmp_path, "launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is no person 'ana'" in refused.stderr
    usage = run(tmp_path, "cycle", "shwo", "--json")
    assert usage.returncode == 2
    assert json.loads(usage.stdout)["error"]["kind"] == "usage"
    missing = run(tmp_path, "cycle", "list", "--database", "sqlite:///none.db")
    assert missing.returncode == 3
    assert run(tmp_path, "--version").stdout.strip()


def test_what_nobody_foresaw_is_one_line_and_a_log(tmp_path: Path) -> None:
    run(tmp_path, "database", "upgrade")
    (tmp_path / "broken.py").write_text(
        "import sys, engine.people, cli.main\n"
        "engine.people.directory = None\n"  # stands for any defect of ours
        "sys.exit(cli.main.main(['hospital', 'leave', 'ana', '--to', 'bo']))\n"
    )
    for debug, n_tracebacks in (("", 0), ("1", 1)):
        around = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "WARDCYCLE_DEBUG": debug,
            "LANG": "C.UTF-8",
        }
        ran = subprocess.run(
            [sys.executable, "broken.py"], cwd=tmp_path, env=around, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 3
        assert ran.stderr.count("Traceback") == n_tracebacks
        assert ".wardcycle/log/wardcycle.log" in ran.stderr
    assert "Traceback" in (tmp_path / ".wardcycle" / "log" / "wardcycle.log").read_text()


def test_a_terminal_without_chinese_gets_question_marks_but_json_stays_whole(tmp_path: Path) -> None:
    plain = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "WARDCYCLE_LANGUAGE": "zh"}
    shown = run(tmp_path, "template", "list", **plain)
    assert shown.returncode == 0
    assert "pdca" in shown.stdout
    assert json.loads(run(tmp_path, "template", "list", "--json", **plain).stdout)["templates"][0]["title"]["zh"]
