"""A Pareto chart of anybody's two columns: on a page, where nothing is stored, and by command without a hospital."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.main import main
from config.words import Text
from engine.own_pareto import CountsUnreadable, counts_in, headline_of, pareto_of, read_counts, tell_pareto
from engine.rules import Rules
from models.base import Row
from models.db import Database
from tests.indicators import comma, xlsx
from tests.places import make_hospital
from tests.visitors import Pages, pages_of

CAUSES = [("cause", "count"), ("missed dose", 40), ("wrong time", 12), ("wrong dose", 5), ("allergy", 3)]
FILE = comma(CAUSES)
PASTED = FILE.decode().replace(",", "\t")
Out = pytest.CaptureFixture[str]


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path, now: datetime) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, now) as opened:
        yield opened


def rows(pages: Pages) -> dict[str, list[tuple[object, ...]]]:
    with pages.database.reading() as session:
        return {one.name: [tuple(row) for row in session.execute(sa.select(one))] for one in Row.metadata.sorted_tables}


@pytest.mark.parametrize("system", ["sqlite"])
def test_a_lead_pastes_two_columns_gets_the_vital_few_and_the_picture_and_nothing_is_stored(pages: Pages) -> None:
    lead = pages.logged_in("ana")
    page, before = lead.get("/pareto?lang=en"), rows(pages)
    fields = {"form": page.form, "title": "Errors <b>", "cells": PASTED, "how": "look"}
    drawn = lead.post("/pareto?lang=en", fields)
    assert drawn.status == 200 and len(drawn.body) < 100_000 and "<b>" not in drawn.body
    assert "2 of 4 categories make up 87% of 60." in drawn.body and "They are: missed dose, wrong time." in drawn.body
    assert "not clearly ahead" not in drawn.body and "<svg" in drawn.body and "style=" not in drawn.body
    said = lead.post("/pareto?lang=zh", fields).body
    assert "4 类中的 2 类占 60 例的 87%" in said and "下载图片" in said
    again = unescape(drawn.body.partition('<textarea name="cells" hidden')[2].partition(">")[2].partition("</")[0])
    got = lead.post("/pareto?lang=en", fields | {"cells": again, "how": "svg"})
    assert got.headers["Content-Type"] == "image/svg+xml"
    assert got.headers["Content-Disposition"].startswith('attachment; filename="Errors-b-.svg"')
    assert "missed dose 40" in (ET.fromstring(got.body)[1].text or "")
    uploaded = lead.post_file("/pareto?lang=en", fields | {"cells": ""}, name="e.csv", content=FILE)
    assert uploaded.status == 200 and "2 of 4 categories" in uploaded.body
    for cells, why in (("", "Nothing was sent"), ("a\tb\nc\td", "is not a number"), ("a\t1\n" * 1001, "1001 rows")):
        refused = lead.post("/pareto?lang=en", fields | {"cells": cells})
        assert refused.status == 422 and why in refused.body
    assert lead.post("/pareto", fields | {"form": "guess"}).status == 403
    assert pages.visitor().post("/pareto", fields).status == 401
    assert rows(pages) == before


def test_columns_are_found_by_name_or_place_and_doubles_are_added_up() -> None:
    assert read_counts("a.xlsx", xlsx([("n", "原因"), (2, "跌倒"), (3.0, "压疮"), (1, "跌倒")])) == {
        "跌倒": 3,
        "压疮": 3,
    }
    assert counts_in([["falls", "4"], ["", ""], ["ulcers", "２"]]) == {"falls": 4, "ulcers": 2}


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ([], "0 rows"),
        ([["cause", "count"]], "0 rows"),
        ([["falls"]], "two columns"),
        ([["falls", "4"], ["ulcers", "-1"]], "B2: write a count of 0 or more"),
        ([["falls", "4"], ["ulcers", ""]], "B2: write a count"),
        ([["falls", "4"], ["ulcers", "nan"]], "B2: `nan` is not a number"),
        ([["falls", "4"], ["", "3"]], "Row 2 has no category"),
        ([["falls", "0"], ["ulcers", 0.0]], "All counts are 0"),
    ],
)
def test_what_cannot_be_counted_is_named_by_its_cell(grid: list[list[str | float]], said: str) -> None:
    with pytest.raises(CountsUnreadable) as refused:
        counts_in(grid)
    assert said in refused.value.text("en") and refused.value.text("zh").startswith("无法读取计数")


def test_the_smallest_become_one_bar_that_comes_last_and_is_never_one_of_the_few() -> None:
    counts = {f"cause {n:02d}": 10.0 for n in range(30)}
    pareto = pareto_of(counts, "en")
    assert len(pareto.bars) == 12 and pareto.bars[-1].category == "others (19)" and pareto.bars[-1].count == 190
    assert not pareto.bars[-1].vital and pareto.bars[-1].running_share == 1
    assert headline_of(pareto, counts).en.startswith("11 of 30 categories")
    assert len(pareto_of({name: counts[name] for name in list(counts)[:12]}, "en").bars) == 12


def test_where_there_are_no_few_and_no_leader_that_is_said() -> None:
    counts = {"a": 10.0, "b": 9.0, "c": 9.0}
    first, *others = tell_pareto(pareto_of(counts, "en"), counts)
    assert first.en == "No vital few: it takes 3 of 3 categories to make up 100% of 28."
    assert [one.en[:35] for one in others] == ["The first is not clearly ahead of t"]
    one = {"a": 4.0}
    assert tell_pareto(pareto_of(one, "zh"), one) == (
        Text("1 of 1 categories make up 100% of 4.", "1 类中的 1 类占 4 例的 100%。"),
        Text("They are: a.", "依次为：a。"),
    )


def test_the_command_says_the_same_and_writes_the_picture_once(tmp_path: Path, capsys: Out) -> None:
    file, picture = tmp_path / "errors.csv", tmp_path / "errors.svg"
    file.write_bytes(FILE)
    asked = ["spc", str(file), "--chart", "pareto"]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["chart"], found["total"], found["n_categories"], found["leader_is_clear"]) == ("pareto", 60, 4, True)
    assert [bar["vital"] for bar in found["bars"]] == [True, True, False, False]
    assert "2 of 4 categories make up 87% of 60." in found["words"]["en"][0]
    assert main([*asked, "--svg", str(picture), "--language", "zh"]) == 0
    assert "4 类中的 2 类占 60 例的 87%" in picture.read_text(encoding="utf-8")
    assert main([*asked, "--svg", str(picture)]) != 0
    assert main([*asked, "--target", "5"]) == 2
    file.write_bytes(b"falls,x\nulcers,y\n")
    assert main(asked) == 2
    assert "B2" in capsys.readouterr().err
