"""The units as a page offers them for a choice."""

from sqlmodel import Session

from config.words import Text
from engine.people import directory


def list_units(session: Session) -> list[tuple[str, Text]]:
    """List the units for a choice, each below the one that it belongs to."""
    units = directory(session).units
    below: dict[int | None, list[int]] = {}
    for key, unit in sorted(units.items(), key=lambda pair: pair[1].name_en):
        below.setdefault(unit.parent_id, []).append(key)
    found: list[tuple[str, Text]] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        unit = units[key := waiting.pop()]
        found.append((unit.slug, Text(unit.name_en, unit.name_zh)))
        waiting += reversed(below.get(key, []))
    return found
