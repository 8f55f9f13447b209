"""Whatever arrives at a door is taken or refused in words: no file, no form and no address makes it fall over."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from config.catalogue import SHIPPED, check_edition
from engine.care_tables import read_events
from engine.hospital import import_hospital
from engine.indicator_import import preview_observations, tables_in
from engine.own_pareto import read_counts
from engine.own_series import read_own_series
from engine.rules import Rules
from models.db import Database
from models.errors import WardcycleError
from tests.care import events, table
from tests.chaos.sizes import size
from tests.corpus import HOSTILE
from tests.crawl import Form, Parts, crawl
from tests.demo import furnish
from tests.indicators import VTE, comma, ods, xlsx
from tests.visitors import Answer, Pages, Visitor, pages_of
from web.intake import TICKET, TRAP

# The rules of a hospital are a long thing to print beside an example that fails.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
OFFICE = "lin-yue"
ODD = (
    "", "0", "-1", "1.5", "1e400", "NaN", "-inf", "9" * 30, "٣", "１２", "true", "null", "2026-02-30", "0000-00-00",
    "9999-12-31", "2026-11-20T25:61", "1\n2", "\0", "a" * 5000, "../../etc/passwd", "lin-yue", VTE, "2026-10",
)  # fmt: skip
WORDS = st.sampled_from(ODD) | st.sampled_from(HOSTILE) | st.text(max_size=30)
# A word of which UTF-8 cannot write a part does not come over the wire.
WIRE = WORDS.map(lambda word: word.encode("utf-8", "replace").decode())
VALUES: list[list[object]] = [
    ["indicator", "unit", "period", "value", "denominator", "note"],
    [VTE, "surgery", "2026-01", 8, 10, "a"],
]
LOG = table(events(3))
COUNTS = b"category,count\nfalls,7\nother,2\n"


def few(small: int, full: int) -> settings:
    """Choose how many examples of each; a database stays what the examples before have made of it."""
    return settings(max_examples=size(small, full), suppress_health_check=list(HealthCheck))


@st.composite
def spoilt(draw: st.DrawFn, good: bytes) -> bytes:
    """Draw a file with a piece of it cut out, doubled or replaced."""
    at, length = draw(st.integers(0, len(good))), draw(st.integers(0, 60))
    return good[:at] + draw(st.binary(max_size=20) | st.just(good[at : at + length] * 3)) + good[at + length :]


@st.composite
def tables(draw: st.DrawFn, head: list[str]) -> bytes:
    """Draw a sheet whose headings are right and whose cells are anything."""
    rows = draw(st.lists(st.lists(WORDS, max_size=len(head) + 1), max_size=6))
    made = io.StringIO(newline="")
    csv.writer(made).writerows([head, *rows])
    return made.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])), "replace")


def refusals(what: Callable[[], object]) -> None:
    """Do something with a file; only an error with words in both languages may come of it."""
    try:
        what()
    except WardcycleError as refusal:
        assert refusal.text("en").strip() and refusal.text("zh").strip()


@pytest.fixture(scope="module")
def furnished(migrated_file: Path, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Make the demo hospital once; what the examples do to it does not matter."""
    file = tmp_path_factory.mktemp("any") / "wardcycle.db"
    file.write_bytes(migrated_file.read_bytes())
    database = Database(f"sqlite:///{file}", durable=False)
    furnish(database, rules, NOW)
    yield database
    database.dispose()


@few(60, 5_000)
@given(
    name=st.sampled_from(["values.csv", "values.xlsx", "values.ods", "values", "../x\n.csv"]),
    content=spoilt(comma(VALUES)) | spoilt(xlsx(VALUES)) | spoilt(ods(VALUES)) | tables([*map(str, VALUES[0])]),
)
def test_any_file_of_values_is_read_or_refused(furnished: Database, rules: Rules, name: str, content: bytes) -> None:
    def read() -> None:
        with furnished.reading() as session:
            preview_observations(session, tables_in(name, content), rules=rules, by=None, now=NOW)

    refusals(read)


@few(60, 5_000)
@given(content=spoilt(LOG) | tables(["case", "step", "time"]) | spoilt(xlsx(VALUES)), name=st.sampled_from("cx"))
def test_any_table_of_events_is_read_or_refused(rules: Rules, content: bytes, name: str) -> None:
    file = {"c": "events.csv", "x": "events.xlsx"}[name]
    refusals(lambda: read_events(file, content, zone=rules.calendar.zone, now=NOW))


@few(60, 5_000)
@given(content=spoilt(COUNTS) | tables(["category", "count"]) | tables(["period", "value", "denominator"]))
def test_any_counts_and_any_series_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "series.csv"
    file.write_bytes(content)
    refusals(lambda: read_counts("counts.csv", content))
    refusals(lambda: read_own_series(file))


SHEETS = {path.name: path.read_bytes() for path in sorted((SHIPPED / "demo").glob("*.csv"))}


