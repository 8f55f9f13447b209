"""The small hospital that the scenarios and most tests play in."""

from sqlmodel import Session

from engine.people import people_changed
from models.db import Database
from models.people import Person, RoleHolding, Unit

UNITS = {  # unit -> the unit above, its name
    "hospital": (None, "Hospital", "医院"),
    "surgery": ("hospital", "Surgery", "外科"),
    "ward-3": ("surgery", "Ward 3", "三病区"),
    "quality-dept": ("hospital", "Quality department", "质控科"),
}
PEOPLE = {
    "ana": ("Ana Ferro", "en"),
    "bo": ("Bo Li", "zh"),
    "chen": ("Chen Wei", "zh"),
    "dee": ("Dee Park", "en"),
    "eva": ("Eva Sun", "zh"),
    "feng": ("Feng Qi", "zh"),
    "gao": ("Gao Min", "zh"),
}
ROLES = (
    ("dee", "dept-quality-officer", "ward-3"),
    ("bo", "dept-head", "surgery"),
    ("eva", "quality-office", "hospital"),
    ("feng", "hospital-head", "hospital"),
    ("gao", "data-owner", "surgery"),
    ("chen", "data-owner", "surgery"),
)


def make_hospital(database: Database) -> None:
    """Write the units, people and roles; look them up by slug through `engine.people.directory`."""
    with database.transaction("test") as session:
        units = _units(session)
        people = {
            slug: Person(slug=slug, name=name, email=f"{slug}@hospital.test", language=language)
            for slug, (name, language) in PEOPLE.items()
        }
        session.add_all(people.values())
        session.flush()
        for person, role, unit in ROLES:
            session.add(RoleHolding(person_id=people[person].id, role=role, unit_id=units[unit].id))
            session.flush()  # one by one: the first role held is the person's home
        people_changed(session)


def _units(session: Session) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for slug, (above, en, zh) in UNITS.items():
        parent_id = units[above].id if above else None
        units[slug] = Unit(slug=slug, name_en=en, name_zh=zh, parent_id=parent_id)
        session.add(units[slug])
        session.flush()
    return units
