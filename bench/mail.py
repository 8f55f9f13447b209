"""The raw side's mail: one connection, one breath for the three commands, a small message with two parts."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jinja2 import Environment

_templates = Environment(autoescape=True)
SUBJECT = _templates.from_string("Task {{ task }} is yours")
TEXT = _templates.from_string("Good morning {{ person }},\r\n\r\nthe task {{ task }} is open.\r\n")
HTML = _templates.from_string("<p>Good morning {{ person }},</p><p>the task <b>{{ task }}</b> is open.</p>\r\n")


def render(task: int, person: int) -> bytes:
    """Write the whole mail."""
    said = {"task": f"T-{task} <draft>", "person": f"Person {person}"}
    subject, text, html = (part.render(said) for part in (SUBJECT, TEXT, HTML))
    head = (
        f"From: a@b.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x"
    )
    parts = (("plain", text), ("html", html))
    body = "".join(f"--x\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{part}\r\n" for kind, part in parts)
    return f"{head}\r\n\r\n{body}--x--\r\n".encode()


@contextmanager
def send(host: str, port: int) -> Iterator[Callable[[str, bytes], None]]:
    """Open a connection; gives what hands one mail over and waits for its acceptance."""
    with socket.create_connection((host, port), timeout=20) as connection, connection.makefile("rb") as replies:

        def expect(code: bytes) -> None:
            line = replies.readline()
            while line[3:4] == b"-":
                line = replies.readline()
            assert line.startswith(code), line

        def hand_over(to: str, mail: bytes) -> None:
            connection.sendall(f"MAIL FROM:<a@b.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
            for code in (b"250", b"250", b"354"):
                expect(code)
            connection.sendall(mail + b".\r\n")
            expect(b"250")

        expect(b"220")
        connection.sendall(b"EHLO bench\r\n")
        expect(b"250")
        yield hand_over
