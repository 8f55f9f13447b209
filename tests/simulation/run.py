"""Run the simulation: `python -m tests.simulation.run --steps 1000000`; prints what went wrong, made short."""

import argparse
import logging
import sys

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Hospital

RULES_A_RUN = 60
STEPS_A_RUN = 140  # about; of most rules one, of a sender that goes on, of a mail server that refuses for days more


def simulate(n_steps: int, *, number: int = 0, phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink)) -> int:
    """Run about so many steps from a seed; returns how many. Raises AssertionError at the first wrong one."""
    began = Hospital.n_steps
    wanted = settings(
        max_examples=max(1, n_steps // STEPS_A_RUN),
        stateful_step_count=RULES_A_RUN,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    machine = seed(number)(Hospital)
    run_state_machine_as_test(machine, settings=wanted)
    return Hospital.n_steps - began


def main() -> int:
    """Read the size from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-shrink", action="store_true")
    given = parser.parse_args()
    logging.disable()
    phases = (Phase.generate,) if given.no_shrink else (Phase.generate, Phase.shrink)
    n = simulate(given.steps, number=given.seed, phases=phases)
    sys.stdout.write(f"{n} steps, nothing wrong\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
