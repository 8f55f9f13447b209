"""`wardcycle spc`: anybody's series, without a hospital and without a database."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from tests.indicators import comma, xlsx

HEAD = ("month", "numerator", "denominator")
FALLING = [(f"{2023 + k // 12}-{k % 12 + 1:02d}", (24 if k < 24 else 8) + k % 3, 120) for k in range(36)]
Out = pytest.CaptureFixture[str]


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Two years at about a fifth, then a year at a twelfth."""
    file = tmp_path / "falls.csv"
    file.write_bytes(comma([HEAD, *FALLING]))
    return file


def ask(out: Out, *words: str, code: int = 0) -> str:
    """Run the command; gives what it said."""
    out.readouterr()
    assert main(["spc", *words]) == code
    said = out.readouterr()
    return said.out + said.err


def test_a_proportion_gets_its_chart_signals_and_icon(series: Path, capsys: Out) -> None:
    found = json.loads(ask(capsys, str(series), "--better", "lower", "--multiply", "100", "--freeze", "24", "--json"))
    assert found["chart"] == "pp" and found["n_periods"] == 36 and found["n_frozen"] == 24
    assert found["icons"]["variation"] == "improvement_low"
    assert {"rule": "shift", "direction": "low", "first": "2025-01", "last": "2025-12"} in found["signals"]
    assert found["points"][0]["value"] == pytest.approx(20.0)
    assert found["verdict"] is None and found["runs"]["signal"] is True
    assert set(found["words"]) == {"en", "zh"}


def test_a_change_is_judged_in_words_of_both_languages(series: Path, capsys: Out) -> None:
    asked = (str(series), "--baseline", "24", "--better", "lower", "--target", "8", "--multiply", "100", "--unit", "%")
    found = json.loads(ask(capsys, *asked, "--json"))
    verdict = found["verdict"]
    assert (verdict["verdict"], verdict["target_attained"]) == ("met", True)
    assert verdict["before"] == pytest.approx(100 * 25 / 120) and verdict["after"] == pytest.approx(100 * 9 / 120)
    assert "Target met: falls fell from 20.8 to 7.5" in ask(capsys, *asked)
    assert "已达标：falls由 20.8 降至 7.5" in ask(capsys, *asked, "--language", "zh")
    assert "已达标：falls由 20.8 降至 7.5" in "".join(found["words"]["zh"])


def test_the_picture_is_written_once_and_says_the_verdict(series: Path, tmp_path: Path, capsys: Out) -> None:
    picture = tmp_path / "chart.svg"
    asked = (str(series), "--baseline", "24", "--better", "lower", "--svg", str(picture))
    ask(capsys, *asked, "--language", "zh")
    text = picture.read_text(encoding="utf-8")
    assert text.startswith("<svg") and "改进后" in text and "有改善" in text and "style=" not in text
    assert "is there already" in ask(capsys, *asked, code=2)
    ask(capsys, *asked, "--overwrite", "--language", "en")
    assert "Improving" in picture.read_text(encoding="utf-8")


def test_a_workbook_a_semicolon_and_no_headings_are_read_alike(tmp_path: Path, capsys: Out) -> None:
    book, plain, half = tmp_path / "a.xlsx", tmp_path / "b.csv", tmp_path / "c.csv"
    book.write_bytes(xlsx([("月份", "分子", "分母"), *FALLING]))
    plain.write_bytes(comma(FALLING))
    half.write_text("\n".join(";".join(map(str, row)) for row in (HEAD, *FALLING)), encoding="gb18030")
    found = [json.loads(ask(capsys, str(file), "--json"))["points"] for file in (book, plain, half)]
    assert found[0] == found[1] == found[2]


