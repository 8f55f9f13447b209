"""What every table shares: naming of constraints, the type of ids, enums stored by their value."""

from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """The parent of all tables; its metadata is what migrations compare with."""

    metadata = sa.MetaData(naming_convention=NAMES)


def table_of(noun: type[Row]) -> sa.Table:
    """Give the table itself: statements on it pass by the session's objects, which cost ten times the row."""
    table: sa.Table = noun.__table__  # type: ignore[attr-defined]
    return table


# SQLite counts rowids only in INTEGER columns; PostgreSQL wants room for years of deliveries.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def word(enum: type[StrEnum]) -> sa.Enum:
    """Make the column type of an enum: its value as text, the same on both databases."""

    def values(members: type[StrEnum]) -> Sequence[str]:
        return [member.value for member in members]

    return sa.Enum(enum, native_enum=False, length=24, values_callable=values, validate_strings=True)
