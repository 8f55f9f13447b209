"""Pictures: valid, escaped, readable without colour and without eyes, and of a known structure."""

from collections import Counter
from xml.etree import ElementTree

import pytest

from spc.chart import Chart, Plan, make_chart
from spc.draw import Note, Scene, Texts, draw_chart
from spc.draw_pareto import draw_pareto
from spc.draw_small import draw_small
from spc.icons import Assurance, Better, labels, meaning, variation
from spc.lines import Kind
from spc.pareto import make_pareto
from spc.scale import spread, ticks, written

SVG = "{http://www.w3.org/2000/svg}"
BEFORE = [14.0, 11, 13, 12, 15, 13, 12, 14, 11, 13, 14, 12]
AFTER = [7.0, 6, None, 8, 5, 7, 5, 6, 7, 6]


def _changed() -> tuple[Chart, Scene]:
    chart = make_chart(Kind.UP, BEFORE + AFTER, [1000.0] * 22, plan=Plan(freeze=12, multiply=1000))
    scene = Scene(
        periods=[f"2026-{month:02d}" for month in range(1, 23)],
        meanings=[meaning(each, Better.LOWER) for each in labels(chart)],
        target=8.0,
        changed_after=12,
        new_average=6.6,
        good=True,
        notes=[Note(13, "Do"), Note(99, "outside")],
    )
    return chart, scene


def _elements(drawn: str, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(drawn).iter(SVG + name))


def test_a_change_is_drawn_with_everything_a_reader_needs() -> None:
    chart, scene = _changed()
    texts = Texts("跌倒", "已达标", "下降", "原平均 13", "新平均 6.6", "上限", "下限", "目标 8", "基线", "开始改进")
    drawn = draw_chart(chart, texts, scene)
    shapes = Counter(each.get("class") for name in ("circle", "rect") for each in _elements(drawn, name))
    assert (shapes["common"], shapes["improvement"], shapes["concern"]) == (14, 7, 0)
    words = [each.text for each in _elements(drawn, "text")]
    assert words[:2] == ["跌倒", "已达标"]
    assert words[-8:] == ["开始改进", "基线", "Do", "上限", "原平均 13", "目标 8", "新平均 6.6", "下限"]
    assert words[2:-8] == [
        *("0", "5", "10", "15", "20", "25"),
        *("2026-01", "2026-04", "2026-07", "2026-10", "2026-13", "2026-16", "2026-19", "2026-22"),
    ]
    assert len(_elements(drawn, "polyline")) == 2 * 2 + 2  # limits and values, each with a gap


def test_a_plain_run_chart_has_no_limits_and_no_phase() -> None:
    drawn = draw_chart(make_chart(Kind.RUN, BEFORE), Texts("Falls", average="median 13"))
    assert [each.text for each in _elements(drawn, "text")] == ["Falls", *("11", "12", "13", "14", "15"), "median 13"]
    assert (len(_elements(drawn, "polyline")), len(_elements(drawn, "circle"))) == (1, 12)
    assert len(_elements(drawn, "line")) == 5 + 1


def test_what_a_hospital_writes_never_becomes_markup() -> None:
    nasty = "<script>alert('&\"')</script>\x00\x0b"
    chart, _ = _changed()
    texts = Texts(*[nasty] * 10)
    drawn = draw_chart(chart, texts, Scene(periods=[nasty] * 20, target=8.0, notes=[Note(1, nasty)]), name="a")
    assert "<script" not in drawn
    assert {each.text for each in _elements(drawn, "title")} == {"<script>alert('&\"')</script>??"}


def test_screen_readers_find_title_and_description_by_ids_of_this_picture() -> None:
    drawn = draw_chart(make_chart(Kind.I, BEFORE), Texts("Falls", description="stable"), name="falls-7")
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img" and root.get("aria-labelledby") == "falls-7-title falls-7-desc"
    assert [(each.get("id"), each.text) for each in list(root)[:2]] == [
        ("falls-7-title", "Falls"),
        ("falls-7-desc", "stable"),
    ]


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (0, 23, ("0", "5", "10", "15", "20", "25")),
        (0, 0.09, ("0.00", "0.02", "0.04", "0.06", "0.08", "0.10")),
        (0, 1.2, ("0.00", "0.25", "0.50", "0.75", "1.00", "1.25")),
        (7, 7, ("6.0", "6.5", "7.0", "7.5", "8.0")),
        (-3, 8, ("-5.0", "-2.5", "0.0", "2.5", "5.0", "7.5", "10.0")),
    ],
)
def test_ticks_are_round_and_enclose_the_data(least: float, most: float, expected: tuple[str, ...]) -> None:
    found = ticks(least, most)
    assert found[0] <= least and found[-1] >= most
    assert tuple(written(each, found) for each in found) == expected


def test_labels_move_apart_in_their_order_and_stay_on_the_paper() -> None:
    assert spread([10, 12, 50], 13, 100) == [10, 23, 50]
    assert spread([95, 98], 13, 100) == [87, 100]


def test_a_pareto_picture_has_a_bar_for_each_category_and_says_them_in_order() -> None:
    table = make_pareto({"falls <1>": 8, "equipment": 5, "medication": 5, "other": 2})
    drawn = draw_pareto(table, title="Incidents")
    bars = Counter(each.get("class") for each in _elements(drawn, "rect"))
    assert (bars["vital"], bars["useful"]) == (3, 1)
    assert (
        _elements(drawn, "desc")[0].text == "falls <1> 8 (40%); equipment 5 (65%); medication 5 (90%); other 2 (100%)"
    )


def test_a_board_shows_icons_by_shape_and_letter() -> None:
    chart = make_chart(Kind.I, [*BEFORE, 40.0])
    drawn = draw_small(chart, variation(chart, Better.LOWER), Assurance.FAIL, title="Falls")
    assert [each.text for each in _elements(drawn, "text")] == ["H", "F"]
    assert len([each for each in _elements(drawn, "rect") if each.get("class") == "concern"]) == 2
