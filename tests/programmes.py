"""A hospital of departments that is fully staffed for the programme, and small editions to try things on."""

from dataclasses import replace

from config.catalogue import check_edition
from config.programme import Programme
from engine.people import people_changed
from engine.rules import Rules
from models.db import Database
from models.people import Person, RoleHolding, Unit

EDITION = "action-plan-2023-2025"
# Everybody whom the shipped edition asks for something at the hospital itself.
OFFICES = ("hospital-head", "quality-office", "medical-affairs", "nursing-dept", "hr-dept", "infection-control")
# Roles that are held in a department each, as far as there are departments; else at the hospital.
IN_DEPARTMENTS = (
    "pharmacy",
    "equipment-dept",
    "emergency-dept",
    "outpatient-dept",
    "day-care-centre",
    "surgery-depts",
    "anaesthesia",
    "lab-imaging",
    "medical-records-dept",
    "icu",
)

# An edition of three measures: one of the hospital, one of each department, one of an authority.
SMALL = """\
id: small
title: {en: Small plan, zh: 小计划}
document: No. 1
issuers:
  - {en: City, zh: 市}
period: {start: 2026-01, end: 2027-12}
status: {en: In force, zh: 执行中}
note: {en: For tests, zh: 测试用}
legend:
  confirmed: {en: Stated, zh: 有来源}
  corroborated: {en: In part, zh: 部分}
  unconfirmed: {en: To be checked, zh: 待核}
  product-default: {en: Ours, zh: 默认}
sources:
  S1:
    title: {en: Notice, zh: 通知}
    supports: {en: All, zh: 全部}
dimensions:
  - id: structure
    title: {en: Structure, zh: 结构}
    short: {en: Structure, zh: 结构}
    evidence: {status: confirmed, sources: [S1]}
measures:
  - id: committee
    number: 1
    dimension: structure
    title: {en: A committee, zh: 委员会}
    frequency: {en: Monthly, zh: 每月}
    review: monthly
    owners: [hospital-head]
    requirements:
      - id: chair
        text: {en: The head chairs it, zh: 院长主持}
        owner: hospital-head
      - id: minutes
        text: {en: Minutes are kept, zh: 有记录}
        owner: medical-affairs
    evidence: {status: confirmed, sources: [S1]}
  - id: rounds
    number: 2
    dimension: structure
    title: {en: Ward rounds, zh: 查房}
    frequency: {en: Daily, zh: 每日}
    review: quarterly
    owners: [dept-head]
    requirements:
      - id: as-ruled
        text: {en: Go round as the rules say, zh: 按规定查房}
        owner: dept-head
        where: departments
    indicators: [senior-round-records, unplanned-reoperation]
    evidence: {status: unconfirmed, note: {en: Only heard of, zh: 仅听说}}
  - id: disclosure
    number: 3
    dimension: structure
    title: {en: Disclosure, zh: 公开}
    frequency: {en: Not stated, zh: 未规定}
    review: yearly
    owners: [health-authority]
    requirements:
      - id: publish
        text: {en: Publish results, zh: 公布结果}
        owner: health-authority
        instead: quality-office
        where: owners
    evidence: {status: confirmed, sources: [S1]}
special_actions:
  - id: surgery
    number: 1
    title: {en: Surgery, zh: 手术}
    aim: {en: Safer, zh: 更安全}
    indicators: [unplanned-reoperation]
    targets:
      - indicator: unplanned-reoperation
        op: "<="
        value: 1.8
        unit: {en: "‰", zh: "‰"}
        by: 2027-12-31
        evidence: {status: corroborated}
    evidence: {status: confirmed}
goals:
  - year: 2026
    issued: {en: March, zh: 三月}
    document: {en: No. 2, zh: 2 号}
    in_period: true
    evidence: {status: confirmed}
    goals:
      - {number: 1, code: N-I, title: {en: One, zh: 一}, indicator: vte-prevention}
      - {number: 2, code: N-II, title: {en: Two, zh: 二}, indicator: vte-assessment}
levels:
  - id: hospital
    title: {en: Hospital, zh: 医院}
    does: {en: Carries out, zh: 实施}
    reports_to: city
    evidence: {status: confirmed}
  - id: city
    title: {en: City, zh: 市}
    does: {en: Supervises, zh: 监督}
    evidence: {status: confirmed}
"""


def edition_from(text: str, rules: Rules) -> Programme:
    """Read an edition that is in order."""
    found, problems = check_edition(text, "e.yaml", roles=rules.catalogue.roles, indicators=rules.catalogue.indicators)
    assert problems == () and found is not None
    return found


def with_editions(rules: Rules, *editions: Programme) -> Rules:
    """Give rules of a hospital that has these editions only."""
    return replace(rules, catalogue=replace(rules.catalogue, programmes={one.id: one for one in editions}))


def staff_hospital(database: Database, n_departments: int, *, vacant: frozenset[str] = frozenset()) -> None:
    """Write a hospital of departments d-1.., each with a head and a quality officer; nobody holds `vacant` roles."""
    with database.transaction("test") as session:
        root = Unit(slug="hospital", kind="hospital", name_en="Hospital", name_zh="医院")
        session.add(root)
        session.flush()
        held = [(role, role, root.id) for role in (*OFFICES, *IN_DEPARTMENTS[n_departments:])]
        for n in range(1, n_departments + 1):
            unit = Unit(
                slug=f"d-{n}", kind="department", name_en=f"Department {n}", name_zh=f"科室{n}", parent_id=root.id
            )
            session.add(unit)
            session.flush()
            held += [(f"head-{n}", "dept-head", unit.id), (f"officer-{n}", "dept-quality-officer", unit.id)]
            held += [(f"head-{n}", role, unit.id) for role in IN_DEPARTMENTS[n - 1 : n]]
        persons: dict[str, Person] = {}
        for slug, role, unit_id in held:
            if slug not in persons:
                persons[slug] = Person(slug=slug, name=slug.title(), email=f"{slug}@hospital.test", language="en")
                session.add(persons[slug])
                session.flush()
            if role not in vacant:
                session.add(RoleHolding(person_id=persons[slug].id, role=role, unit_id=unit_id))
        people_changed(session)
