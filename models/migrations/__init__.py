"""Migrations of our tables; run by the program, under a lock, on both databases."""

VERSION_TABLE = "wardcycle_version"  # Prefect uses alembic_version
VERSIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
)
HEAD = VERSIONS[-1]
