"""Faults put into a copy of the product by name; the simulation must find every one."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2]
KEYED = '        "key": f"{note.key}:{note.person_id}",\n        "kind"'
PACKAGES = ("careflow", "config", "engine", "models", "notifications", "spc", "tests")


@dataclass(frozen=True)
class Change:
    """A piece of a file and what stands there instead; the piece must be there exactly so often."""

    file: str
    old: str
    new: str
    times: int = 1


MUTANTS: dict[str, tuple[Change, ...]] = {
    "no fence": (
        Change("notifications/claim.py", " or row.epoch != epoch:", ":"),
        Change(
            "notifications/claim.py",
            'col(Delivery.epoch) == sa.bindparam("epoch_")',
            'col(Delivery.epoch) >= sa.bindparam("epoch_") - 1000',
        ),
        Change("notifications/settle.py", '{"epoch": letter.epoch}', "{}", times=3),
    ),
    "no fallback": (
        Change(
            "notifications/settle.py",
            "    if following:\n        queue_next(session, following, at=now)\n    return new",
            "    return new",
        ),
    ),
    "no reap": (Change("notifications/deliver.py", "    round_.reap()\n", ""),),
    "no unique key": (
        Change(
            "engine/outbox.py",
            KEYED,
            KEYED.replace('{note.person_id}"', "{note.person_id}:{__import__('uuid').uuid4().hex}\""),
        ),
        Change("engine/outbox.py", "WHERE key = :key", "WHERE key LIKE :key || '%'"),
    ),
    "attempts not counted": (Change("notifications/claim.py", "no = row.n_attempts + 1", "no = 1"),),
    "no still-wanted check": (Change("notifications/claim.py", "    why = unwanted(row)\n", '    why = ""\n'),),
    "no look at the clock before the send": (
        Change("notifications/deliver.py", "if not timedelta(0) <= to.at - begun.at < LEASE:", "if False:"),
    ),
    "no alarm": (
        Change("engine/alarms.py", "            _alarm(deed, delivery, notification)\n", "            pass\n"),
    ),
}


# Seeds with which most faults are found within some hundred steps; any other finds them later.
SEEDS = {
    "no fence": 4,
    "no fallback": 1,
    "no reap": 4,
    "no unique key": 1,
    "no still-wanted check": 2,
    "no look at the clock before the send": 4,
    "no alarm": 4,
}


def make_mutant(name: str, folder: Path) -> Path:
    """Copy the product with the fault in it; what Python has compiled of the rest stays good."""
    for package in PACKAGES:
        shutil.copytree(HERE / package, folder / package, ignore=shutil.ignore_patterns("*-pytest-*", "e2e"))
    for change in MUTANTS[name]:
        file = folder / change.file
        text = file.read_text("utf-8")
        assert text.count(change.old) == change.times, f"{name}: {change.file} has changed; write the fault anew"
        file.write_text(text.replace(change.old, change.new), "utf-8")
    return folder


def run_mutant(folder: Path, n_steps: int, seed: int = 0) -> "subprocess.CompletedProcess[str]":
    """Simulate the copy; exit code 1 means that the fault was found."""
    command = [
        sys.executable,
        "-m",
        "tests.simulation.run",
        "--steps",
        str(n_steps),
        "--seed",
        str(seed),
        "--no-shrink",
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
