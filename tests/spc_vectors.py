"""Published results for the statistics: where they lie, how a case is read, and what counts as equal."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Case: TypeAlias = "dict[str, Json]"

FOLDER = Path(os.environ.get("WARDCYCLE_SPC_VECTORS") or Path(__file__).parent / "data" / "spc")
# Beside these, every number and label of a point that lies on a line to the last bit depends on the order of summing.
NUMBERS = {"y", "cl", "lcl", "ucl", "lcl95", "ucl95", "mean", "lpl", "upl", "statistics", "center", "std_dev"}


def cases(name: str) -> Iterator[tuple[str, Case]]:
    """Read the cases of one file with their ids; none if the folder has no such file."""
    file = FOLDER / f"{name}.json"
    if file.exists():
        yield from ((case["id"], case) for case in json.loads(file.read_text("utf-8"))["cases"])


def mapping(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def listed(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def number(value: Json) -> float:
    assert isinstance(value, int | float)
    return float(value)


def text(value: Json) -> str:
    assert isinstance(value, str)
    return value


def numbers(value: Json) -> list[float | None]:
    """Read a list of numbers in which null is missing."""
    return [None if each is None else number(each) for each in listed(value)]


def whole(value: Json) -> tuple[int, ...]:
    """Read one point, a list of points, or none."""
    return tuple(int(number(each)) for each in (value if isinstance(value, list) else [] if value is None else [value]))


def differences(
    expected: Mapping[str, Json], found: Mapping[str, object], *, tolerance: float = 1e-9, only_numbers: bool = False
) -> list[str]:
    """Name everything that is not equal. Every expected name has to be found."""
    names = [name for name in expected if name in NUMBERS or not only_numbers]
    return [line for name in names for line in _differ(name, expected[name], found[name], tolerance)]


def _differ(name: str, expected: Json, found: object, tolerance: float) -> list[str]:
    if isinstance(found, np.ndarray):
        found = found.tolist()
    if isinstance(expected, dict):
        assert isinstance(found, Mapping)
        return [x for key, each in expected.items() for x in _differ(f"{name}.{key}", each, found[key], tolerance)]
    if isinstance(expected, list):
        assert isinstance(found, Sequence)
        if len(expected) != len(found):
            return [f"{name}: {len(expected)} expected, {len(found)} found"]
        pairs = enumerate(zip(expected, found, strict=True), 1)
        return [line for i, (a, b) in pairs for line in _differ(f"{name}[{i}]", a, b, tolerance)]
    return [] if _equal(expected, found, tolerance) else [f"{name}: {expected} expected, {found} found"]


def _equal(expected: Json, found: object, tolerance: float) -> bool:
    if isinstance(found, float) and not math.isfinite(found):
        found = None
    if isinstance(expected, bool | str) or expected is None or found is None:
        return found == expected
    assert isinstance(found, int | float) and isinstance(expected, int | float)
    return abs(found - expected) <= tolerance * max(1, abs(expected))
