"""Importing a hospital: all or nothing, the same file twice changes nothing, every problem named by its cell."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlmodel import select

from engine.hospital import Imported, ImportRefused, export_hospital, import_hospital
from engine.hospital_files import write_template
from engine.hospital_writing import Counts
from engine.people import directory
from engine.rules import Rules
from models.audit import Audit, verify
from models.db import Database
from models.people import Absence, Person, RoleHolding, Unit
from tests.workbooks import ABSENCES, HEADINGS, PEOPLE, ROLES, UNITS, Sheet, sheets, write_csv, write_xlsx

DATA = Path(__file__).parent.parent / "data"
Import = Callable[[Path], Imported]


@pytest.fixture
def load(database: Database, rules: Rules, now: datetime) -> Import:
    """Import a path in a transaction of its own."""

    def run(path: Path) -> Imported:
        with database.transaction("test") as session:
            return import_hospital(session, path, rules=rules, by=None, now=now)

    return run


def n_rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.__name__: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (Unit, Person, RoleHolding, Absence, Audit)
        }


def refusals(load: Import, path: Path) -> list[tuple[str, str]]:
    with pytest.raises(ImportRefused) as refused:
        load(path)
    assert all(problem.text("zh") != problem.text("en") for problem in refused.value.problems)
    return [(problem.where, problem.text("en")) for problem in refused.value.problems]


def test_a_workbook_becomes_rows_and_the_directory_knows_them(database: Database, load: Import, tmp_path: Path) -> None:
    done = load(write_xlsx(tmp_path / "h.xlsx", sheets()))
    assert done.sheets == {"units": Counts(2), "people": Counts(3), "roles": Counts(2), "absences": Counts(1)}
    assert n_rows(database) == {"Unit": 2, "Person": 3, "RoleHolding": 2, "Absence": 1, "Audit": 8}
    with database.reading() as session:
        people = directory(session)
        ward, ana = people.unit("ward-3"), people.person("ana")
        assert (ward.name_en, ward.name_zh, people.units[ward.parent_id or 0].slug) == ("三病区", "三病区", "hospital")
        assert people.holders("dept-head", ward.id, date(2026, 3, 1)) == (ana.id,)
        assert people.holders("dept-head", ward.id, date(2026, 2, 28)) == ()
        assert people.told(ana.id, date(2026, 3, 6)) == people.person("bo").id
        assert (people.person("bo").email, people.person("bo").channels) == (None, "email")
        assert verify(session).kind is None


def test_the_same_file_twice_changes_nothing(database: Database, load: Import, tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "h.xlsx", sheets())
    load(file)
    before = n_rows(database)
    with database.reading() as session:
        version = directory(session).version
    done = load(file)
    assert done.n_written == 0
    assert done.sheets["people"] == Counts(0, 0, 3)
    assert n_rows(database) == before
    with database.reading() as session:
        assert directory(session).version == version


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_files_are_read_in_the_encodings_that_hospitals_write(load: Import, tmp_path: Path, encoding: str) -> None:
    load(write_xlsx(tmp_path / "h.xlsx", sheets()))
    assert load(write_csv(tmp_path / "h", sheets(), encoding)).n_written == 0


def test_an_old_xls_workbook_is_read_too(database: Database, load: Import) -> None:
    load(DATA / "hospital.xls")
    assert n_rows(database) == {"Unit": 2, "Person": 2, "RoleHolding": 1, "Absence": 1, "Audit": 6}


def test_only_the_difference_is_written_and_what_is_missing_stays(
    database: Database, load: Import, tmp_path: Path
) -> None:
    load(write_xlsx(tmp_path / "h.xlsx", sheets()))
    people: Sheet = (("ana", "安娜", "ana@new.example", "en", "email", "", ""), ("dee", "Dee", "无", "", "", "", ""))
    roles: Sheet = (("ana", "科室主任", "ward-3", "2026/3/1", "2026年12月31日"),)
    done = load(write_xlsx(tmp_path / "new.xlsx", sheets(people=people, roles=roles, units=(), absences=())))
    assert done.sheets == {"units": Counts(), "people": Counts(1, 1), "roles": Counts(0, 1), "absences": Counts()}
    with database.reading() as session:
        changed = session.exec(select(Audit).order_by(sa.desc(Audit.id)).limit(2)).all()[1]  # type: ignore[arg-type]
        assert "ana@hospital.example" in changed.before and "ana@new.example" in changed.after
        held = session.exec(select(RoleHolding).where(RoleHolding.role == "dept-head")).one()
        assert held.until_on == date(2026, 12, 31)
        assert len(session.exec(select(Person)).all()) == 4


def test_two_people_may_exchange_their_addresses(database: Database, load: Import, tmp_path: Path) -> None:
    load(write_xlsx(tmp_path / "h.xlsx", sheets()))
    ana, bo, chen = PEOPLE
    swapped = [[*ana], bo, [*chen]]
    swapped[0][2], swapped[2][2] = chen[2], ana[2]  # type: ignore[index]
    load(write_xlsx(tmp_path / "new.xlsx", sheets(people=swapped)))
    with database.reading() as session:
        assert directory(session).person("ana").email == chen[2]


def test_headings_may_be_chinese_below_a_title_and_between_empty_rows(load: Import, tmp_path: Path) -> None:
    file = tmp_path / "h.xlsx"
    with xlsxwriter.Workbook(file) as book:
        units, people, roles, away = (book.add_worksheet(name) for name in ("科室", "人员", "角色", "缺勤"))
        units.merge_range(0, 0, 0, 4, "市医院科室一览")
        units.write_row(1, 0, ["科室编号", "英文名称", "中文名称", "类型", "上级科室"])
        units.write_row(3, 0, ["hospital", "Hospital", "医院"])
        units.write_row(4, 0, ["科室编号", "英文名称", "中文名称", "类型", "上级科室"])
        units.merge_range(5, 2, 5, 3, "七病区")
        units.write(5, 0, 7)  # a number where text is expected
        units.write_formula(5, 4, '="hos"&"pital"', None, "hospital")
        people.write_row(0, 0, ["人员编号", "姓名", "邮箱"])
        people.write_row(1, 0, ["ana", "安娜", "ａｎａ＠hospital.example"])
        roles.write_row(0, 0, ["人员编号", "角色", "科室编号"])
        roles.write_row(1, 0, ["ana", "Department head", 7])
        away.write_row(0, 0, ["人员编号", "开始日期", "结束日期", "代理人"])
    done = load(file)
    assert done.sheets == {"units": Counts(2), "people": Counts(1), "roles": Counts(1), "absences": Counts()}
    assert done.warnings == ()


UNIT, PERSON, ROLE, AWAY = UNITS[0], PEOPLE[0], ROLES[0], ABSENCES[0]


def person(slug: object = "dee", name: object = "Dee", email: object = "none", *more: object) -> tuple[object, ...]:
    return (slug, name, email, *more, *[""] * (4 - len(more)))


WRONG: list[tuple[str, dict[str, Sheet], str, str]] = [
    ("unit above unknown", {"units": (*UNITS, ("icu", "ICU", "", "", "hospitel"))}, "units!E4", "Perhaps `hospital`"),
    ("unit without name", {"units": (*UNITS, ("icu", "", "", "", ""))}, "units!C4", "no name"),
    ("unit twice", {"units": (*UNITS, UNIT)}, "units!A4", "row 2"),
    (
        "circle of units",
        {"units": (*UNITS, ("a", "A", "", "", "b"), ("b", "B", "", "", "a"))},
        "units!E4",
        "a > b > a",
    ),
    ("unit below itself", {"units": (*UNITS, ("a", "A", "", "", "a"))}, "units!E4", "a > a"),
    ("id with capitals", {"people": (*PEOPLE, person("Dr_Dee"))}, "people!A5", "Write dr-dee"),
    ("id blank", {"people": (*PEOPLE, person(""))}, "people!A5", "blank"),
    ("id twice", {"people": (*PEOPLE, person("ana"))}, "people!A5", "row 2"),
    ("no name", {"people": (*PEOPLE, person(name=""))}, "people!B5", "blank"),
    ("no address", {"people": (*PEOPLE, person(email=""))}, "people!C5", "Give an address or write `none`"),
    ("bad address", {"people": (*PEOPLE, person(email="dee at x.example"))}, "people!C5", "no e-mail address"),
    ("two addresses", {"people": (*PEOPLE, person(email="a@b.example,c@d.example"))}, "people!C5", "no e-mail address"),
    ("same address", {"people": (*PEOPLE, person(email="ANA@hospital.example"))}, "people!C5", "`ana` has the same"),
    ("language", {"people": (*PEOPLE, person("d", "D", "none", "fr"))}, "people!D5", "Write en or zh"),
    ("channel", {"people": (*PEOPLE, person("d", "D", "none", "en", "pigeon"))}, "people!E5", "Known: email"),
    ("address", {"people": (*PEOPLE, person("d", "D", "none", "en", "email", "x=y"))}, "people!F5", "channel=address"),
    ("date", {"people": (*PEOPLE, person("d", "D", "none", "", "", "", "soon"))}, "people!G5", "not a date"),
    ("31 February", {"people": (*PEOPLE, person("d", "D", "none", "", "", "", "2026-02-31"))}, "people!G5", "no day"),
    ("a number", {"people": (*PEOPLE, person("d", "D", "none", "", "", "", 46082))}, "people!G5", "a number"),
    ("the year", {"people": (*PEOPLE, person("d", "D", "none", "", "", "", "0206-03-01"))}, "people!G5", "year 206"),
    ("person unknown", {"roles": (("anna", *ROLE[1:]),)}, "roles!A2", "Perhaps `ana`"),
    ("person by name", {"roles": (("Chen Wei", *ROLE[1:]),)}, "roles!A2", "Perhaps `chen`"),
    ("role unknown", {"roles": (("ana", "dept-hed", "ward-3", "", ""),)}, "roles!B2", "Perhaps `dept-head`"),
    ("the lead", {"roles": (("ana", "lead", "ward-3", "", ""),)}, "roles!B2", "when a cycle is launched"),
    ("unit unknown", {"roles": (("ana", "dept-head", "ward-33", "", ""),)}, "roles!C2", "Perhaps `ward-3`"),
    ("wrong order", {"roles": ((*ROLE[:3], "2026-03-02", "2026-03-01"),)}, "roles!E2", "before the beginning"),
    ("role twice", {"roles": (ROLE, ROLE)}, "roles!A3", "row 2"),
    ("own stand-in", {"absences": ((*AWAY[:3], "ana"),)}, "absences!D2", "for themselves"),
    ("absence without end", {"absences": (("ana", "2026-03-02", "", "bo"),)}, "absences!C2", "blank"),
    (
        "circle of stand-ins",
        {"absences": (AWAY, ("bo", "2026-03-06", "2026-03-09", "ana"))},
        "absences!D2",
        "ana > bo > ana",
    ),
    (
        "stand-in who has left",
        {"people": (PERSON, person("bo", "Bo", "none", "", "", "", "2026-03-06"), PEOPLE[2])},
        "absences!D2",
        "leaves on 2026-03-06",
    ),
]


@pytest.mark.parametrize(("changed", "cell", "said"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_what_is_wrong_is_named_by_its_cell(
    database: Database, load: Import, tmp_path: Path, changed: dict[str, Sheet], cell: str, said: str
) -> None:
    [(where, text)] = refusals(load, write_xlsx(tmp_path / "h.xlsx", sheets(**changed)))
    assert where == cell
    assert said in text
    assert set(n_rows(database).values()) == {0}


def test_all_problems_come_at_once_and_nothing_is_half_loaded(database: Database, load: Import, tmp_path: Path) -> None:
    wrong = sheets(people=(person("A"), person("b", "")), roles=(("x", "y", "z", "1", "2"),))
    found = refusals(load, write_csv(tmp_path / "h", wrong))
    assert [where for where, _ in found] == [
        "people!A2", "people!B3", "roles!A2", "roles!B2", "roles!C2", "roles!D2", "roles!E2", "absences!A2",
        "absences!D2",
    ]  # fmt: skip
    assert set(n_rows(database).values()) == {0}


def test_stand_ins_in_turn_on_different_days_are_no_circle(load: Import, tmp_path: Path) -> None:
    away = (AWAY, ("bo", "2026-03-07", "2026-03-09", "ana"))
    assert load(write_xlsx(tmp_path / "h.xlsx", sheets(absences=away))).sheets["absences"] == Counts(2)


def test_a_circle_with_an_absence_that_is_stored_is_found(load: Import, tmp_path: Path) -> None:
    load(write_xlsx(tmp_path / "h.xlsx", sheets()))
    away = (("bo", "2026-03-05", "2026-03-09", "chen"), ("chen", "2026-03-01", "2026-03-05", "ana"))
    [(where, text)] = refusals(load, write_xlsx(tmp_path / "new.xlsx", sheets(absences=away)))
    assert where == "absences!D2" and "bo > chen > ana > bo" in text


def test_numbers_of_persons_in_names_are_only_warned_of(load: Import, tmp_path: Path) -> None:
    people = (*PEOPLE, person(name="Dee 13812345678"), person("e", "11010519491231002X"))
    warnings = load(write_xlsx(tmp_path / "h.xlsx", sheets(people=people))).warnings
    assert [warning.where for warning in warnings] == ["people!B5", "people!B6"]


# --- files of another kind ------------------------------------------------------------------------------------------
def test_a_workbook_of_another_form_is_told_what_is_missing(load: Import, tmp_path: Path) -> None:
    headings = {**HEADINGS, "people": ("id", "name", "phone")}
    rows = sheets(people=())
    del rows["roles"]
    found = refusals(load, write_xlsx(tmp_path / "h.xlsx", rows, headings))
    assert [text.split(".")[0] for _, text in found[:1]] == ["h"]
    assert "sheet `roles` is missing" in found[0][1] and "wardcycle hospital template FILE" in found[0][1]
    assert found[1][0] == "people!1" and "column `email` is missing" in found[1][1]


def test_a_csv_folder_without_a_file_names_it(load: Import, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "h", sheets())
    (folder / "roles.csv").unlink()
    assert "roles.csv is missing" in refusals(load, folder)[0][1]


def packed(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return made.getvalue()


WHOLE = packed({"xl/workbook.xml": b"<workbook/>" * 9})
ROTTEN = WHOLE[:46] + b"\xff" * 4 + WHOLE[50:]  # in the packed bytes themselves
FAR = b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
STRANGE = [
    ("empty.xlsx", b"", "is empty"),
    ("text.xlsx", b"hello there", "no Excel workbook"),
    ("page.xls", b"<html><table></table></html>", "no Excel workbook"),
    ("torn.xlsx", packed({"xl/workbook.xml": b"<workbook/>"})[:-10], "damaged"),
    ("rotten.xlsx", ROTTEN, "damaged"),
    ("hollow.xlsx", packed({"xl/workbook.xml": b"<workbook/>"}), "cannot be read"),
    ("letter.xlsx", packed({"word/document.xml": b"<document/>"}), "Word document"),
    ("open.ods", packed({"content.xml": b"<document/>"}), "OpenDocument"),
    ("other.xlsx", packed({"readme.txt": b"hi"}), "no Excel workbook"),
    ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read"),
    ("bomb.xlsx", packed({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b" " * 12_000_000}), "too large"),
    ("far.xlsx", packed({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": FAR}), "too large"),
    ("one.csv", b"id,name", "One CSV file"),
]


@pytest.mark.parametrize(("name", "content", "said"), STRANGE, ids=[one[0] for one in STRANGE])
def test_a_file_that_is_no_workbook_is_refused_in_words(
    load: Import, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    [(_, text)] = refusals(load, tmp_path / name)
    assert said in text


def test_a_file_that_is_not_there_is_named(load: Import, tmp_path: Path) -> None:
    assert "nowhere.xlsx" in refusals(load, tmp_path / "nowhere.xlsx")[0][1]


def test_csv_bytes_of_no_known_encoding_name_the_file(load: Import, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "h", sheets())
    (folder / "people.csv").write_bytes(b"id,name,email\nana,\xff\xff\x80,none\n")
    [(where, text)] = refusals(load, folder)
    assert where == "people.csv" and "neither in UTF-8 nor in GB18030" in text


# --- out and in again -----------------------------------------------------------------------------------------------
DANGEROUS = ("=1+1", "+2", "-3", "@sum", "'=4", "''@x", "'plain", 'a,b "c"', "= 安娜")


@pytest.mark.parametrize("name", ["out.xlsx", "out"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_exported_and_imported_changes_nothing(
    database: Database, load: Import, tmp_path: Path, name: str, language: str
) -> None:
    people = (*PEOPLE, *(person(f"p{n}", text) for n, text in enumerate(DANGEROUS)))
    load(write_xlsx(tmp_path / "h.xlsx", sheets(people=people)))
    with database.reading() as session:
        assert directory(session).person("p0").name == "=1+1"
        export_hospital(session, tmp_path / name, language=language)
    before = n_rows(database)
    done = load(tmp_path / name)
    assert done.n_written == 0 and done.warnings == ()
    assert done.sheets["people"].n_unchanged == 3 + len(DANGEROUS)
    assert n_rows(database) == before


def test_no_cell_of_an_exported_csv_is_a_formula(database: Database, load: Import, tmp_path: Path) -> None:
    people = (*PEOPLE, *(person(f"p{n}", text) for n, text in enumerate(DANGEROUS)))
    load(write_csv(tmp_path / "in", sheets(people=people)))
    with database.reading() as session:
        export_hospital(session, tmp_path / "out")
    cells = (tmp_path / "out" / "people.csv").read_text("utf-8-sig").replace("\n", ",").split(",")
    assert not [cell for cell in cells if cell.strip('"')[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize("name", ["form.xlsx", "form"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_template_imports_as_nothing(
    load: Import, rules: Rules, tmp_path: Path, name: str, language: str
) -> None:
    write_template(tmp_path / name, roles=rules.catalogue.roles, language=language)
    done = load(tmp_path / name)
    assert done.sheets == dict.fromkeys(("units", "people", "roles", "absences"), Counts())
    assert done.warnings == ()


def test_a_template_is_never_written_over_a_file(tmp_path: Path) -> None:
    write_template(tmp_path / "form.xlsx")
    with pytest.raises(FileExistsError):
        write_template(tmp_path / "form.xlsx")
