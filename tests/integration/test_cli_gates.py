"""The commands for gates refuse in words, in both languages, and change nothing."""

import pytest

from models.db import Database
from tests.commands import Command, rows_of

CODE = "C2026-0001"


@pytest.mark.parametrize(
    ("words", "en", "zh"),
    [
        (("cycle", "follow", CODE), "No new cycle is proposed after", "没有提议新的循环"),
        (("cycle", "extend-check", CODE, "--until", "2026-12-31", "--why", "."), "no open Check", "没有进行中的检查"),
        (("cycle", "abandon-check", CODE, "--why", "x"), "no open Check", "没有进行中的检查"),
        (("assess", CODE), "has not closed with an aim", "没有可对照的封存基线"),
        (("assess", "hand-hygeine", "--unit", "ward-3"), "Did you mean: hand-hygiene", "是否指：hand-hygiene"),
        (("cycle", "aim", CODE, "--indicator", "hand-hygiene", "--target", "0.85"), "Write 85", "请写 85"),
        (("cycle", "aim", CODE, "--indicator", "hand-hygiene", "--target", "850"), "another scale", "尺度不符"),
        (("cycle", "aim", CODE), "Say which indicator", "请说明该循环以哪个指标为目标"),
        (("cycle", "aim", CODE, "--indicator", "hand-hygiene", "--by-date", "2026-03-01"), "lies before", "早于今天"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong_in_both_languages(
    command: Command, database: Database, words: tuple[str, ...], en: str, zh: str
) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    before = rows_of(database)
    for language, said in (("en", en), ("zh", zh)):
        refused = command(*words, "--by", "ana", "--now", command.now, "--language", language, code=1)
        assert said in refused.err
    assert rows_of(database) == before


def test_an_aim_is_set_part_by_part_and_says_what_is_still_missing(command: Command) -> None:
    command.at("launch", "pdca", "--unit", "ward-3", "--lead", "ana")
    said = ("--by", "ana", "--now", command.now)
    first = command.json("cycle", "aim", CODE, "--indicator", "hand-hygiene", *said)
    assert [piece["name"] for piece in first["missing"]] == ["date", "prediction", "baseline"]
    command("cycle", "aim", CODE, "--by-date", "2026-12-31", "--prediction", "78", "--because", "as next door", *said)
    last = command.json("cycle", "aim", CODE, "--short-baseline-reason", "new", *said)
    assert last["missing"] == []
