"""Serve the pages in a process of their own: `python -m web`."""

import signal
import sys
from types import FrameType

import uvicorn

from config.catalogue import read_catalogue
from config.settings import Settings
from models.db import Database
from web.app import make_app


def main() -> None:
    """Serve until SIGTERM or SIGINT; then let the open requests finish and leave with 0."""
    settings = Settings()
    database = Database(settings.database, journal=settings.sqlite_journal)
    app = make_app(database, settings, read_catalogue(*filter(None, [settings.config_folder])))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.web_host,
            port=settings.web_port,
            log_level="warning",
            timeout_graceful_shutdown=5,
            server_header=False,
            access_log=False,
        )
    )
    # uvicorn raises the signal again when it has shut down; that is the end, not an error.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, _leave)
    try:
        server.run()
    finally:
        database.dispose()


def _leave(_: int, __: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
