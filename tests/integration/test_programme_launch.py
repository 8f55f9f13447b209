"""Compiling and launching a programme: everybody and every date is found first, and again changes nothing."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from config.programme import Programme, Where
from engine.people import directory
from engine.programme_launch import Launched, RolesUnstaffed, batches, launch_batch, refuse_unstaffed
from engine.programme_plan import NoDepartments, ProgrammePlan, Wanted, compile_programme
from engine.rules import Rules
from models.assessment import Origin, OriginKind
from models.cycle import Cycle
from models.db import Database
from models.errors import NotFound
from models.people import Person, RoleHolding, Unit
from models.programme import MeasureCycle
from models.reads.programme import count_measures, list_launched
from models.task import Task, TaskOwner, TaskStatus
from notifications.deliver import deliver_due
from tests.commands import rows_of
from tests.invariants import hold
from tests.places import make_hospital
from tests.programmes import EDITION, SMALL, edition_from, staff_hospital
from tests.voices import Recorder, voice

EVERYTHING = Wanted("hospital")
WARDS = Wanted(
    "hospital",
    frozenset({"org-system", "rule-system", "daily-practice", "patient-assessment", "ward-rounds", "rational-drug-use",
               "medical-records", "consultation", "patient-safety"}),
)  # fmt: skip


def compiled(database: Database, programme: Programme, rules: Rules, now: datetime, wanted: Wanted) -> ProgrammePlan:
    with database.reading() as session:
        return compile_programme(programme, wanted, people=directory(session), rules=rules, now=now)


def launched(
    database: Database, plan: ProgrammePlan, rules: Rules, now: datetime, *, parts: int = 1_000, unstaffed: bool = False
) -> Launched:
    """Launch as the doors do, one transaction a batch; `parts`: so many batches only, as if killed then."""
    done, edition = Launched(), plan.programme.id
    for batch in list(batches(plan))[:parts]:
        with database.transaction("test") as session:
            done += launch_batch(
                session, batch, edition=edition, rules=rules, by=None, now=now, allow_unstaffed=unstaffed
            )
    return done


@pytest.fixture
def small(rules: Rules) -> Programme:
    return edition_from(SMALL, rules)


def test_all_28_measures_in_24_departments_are_compiled_within_ten_seconds(
    database: Database, rules: Rules, now: datetime
) -> None:
    staff_hospital(database, 24)
    shipped = rules.catalogue.programmes[EDITION]
    in_each = {"where": Where.DEPARTMENTS, "owner": "dept-head"}
    everywhere = [
        one.model_copy(update={"requirements": (one.requirements[0].model_copy(update=in_each),)})
        for one in shipped.measures
    ]
    begun = perf_counter()
    plan = compiled(database, shipped.model_copy(update={"measures": tuple(everywhere)}), rules, now, EVERYTHING)
    assert len(plan.cycles) == 28 * 24 and plan.vacancies == ()
    assert perf_counter() - begun < 10  # takes a tenth of one; launching them all takes some seconds more


def test_every_task_of_the_shipped_edition_has_owner_date_and_indicator(
    database: Database, rules: Rules, now: datetime
) -> None:
    staff_hospital(database, 3)
    plan = compiled(database, rules.catalogue.programmes[EDITION], rules, now, EVERYTHING)
    assert plan.vacancies == ()
    assert {cycle.measure.id for cycle in plan.cycles} == {one.id for one in plan.programme.measures}
    assert all(task.owners and task.deadline_at > now for cycle in plan.cycles for task in cycle.tasks)
    assert all(cycle.template.indicators for cycle in plan.cycles)
    assert launched(database, plan, rules, now) == Launched(len(plan.cycles), 0)
    with database.reading() as session:
        n_tasks = session.execute(sa.select(sa.func.count()).select_from(Task)).scalar_one()
        nobody = ~col(Task.id).in_(sa.select(col(TaskOwner.task_id)))
        without = sa.select(sa.func.count()).select_from(Task).where(col(Task.deadline_at).is_(None) | nobody)
        assert (n_tasks, session.execute(without).scalar_one()) == (plan.n_tasks, 0)
        deadlines = Counter(session.execute(sa.select(col(Task.deadline_at))).scalars())
        assert deadlines == Counter(task.deadline_at for cycle in plan.cycles for task in cycle.tasks)
        owned = Counter(session.execute(sa.select(col(TaskOwner.person_id))).scalars())
        assert owned == plan.load()
    hold(database, now)


def test_launching_again_changes_nothing_and_a_new_department_gets_only_its_own(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    staff_hospital(database, 3)
    plan = compiled(database, small, rules, now, EVERYTHING)
    assert [(one.measure.id, one.unit.slug) for one in plan.cycles] == [
        ("committee", "hospital"), ("disclosure", "hospital"),
        ("rounds", "d-1"), ("rounds", "d-2"), ("rounds", "d-3"),
    ]  # fmt: skip
    part = replace(plan, cycles=plan.cycles[:4])
    assert launched(database, part, rules, now) == Launched(4, 0)
    before = rows_of(database)
    assert launched(database, part, rules, now + timedelta(days=40)) == Launched(0, 4)
    assert rows_of(database) == before
    assert launched(database, plan, rules, now) == Launched(1, 4)


def test_a_launch_that_dies_in_the_middle_is_finished_by_the_next(
    database: Database, rules: Rules, now: datetime
) -> None:
    staff_hospital(database, 6)
    plan = compiled(database, rules.catalogue.programmes[EDITION], rules, now, WARDS)
    parts = list(batches(plan))
    assert len(parts) == 2
    assert launched(database, plan, rules, now, parts=1).n_opened == len(parts[0])
    with pytest.raises(ZeroDivisionError), database.transaction("test") as session:
        launch_batch(session, parts[1], edition=EDITION, rules=rules, by=None, now=now)
        raise ZeroDivisionError  # killed before the commit
    rest = launched(database, plan, rules, now)
    assert rest == Launched(len(plan.cycles) - len(parts[0]), len(parts[0]))
    with database.reading() as session:
        pairs = Counter((one.measure, one.unit_id) for one in list_launched(session))
        assert set(pairs) == {cycle.key for cycle in plan.cycles} and set(pairs.values()) == {1}
        n_origins = sa.select(sa.func.count()).select_from(Origin).where(col(Origin.kind) == OriginKind.MEASURE)
        assert session.execute(n_origins).scalar_one() == len(plan.cycles)
    hold(database, now)


def test_two_who_launch_at_once_open_everything_once(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    staff_hospital(database, 3)
    plan = compiled(database, small, rules, now, EVERYTHING)
    with ThreadPoolExecutor(2) as two:
        done = list(two.map(lambda _: launched(database, plan, rules, now), range(2)))
    assert done[0].n_opened + done[1].n_opened == len(plan.cycles)
    with database.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Cycle)).scalar_one() == len(plan.cycles)


def test_a_head_of_department_gets_one_digest_and_not_a_mail_for_each_task(
    database: Database, rules: Rules, now: datetime
) -> None:
    staff_hospital(database, 2)
    plan = compiled(database, rules.catalogue.programmes[EDITION], rules, now, EVERYTHING)
    launched(database, plan, rules, now, unstaffed=True)
    recorder = Recorder()
    deliver_due(database, voice=voice(recorder), now=lambda: now, random=lambda: 0.0)
    load = {to: n for to, n in plan.load().items() if n > 3}
    mails = Counter(to.value for _, to in recorder.sent)
    with database.reading() as session:
        addresses = {person: directory(session).persons[person].email for person in load}
    assert load and {mails[address or ""] for address in addresses.values()} == {1}
    assert max(plan.load().values()) > 10 and len(recorder.sent) < 40


def test_every_role_that_nobody_holds_is_named_at_once_and_nothing_is_opened(
    database: Database, rules: Rules, now: datetime
) -> None:
    staff_hospital(database, 3, vacant=frozenset({"medical-affairs", "hr-dept", "dept-quality-officer", "icu"}))
    plan = compiled(database, rules.catalogue.programmes[EDITION], rules, now, EVERYTHING)
    with pytest.raises(RolesUnstaffed) as refused:
        refuse_unstaffed(plan)
    said = refused.value.text("en")
    for role in ("medical-affairs (hospital)", "hr-dept (hospital)", "dept-quality-officer (d-1, d-2, d-3)"):
        assert role in said
    # held in no department: the hospital itself is asked
    assert "icu (hospital)" in said and "health-authority" not in said and "qc-centre" not in said
    assert rows_of(database)["cycle"] == 0
    launched(database, plan, rules, now, unstaffed=True)
    with database.reading() as session:
        marked = len(session.exec(select(Task).where(Task.unstaffed)).all())
    assert marked == sum(task.unstaffed for cycle in plan.cycles for task in cycle.tasks) > 0


def test_a_measure_of_an_authority_is_opened_where_the_authority_is(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    staff_hospital(database, 1)
    at_hospital = compiled(database, small, rules, now, Wanted("hospital", frozenset({"disclosure"})))
    assert [(one.unit.slug, one.tasks[0].role) for one in at_hospital.cycles] == [("hospital", "quality-office")]
    with database.transaction("test") as session:
        bureau = Unit(slug="bureau", kind="region", name_en="Bureau", name_zh="卫健委")
        officer = Person(slug="officer", name="Officer", email="officer@city.test")
        session.add_all([bureau, officer])
        session.flush()
        session.add(RoleHolding(person_id=officer.id, role="health-authority", unit_id=bureau.id))
        session.execute(sa.text("UPDATE people_version SET n = n + 1"))
    there = compiled(database, small, rules, now, Wanted("hospital", frozenset({"disclosure"})))
    assert [(one.unit.slug, one.tasks[0].role) for one in there.cycles] == [("bureau", "health-authority")]


def test_units_and_measures_can_be_left_out_and_misspelt_ones_are_refused(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    staff_hospital(database, 3)
    some = Wanted("hospital", frozenset({"rounds"}), frozenset({"d-2"}))
    assert [one.unit.slug for one in compiled(database, small, rules, now, some).cycles] == ["d-1", "d-3"]
    for wrong in (
        Wanted("hospitl"),
        Wanted("hospital", frozenset({"round"})),
        Wanted("hospital", without=frozenset({"d"})),
    ):
        with pytest.raises(NotFound):
            compiled(database, small, rules, now, wrong)


def test_a_hospital_whose_units_have_no_kind_is_told_so(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    make_hospital(database)
    with pytest.raises(NoDepartments):
        compiled(database, small, rules, now, EVERYTHING)


def test_the_matrix_counts_what_runs_is_open_and_is_overdue(
    database: Database, rules: Rules, now: datetime, small: Programme
) -> None:
    staff_hospital(database, 2)
    launched(database, compiled(database, small, rules, now, EVERYTHING), rules, now)
    with database.transaction("test") as session:
        first = session.exec(select(Task).where(Task.slug == "chair")).one()
        session.execute(
            sa.update(Task).where(col(Task.id) == first.id).values(
                status=TaskStatus.DONE, next_fire_at=None, done_at=now, done_by=1
            )
        )  # fmt: skip
    with database.reading() as session:
        late = {one.measure: one for one in count_measures(session, now + timedelta(days=35))}
        units: Sequence[MeasureCycle] = session.exec(select(MeasureCycle)).all()
    assert len(units) == 4
    assert (late["committee"].n_running, late["committee"].n_open, late["committee"].n_overdue) == (1, 2, 1)
    assert (late["rounds"].n_running, late["rounds"].n_open, late["rounds"].n_overdue) == (1, 2, 0)