@few(20, 2_000)
@given(data=st.data())
def test_any_hospital_is_imported_or_refused(
    furnished: Database, rules: Rules, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "hospital"
    folder.mkdir(exist_ok=True)
    name = data.draw(st.sampled_from(sorted(SHEETS)))
    head = SHEETS[name].decode("utf-8-sig").splitlines()[0].split(",")
    for each, good in SHEETS.items():
        (folder / each).write_bytes(data.draw(spoilt(good) | tables(head)) if each == name else good)

    def read(session: Session) -> None:
        refusals(lambda: import_hospital(session, folder, rules=rules, by=None, now=NOW))

    with furnished.reading() as session:  # rolled back
        session.autoflush = True
        read(session)


EDITION = next(iter(sorted((SHIPPED / "programmes").glob("*.yaml")))).read_text("utf-8")


@few(4, 300)
@given(at=st.integers(0, len(EDITION)), length=st.integers(0, 60), put=WORDS)
def test_any_edition_of_the_programme_is_read_or_its_problems_named(
    rules: Rules, at: int, length: int, put: str
) -> None:
    text = EDITION[:at] + put + EDITION[at + length :]
    catalogue = rules.catalogue
    made, problems = check_edition(text, "edition.yaml", roles=catalogue.roles, indicators=catalogue.indicators)
    assert (made is None) == bool(problems)


@pytest.fixture(scope="module")
def pages(furnished: Database, rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_of(furnished, rules, tmp_path_factory.mktemp("pages"), NOW) as opened:
        yield opened


@few(60, 6_000)
@given(data=st.data())
def test_any_address_is_a_page_or_is_not_there(pages: Pages, data: st.DataObject) -> None:
    pages.later(minutes=1)
    readable = [one for one in pages.app.state.routes if isinstance(one, APIRoute) and "GET" in (one.methods or ())]
    route = data.draw(st.sampled_from(readable), label="route")
    typed = WIRE | st.sampled_from(["1", "2", "C2026-0001", "2026", "2026Q3"])
    path = route.path.format(**{name: quote(data.draw(typed), safe="") for name in route.param_convertors})
    asked = data.draw(st.dictionaries(st.sampled_from(ASKED), typed, max_size=2))
    said = pages.logged_in(OFFICE).get(f"{path}?{urlencode(asked)}")
    assert said.status < 500 or route.path == "/healthz", (path, asked)


ASKED = (
    "page", "lang", "show", "person", "unit", "stage", "set", "year", "quarter", "edition", "q", "from", "next",
    "indicator", "measure", "d", "print",
)  # fmt: skip


FOR_ALL = ("/report", "/report/answer", "/feedback", "/feedback/answer")


@pytest.fixture(scope="module")
def forms(pages: Pages) -> list[Form]:
    """All forms that the office finds on the pages of the demo; a form that ends the session itself is left out."""
    seen = crawl(pages.logged_in(OFFICE), pages.app, "/", "/work")
    found = [form for path, said in seen.items() for form in Parts(path, said.body).forms]
    assert len({form.action for form in found}) > 20
    return [form for form in found if not form.action.startswith("/logout")]


@few(60, 10_000)
@given(data=st.data())
def test_any_form_is_taken_or_refused(pages: Pages, forms: list[Form], data: st.DataObject) -> None:
    pages.later(minutes=1)  # a flood is another test
    form = data.draw(st.sampled_from(forms), label="form")
    visitor = pages.logged_in(OFFICE)
    own = _proofs(visitor, form)
    pages.later(seconds=30)  # what is sent in no time at all is a robot's
    names = sorted(form.fields.keys() - own.keys() - {TRAP})
    few_or_all = st.sets(st.sampled_from(names), max_size=3) | st.just({*names}) if names else st.just(set[str]())
    changed = {name: data.draw(WIRE, label=name) for name in sorted(data.draw(few_or_all))}
    missing = data.draw(st.sets(st.sampled_from(names), max_size=1)) if names else set[str]()
    fields = {name: value for name, value in (form.fields | changed | own).items() if name not in missing}
    said = _send(visitor, form, fields, data)
    assert said.status < 500 and said.status not in (401, 403), (form.action, fields)


def _proofs(visitor: Visitor, form: Form) -> dict[str, str]:
    """Read what the forms of this session carry; a form for everybody carries its own."""
    path = form.action.partition("?")[0]
    if path not in FOR_ALL:
        return {"form": visitor.get("/me").form}
    shown = next(one.fields for one in Parts(path, visitor.get(path).body).forms if one.action == path)
    return {name: shown[name] for name in ("form", TICKET) if name in shown}


def _send(visitor: Visitor, form: Form, fields: dict[str, str], data: st.DataObject) -> Answer:
    if not form.files:
        return visitor.post(form.action, fields)
    name = data.draw(st.sampled_from(["a.csv", "a.xlsx", "a.png", "a", "a\u202e.csv", "..\\x"]), label="name")
    content = data.draw(spoilt(comma(VALUES)) | spoilt(LOG) | st.binary(max_size=50), label="content")
    return visitor.post_file(form.action, fields, name=name, content=content, field=form.files[0])
