"""The simulation finds nothing in the product, and every named fault in its copies."""

import re
from pathlib import Path

import pytest

from tests.chaos.sizes import size
from tests.simulation.mutants import MUTANTS, make_mutant, run_mutant
from tests.simulation.run import simulate

N_STEPS = size(2_400, 1_000_000)
N_STEPS_OF_A_MUTANT = 6_000  # most are found within the first hundreds


def test_whatever_happens_in_whatever_order_the_invariants_hold() -> None:
    assert simulate(N_STEPS) >= N_STEPS


@pytest.mark.parametrize("name", list(MUTANTS))
def test_a_fault_in_the_product_is_found(quick_folder: Path, name: str) -> None:
    found = run_mutant(make_mutant(name, quick_folder), N_STEPS_OF_A_MUTANT)
    assert found.returncode == 1, found.stdout + found.stderr
    # It is the simulation that complains, not a copy that cannot be imported.
    assert "Failing test case" in found.stderr and re.search(r"AssertionError", found.stderr), found.stderr
