"""The local mailbox of a demo: takes every mail on loopback and keeps it in a Maildir that a page shows."""

import base64
import email
import email.policy
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session

MOST_BYTES = 10_000_000
_NAME = re.compile(r"[0-9]{20}\.[0-9]+_[0-9]+\.wardcycle")
_numbers = count(1)


@dataclass(frozen=True)
class Mail:
    """One mail; `id` is its file's name, `at` when it was written, or arrived where it does not say."""

    id: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str


class _Keeper:
    """What aiosmtpd asks: where a mail goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(
        self, server: "SMTP", session: "Session", envelope: "Envelope", address: str, options: list[str]
    ) -> str:
        if address.endswith(".invalid"):  # RFC 2606: such a place never exists; the demo shows what becomes of it
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: "SMTP", session: "Session", envelope: "Envelope") -> str:
        content = envelope.content
        keep_mail(self.folder, content if isinstance(content, bytes) else str(content).encode(), at_ns=time.time_ns())
        return "250 kept in the local mailbox"


def run_mailbox(
    folder: Path,
    *,
    host: str,
    port: int,
    stop: Callable[[], bool],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Take mails until `stop` says so. Raises OSError when the port is taken."""
    with open_mailbox(folder, host=host, port=port):
        while not stop():
            wait(0.2)


@contextmanager
def open_mailbox(folder: Path, *, host: str, port: int) -> "Iterator[None]":
    """Take mails while the block runs. Raises OSError when the port is taken."""
    from aiosmtpd.controller import Controller

    socket.create_server((host, port)).close()  # aiosmtpd itself would wait 10 s before it says that the port is taken
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    controller = Controller(_Keeper(folder), hostname=host, port=port, data_size_limit=MOST_BYTES, ready_timeout=10)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def keep_mail(folder: Path, content: bytes, *, at_ns: int) -> str:
    """Put a mail into the folder in one step; returns its id, which sorts by the moment of arrival."""
    name = f"{at_ns:020d}.{os.getpid()}_{next(_numbers)}.wardcycle"
    draft = folder / "tmp" / name
    draft.write_bytes(content)
    draft.rename(folder / "new" / name)
    return name


def read_mails(folder: Path, *, limit: int = 50, offset: int = 0) -> list[Mail]:
    """Read the newest mails first; only those asked for are opened. An absent folder is an empty one."""
    return [_read(folder, name) for name in _names(folder)[offset : offset + limit]]


def read_mail(folder: Path, mail_id: str) -> Mail | None:
    """Read one mail; None when there is no such mail. Names that are no id are never opened."""
    if not _NAME.fullmatch(mail_id) or not (folder / "new" / mail_id).is_file():
        return None
    return _read(folder, mail_id)


def count_mails(folder: Path) -> int:
    """Count the mails of a folder."""
    return len(_names(folder))


def _names(folder: Path) -> list[str]:
    try:
        found = [entry.name for entry in os.scandir(folder / "new") if _NAME.fullmatch(entry.name)]
    except FileNotFoundError:
        return []
    return sorted(found, reverse=True)


def _read(folder: Path, name: str) -> Mail:
    content = (folder / "new" / name).read_bytes()
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return Mail(
        id=name,
        at=_written_at(mail) or datetime.fromtimestamp(int(name[:20]) / 1e9, UTC),
        sender=_head(mail, "From"),
        to=_head(mail, "To"),
        subject=_head(mail, "Subject"),
        text=_body(mail, "plain"),
        html=_with_pictures(_body(mail, "html"), mail),
    )


def _written_at(mail: EmailMessage) -> datetime | None:
    """Read when a mail says that it was written, as mail programs do; None where it does not say so."""
    written = getattr(mail.get("Date"), "datetime", None)
    return written.astimezone(UTC) if isinstance(written, datetime) and written.tzinfo else None


def _head(mail: EmailMessage, name: str) -> str:
    return str(mail.get(name, ""))


def _with_pictures(html: str, mail: EmailMessage) -> str:
    """Put a mail's own pictures where its HTML names them; a page may load nothing else."""
    for part in mail.walk():
        cid, content = str(part.get("Content-ID", "")).strip("<>"), part.get_payload(decode=True)
        if cid and part.get_content_type() == "image/png" and isinstance(content, bytes):
            html = html.replace(f'"cid:{cid}"', f'"data:image/png;base64,{base64.b64encode(content).decode()}"')
    return html


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(payload, bytes) else ""
