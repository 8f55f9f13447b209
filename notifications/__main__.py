"""`python -m notifications`: the sender as a process of its own, until SIGTERM or SIGINT."""

import logging
import signal
import sys
import threading
from datetime import UTC, datetime

from config.catalogue import read_catalogue
from config.settings import Settings
from models.db import Database
from models.errors import WardcycleError
from notifications.channels import voice_of
from notifications.sender import run_sender


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
    voice = voice_of(settings, read_catalogue(*folders))
    run_sender(database, voice=voice, now=lambda: datetime.now(UTC), stop=stopped.is_set, wait=stopped.wait)
    database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
