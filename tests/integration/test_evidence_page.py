"""Evidence is opened by whoever may see the task, as a file to be saved; for others it is not there."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from engine.evidence import GivenFile
from engine.people import people_changed
from engine.rules import Rules
from models.db import Database
from models.people import Person, RoleHolding
from models.task import Evidence
from tests.places import make_hospital
from tests.visitors import pages_of
from tests.walks import launched, stage, task, template
from web.downloads import download

OWN = template(stage("work", task("report", evidence="optional")))
PHOTO = GivenFile(name="病区照片 3.png", content=b"\x89PNG proof")
NOTES = GivenFile(name="notes.txt", content=b"<script>alert(1)</script>")


def test_evidence_is_handed_out_to_whoever_sees_the_task_and_to_nobody_else(
    database: Database, rules: Rules, tmp_path: Path, now: datetime
) -> None:
    make_hospital(database)
    walk = launched(database, rules, now, OWN)
    walk.answer("report", "done", "dee", now, evidence=(PHOTO, NOTES))
    with database.transaction("test") as session:
        hua = Person(slug="hua", name="Hua", email="hua@hospital.test")
        session.add(hua)
        session.flush()
        session.add(RoleHolding(person_id=hua.id, role="dept-head", unit_id=4))
        people_changed(session)
        photo, notes = (
            session.exec(select(Evidence.id).where(Evidence.name == one.name)).one() for one in (PHOTO, NOTES)
        )
    with pages_of(database, walk.rules, tmp_path, now) as pages:
        owner = pages.logged_in("dee")
        page = owner.get(f"/cycles/{walk.cycle().code}?lang=en").body
        assert f'href="/evidence/{photo}?lang=en"' in page and f'href="/evidence/{notes}?lang=en"' in page
        got = owner.get(f"/evidence/{notes}")
        assert (got.status, got.body) == (200, NOTES.content.decode())
        assert got.headers["Content-Type"] == "application/octet-stream"
        picture = owner.get(f"/evidence/{photo}", "HEAD")
        assert picture.headers["Content-Type"] == "image/png"
        for said in (got, picture):
            assert said.headers["Content-Disposition"].startswith("attachment; ")
            assert said.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in said.headers["Content-Security-Policy"]
        assert pages.logged_in("hua").get(f"/evidence/{photo}").status == 404
        assert pages.visitor().get(f"/evidence/{photo}").status == 303
        for wrong in ("99", "x", "1" * 30, "-1"):
            assert owner.get(f"/evidence/{wrong}").status == 404
    with database.reading() as session:
        found = session.get_one(Evidence, notes)
        assert hashlib.sha256(found.content).hexdigest() == found.sha256


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("病区照片 3.png", "3.png"),
        ('a"; filename="b.exe\r\nX: y', "a-filename-b.exe-X-y"),
        ("../../etc/passwd", "etc-passwd"),
        ("病区", "file"),
    ],
)
def test_a_files_name_cannot_end_its_header(name: str, plain: str) -> None:
    said = download(b"", name, "text/plain").headers["Content-Disposition"]
    assert said.startswith(f"attachment; filename=\"{plain}\"; filename*=UTF-8''")
    assert "\r" not in said and "\n" not in said and said.count('"') == 2 and said.isascii()
