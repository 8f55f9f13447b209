"""Which cycle answers for which measure of a programme in which unit."""

from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from models.base import BigId, Row


class MeasureCycle(Row, table=True):
    """A measure launched in a unit; its cycle has this row as its origin.

    edition: of the programme whose words the tasks have now; it changes when a newer edition is adopted.
    """

    __tablename__: ClassVar[str] = "measure_cycle"
    __table_args__ = (
        sa.UniqueConstraint("edition", "measure", "unit_id"),
        sa.Index("ix_measure_cycle_measure", "measure", "unit_id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BigId)
    edition: str = Field(max_length=64)
    measure: str = Field(max_length=64)
    unit_id: int = Field(foreign_key="unit.id", sa_type=BigId)
