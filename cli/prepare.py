"""`python -m cli.prepare [--demo]`: makes the database ready before anything else starts; says on stdout how far it is.

A process of its own: `wardcycle up` lives for months and should not carry what its first minute needed.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from cli.door import read_settings
from cli.marker import Marker
from config.settings import Settings
from flows.hospital import open_hospital
from models.cycle import Cycle
from models.db import Database
from models.errors import Refused, WardcycleError
from models.migrations.upgrade import upgrade
from models.people import Person

Say = Callable[[dict[str, object]], None]


class NotForDemo(Refused):
    """The database {url} already holds a hospital, whose mails would not be sent. Start without --demo, or name another
    data folder: WARDCYCLE_DATA_FOLDER=demo wardcycle up --demo"""

    zh = (
        "数据库 {url} 中已有医院数据，演示模式不会向外发送其邮件。请去掉 --demo，"
        "或另用数据目录：WARDCYCLE_DATA_FOLDER=demo wardcycle up --demo"
    )


class DemoHalf(Refused):
    """The demo was interrupted while it was loaded into {url}. Empty that database (DROP SCHEMA wardcycle CASCADE) and
    start again."""

    zh = "演示数据在载入 {url} 时被中断。请清空该数据库（DROP SCHEMA wardcycle CASCADE）后重新启动。"


@dataclass(frozen=True)
class Ready:
    """What stands in the database now."""

    n_people: int
    n_cycles: int
    is_demo: bool


def prepare(settings: Settings, *, demo: bool, now: datetime, progress: Callable[[float], None]) -> Ready:
    """Create or upgrade the tables and, for a demo, fill an empty database. Raises NotForDemo, DemoHalf."""
    house = open_hospital(settings)
    try:
        upgrade(house.database)
        marker = Marker(settings.data_folder / "demo", house.database.shown)
        n_people, _ = count(house.database)
        if n_people:
            _check_marker(marker, house.database, demo=demo)
        elif demo:
            from cli.demo import load_demo

            marker.write("loading")
            load_demo(house.database, settings, rules=house.rules, now=now, progress=progress)
            marker.write("ready")
        return Ready(*count(house.database), marker.is_ours)
    finally:
        house.database.dispose()


def _check_marker(marker: Marker, database: Database, *, demo: bool) -> None:
    if demo and not marker.is_ours:
        raise NotForDemo(url=database.shown)
    if marker.is_loading:
        if not database.is_sqlite:
            raise DemoHalf(url=database.shown)
        marker.write("ready")  # a file is put in place whole


def count(database: Database) -> tuple[int, int]:
    """Count people and cycles."""
    with database.reading() as session:
        people, cycles = (
            session.execute(sa.select(sa.func.count()).select_from(row)).scalar_one() for row in (Person, Cycle)
        )
    return people, cycles


def main() -> int:
    """Prepare, saying one JSON object a line; returns the exit code."""
    last = 0.0

    def progress(done: float) -> None:
        nonlocal last
        if done - last >= 0.01:
            last = done
            _say({"progress": round(done, 2)})

    try:
        settings = read_settings()
        ready = prepare(settings, demo="--demo" in sys.argv, now=datetime.now(UTC), progress=progress)
    except WardcycleError as error:
        _say({"error": {"en": error.text("en"), "zh": error.text("zh")}, "exit_code": error.exit_code})
        return error.exit_code
    _say(dict(vars(ready)))
    return 0


def _say(facts: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
