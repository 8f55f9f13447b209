"""Files of values: every usual form is read, bad rows come back marked, the same file twice changes nothing."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlmodel import select

from engine.indicator_export import export_values, offer_of
from engine.indicator_files import marked_bytes, template_bytes, values_bytes, values_csv
from engine.indicator_forms import Defaults
from engine.indicator_import import FileUseless, Imported, import_observations, preview_observations, tables_in
from engine.observations import Fate
from engine.rules import Rules
from models.audit import Audit
from models.db import Database
from models.indicator import FormerObservation, Observation
from tests.indicators import FALLS, VTE, comma, ods, person_of, xlsx
from tests.places import make_hospital

HEAD = ("indicator", "unit", "period", "value", "denominator", "provisional", "note")
LONG = (
    HEAD,
    (VTE, "ward-3", "2025-01", 80, 100, "", ""),
    ("VTE 风险评估率", "三病区", "2025年2月", 81, 100, "是", "尚缺两份"),
    ("VTE risk assessed", "Ward 3", "202503", "1,082", "1,100", "no", ""),
    (FALLS, "ward-3", "2025/1", 5, 900, "", ""),
    (FALLS, "ward-3", "2025/2", "", "", "", ""),
)
Stored = list[tuple[str, date, float | None, float | None, bool, str]]
Load = Callable[..., Imported]


@pytest.fixture
def load(database: Database, rules: Rules, now: datetime) -> Load:
    """Import the content of a file in a transaction of its own."""
    make_hospital(database)

    def run(content: bytes, name: str = "values.xlsx", *, whole: bool = False, by: int | None = None,
            defaults: Defaults | None = None, at: datetime = now) -> Imported:  # fmt: skip
        with database.transaction("test") as session:
            return import_observations(
                session, tables_in(name, content), rules=rules, by=by, now=at, whole=whole, defaults=defaults
            )

    return run


def stored(database: Database) -> Stored:
    with database.reading() as session:
        rows = session.exec(select(Observation).order_by(Observation.indicator, Observation.period_on))  # type: ignore[arg-type]
        return [(r.indicator, r.period_on, r.value, r.denominator, r.provisional, r.note) for r in rows]


def refusals(done: Imported) -> list[tuple[str, str]]:
    assert all(one.text("zh") != one.text("en") for one in done.refused)
    return [(str(one.place), one.text("en")) for one in done.refused]


EXPECTED: Stored = [
    (FALLS, date(2025, 1, 1), 5, 900, False, ""),
    (VTE, date(2025, 1, 1), 80, 100, False, ""),
    (VTE, date(2025, 2, 1), 81, 100, True, "尚缺两份"),
    (VTE, date(2025, 3, 1), 1082, 1100, False, ""),
]
WAYS = {
    "xlsx": (xlsx(LONG), "a.xlsx"),
    "ods": (ods(LONG), "a.ods"),
    "csv in utf-8": (comma(LONG), "a.csv"),
    "csv as Excel marks it": (comma(LONG, "utf-8-sig"), "a.csv"),
    "csv of a Chinese Excel": (comma(LONG, "gb18030"), "a.csv"),
    "with semicolons": (comma(LONG).replace(b'"1,', b"1").replace(b'"', b"").replace(b",", b";"), "a.csv"),
    "pasted": ("\n".join("\t".join(map(str, row)) for row in LONG).encode(), "cells"),
    "a title above": (xlsx([("Values of 2025",), (), *LONG]), "a.xlsx"),
    "workbook named csv": (xlsx(LONG), "a.csv"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_any_kind_becomes_the_same_values(database: Database, load: Load, way: str) -> None:
    done = load(*WAYS[way])
    assert refusals(done) == []
    assert (done.n(Fate.NEW), done.n_blank) == (4, 1)
    assert stored(database) == EXPECTED


def test_importing_twice_changes_nothing(database: Database, load: Load) -> None:
    load(xlsx(LONG))
    with database.reading() as session:
        before = len(session.exec(select(Audit)).all())
    again = load(comma(LONG), "again.csv")
    assert (again.n(Fate.SAME), again.n(Fate.NEW), again.n(Fate.CORRECTED)) == (4, 0, 0)
    with database.reading() as session:
        assert len(session.exec(select(Audit)).all()) == before
        assert session.exec(select(FormerObservation)).all() == []


def test_months_may_stand_in_columns(database: Database, load: Load) -> None:
    rows = [
        ("指标", "科室", "项目", "2025年1月", date(2025, 2, 1), 202503, "合计"),
        (VTE, "ward-3", "分子", 80, 81, 1082, 1243),
        (VTE, "ward-3", "分母", 100, 100, 1100, 1300),
        (FALLS, "ward-3", "numerator", 5, "", "", ""),
        (FALLS, "ward-3", "denominator", 900, "", "", ""),
    ]
    done = load(xlsx(rows))
    assert refusals(done) == []
    assert [row[:4] for row in stored(database)] == [row[:4] for row in EXPECTED]
    assert [str(one.place) for one in done.warnings] == ["values!G1"]  # the column of sums was not read


def test_a_denominator_without_its_numerator_is_told_in_the_wide_form_too(load: Load) -> None:
    rows = [
        ("indicator", "unit", "part", "2025-01", "2025-02"),
        (VTE, "ward-3", "numerator", 80, ""),
        (VTE, "ward-3", "denominator", 100, 100),
        (VTE, "ward-3", "share", 0.8, 0.8),
        (VTE, "ward-3", "numerator", 81, ""),
    ]
    assert [(where, text.split(": ")[1].split(".")[0]) for where, text in refusals(load(xlsx(rows)))] == [
        ("values!D2", "There are 2 values for this indicator, unit and period"),
        ("values!E3", "The value is missing, though there is a denominator"),
        ("values!C4", "`share` is neither numerator nor denominator"),
        ("values!D5", "The denominator is missing"),
        ("values!D5", "There are 2 values for this indicator, unit and period"),
    ]


# a row, the cell that is named, what is said, part of how to mend it
BAD: dict[str, tuple[Sequence[object], str, str, str]] = {
    "text for a number": ((VTE, "ward-3", "2025-01", "eighty", 100), "D2", "`eighty` is not a number", "number alone"),
    "a percentage": ((VTE, "ward-3", "2025-01", "80%", 100), "D2", "`80%` is not a number", "without"),
    "error of a formula": ((VTE, "ward-3", "2025-01", "#DIV/0!", 100), "D2", "the error of a formula", "Mend"),
    "a date for a number": ((VTE, "ward-3", "2025-01", date(2025, 1, 8), 10), "D2", "a date or a time", "Format"),
    "a true for a number": ((VTE, "ward-3", "2025-01", True, 10), "D2", "`True` is not a number", "number"),
    "unknown indicator": (("vte-assesment", "ward-3", "2025-01", 8, 10), "A2", "not known", "`vte-assessment`"),
    "unknown unit": ((VTE, "wrad 3", "2025-01", 8, 10), "B2", "The unit `wrad 3` is not known", "`ward 3`"),
    "no unit": ((VTE, "", "2025-01", 8, 10), "B2", "The unit is blank", "every row"),
    "no period": ((VTE, "ward-3", "", 8, 10), "C2", "The period is blank", "2026-03"),
    "month 13": ((VTE, "ward-3", "2026/13", 8, 10), "C2", "There is no period `2026/13`", "2026-03"),
    "Republic": ((VTE, "ward-3", "115/3", 8, 10), "C2", "years of the Republic", "2026"),
    "Buddha": ((VTE, "ward-3", "2569-03", 8, 10), "C2", "years of the Buddhist era", "2026"),
    "2026.1 that was 2026.10": ((VTE, "ward-3", 2025.1, 8, 10), "C2", "`2025.1` is no period", "2026-03"),
    "quarter for a month": ((VTE, "ward-3", "2025Q1", 8, 10), "C2", "is no month", "2026-03"),
    "future": ((VTE, "ward-3", "2026-04", 8, 10), "C2", "lies in the future", "Mend"),
    "above all": ((VTE, "ward-3", "2025-01", 85, 1), "D2", "above the denominator", "counts"),
    "no denominator": ((VTE, "ward-3", "2025-01", 85, ""), "E2", "The denominator is missing", "Discharged patients"),
    "maybe": ((VTE, "ward-3", "2025-01", 8, 10, "maybe", ""), "F2", "neither yes nor no", "yes or no"),
    "an essay": ((VTE, "ward-3", "2025-01", 8, 10, "", "x" * 501), "G2", "501 characters", "500"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_cell_is_named_with_how_to_mend_it(database: Database, load: Load, name: str) -> None:
    row, cell, what, mend = BAD[name]
    done = load(xlsx([HEAD, row, (VTE, "ward-3", "2025-12", 1, 2, "", "")]))
    [(where, text)] = refusals(done)
    assert (where, what in text, mend in text) == (f"values!{cell}", True, True), text
    assert len(stored(database)) == 1  # the good row is kept


def test_with_all_or_nothing_one_bad_cell_keeps_everything_out(database: Database, load: Load) -> None:
    rows = [*LONG, (VTE, "ward-3", "2025-04", "x", 100, "", "")]
    done = load(xlsx(rows), whole=True)
    assert (done.n(Fate.LEFT), done.n(Fate.REFUSED), stored(database)) == (4, 1, [])


def test_merged_names_hold_for_all_their_rows_and_merged_numbers_for_none(database: Database, load: Load) -> None:
    rows = [
        HEAD[:5],
        (VTE, "ward-3", "2025-01", 80, 100),
        ("", "", "2025-02", 81, 100),
        ("", "", "2025-03", 82, 100),
        (VTE, "ward-3", "2025-04", 83, 100),
        (VTE, "ward-3", "2025-05", "", 100),
    ]
    done = load(xlsx(rows, merged=("A2:A4", "B2:B4", "D5:D6")))
    assert [row[1].month for row in stored(database)] == [1, 2, 3]
    assert [where for where, text in refusals(done) if "merged" in text] == ["values!D5", "values!D6"]


def test_a_formula_gives_the_value_stored_with_it(database: Database, load: Load) -> None:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("values")
        sheet.write_row(0, 0, HEAD[:5])
        sheet.write_row(1, 0, (VTE, "ward-3", "2025-01"))
        sheet.write_formula(1, 3, "=40+40", None, 80)
        sheet.write_number(1, 4, 100)
    load(made.getvalue())
    assert stored(database)[0][2] == 80


def test_a_refused_file_comes_back_marked_and_can_be_mended_and_imported(database: Database, load: Load) -> None:
    content = xlsx([*LONG, (VTE, "ward-3", "2025-04", 180, 100, "", "=SUM(A1)"), (FALLS, "x", "2025-05", 1, 2)])
    done = load(content)
    assert done.n(Fate.REFUSED) == 2
    copy = marked_bytes(tables_in("values.xlsx", content), done, "en")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(copy)).get_sheet_by_name("values").to_python()
    assert rows[0][-1] == "refused because"
    assert [bool(row[-1]) for row in rows[1:]] == [False] * 5 + [True, True]
    with zipfile.ZipFile(io.BytesIO(copy)) as package:
        assert b"FFC7CE" in package.read("xl/styles.xml")
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")  # a note that begins with = stays a note
    again = load(copy, "copy.xlsx")
    assert (again.n(Fate.SAME), again.n(Fate.REFUSED), again.warnings) == (4, 2, ())
    second = marked_bytes(tables_in("copy.xlsx", copy), again, "en")
    assert CalamineWorkbook.from_filelike(io.BytesIO(second)).get_sheet_by_name("values").to_python() == rows


@pytest.mark.parametrize("write", [values_bytes, values_csv])
def test_what_goes_out_comes_in_again_unchanged(
    database: Database, rules: Rules, load: Load, write: Callable[..., bytes]
) -> None:
    load(
        xlsx([*LONG[:-1], (VTE, "ward-3", "2025-05", 0, 0, "", "'=ward closed"), (FALLS, "surgery", "202505", 1, 3.5)])
    )
    load(xlsx([HEAD, (VTE, "ward-3", "2025-06", 3, 4, "", "")]))
    load(xlsx([HEAD, (VTE, "ward-3", "2025-06", "none", "", "", "")]))
    before = stored(database)
    with database.reading() as session:
        rows = export_values(session, rules.catalogue.indicators, list(rules.catalogue.indicators), None)
        ward_only = export_values(session, rules.catalogue.indicators, [VTE], "surgery")
    assert {row[1] for row in ward_only} == {"ward-3"}  # surgery and below; it has none of its own
    done = load(write(rows, "zh"), "out.csv" if write is values_csv else "out.xlsx")
    assert (done.n(Fate.SAME), done.refused) == (7, ())
    assert stored(database) == before


def test_cells_of_csv_do_nothing_in_a_spreadsheet(rules: Rules) -> None:
    text = values_csv(
        [(VTE, "ward-3", "2025-01", 1, 2, False, note) for note in ("=1+1", "@x", "-2", "+3")], "en"
    ).decode("utf-8-sig")
    assert [line.rsplit(",", 1)[1] for line in text.splitlines()[1:]] == ["'=1+1", "'@x", "'-2", "'+3"]


def test_the_template_offers_names_and_periods_and_can_be_filled_in(
    database: Database, rules: Rules, now: datetime, load: Load
) -> None:
    indicators = list(rules.catalogue.indicators.values())
    with database.reading() as session:
        offer = offer_of(session, indicators, "ward-3", today=rules.calendar.local_date(now))
    content = template_bytes(offer, "zh")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<dataValidation ") == 4
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + len(indicators) and rows[1][:3] == [indicators[0].id, "ward-3", "2026-02"]
    lists = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(1).to_python()
    assert lists[0][0] == indicators[0].title.zh and "三病区" in [row[1] for row in lists]
    empty = load(content, "template.xlsx")
    assert (empty.refused, empty.rows, empty.n_blank) == ((), (), len(indicators))


def test_cells_of_one_unit_can_be_pasted_without_headings(database: Database, load: Load) -> None:
    done = load(b"2025-01\t80\t100\n2025-02\t81\t100\tlate\n", "cells", defaults=Defaults(VTE, "ward-3"))
    assert refusals(done) == [] and [row[2] for row in stored(database)] == [80, 81]
    headed = load("月份\t分子\t分母\n2025-03\t82\t100\n".encode(), "cells", defaults=Defaults(VTE, "ward-3"))
    assert headed.n(Fate.NEW) == 1


def test_looking_first_writes_nothing(database: Database, rules: Rules, now: datetime, load: Load) -> None:
    with database.reading() as session:
        seen = preview_observations(session, tables_in("a.xlsx", xlsx(LONG)), rules=rules, by=None, now=now)
    assert seen.n(Fate.NEW) == 4 and stored(database) == []


def test_somebody_else_s_units_are_refused_row_by_row(database: Database, load: Load) -> None:
    rows = [HEAD, (VTE, "ward-3", "2025-01", 80, 100, "", ""), (VTE, "quality-dept", "2025-01", 80, 100, "", "")]
    done = load(xlsx(rows), by=person_of(database, "gao"))
    assert [(where, "may not enter" in text) for where, text in refusals(done)] == [("values!B3", True)]


USELESS = {
    "no columns": (comma([("a", "b"), (1, 2)]), "a.csv", "has no columns indicator"),
    "no workbook": (b"hello", "a.xlsx", "is no Excel workbook"),
    "a Word document": (b"PK", "a.docx", "damaged"),
    "a million lines": (b"a,b,c\n" * 1_000_000, "a.csv", "is too large"),
    "rows without end": (ods(LONG, repeat=1_000_000), "a.ods", "too large"),
    "a thousand thousand rows": (comma([HEAD, *[(VTE, "ward-3", "2025-01", 1, 2)] * 60_000]), "a.csv", "50,000 rows"),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_file_that_cannot_be_used_is_refused_in_words(database: Database, load: Load, name: str) -> None:
    content, file, said = USELESS[name]
    with pytest.raises(FileUseless) as refused:
        load(content, file)
    assert said in refused.value.text("en")
    assert refused.value.text("zh").startswith("没有导入任何内容")
    assert stored(database) == []


def test_five_thousand_rows_take_less_than_ten_seconds(load: Load) -> None:
    months = [f"{1991 + n // 12}-{n % 12 + 1:02d}" for n in range(400)]
    names = (
        VTE,
        FALLS,
        "vte-prevention",
        "critical-value-reporting",
        "pathogen-testing",
        "hand-hygiene",
        "length-of-stay",
    )
    rows = [(name, unit, month, 5, 100) for name in names for unit in ("ward-3", "surgery") for month in months][:5000]
    content = xlsx([HEAD[:5], *rows])
    begun = datetime.now().astimezone()
    assert load(content).n(Fate.NEW) == 5000
    assert datetime.now().astimezone() - begun < timedelta(seconds=10)
