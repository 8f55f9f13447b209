"""Migrations of our tables; run by the program, under a lock, on both databases."""

VERSION_TABLE = "wardcycle_version"  # Prefect uses alembic_version
VERSIONS = ("0001", "0002")
HEAD = VERSIONS[-1]
