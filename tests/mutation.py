"""Draw some of the faults that mutmut has written: `python -m tests.mutation 400 --seed 7`; all would take days."""

import argparse
import json
import sys
from pathlib import Path
from random import Random

# What decides whom to tell and when, what answers and decisions do, and what carries a message to its end.
TELLING = frozenset({
    "engine.alarms", "engine.asking", "engine.case", "engine.codes", "engine.concerns", "engine.cycles",
    "engine.deadlines", "engine.decisions", "engine.deed", "engine.effects", "engine.endings", "engine.gates",
    "engine.launch", "engine.leaving", "engine.outages", "engine.outbox", "engine.passing", "engine.preferences",
    "engine.reminders", "engine.retelling", "engine.stages", "engine.steps", "engine.sweep", "engine.taken_back",
    "engine.tasks", "engine.timing", "engine.undo", "engine.waiting", "notifications.automatic",
    "notifications.breaker", "notifications.bundle", "notifications.claim", "notifications.deliver",
    "notifications.gate", "notifications.links", "notifications.reap", "notifications.settle",
    "notifications.suspended", "notifications.valve", "web.answer_page", "web.decision_page",
})  # fmt: skip


def main() -> int:
    """Print the names of faults drawn without regard to file or kind, a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true", help="from everything that was changed, not from TELLING alone")
    parser.add_argument("--folder", type=Path, default=Path("mutants"))
    given = parser.parse_args()
    files = sorted(given.folder.rglob("*.py.meta"))
    names = [name for file in files for name in json.loads(file.read_text("utf-8"))["exit_code_by_key"]]
    if not given.all:
        names = [name for name in names if ".".join(name.split(".")[:2]) in TELLING]
    sys.stderr.write(f"{given.n} of {len(names)}\n")
    sys.stdout.write("\n".join(Random(given.seed).sample(names, given.n)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
