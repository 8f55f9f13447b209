"""Mails as people and machines write them, for tests of answers by mail."""

import base64
from dataclasses import dataclass
from itertools import count

QUOTED = """

On Mon, 2 Mar 2026 at 09:30, Wardcycle <wardcycle@hospital.test> wrote:
> Dee Park,
> done
> please answer by Friday
"""
_numbers = count()


@dataclass(frozen=True)
class Post:
    """Somebody's mail program. sender, to: bare addresses."""

    sender: str
    to: str

    def plain(self, text: str, *, charset: str = "utf-8", heads: str = "", name: str = "") -> bytes:
        """Write a mail of plain text, 8-bit."""
        return self._heads(heads) + (
            f"Content-Type: text/plain; charset={name or charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
            + text.replace("\n", "\r\n").encode(charset)
        )

    def html(self, html: str) -> bytes:
        """Write a mail of HTML alone."""
        return self._heads("") + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()

    def mixed(self, text: str, *files: tuple[str, bytes]) -> bytes:
        """Write a mail with files."""
        parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()]
        parts += [
            f'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="{name}"\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n".encode()
            + base64.encodebytes(content)
            for name, content in files
        ]
        body = b"".join(b"\r\n--edge\r\n" + part for part in parts) + b"\r\n--edge--\r\n"
        return self._heads("") + b'Content-Type: multipart/mixed; boundary="edge"\r\n\r\n' + body

    def bounce(self) -> bytes:
        """Write what a mail server says of a mail that it could not deliver."""
        head = self._heads('Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\r\n')
        return head + b"\r\n--edge\r\nContent-Type: text/plain\r\n\r\ndone\r\n--edge--\r\n"

    def _heads(self, more: str) -> bytes:
        number = next(_numbers)
        return (
            f"From: Somebody <{self.sender}>\r\nTo: <{self.to}>\r\nSubject: Re: [C2026-0001] task {number}\r\n"
            f"Message-ID: <{number}@client.test>\r\nMIME-Version: 1.0\r\n{more}"
        ).encode()
