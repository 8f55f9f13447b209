"""Draw some of the faults that mutmut has written: `python -m tests.mutation 300 --seed 7`; all would take days."""

import argparse
import json
import sys
from pathlib import Path
from random import Random


def main() -> int:
    """Print the names of faults drawn without regard to file or kind, a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("mutants"))
    given = parser.parse_args()
    files = sorted(given.folder.rglob("*.py.meta"))
    names = [name for file in files for name in json.loads(file.read_text("utf-8"))["exit_code_by_key"]]
    sys.stderr.write(f"{given.n} of {len(names)}\n")
    sys.stdout.write("\n".join(Random(given.seed).sample(names, given.n)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
