"""Files that are printed from the code and lie in the repository for readers."""

from pathlib import Path

from config.schema import template_schema
from models.transitions import states_page

TOP = Path(__file__).parents[2]


def test_the_page_of_states_is_the_one_that_the_arrows_print() -> None:
    assert (TOP / "docs/states.md").read_text("utf-8") == states_page()


def test_the_schema_for_editors_is_the_one_of_the_shapes() -> None:
    assert (TOP / "config/template.schema.json").read_text("utf-8") == template_schema()
