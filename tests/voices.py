"""What tests of delivery share: rows to deliver, a voice that records, servers that behave as told."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from config.calendar import Calendar
from engine.launch import Launch, launch_cycle
from engine.outbox import Note, tell
from engine.people import directory
from engine.rules import Rules
from models.db import Database
from models.notification import Attempt, Delivery, NotificationKind
from models.people import Person
from notifications.channels import Voice
from notifications.door import MailSender
from notifications.relay import Relay, RelaySetting
from notifications.render import Message, Renderer
from notifications.senders import Address, Channels, SendResult, accepted
from tests.places import make_hospital

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Recorder:
    """A sender that keeps what it was given and answers as it was told to."""

    answer: Callable[[Message, Address], SendResult] = lambda message, to: accepted("250 ok")
    sent: list[tuple[Message, Address]] = field(default_factory=list)

    def send(self, message: Message, to: Address) -> SendResult:
        self.sent.append((message, to))
        return self.answer(message, to)


def voice(sender: Recorder | MailSender | Channels, calendar: Calendar | None = None) -> Voice:
    return Voice(Renderer(SHANGHAI, "http://ward.test"), sender, calendar=calendar)


def mail_voice(port: int, *, timeout_s: float = 20, user: str = "", password: str = "") -> Voice:
    setting = RelaySetting("127.0.0.1", port, "wardcycle@hospital.test", user, password, timeout_s=timeout_s)
    return voice(Channels({"email": MailSender(Relay(setting))}))


def queue(
    database: Database,
    rules: Rules,
    now: datetime,
    kind: NotificationKind = NotificationKind.RECEIPT,
    *,
    key: str = "k",
    person: str = "ana",
    task_id: int | None = None,
    facts: Mapping[str, str] | None = None,
    urgent: bool = False,
    rung: str = "0h",
) -> None:
    """Tell somebody something, due at `now`. rung: one in hours goes alone, never with others in a digest."""
    with database.transaction("test") as session:
        person_id = directory(session).person(person).id
        assert person_id is not None
        note = Note(
            key, kind, person_id, now, task_id=task_id, facts=facts or {}, urgent=urgent, any_hour=True, rung=rung
        )
        assert tell(session, [note], rules=rules, now=now) >= 1


def set_channels(database: Database, slug: str, channels: str, addresses: str = "") -> None:
    """Change by which channels a person is told, and their addresses there."""
    with database.transaction("test") as session:
        changed = {"channels": channels, "addresses": addresses}
        session.execute(sa.update(Person).where(sa.column("slug") == slug).values(changed))
        session.execute(sa.text("UPDATE people_version SET n = n + 1"))


def launch(database: Database, rules: Rules, now: datetime) -> None:
    """Launch one PDCA cycle in ward-3: one task is open, its owner ana is told."""
    make_hospital(database)
    with database.transaction("test") as session:
        asked = Launch(template="pdca", unit="ward-3", lead="ana", title=None, start=None, launch_key=None)
        launch_cycle(session, asked, rules=rules, by=None, now=now)


def deliveries(database: Database) -> list[Delivery]:
    with database.reading() as session:
        return list(session.execute(sa.select(Delivery).order_by(sa.text("notification_id, rank"))).scalars())


def attempts(database: Database) -> list[Attempt]:
    with database.reading() as session:
        return list(session.execute(sa.select(Attempt).order_by(sa.text("id"))).scalars())


@dataclass
class Behaviour:
    """How the mail server behaves, and what it got."""

    at_rcpt: str = ""
    at_data: str = ""
    slow_s: float = 0.0
    drop_after_data: bool = False
    password: str = ""
    got: list[Envelope] = field(default_factory=list)
    n_connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)  # nobody waits for a slow one at the end

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.n_connections += 1
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at_data:
            return self.at_data
        self.got.append(envelope)
        if self.drop_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.slow_s:
            self.over.wait(self.slow_s)
        return "250 taken"


@contextmanager
def mail_server(behaviour: Behaviour) -> Iterator[int]:
    """A real SMTP server on loopback; gives its port."""

    def check(server: object, session: object, envelope: object, mechanism: str, given: object) -> AuthResult:
        said = getattr(given, "password", b"")
        return AuthResult(success=said == behaviour.password.encode(), handled=False)

    behaviour.over.clear()
    port = free_port()
    controller = Controller(
        behaviour,
        hostname="127.0.0.1",
        port=port,
        ready_timeout=10,
        authenticator=check if behaviour.password else None,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield port
    finally:
        behaviour.over.set()
        controller.stop()


@contextmanager
def http_server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """A real HTTP server on loopback; gives its port and what it was posted."""
    posted: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1], posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(500):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}")
