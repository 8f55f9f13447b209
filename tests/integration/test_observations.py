"""Values: new, the same again, corrected with their past kept, refused one by one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from config.indicators import Frequency, Indicator
from engine.indicators import DefinitionChanged
from engine.observation_checks import Given
from engine.observations import Fate
from engine.people import directory
from engine.rules import Rules
from models.assessment import Aim, Seal
from models.audit import Audit, verify
from models.db import Database
from models.indicator import FormerObservation, IndicatorVersion, Observation
from models.reads.series import Series, read_series
from tests.indicators import CODING, FALLS, STAY, VTE, person_of, put, unit_of, vte
from tests.places import make_hospital
from tests.walks import launched

NEW, SAME, CORRECTED, REFUSED, LEFT = Fate.NEW, Fate.SAME, Fate.CORRECTED, Fate.REFUSED, Fate.LEFT


@pytest.fixture
def ward(database: Database) -> int:
    """A hospital, and its ward 3."""
    make_hospital(database)
    return unit_of(database)


def stored(database: Database) -> Sequence[Observation]:
    with database.reading() as session:
        return session.exec(select(Observation).order_by(col(Observation.period_on))).all()


def former(database: Database) -> Sequence[FormerObservation]:
    with database.reading() as session:
        return session.exec(select(FormerObservation).order_by(col(FormerObservation.id))).all()


def trail(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        assert verify(session).kind is None
        rows = session.exec(select(Audit).where(col(Audit.entity) != "person").order_by(col(Audit.id)))
        return [(row.what, row.entity) for row in rows]


def test_new_values_are_stored_with_who_and_when(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    gao = person_of(database, "gao")
    batch = put(database, [vte(ward, 1, 80), vte(ward, 2, 81, 90)], rules=rules, now=now, by=gao)
    assert batch.fates == (NEW, NEW)
    assert [
        (one.value, one.denominator, one.entered_by, one.entered_at, one.door, one.no) for one in stored(database)
    ] == [
        (80, 100, gao, now, "test", 0),
        (81, 90, gao, now, "test", 0),
    ]
    assert trail(database) == [("observation.put", "indicator")]  # one row, however many values


def test_the_same_values_again_change_nothing(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    values = [vte(ward, month, 80) for month in range(1, 13)]
    put(database, values, rules=rules, now=now)
    before = stored(database), trail(database)
    later = now + timedelta(days=1)
    assert put(database, values, rules=rules, now=later).fates == (SAME,) * 12
    assert (stored(database), trail(database)) == before


def test_a_correction_keeps_what_was_there(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    gao, eva = person_of(database, "gao"), person_of(database, "eva")
    put(database, [vte(ward, 1, 80, note="first count")], rules=rules, now=now, by=gao)
    later = now + timedelta(days=1)
    assert put(database, [vte(ward, 1, 82)], rules=rules, now=later, by=eva, why="two were missed").fates == (
        CORRECTED,
    )
    [row], [past] = stored(database), former(database)
    assert (row.value, row.no, row.entered_by, row.note) == (82, 1, eva, "first count")
    assert (past.observation_id, past.no, past.value, past.note, past.why) == (
        row.id,
        0,
        80,
        "first count",
        "two were missed",
    )
    assert (past.entered_by, past.entered_at, past.corrected_by, past.corrected_at) == (gao, now, eva, later)
    put(database, [vte(ward, 1, 83)], rules=rules, now=later)
    assert [(one.no, one.value) for one in former(database)] == [(0, 80), (1, 82)]
    assert trail(database)[-2:] == [("observation.put", "indicator"), ("observation.correct", "observation")]


def test_a_provisional_month_becomes_final(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    put(database, [vte(ward, 1, 80, provisional=True)], rules=rules, now=now)
    assert put(database, [vte(ward, 1, 80)], rules=rules, now=now).fates == (SAME,)  # nothing is said about it
    assert put(database, [vte(ward, 1, 80, provisional=False)], rules=rules, now=now).fates == (CORRECTED,)
    assert (former(database)[0].provisional, stored(database)[0].provisional) == (True, False)


def test_a_month_that_is_not_over_is_provisional_whatever_is_said(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    march = Given(VTE, ward, date(2026, 3, 1), 8, 10, provisional=False)
    batch = put(database, [march], rules=rules, now=now)
    assert stored(database)[0].provisional
    assert [fault.column for fault in batch.warnings[0]] == ["provisional"]


def test_a_value_can_be_taken_back_and_stays_in_the_past(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    put(database, [vte(ward, 1, 80)], rules=rules, now=now)
    assert put(database, [vte(ward, 1, None, None)], rules=rules, now=now, why="another ward").fates == (CORRECTED,)
    assert (stored(database)[0].value, former(database)[0].value) == (None, 80)


WRONG = {
    "numerator above denominator": (vte(0, 1, 85, 80), "value", "The numerator 85 is above the denominator 80"),
    "a percentage of one": (vte(0, 1, 85, 1), "value", "The numerator 85 is above the denominator 1"),
    "a share": (vte(0, 1, 0.85, 100), "value", "0.85 is no count of cases"),
    "negative count": (vte(0, 1, -1), "value", "The count is negative"),
    "negative denominator": (vte(0, 1, 0, -5), "denominator", "The denominator is negative"),
    "no denominator": (vte(0, 1, 80, None), "denominator", "The denominator is missing"),
    "denominator of zero": (vte(0, 1, 0, 0), "denominator", "The denominator is 0"),
    "some of none": (vte(0, 1, 3, 0, note="none at all"), "denominator", "The denominator is 0"),
    "denominator without value": (vte(0, 1, None, 100), "value", "The value is missing, though"),
    "not a number": (vte(0, 1, float("nan")), "value", "The number is too large"),
    "endless": (vte(0, 1, 1, float("inf")), "denominator", "The number is too large"),
    "next month": (Given(VTE, 0, date(2026, 4, 1), 1, 2), "period", "2026-04 lies in the future"),
    "middle of a month": (
        Given(VTE, 0, date(2025, 4, 2), 1, 2),
        "period",
        "2025-04-02 is not the first day of a month",
    ),
    "month for a quarter": (Given(CODING, 0, date(2025, 2, 1), 1, 2), "period", "is not the first day of a quarter"),
    "year of Buddha": (Given(VTE, 0, date(2568, 1, 1), 1, 2), "period", "2568-01 lies in the future"),
    "before hospitals counted": (Given(VTE, 0, date(1925, 1, 1), 1, 2), "period", "1925-01 cannot be meant"),
    "a stay of years": (Given(STAY, 0, date(2025, 1, 1), 5000, 10), "value", "500 is outside 0 to 365"),
    "more than there are days": (Given(FALLS, 0, date(2025, 1, 1), -3, 900), "value", "The count is negative"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_by_its_column(
    database: Database, rules: Rules, now: datetime, ward: int, name: str
) -> None:
    given, column, said = WRONG[name]
    batch = put(database, [replace(given, unit_id=ward)], rules=rules, now=now)
    assert batch.fates == (REFUSED,)
    [fault] = batch.faults[0]
    assert (fault.column, said in fault.text("en")) == (column, True), fault.text("en")
    assert fault.text("zh").endswith("。") and fault.mend.zh
    assert stored(database) == [] and trail(database) == []


RIGHT = {
    "nobody, and it is said so": vte(0, 1, 0, 0, note="ward closed"),
    "all of all": vte(0, 1, 100, 100),
    "more events than days": Given(FALLS, 0, date(2025, 1, 1), 5, 2),
    "a sum over cases": Given(STAY, 0, date(2025, 1, 1), 812.5, 100),
    "this month": Given(VTE, 0, date(2026, 3, 1), 1, 2),
    "a quarter": Given(CODING, 0, date(2025, 10, 1), 90, 100),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_be_is_taken(database: Database, rules: Rules, now: datetime, ward: int, name: str) -> None:
    assert put(database, [replace(RIGHT[name], unit_id=ward)], rules=rules, now=now).fates == (NEW,)


def test_one_bad_value_does_not_stop_the_others_unless_asked(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    values = [vte(ward, 1, 80), vte(ward, 2, 180), vte(ward, 3, 80)]
    assert put(database, values, rules=rules, now=now, whole=True).fates == (LEFT, REFUSED, LEFT)
    assert stored(database) == []
    assert put(database, values, rules=rules, now=now).fates == (NEW, REFUSED, NEW)
    assert [one.period_on.month for one in stored(database)] == [1, 3]


@pytest.mark.parametrize("second", [80, 81])
def test_two_values_for_one_month_are_both_refused(
    database: Database, rules: Rules, now: datetime, ward: int, second: float
) -> None:
    values = [vte(ward, 1, 80), vte(ward, 1, second), vte(ward, 2, 80)]
    batch = put(database, values, rules=rules, now=now)
    assert batch.fates == (REFUSED, REFUSED, NEW)
    assert "There are 2 values" in batch.faults[1][0].text("en")


@pytest.mark.parametrize(
    ("who", "may"), [("gao", True), ("chen", True), ("eva", True), ("dee", False), ("bo", False), ("feng", False)]
)
def test_values_of_a_unit_are_entered_by_its_data_owner_or_the_quality_office(
    database: Database, rules: Rules, now: datetime, ward: int, who: str, may: bool
) -> None:
    batch = put(database, [vte(ward, 1, 80)], rules=rules, now=now, by=person_of(database, who))
    assert batch.fates == (NEW if may else REFUSED,)
    assert may or batch.faults[0][0].column == "unit"


def test_the_data_owner_of_one_department_does_not_enter_for_the_hospital(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    hospital = unit_of(database, "hospital")
    assert put(database, [vte(hospital, 1, 80)], rules=rules, now=now, by=person_of(database, "gao")).fates == (
        REFUSED,
    )


@pytest.mark.parametrize("note", ["tel 138 0013 8000", "身份证 110101199003078515", "110101-19900307-851X"])
def test_a_note_that_names_somebody_is_not_stored(
    database: Database, rules: Rules, now: datetime, ward: int, note: str
) -> None:
    batch = put(database, [vte(ward, 1, 80, note=note)], rules=rules, now=now)
    assert batch.fates == (NEW,) and [fault.column for fault in batch.warnings[0]] == ["note"]
    assert stored(database)[0].note == ""


def test_a_version_never_means_two_definitions(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    put(database, [vte(ward, 1, 80)], rules=rules, now=now)
    other = with_indicator(rules, rules.catalogue.indicators[VTE].model_copy(update={"multiply": 1000.0}))
    with pytest.raises(DefinitionChanged) as refused:
        put(database, [vte(ward, 2, 80)], rules=other, now=now)
    assert "different: multiply" in refused.value.text("en") and "multiply" in refused.value.text("zh")
    raised = with_indicator(other, other.catalogue.indicators[VTE].model_copy(update={"version": 2}))
    assert put(database, [vte(ward, 2, 80)], rules=raised, now=now).fates == (NEW,)
    with database.reading() as session:
        assert [one.version for one in session.exec(select(IndicatorVersion))] == [1, 2]


def test_who_enters_the_values_is_no_part_of_their_meaning(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    put(database, [vte(ward, 1, 80)], rules=rules, now=now)
    moved = rules.catalogue.indicators[VTE].model_copy(update={"set": "ours", "data_owner": "dept-head"})
    assert put(database, [vte(ward, 2, 80)], rules=with_indicator(rules, moved), now=now).fates == (NEW,)


def test_two_imports_at_the_same_time_write_each_value_once(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    values = [vte(ward, month, 80) for month in range(1, 13)]
    with ThreadPoolExecutor(2) as pool:
        batches = list(pool.map(lambda _: put(database, values, rules=rules, now=now), range(2)))
    assert sorted(batch.n(NEW) for batch in batches) == [0, 12]
    assert len(stored(database)) == 12 and former(database) == []
    assert trail(database) == [("observation.put", "indicator")]


def test_five_thousand_values_are_quick(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    months = [date(2000 + n // 12, n % 12 + 1, 1) for n in range(300)]
    slugs = [one.id for one in rules.catalogue.indicators.values() if one.frequency is Frequency.MONTH][:9]
    units = [ward, unit_of(database, "surgery")]
    values = [Given(slug, unit, month, 80, 100) for slug in slugs for unit in units for month in months][:5000]
    begun = datetime.now(now.tzinfo)
    assert put(database, values, rules=rules, now=now).n(NEW) == 5000
    assert datetime.now(now.tzinfo) - begun < timedelta(seconds=10)
    assert put(database, values, rules=rules, now=now).n(SAME) == 5000


def test_a_series_has_a_place_for_every_month(database: Database, rules: Rules, now: datetime, ward: int) -> None:
    put(database, [vte(ward, 1, 80), vte(ward, 4, 70, 90, provisional=True)], rules=rules, now=now)
    with database.reading() as session:
        series = read_series(session, VTE, ward, frequency=Frequency.MONTH)
        assert series == Series(
            tuple(date(2025, month, 1) for month in (1, 2, 3, 4)),
            (80, None, None, 70),
            (100, None, None, 90),
            (False, False, False, True),
        )
        later = read_series(session, VTE, ward, first=date(2025, 2, 1), frequency=Frequency.MONTH)
        assert later.periods == (date(2025, 4, 1),)
        assert read_series(session, FALLS, ward, frequency=Frequency.MONTH) == Series((), (), None, ())


def test_the_database_itself_refuses_a_second_value_for_a_period(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    put(database, [vte(ward, 1, 80)], rules=rules, now=now)
    twin = Observation(indicator=VTE, unit_id=ward, period_on=date(2025, 1, 1), entered_at=now, door="test")
    with pytest.raises(sa.exc.IntegrityError), database.transaction("test") as session:
        session.add(twin)


def with_indicator(rules: Rules, one: Indicator) -> Rules:
    indicators = {**rules.catalogue.indicators, one.id: one}
    return replace(rules, catalogue=replace(rules.catalogue, indicators=indicators))


def test_a_change_of_a_sealed_baseline_is_taken_and_stands_in_the_record_of_its_cycle(
    database: Database, rules: Rules, now: datetime, ward: int
) -> None:
    cycle_id = sealed_cycle(database, rules, now, ward)
    before = [vte(ward, month, 80) for month in (4, 5, 6)]
    assert [one.key[2].month for one in put(database, before, rules=rules, now=now).sealed] == [4, 5]  # fills gaps
    assert put(database, before, rules=rules, now=now).sealed == ()  # nothing changes
    batch = put(database, [vte(ward, 4, 70), vte(ward, 6, 70)], rules=rules, now=now, why="counted again")
    [change] = batch.sealed
    assert (change.key[2].month, change.before, change.after) == (4, 80, 70)
    assert [one.cycle_id for one in change.sealed] == [cycle_id]
    assert batch.fates == (CORRECTED, CORRECTED)
    with database.reading() as session:
        rows = session.exec(select(Audit).where(Audit.what == "cycle.past_changed").order_by(col(Audit.id))).all()
        assert {(row.entity, row.entity_id) for row in rows} == {("cycle", cycle_id)}
        assert (len(rows), rows[-1].why) == (3, "counted again")


def sealed_cycle(database: Database, rules: Rules, now: datetime, ward: int) -> int:
    """Launch a cycle whose sealed baseline are the months from January to May."""
    cycle_id = launched(database, rules, now).cycle_id
    with database.transaction("test") as session:
        ana = directory(session).person("ana").id
        session.add(
            Aim(
                cycle_id=cycle_id,
                indicator=VTE,
                indicator_version=1,
                unit_id=ward,
                baseline_first_on=date(2025, 1, 1),
                baseline_last_on=date(2025, 5, 1),
                set_at=now,
                set_by=ana,
            )
        )
        seal = Seal(cycle_id=cycle_id, sealed_at=now, sealed_by=ana, baseline="{}", digest="0" * 64, prediction=90)
        session.add(seal)
    return cycle_id
