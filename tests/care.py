"""Event tables for tests: an emergency department where the CT is waited for."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

Event = tuple[str, str, datetime]
FIRST = datetime(2025, 9, 1, tzinfo=UTC)
# A case without its step, and nine rows whose cells stand in the wrong columns.
BAD = "\nP1,,2026-01-05 08:00" + "\nP2,Triage,王秀英 13800138000" * 9
WAY = ("Registration", "Triage", "Physician", "CT ordered", "CT done", "Discharge")


def events(n_cases: int, *, planted: timedelta = timedelta(days=5), seed: int = 1) -> Iterator[Event]:
    """Make cases over 26 weeks; each step takes about half an hour, the CT takes `planted`, one in three needs none."""
    chance = random.Random(seed)
    for number in range(n_cases):
        at = FIRST + timedelta(weeks=26) * (number / n_cases)
        way = WAY if number % 3 else tuple(step for step in WAY if not step.startswith("CT"))
        for step in way:
            at += planted * chance.uniform(0.8, 1.2) if step == "CT done" else timedelta(hours=chance.expovariate(2))
            yield f"P{number:06d}", step, at.replace(microsecond=0)


def table(rows: Iterator[Event], heading: str = "case,step,time") -> bytes:
    """Write events as CSV."""
    return "\n".join([heading, *(f"{case},{step},{at.isoformat()}" for case, step, at in rows)]).encode()
