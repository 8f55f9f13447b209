"""`wardcycle indicator`: files in and out, the marked copy, tokens; each in both languages and as JSON."""

from pathlib import Path

import pytest

from tests.commands import Command
from tests.indicators import VTE, comma, xlsx

HEAD = ("indicator", "unit", "period", "value", "denominator")
GOOD, BAD = (VTE, "ward-3", "2025-01", 80, 100), (VTE, "ward-3", "2025-02", 180, 100)
NOW = ("--now", "2026-03-02T10:00")


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """A file with a right and a wrong row."""
    file = tmp_path / "values.xlsx"
    file.write_bytes(xlsx([HEAD, GOOD, BAD]))
    return file


def test_the_indicators_are_listed_in_both_languages_and_as_json(command: Command) -> None:
    assert "Falls of inpatients" in command("indicator", "list").out
    assert "住院患者跌倒发生率" in command("indicator", "list", "--language", "zh").out
    found = command.json("indicator", "list", "--set", "core")["indicators"]
    assert {"id", "version", "family", "target", "n_values", "last"} <= set(found[0])
    assert "Known: " in command("indicator", "list", "--set", "cora", code=1).err


def test_good_rows_are_kept_and_the_marked_copy_brings_the_rest(command: Command, values: Path) -> None:
    ran = command("indicator", "import", str(values), *NOW, code=1)
    copy = values.with_name("values-refused.xlsx")
    assert "New 1, unchanged 0, corrected 0, refused 1" in ran.out and "values!D3" in ran.out
    assert ran.following == f"wardcycle indicator import {copy}"
    again = command.json("indicator", "import", str(copy), *NOW, code=1)
    assert (again["new"], again["same"], again["refused"]) == (0, 1, 1)
    assert again["marked"] == str(values.with_name("values-refused-2.xlsx"))  # the first one may be worked on
    assert "退回 1" in command("indicator", "import", str(values), "--language", "zh", *NOW, code=1).out


def test_all_or_nothing_leaves_everything_out(command: Command, values: Path) -> None:
    found = command.json("indicator", "import", str(values), "--all-or-nothing", *NOW, code=1)
    assert (found["new"], found["left"], found["refused"]) == (0, 1, 1)


def test_what_goes_out_comes_in_unchanged(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(comma([HEAD, GOOD]))
    command("indicator", "import", str(tmp_path / "in.csv"), *NOW)
    for name in ("out.csv", "out.xlsx"):
        file = tmp_path / name
        assert command.json("indicator", "export", str(file))["n_values"] == 1
        assert command.json("indicator", "import", str(file), *NOW)["same"] == 1
        command("indicator", "export", str(file), code=2)  # it may be somebody's work
        command("indicator", "export", str(file), "--overwrite")
    assert command.json("indicator", "export", str(tmp_path / "none.csv"), "--unit", "quality-dept")["n_values"] == 0


def test_a_template_can_be_imported_as_it_is(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "form.xlsx"
    command("indicator", "template", str(file), "--set", "core", "--unit", "ward-3", *NOW)
    found = command.json("indicator", "import", str(file), *NOW)
    assert (found["new"], found["refused"], found["blank"]) == (0, 0, 10)


def test_a_token_is_shown_once_and_can_be_taken_away(command: Command) -> None:
    token = command.json("indicator", "token", "his", "--unit", "surgery")["token"]
    assert token.startswith("wc_") and len(token) > 40
    listed = command("indicator", "tokens").out
    assert "his" in listed and "surgery" in listed and token not in listed
    command("indicator", "token", "his", "--revoke")
    assert command.json("indicator", "tokens")["systems"][0]["revoked_at"]
    command("indicator", "token", "his", "--revoke", code=1)
    assert "cannot name a system" in command("indicator", "token", "HIS 2", code=1).err


def test_a_file_that_is_missing_or_useless_is_refused_in_words(command: Command, tmp_path: Path) -> None:
    assert "is not there" in command("indicator", "import", str(tmp_path / "no.xlsx"), code=2).err
    (tmp_path / "text.xlsx").write_bytes(b"hello")
    assert "no Excel workbook" in command("indicator", "import", str(tmp_path / "text.xlsx"), *NOW, code=1).err
