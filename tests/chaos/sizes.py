"""How much chaos: small at every run, `WARDCYCLE_CHAOS=full` for the figures of a release (docs/reliability.md)."""

import os

FULL = os.environ.get("WARDCYCLE_CHAOS", "small") == "full"


def size(small: int, full: int) -> int:
    """Choose a number by the setting."""
    return full if FULL else small
