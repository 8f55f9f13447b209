"""Migrations of our tables; run by the program, under a lock, on both databases."""

VERSION_TABLE = "wardcycle_version"  # Prefect uses alembic_version
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
HEAD = VERSIONS[-1]
