"""The files that come with the product."""

import re
from pathlib import Path

import pytest

from config.catalogue import SHIPPED, Catalogue, read_catalogue
from config.schema import template_schema
from config.shapes import Template
from config.words import Text

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue()


def test_everything_that_is_shipped_can_be_read(shipped: Catalogue) -> None:
    assert [problem.text("en") for problem in shipped.problems] == []
    assert {"pdca", "focus-pdca", "qc-circle", "root-cause-analysis"} <= set(shipped.templates)
    assert {"standard", "urgent"} <= set(shipped.policies)
    assert {"lead", "dept-head", "quality-office", "hospital-head", "data-owner"} <= set(shipped.roles)
    assert "cn" in shipped.calendars and "email" in shipped.channels


def texts(catalogue: Catalogue) -> list[Text]:
    found = [*catalogue.roles.values(), *(channel.title for channel in catalogue.channels.values())]
    for template in catalogue.templates.values():
        found += [template.title, *(stage.heading for stage in template.stages)]
        found += [text for task in template.tasks for text in (task.title, task.guidance) if text]
    return found


def test_every_text_is_written_in_both_languages(shipped: Catalogue) -> None:
    names = {"FOCUS-PDCA"}  # the same word in both
    assert [text for text in texts(shipped) if CHINESE.search(text.en)] == []
    assert [text for text in texts(shipped) if not CHINESE.search(text.zh) and text.zh not in names] == []


@pytest.mark.parametrize("name", ["pdca", "focus-pdca", "qc-circle", "root-cause-analysis"])
def test_a_method_can_be_launched_by_any_hospital(shipped: Catalogue, name: str) -> None:
    ordinary = {"lead", "dept-head", "dept-quality-officer", "quality-office", "data-owner", "hospital-head"}
    template = shipped.templates[name]
    assert {task.owner for task in template.tasks} <= ordinary
    assert [stage.gate for stage in template.stages] == ["plan", "do", "check", "act"]
    assert all(task.guidance for task in template.tasks)


def test_a_stored_template_reads_back_as_it_was(shipped: Catalogue) -> None:
    for template in shipped.templates.values():
        assert Template.model_validate_json(template.model_dump_json()) == template


def test_the_schema_for_editors_is_current() -> None:
    assert (SHIPPED / "template.schema.json").read_text(encoding="utf-8") == template_schema()


def test_every_shipped_template_names_the_schema() -> None:
    files = [*SHIPPED.glob("activities/*.yaml"), *SHIPPED.glob("special_actions/*.yaml")]
    assert files
    for file in files:
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../template.schema.json", file
        assert (file.parent / Path("../template.schema.json")).exists()


def test_the_stages_of_pdca_have_their_usual_names(shipped: Catalogue) -> None:
    headings = [stage.heading.zh for stage in shipped.templates["pdca"].stages]
    assert headings == ["计划", "实施", "检查", "处理"]
