"""From an event table to a kept analysis and a cycle at its bottleneck, through the page, the command and the verbs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from sqlmodel import col, select

from engine.care import AnotherWait, follow_bottleneck, keep_analysis, look_at_care
from engine.care_tables import read_events
from engine.identifiers import IdentifierFound
from engine.people import directory
from engine.rules import Rules
from models.assessment import OriginKind
from models.care import CareAnalysis
from models.care_records import CareRecord, care_record_from, written
from models.db import Database
from models.errors import NotAllowed, Stale
from models.indicator import Observation
from models.reads.assessments import find_aim
from models.reads.origins import cycles_from
from tests.care import BAD, events, table
from tests.commands import Command
from tests.places import make_hospital
from tests.visitors import Pages, pages_of

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)


@pytest.fixture
def pages(database: Database, rules: Rules, tmp_path: Path) -> Iterator[Pages]:
    make_hospital(database)
    with pages_of(database, rules, tmp_path, NOW) as opened:
        yield opened


def found_in(rules: Rules, content: bytes) -> CareRecord:
    read = read_events("events.csv", content, zone=rules.calendar.zone, now=NOW)
    return look_at_care("events.csv", content, read, rules.calendar)


def keep(database: Database, rules: Rules, content: bytes, *, who: str = "bo", title: str = "Emergency to bed") -> int:
    found = found_in(rules, content)
    with database.transaction("test") as session:
        by = directory(session).person(who).id
        return keep_analysis(session, found, title=title, unit="ward-3", rules=rules, by=by, now=NOW).id


def follow(database: Database, rules: Rules, number: int, rank: int = 1, who: str = "bo") -> str:
    with database.transaction("test") as session:
        by = directory(session).person(who).id
        return follow_bottleneck(session, number, rank, rules=rules, by=by, now=NOW).code


def test_a_head_uploads_a_table_sees_the_bottleneck_and_starts_a_cycle_with_its_baseline(pages: Pages) -> None:
    bo = pages.logged_in("bo")
    page = bo.get("/care?lang=en")
    given = {"form": page.form, "title": "Emergency to bed", "unit": "ward-3"}
    kept = bo.post_file("/care?lang=en", given, name="events.csv", content=table(events(400)))
    assert kept.status == 303
    shown = bo.get(f"{kept.to}&lang=zh" if "?" in kept.to else f"{kept.to}?lang=zh")
    assert "<strong>1.</strong> “CT ordered”到“CT done”之间" in shown.body and "<svg" in shown.body
    assert "P000" not in shown.body and len(shown.body.encode()) < 100_000
    begun = bo.post(kept.to, {"form": shown.form, "rank": "1"})
    assert begun.status == 303 and "/cycles/C2026-" in begun.to
    cycle = bo.get(begun.to + ("&" if "?" in begun.to else "?") + "lang=en").body
    assert "Bottleneck in the care process" in cycle and "/care/" in cycle
    with pages.database.reading() as session:
        opened = cycles_from(session, OriginKind.BOTTLENECK, 1)[0]
        aim = find_aim(session, opened.id)
        weeks = session.exec(select(Observation).order_by(col(Observation.period_on))).all()
    assert aim and aim.indicator == "care-waiting" and aim.baseline_last_on == weeks[-1].period_on
    assert len(weeks) >= 24 and all(90 < (week.value or 0) < 150 for week in weeks)


def test_a_wrong_table_is_refused_on_the_page_and_nothing_is_kept(pages: Pages) -> None:
    bo = pages.logged_in("bo")
    form = bo.get("/care").form
    given = {"form": form, "title": "Flow", "unit": "ward-3"}
    answer = bo.post_file("/care?lang=zh", given, name="events.csv", content=b"case,step\na,in\n")
    assert answer.status == 422 and "请将三列命名为" in answer.body
    assert bo.post("/care?lang=en", {"form": form, "title": "x", "unit": "ward-3"}).status == 422
    with pages.database.reading() as session:
        assert not session.exec(select(CareAnalysis)).all()


def test_the_page_names_the_rows_that_could_not_be_read_but_not_what_stood_in_them(pages: Pages, rules: Rules) -> None:
    content = table(events(60)) + BAD.encode()
    number, first = keep(pages.database, rules, content), table(events(60)).count(b"\n") + 2
    bo = pages.logged_in("bo")
    en, zh = (bo.get(f"/care/{number}?lang={language}").body for language in ("en", "zh"))
    assert f"<li>Row {first} has no step.</li>" in en and "<li>and 2 more</li>" in en
    assert f"<li>Row {first + 1}: the time cannot be read; write 2026-03-31 08:05.</li>" in en
    assert f"<li>第 {first} 行缺少环节。</li>" in zh and "<li>另有 2 行</li>" in zh
    assert not any(word in page for page in (en, zh) for word in ("王秀英", "13800138000"))


def test_an_analysis_stored_before_its_rows_were_named_is_still_read(rules: Rules) -> None:
    found = found_in(rules, table(events(60)) + BAD.encode())
    stored = json.loads(written(found))
    assert care_record_from(json.dumps(stored)) == found and len(stored.pop("left_out")) == 8
    assert care_record_from(json.dumps(stored)) == replace(found, left_out=())


def test_only_the_unit_and_the_office_see_an_analysis_and_only_those_concerned_start_from_it(
    pages: Pages, rules: Rules
) -> None:
    number = keep(pages.database, rules, table(events(60)))
    assert pages.logged_in("eva").get(f"/care/{number}").status == 200
    ana = pages.logged_in("ana")
    assert ana.get(f"/care/{number}").status == 404
    with pytest.raises(NotAllowed):
        follow(pages.database, rules, number, who="dee")
    with pytest.raises(NotAllowed):
        keep(pages.database, rules, table(events(60)), who="dee")


def test_a_second_press_finds_the_first_cycle_and_changes_nothing(pages: Pages, rules: Rules) -> None:
    number = keep(pages.database, rules, table(events(300)))
    first = follow(pages.database, rules, number)
    with pages.database.reading() as session:
        values = session.exec(select(Observation.value).order_by(col(Observation.period_on))).all()
    assert follow(pages.database, rules, number) == first
    with pages.database.reading() as session:
        assert session.exec(select(Observation.value).order_by(col(Observation.period_on))).all() == values


def test_two_presses_at_once_start_one_cycle(pages: Pages, rules: Rules) -> None:
    number, codes = keep(pages.database, rules, table(events(300))), list[str]()

    def press() -> None:
        try:
            codes.append(follow(pages.database, rules, number))
        except Stale:
            codes.append(follow(pages.database, rules, number))

    presses = [Thread(target=press) for _ in range(2)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert len(codes) == 2 and len(set(codes)) == 1


def test_a_unit_counts_one_hand_over_at_a_time(pages: Pages, rules: Rules) -> None:
    number = keep(pages.database, rules, table(events(300)))
    follow(pages.database, rules, number)
    with pytest.raises(AnotherWait, match="CT ordered"):
        follow(pages.database, rules, number, rank=2)


def test_a_title_or_step_that_names_a_patient_is_refused(pages: Pages, rules: Rules) -> None:
    with pytest.raises(IdentifierFound):
        keep(pages.database, rules, table(events(30)), title="Patient 110105194912310021")
    named = table(events(30)).replace(b"Triage", "电话 13800138000".encode())
    with pytest.raises(IdentifierFound):
        keep(pages.database, rules, named)


def test_no_case_number_is_stored_anywhere(pages: Pages, rules: Rules) -> None:
    number = keep(pages.database, rules, table(events(30)))
    with pages.database.reading() as session:
        assert "P00000" not in session.get_one(CareAnalysis, number).record


def test_the_commands_name_the_rows_that_could_not_be_read(command: Command, tmp_path: Path) -> None:
    file, first = tmp_path / "events.csv", table(events(60)).count(b"\n") + 2
    file.write_bytes(table(events(60)) + BAD.encode())
    looked = command("care", "look", str(file), "--now", "2026-03-16T09:30").out
    assert "Left out: 10 rows that cannot be, 0 repeats" in looked and "  and 2 more" in looked
    assert f"  Row {first} has no step." in looked and "王秀英" not in looked
    kept = command.json("care", "keep", str(file), "--title", "Emergency", "--unit", "ward-3", "--by", "bo")
    assert kept["left_out"] == 10 and len(kept["rows_left_out"]) == 8
    shown = command("care", "show", str(kept["id"]), "--language", "zh").out
    assert "未计入：10 行无法使用，0 行重复" in shown and f"  第 {first} 行缺少环节。" in shown


def test_the_commands_look_keep_list_show_and_follow(command: Command, tmp_path: Path) -> None:
    file, picture = tmp_path / "events.csv", tmp_path / "map.svg"
    file.write_bytes(table(events(300)))
    looked = command.json("care", "look", str(file), "--svg", str(picture), "--now", "2026-03-16T09:30")
    assert looked["hand_overs"][0]["after"] == "CT done" and picture.read_text().startswith("<svg")
    signed = ("--by", "bo", "--now", "2026-03-16T09:30")
    kept = command.json("care", "keep", str(file), "--title", "Emergency", "--unit", "ward-3", *signed)
    assert [one["title"] for one in command.json("care", "list")["analyses"]] == ["Emergency"]
    shown = command("care", "show", str(kept["id"]), "--language", "zh")
    assert "占全部等待时间" in shown.out
    opened = command("care", "follow", str(kept["id"]), *signed)
    assert "C2026-0001" in opened.out
    assert "none.csv" in command("care", "look", str(tmp_path / "none.csv"), code=2).err
