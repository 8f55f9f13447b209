"""The hospital's workbook as a whole: its rows against one another and against what is stored; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from config.catalogue import Catalogue
from config.words import Text
from engine.absences import Away, circle_words, find_circle
from engine.hospital_rows import Checker, Fact, Facts, Key, State, Table, Wanted
from engine.workbook import Book, CellProblem, SheetRow, plain

_UNIT, _ABOVE, _PERSON = Text("unit", "科室"), Text("unit above", "上级科室"), Text("person", "人员")
_STAND_IN = Text("stand-in", "代理人")


@dataclass(frozen=True)
class Checked:
    """What is to be written, sheet by sheet, and what was found wrong or doubtful."""

    wanted: Mapping[str, tuple[Wanted, ...]]
    problems: tuple[CellProblem, ...]
    warnings: tuple[CellProblem, ...]


def check_book(
    book: Book, stored: State, *, catalogue: Catalogue, channels: Collection[str], busy: Collection[str]
) -> Checked:
    """Check every row of a book, then all of them together with what is stored.

    channels: the slugs of those there are. busy: who has open work.

    A book of another form is not looked into: every row that points into a missing sheet would be wrong too.
    """
    if book.problems:
        return Checked({}, book.problems, book.warnings)
    checker = Checker([], list(book.warnings))
    units = _known(book, "units", stored, ("name_zh", "name_en"))
    people = _known(book, "people", stored, ("name",))
    found = {
        "units": tuple(_units(book, checker, units)),
        "people": tuple(_people(book, checker, channels, stored, busy)),
        "roles": tuple(_roles(book, checker, catalogue, units, people)),
        "absences": tuple(_absences(book, checker, people)),
    }
    _check_tree(found["units"], merged(stored, "units", found["units"]), checker)
    persons = merged(stored, "people", found["people"])
    _check_emails(found["people"], persons, checker)
    _check_stand_ins(found["absences"], merged(stored, "absences", found["absences"]), persons, checker)
    return Checked(found, tuple(checker.problems), tuple(checker.warnings))


def merged(stored: State, sheet: str, wanted: Iterable[Wanted]) -> Table:
    """Lay what a sheet says over what is stored."""
    table = dict(stored.get(sheet, {}))
    for one in wanted:
        table[one.key] = {**table.get(one.key, {}), **one.facts}
    return table


def _known(book: Book, sheet: str, stored: State, names: tuple[str, ...]) -> dict[str, str]:
    """List the ids of stored and new rows with their names; a row that is wrong elsewhere still counts as known."""
    found = {
        str(key[0]): str(next((facts[name] for name in names if facts.get(name)), ""))
        for key, facts in stored[sheet].items()
    }
    for row in book.rows.get(sheet, ()):
        if slug := plain(row.cells.get("id", "")):
            found[slug] = next((plain(row.cells[name]) for name in names if plain(row.cells.get(name, ""))), "")
    return found


def _given(row: SheetRow, facts: Facts) -> Facts:
    """Leave out what the sheet has no column for: it stays as it is stored."""
    return {key: fact for key, fact in facts.items() if key in row.columns}


def _units(book: Book, checker: Checker, units: Mapping[str, str]) -> Iterable[Wanted]:
    seen: dict[Key, SheetRow] = {}
    for row in book.rows.get("units", ()):
        slug = checker.slug(row, "id")
        en, zh = checker.name(row, "name_en"), checker.name(row, "name_zh")
        if not en and not zh:
            checker.wrong(
                row,
                "name_zh",
                Text("The unit has no name", "科室没有名称"),
                Text("Write at least one", "请至少填写一个"),
            )
        parent = checker.reference(row, "parent", units, _ABOVE, blank=True)
        facts: Facts = {
            "name_en": en or zh,
            "name_zh": zh or en,
            "kind": checker.text(row, "kind", 40),
            "parent": parent,
        }
        if slug and checker.first_of_key(row, "id", (slug,), seen):
            yield Wanted(row, (slug,), _given(row, facts))


def _people(
    book: Book, checker: Checker, channels: Collection[str], stored: State, busy: Collection[str]
) -> Iterable[Wanted]:
    seen: dict[Key, SheetRow] = {}
    for row in book.rows.get("people", ()):
        slug, name = checker.slug(row, "id"), checker.name(row, "name")
        if not name:
            checker.wrong(row, "name", Text("The name is blank", "姓名为空"), Text("Write it", "请填写"))
        left_on = checker.day(row, "left_on")
        if left_on and slug in busy and stored["people"].get((slug,), {}).get("left_on") != left_on:
            mend = Text(
                f"Hand it over first: wardcycle hospital leave {slug} --to SOMEBODY",
                f"请先交接：wardcycle hospital leave {slug} --to 接手人",
            )
            checker.wrong(row, "left_on", Text(f"`{slug}` still has open work", f"“{slug}”还有未完成的任务"), mend)
        facts: Facts = {
            "name": name,
            "email": checker.email(row),
            "language": checker.language(row),
            "channels": checker.channels(row, channels),
            "addresses": checker.addresses(row, channels),
            "digest": checker.digest(row),
            "muted": checker.muted(row),
            "left_on": left_on,
        }
        if slug and checker.first_of_key(row, "id", (slug,), seen):
            yield Wanted(row, (slug,), _given(row, facts))


def _roles(
    book: Book, checker: Checker, catalogue: Catalogue, units: Mapping[str, str], people: Mapping[str, str]
) -> Iterable[Wanted]:
    seen: dict[Key, SheetRow] = {}
    for row in book.rows.get("roles", ()):
        person, role = checker.reference(row, "person", people, _PERSON), checker.role(row, catalogue.roles)
        unit = checker.reference(row, "unit", units, _UNIT)
        first, last = checker.span(row)
        key = (person, role, unit, first)
        if person and role and unit and checker.first_of_key(row, "person", key, seen):
            yield Wanted(row, key, _given(row, {"until": last}))


def _absences(book: Book, checker: Checker, people: Mapping[str, str]) -> Iterable[Wanted]:
    seen: dict[Key, SheetRow] = {}
    for row in book.rows.get("absences", ()):
        person, stand_in = (
            checker.reference(row, "person", people, _PERSON),
            checker.reference(row, "stand_in", people, _STAND_IN),
        )
        first, last = checker.span(row, needed=True)
        if person and person == stand_in:
            what = Text("Nobody stands in for themselves", "不能由本人代理")
            checker.wrong(row, "stand_in", what, Text("Name another person", "请写其他人员"))
        elif person and stand_in and first and last and checker.first_of_key(row, "person", (person, first), seen):
            yield Wanted(row, (person, first), {"until": last, "stand_in": stand_in})


def _check_tree(wanted: Iterable[Wanted], units: Table, checker: Checker) -> None:
    """Refuse a unit that lies below itself; each circle is named once."""
    named: set[Fact] = set()
    for one in wanted:
        path: list[Fact] = [one.key[0]]
        above = one.facts.get("parent")
        while above is not None and above not in path:
            path.append(above)
            above = units.get((above,), {}).get("parent")
        if above == one.key[0] and above not in named:
            named.update(path)
            shown = " > ".join(map(str, [*path, above]))
            what = Text(f"These units lie below one another in a circle: {shown}", f"科室的上级关系成环：{shown}")
            checker.wrong(
                one.row, "parent", what, Text("Change the unit above of one of them", "请修改其中一个的上级科室")
            )


def _check_emails(wanted: Iterable[Wanted], people: Table, checker: Checker) -> None:
    holders: dict[str, list[Fact]] = {}
    for key, facts in people.items():
        if facts.get("email"):
            holders.setdefault(str(facts["email"]).lower(), []).append(key[0])
    rows = tuple(wanted)
    in_sheet = {one.key[0] for one in rows}
    for one in rows:
        same = holders.get(str(one.facts.get("email") or "").lower(), [])
        # Of two rows of the sheet the second is named; of a row and a stored person, the row.
        others = [slug for n, slug in enumerate(same) if slug not in in_sheet or n < same.index(one.key[0])]
        if others:
            what = Text(f"`{others[0]}` has the same e-mail address", f"与“{others[0]}”的邮箱相同")
            mend = Text("Give each person an own address, or write `none`", "请为每人填写各自的邮箱，没有请写“无”")
            checker.wrong(one.row, "email", what, mend)


def _check_stand_ins(wanted: Iterable[Wanted], absences: Table, people: Table, checker: Checker) -> None:
    others: dict[str, list[Away]] = {}
    for key, facts in absences.items():
        others.setdefault(str(key[0]), []).append(_away(key, facts))
    named: set[frozenset[str]] = set()
    for one in wanted:
        away = _away(one.key, one.facts)
        left_on = people.get((away.stand_in,), {}).get("left_on")
        if isinstance(left_on, date) and left_on <= away.last:
            what = Text(f"`{away.stand_in}` leaves on {left_on}", f"“{away.stand_in}”于 {left_on} 离职")
            checker.wrong(one.row, "stand_in", what, Text("Name another person", "请写其他人员"))
        circle = find_circle(away, others)
        if circle and frozenset(circle) not in named:
            named.add(frozenset(circle))
            checker.wrong(
                one.row,
                "stand_in",
                circle_words(circle),
                Text("Name another stand-in for one of them", "请为其中一人另选代理人"),
            )


def _away(key: Key, facts: Facts) -> Away:
    first, last = key[1], facts["until"]
    assert isinstance(first, date) and isinstance(last, date)
    return Away(str(key[0]), first, last, str(facts["stand_in"]))
