"""An e-mail as bytes: text and HTML in UTF-8, pictures inside the HTML, one line of thread for each task."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from notifications.pictures import Picture
from notifications.render import Message

# RFC 5322 allows 998 bytes a line; a longer one is refused or cut by strict servers.
MOST_LINE = 990
# RFC 2047 allows 76 characters a line: 39 bytes make 52 of them in base64, the frame 12, `Subject: ` 9.
MOST_WORD = 39

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class Head:
    """Who a mail comes from and goes to, and what tells it from others. `mark` is the same for every copy."""

    sender: str
    to: str
    at: datetime
    mark: str
    thread: str = ""


def is_address(written: str) -> bool:
    """Answer whether this is one bare address: no name, no comma, no line end that would break a header."""
    return _ADDRESS.fullmatch(written) is not None and len(written) <= 254


# Mail programs then show a button of their own and post this to the link (RFC 8058); only https will do for them.
ONE_CLICK = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def build_mail(message: Message, head: Head, *, eight_bit: bool = True) -> bytes:
    """Write the whole mail with CRLF line ends.

    eight_bit: the server takes bytes above 127 as they are; else the parts are base64.
    """
    # The standard library needs 1 ms for this, twice the whole rest of a delivery; the heads here are our own.
    host = head.sender.rpartition("@")[2]
    boundary = f"=_{head.mark}"
    lines = [
        f"From: {head.sender}",
        f"To: {head.to}",
        *([f"Reply-To: {message.reply_to}"] if message.reply_to else []),
        f"Subject: {_encoded(message.subject)}",
        f"Date: {format_datetime(head.at)}",
        f"Message-ID: <{head.mark}@{host}>",
        *(f"{name}: <{head.thread}@{host}>" for name in ("In-Reply-To", "References") if head.thread),
        "Auto-Submitted: auto-generated",
        *([f"List-Unsubscribe: <{message.stop}>"] if message.stop else []),
        *([ONE_CLICK] if message.stop.startswith("https://") else []),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    html = _part("html", message.html, eight_bit)
    if message.pictures:
        html = _related([html, *map(_picture, message.pictures)], f"{boundary}-related")
    return "\r\n".join(lines).encode() + _joined([_part("plain", message.text, eight_bit), html], boundary)


def _joined(parts: list[bytes], boundary: str) -> bytes:
    frame = f"\r\n--{boundary}\r\n".encode()
    return b"".join(frame + part for part in parts) + f"\r\n--{boundary}--\r\n".encode()


def _related(parts: list[bytes], boundary: str) -> bytes:
    """Bind the HTML and its pictures together, so that no reader lists them as attachments (RFC 2387)."""
    head = f'Content-Type: multipart/related; type="text/html"; boundary="{boundary}"\r\n'
    return head.encode() + _joined(parts, boundary)


def _picture(picture: Picture) -> bytes:
    head = (
        f"Content-Type: image/png\r\nContent-ID: <{picture.cid}>\r\n"
        f'Content-Disposition: inline; filename="{picture.cid}.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + base64.encodebytes(picture.png).replace(b"\n", b"\r\n")


def _part(subtype: str, content: str, eight_bit: bool) -> bytes:
    body = content.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    encoding = "8bit" if eight_bit else "base64"
    if not eight_bit or any(len(line) > MOST_LINE for line in body.split(b"\r\n")):
        encoding, body = "base64", base64.encodebytes(body).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _encoded(line: str) -> str:
    """Write a subject as RFC 2047 wants it, cut between characters."""
    if line.isascii():
        return line
    words, word = [], b""
    for character in line:
        byte = character.encode("utf-8", "replace")
        if len(word) + len(byte) > MOST_WORD:
            words.append(word)
            word = b""
        word += byte
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(w).decode()}?=" for w in [*words, word])
