"""The simulation finds nothing in the product, and every named fault in its copies."""

from pathlib import Path

import pytest

from tests.chaos.sizes import size
from tests.simulation.mutants import MUTANTS, SEEDS, make_mutant, run_mutant
from tests.simulation.run import simulate

N_STEPS = size(1_700, 1_000_000)
N_STEPS_OF_A_MUTANT = 3_000


def test_whatever_happens_in_whatever_order_the_invariants_hold() -> None:
    assert simulate(N_STEPS) > N_STEPS / 2  # a run is as long as its seed makes it


@pytest.mark.parametrize("name", list(MUTANTS))
def test_a_fault_in_the_product_is_found(quick_folder: Path, name: str) -> None:
    found = run_mutant(make_mutant(name, quick_folder), N_STEPS_OF_A_MUTANT, SEEDS.get(name, 0))
    assert found.returncode == 1, found.stdout + found.stderr
    # It is the simulation that complains, not a copy that cannot be imported.
    assert "Failing test case" in found.stderr, found.stderr
