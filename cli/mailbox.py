"""`python -m cli.mailbox`: the local mailbox as a process of its own, until SIGTERM or SIGINT."""

import signal
import sys
import threading

from config.settings import Settings
from notifications.mailbox import run_mailbox


def main() -> int:
    """Take mails on loopback; returns the exit code."""
    settings, stopped = Settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    folder = settings.data_folder / "mailbox"
    # Nothing but the stop is waited for: an idle mailbox sleeps.
    run_mailbox(
        folder, host="127.0.0.1", port=settings.mailbox_smtp_port, stop=stopped.is_set, wait=lambda _: stopped.wait()
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
