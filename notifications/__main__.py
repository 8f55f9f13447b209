"""`python -m notifications`: the sender as a process of its own, until SIGTERM or SIGINT."""

import logging
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime

from config.catalogue import read_catalogue
from config.settings import Settings
from models.db import Database
from models.errors import WardcycleError
from notifications.channels import voice_of
from notifications.sender import run_sender
from notifications.workers import Workers


def main() -> int:
    """Deliver what is due until somebody stops us; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings()
    folders = [settings.config_folder] if settings.config_folder else []
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    database = Database(settings.database, journal=settings.sqlite_journal)
    try:
        database.check()
    except WardcycleError as error:
        sys.stderr.write(f"{error.text(settings.reader_language)}\n")
        return error.exit_code
    voice = voice_of(settings, read_catalogue(*folders), database)
    with Workers(voice.sender, deadline_s=settings.send_deadline_s) as workers:
        run_sender(
            database,
            voice=replace(voice, sender=workers),
            now=lambda: datetime.now(UTC),
            stop=stopped.is_set,
            wait=stopped.wait,
            floor=settings.valve_floor,
            give_up=workers.close,
        )
    database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
