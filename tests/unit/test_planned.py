"""When a template's stages and tasks would end if everybody were just in time."""

from datetime import datetime

import pytest

from config.calendar import Calendar
from config.shapes import Template
from engine.planned import plan_stages
from engine.rules import Rules


def template(*stages: tuple[str, list[dict[str, object]]]) -> Template:
    words = {"en": "x", "zh": "某"}
    return Template.model_validate(
        {"id": "t", "version": 1, "kind": "process", "title": words,
         "stages": [{"id": name, "title": words, "tasks": [{"title": words, "owner": "lead", **one} for one in tasks]}
                    for name, tasks in stages]}
    )  # fmt: skip


def local(written: str, calendar: Calendar) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=calendar.zone)


@pytest.fixture
def calendar(rules: Rules) -> Calendar:
    return rules.calendar


def test_stages_follow_each_other_and_tasks_those_they_wait_for(calendar: Calendar) -> None:
    begins = local("2026-03-02 09:00", calendar)  # a Monday
    last: dict[str, object] = {"id": "c", "due": "1wd", "after": ["a", "b"]}
    found = plan_stages(
        template(
            ("one", [last, {"id": "a", "due": "2wd"}, {"id": "b", "due": "3wd"}]),
            ("two", [{"id": "d", "due": "24h"}]),
        ),
        begins,
        calendar,
    )
    assert found[0].ends == {
        "a": local("2026-03-04 17:30", calendar),
        "b": local("2026-03-05 17:30", calendar),
        "c": local("2026-03-06 17:30", calendar),
    }
    assert found[0].begins_at == begins and found[0].ends_at == found[1].begins_at == found[0].ends["c"]
    assert found[1].ends_at == local("2026-03-07 17:30", calendar)


def test_every_shipped_template_can_be_planned(rules: Rules) -> None:
    begins = local("2026-01-05 09:00", rules.calendar)
    for one in rules.catalogue.templates.values():
        planned = plan_stages(one, begins, rules.calendar)
        assert [stage.id for stage in planned] == [stage.id for stage in one.stages]
        assert all(stage.begins_at <= stage.ends_at for stage in planned)
        assert {task for stage in planned for task in stage.ends} == {task.id for task in one.tasks}
