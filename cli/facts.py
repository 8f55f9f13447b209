"""Turning what the program knows into what JSON knows, in one stable form."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from config.words import Text
from engine.forecast import Told


def plain(value: object, zone: ZoneInfo) -> object:
    """Turn views, enums, dates and texts into JSON's types; moments are ISO 8601 in the hospital's zone with offset."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"), zone)
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name), zone) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part, zone) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part, zone) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def told_facts(told: Told, zone: ZoneInfo) -> dict[str, object]:
    """Write one line of a forecast as scenarios do: `at` in the hospital's zone, to the minute."""
    found: dict[str, object] = {
        "at": f"{told.at.astimezone(zone):%Y-%m-%dT%H:%M}",
        "kind": told.kind,
        "cycle": told.cycle,
        "task": told.task,
        "to": list(told.to),
    }
    if told.rung:
        found["rung"] = told.rung
    if told.level:
        found["level"] = told.level
    return found
