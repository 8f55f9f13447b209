"""`wardcycle up`: database, mailbox, pages, sender, Prefect and schedules on one command, kept alive until stopped."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.options import STORED, Stored
from cli.speech import say

if TYPE_CHECKING:
    from types import FrameType

Demo = Annotated[
    bool,
    Parameter(help=say("Load a demo hospital; its mails stay on this machine.", "载入演示医院，其邮件不会离开本机。")),
]


def up(*, demo: Demo = False, stored: Stored = STORED) -> int:
    """Start everything and keep it alive until SIGINT or SIGTERM; returns the exit code. Raises AlreadyUp."""
    from cli.door import read_settings
    from cli.lock import only_one
    from cli.progress import Progress
    from cli.run_up import Up
    from cli.started import surroundings
    from models.db import Database

    settings = read_settings()
    if stored.database:
        settings = settings.model_copy(update={"database_url": stored.database})
    language = stored.language or settings.reader_language
    stopped = stop_on_signals()
    with only_one(Database(settings.database), settings.data_folder) as lock:
        around = surroundings(settings, language, os.environ)
        return Up(around, lock, Progress(language, as_json=stored.json), stopped, demo=demo).run()


def stop_on_signals() -> threading.Event:
    """Turn SIGINT, SIGTERM and the terminal's end into an event."""
    stopped = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return stopped
