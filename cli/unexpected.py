"""What nobody foresaw: the traceback goes into the log file, one clear line to the reader."""

import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

LOG = "wardcycle.log"


def log_folder() -> Path:
    """Find the folder of the log without reading the settings, which may be what is wrong."""
    return Path(os.environ.get("WARDCYCLE_DATA_FOLDER") or ".wardcycle") / "log"


def log_to_file() -> None:
    """Let warnings of the program go into the log file instead of between the lines of a command's output."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_LateFile())


class _LateFile(logging.Handler):
    """Makes folder and file when there is something to write, not before."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        _append(self.format(record))


def write_down(error: BaseException, tokens: Sequence[str], language: str) -> str:
    """Keep a traceback in the log and give the line for the reader; with WARDCYCLE_DEBUG=1 it is printed too."""
    whole = "".join(traceback.format_exception(error))
    if os.environ.get("WARDCYCLE_DEBUG") == "1":
        sys.stderr.write(whole)
    # Only the command's name: what follows may hold notes about people.
    file = _append(f"{datetime.now(UTC).isoformat()} wardcycle {' '.join(tokens[:1])}\n{whole}")
    said = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    if language == "zh":
        return f"出现意外错误（{said}）。详情已写入 {file}，请交给维护人员。"
    return (
        f"Something unexpected happened ({said}). Details are in {file}; please hand them to whoever looks after this."
    )


def _append(text: str) -> Path:
    for folder in (log_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / LOG).open("a", encoding="utf-8", errors="replace") as opened:
                opened.write(text.rstrip() + "\n")
            return folder / LOG
        except OSError:
            continue
    return Path(LOG)
