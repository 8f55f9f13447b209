"""Whole numbers as addresses and forms bring them."""

MOST_DIGITS = 17  # fit every row's id


def whole(written: str, *, most_digits: int = MOST_DIGITS) -> int | None:
    """Read a number; None for anything else, also for ² and ４, which `isdigit` alone would let pass."""
    is_number = written.isascii() and written.isdigit() and len(written) <= most_digits
    return int(written) if is_number else None


def row_number(written: str) -> int:
    """Read the number of a row; 0, which no row has, for what is no number."""
    return whole(written) or 0
