"""The benchmarks in their smallest size: both sides leave the right rows; how long they take is no test."""

from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest

from bench.run import SIZES, postgres_field, report, run, sqlite_field
from bench.workloads import Field, Line
from tests.postgres import Server

ONCE = replace(SIZES["small"], repetitions=1)


@pytest.fixture
def field(system: str, request: pytest.FixtureRequest, tmp_path: Path) -> Field:
    if system == "sqlite":
        return sqlite_field(tmp_path, ONCE)
    server: Server = request.getfixturevalue("postgres")
    return postgres_field(server.url.render_as_string(hide_password=False), ONCE)


def test_every_workload_leaves_the_right_rows_on_both_sides(field: Field) -> None:
    # A side that leaves other rows than the contract says ends the run by itself.
    heard: list[Line] = []
    lines, _ = run([field], ("w1", "w2", "w3", "w4", "w5"), say=heard.append)
    names = [line.workload.split()[0] for line in lines]
    assert names == ["W1", "W2", "W2", "W2", "W3", "W4", "W4", "W4", "W5"]
    assert heard == lines
    assert all(isfinite(line.ratio) and line.ratio > 0 for line in lines)


def test_four_sweepers_and_a_killed_one_tell_everybody_exactly_once(field: Field) -> None:
    _, raced = run([field], ("race", "crash"), say=lambda line: None)
    assert [(one.name, one.n_told, one.n_twice) for one in raced] == [
        ("race", ONCE.raced, 0),
        ("crash", ONCE.raced, 0),
    ]
    assert len(report([], raced)) == 2
