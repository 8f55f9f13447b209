"""The hospital that other tests stand on."""

from datetime import datetime

from engine.people import directory
from models.db import Database
from tests.places import make_hospital


def test_the_hospital_of_the_scenarios_finds_its_role_holders_up_the_tree(database: Database, now: datetime) -> None:
    make_hospital(database)
    with database.reading() as session:
        people = directory(session)
    ward, on = people.unit("ward-3").id, now.date()
    assert ward is not None
    found = {
        role: [people.persons[p].slug for p in people.holders(role, ward, on)]
        for role in ("dept-quality-officer", "dept-head", "quality-office", "hospital-head", "data-owner", "lead")
    }
    assert found == {
        "dept-quality-officer": ["dee"],
        "dept-head": ["bo"],
        "quality-office": ["eva"],
        "hospital-head": ["feng"],
        "data-owner": ["chen", "gao"],
        "lead": [],
    }