def test_a_missing_value_stays_a_gap(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "minutes.csv"
    rows = [("period", "value"), *((f"W{k}", "" if k == 5 else 30.5 + k % 4) for k in range(20))]
    file.write_bytes(comma(rows))
    found = json.loads(ask(capsys, str(file), "--json"))
    assert (found["chart"], found["n_missing"], found["points"][5]["value"]) == ("i", 1, None)


def test_rare_events_are_told_that_another_chart_sees_more(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "rare.csv"
    file.write_bytes(comma([("period", "value"), *((f"{k}", k % 3 == 0) for k in range(24))]).replace(b"True", b"1")
                     .replace(b"False", b"0"))  # fmt: skip
    assert "--chart g or t" in ask(capsys, str(file), "--language", "en")
    assert "--chart g or t" not in ask(capsys, str(file), "--chart", "c", "--language", "en")


@pytest.mark.parametrize(
    ("rows", "more", "code", "said", "zh"),
    [
        ([HEAD, ("2025-01", "eighty", 100)], (), 2, "B2: `eighty` is not a number", "“eighty”不是数字"),
        ([HEAD, ("2025-01", 8, "85%")], (), 2, "C2: `85%` is not a number", "“85%”不是数字"),
        ([HEAD, ("2025-01", 8, 9), ("2025-01", 7, 9)], (), 2, "Rows 2 and 3 are both for 2025-01", "请只保留一行"),
        ([HEAD, ("", 8, 9)], (), 2, "Row 2 has no period", "第 2 行没有时期"),
        ([HEAD], (), 2, "it has 0 periods", "共有 0 个周期"),
        ([("a", "b", "c", "d"), (1, 2, 3, 4)], (), 2, "name its columns", "请将各列命名"),
        (
            [HEAD, ("2025-01", 120, 100)],
            ("--chart", "p"),
            1,
            "cannot be more than the whole",
            "分子不能大于分母",
        ),
        ([("period", "value"), ("1", 3)], ("--chart", "p"), 1, "needs a denominator", "都需要分母"),
        ([("period", "value"), ("1", "")], (), 1, "There is not a single value", "没有任何数值"),
        ([HEAD, *FALLING], ("--freeze", "1"), 1, "too short", "至少需要"),
        ([HEAD, *FALLING], ("--baseline", "24"), 2, "--better higher or lower", "--better higher 或 lower"),
        ([HEAD, *FALLING], ("--wash-in", "2"), 2, "--baseline N", "--baseline N"),
        ([HEAD, *FALLING], ("--baseline", "36", "--better", "lower"), 1, "leaves nothing", "请改小"),
        ([HEAD, *FALLING], ("--baseline", "9", "--better", "lower", "--chart", "mr"), 2, "no verdict", "不能给出判断"),
        ([HEAD, *FALLING], ("--baseline", "9", "--better", "lower", "--target", "8"), 1, "per cent", "百分数"),
        ([HEAD, *FALLING], ("--multiply", "0"), 1, "--multiply is 0", "--multiply 为 0"),
    ],
)
def test_what_cannot_be_used_is_said_in_both_languages_and_as_json(
    tmp_path: Path, capsys: Out, rows: list[tuple[object, ...]], more: tuple[str, ...], code: int, said: str, zh: str
) -> None:
    file = tmp_path / "series.csv"
    file.write_bytes(comma(rows))
    assert said in ask(capsys, str(file), *more, "--language", "en", code=code)
    assert zh in ask(capsys, str(file), *more, "--language", "zh", code=code)
    assert said in json.loads(ask(capsys, str(file), *more, "--json", "--language", "en", code=code))["error"]["text"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: Out) -> None:
    assert "it is not there" in ask(capsys, str(tmp_path / "none.csv"), "--language", "en", code=2)
    (tmp_path / "no.xlsx").write_bytes(b"hello")
    assert "no Excel workbook" in ask(capsys, str(tmp_path / "no.xlsx"), "--language", "en", code=2)


def test_no_database_and_no_heavy_package_is_loaded(series: Path, tmp_path: Path) -> None:
    heavy = ("prefect", "sqlmodel", "sqlalchemy", "fastapi", "apprise")
    script = (
        "import sys; from cli.main import main; code = main(sys.argv[1:]); "
        f"print([one for one in {heavy!r} if one in sys.modules], code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "spc", str(series)], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={"PATH": "", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[] 0", ran
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".db"] == []
