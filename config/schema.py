"""The JSON Schema of a template, with which editors complete and check a hospital's YAML while it is written."""

import json

from config.shapes import Template


def template_schema() -> str:
    """Give what stands in config/template.schema.json; a test compares the two."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Template.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
