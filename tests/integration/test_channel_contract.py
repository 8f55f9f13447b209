"""Every kind of channel that we ship, against a real receiver on loopback: what it answers is what we believe."""

import email
import email.policy
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from models.notification import AttemptOutcome
from notifications import door
from notifications.bot_sender import BotSender
from notifications.door import AppriseSender, MailSender
from notifications.relay import Relay, RelaySetting
from notifications.render import Message
from notifications.senders import Address, Sender, SendResult
from tests.voices import Behaviour, free_port, http_server, mail_server

A = AttemptOutcome
SECRET = "s3cretKanarienvogel"
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LINK = "https://ward.test/cycles/C2026-0001"
PATIENT_S, IMPATIENT_S, SLOW_S = 20.0, 0.5, 1.0
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """The other side: where it listens, what arrived there as text."""

    port: int
    read: Callable[[], list[str]]


Receive = Callable[[str], AbstractContextManager[Receiver]]
Make = Callable[[int, float], Sender]


@dataclass(frozen=True)
class Kind:
    """One kind of channel.

    make: its sender, for a port and so many seconds; receive: opens a receiver that behaves as one word says.
    url: its address, as a hospital writes it.
    """

    make: Make
    receive: Receive
    url: Callable[[int], str] = lambda port: ""
    to: str = ""
    most: int = 10_000_000  # bytes of text that may arrive
    says: dict[str, str] = field(default_factory=dict)  # the other side's own words, by behaviour


def say(status: int, body: object = None, **heads: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in heads.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def drop(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()
    request.close_connection = True


def http_kind(ok: Answer, never: Answer, later: Answer, text_of: Callable[[dict[str, object]], object]) -> Receive:
    """Make the receivers of a channel over HTTP."""

    def slow(request: BaseHTTPRequestHandler) -> None:
        time.sleep(SLOW_S)
        ok(request)

    @contextmanager
    def receive(behaviour: str) -> Iterator[Receiver]:
        with http_server(ok) as (elsewhere, stolen):
            away = say(302, Location=f"http://127.0.0.1:{elsewhere}/stolen")
            answers = {"ok": ok, "never": never, "later": later, "drop": drop, "slow": slow, "redirect": away}
            with http_server(answers[behaviour]) as (port, posted):
                yield Receiver(port, lambda: [str(text_of(json.loads(body))) for _, body in posted])
            assert stolen == []

    return receive


@contextmanager
def receive_mail(behaviour: str) -> Iterator[Receiver]:
    told = {
        "ok": Behaviour(password=SECRET),
        "never": Behaviour(at_data="550 no such ward", password=SECRET),
        "later": Behaviour(at_data="451 too many mails, come back later", password=SECRET),
        "drop": Behaviour(drop_after_data=True, password=SECRET),
        "slow": Behaviour(slow_s=SLOW_S, password=SECRET),
        "redirect": Behaviour(at_rcpt="551 user not local; please try <thief@elsewhere.test>", password=SECRET),
    }[behaviour]
    with mail_server(told) as port:
        yield Receiver(port, lambda: [text_of_mail(envelope.content) for envelope in told.got])


def text_of_mail(content: bytes | str | None) -> str:
    assert isinstance(content, bytes)
    body = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def mail(port: int, answer_s: float) -> Sender:
    setting = RelaySetting("127.0.0.1", port, "wardcycle@hospital.test", "ward", SECRET, timeout_s=answer_s)
    return MailSender(Relay(setting))


def webhook_url(port: int) -> str:
    return f"json://ward:{SECRET}@127.0.0.1:{port}/{{address}}?-key={SECRET}"


def ntfy_url(port: int) -> str:
    return f"ntfy://ward:{SECRET}@127.0.0.1:{port}/{{address}}"


def by_apprise(url: Callable[[int], str]) -> Make:
    def make(port: int, answer_s: float) -> Sender:
        return AppriseSender("channel", url(port), (f"127.0.0.1:{port}",))

    return make


WECOM, DINGTALK, FEISHU = (
    f"wecombot://{SECRET}",
    f"dingtalk://{SECRET}-token?secret={SECRET}",
    f"feishu://{SECRET}-token?secret={SECRET}",
)


def ntfy_text(body: dict[str, object]) -> object:
    assert body["topic"] == "ward-3"
    return body["message"]


def bot(url: str) -> Make:
    def make(port: int, answer_s: float) -> Sender:
        place, permitted = f"http://127.0.0.1:{port}", (f"127.0.0.1:{port}",)
        return BotSender("channel", url, place, permitted, answer_s=answer_s)

    return make


KINDS = {
    "e-mail": Kind(mail, receive_mail, to="ana@hospital.test", says={"never": "no such ward"}),
    "apprise": Kind(
        by_apprise(webhook_url),
        http_kind(say(200), say(404), say(503), lambda body: body["message"]),
        webhook_url,
        to="ward-3",
    ),
    "ntfy": Kind(
        by_apprise(ntfy_url),
        http_kind(say(200, {"id": "x"}), say(403, {"code": 40301, "error": "forbidden"}), say(429), ntfy_text),
        ntfy_url,
        to="ward-3",
        most=7_800,
    ),
    "wecom": Kind(
        bot(WECOM),
        http_kind(
            say(200, {"errcode": 0, "errmsg": "ok"}),
            say(200, {"errcode": 93000, "errmsg": f"invalid webhook url {SECRET}"}),
            say(200, {"errcode": 45009, "errmsg": "api freq out of limit"}),
            lambda body: body["text"]["content"],  # type: ignore[index]
        ),
        url=lambda port: WECOM,
        most=2_048,
        says={
            "never": "WeCom: 93000 invalid webhook url ***",
            "later": "WeCom: 45009 api freq out of limit; free again",
        },
    ),
    "dingtalk": Kind(
        bot(DINGTALK),
        http_kind(
            say(200, {"errcode": 0, "errmsg": "ok"}),
            say(200, {"errcode": 310000, "errmsg": f"sign not match {SECRET}"}),
            say(200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
            lambda body: body["text"]["content"],  # type: ignore[index]
        ),
        url=lambda port: DINGTALK,
        most=20_000,
        says={"never": "DingTalk: 310000 sign not match ***", "later": "free again at 2026-03-02 01:40:00 UTC"},
    ),
    "feishu": Kind(
        bot(FEISHU),
        http_kind(
            say(200, {"code": 0, "msg": "success", "data": {}}),
            say(200, {"code": 19021, "msg": f"sign match fail {SECRET}"}),
            say(200, {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}),
            lambda body: body["content"]["text"],  # type: ignore[index]
        ),
        url=lambda port: FEISHU,
        most=20_000,
        says={"never": "Feishu: 19021 sign match fail ***", "later": "Feishu: 11232 frequency limited"},
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


TEXT = f"Please answer.\n\nPage: {LINK}\n"


def send(kind: Kind, port: int, text: str = TEXT, *, answer_s: float = PATIENT_S) -> SendResult:
    message = Message("[C2026-0001] Reminder", text, f"<p>{len(text)}</p>")
    return kind.make(port, answer_s).send(message, Address("channel", kind.to, "7.abc", "C2026-0001", AT, 7))


def ours(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged, without the mail receiver's own log."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name != "mail.log")


@pytest.mark.parametrize(
    ("behaviour", "outcomes"),
    [
        ("ok", {A.ACCEPTED}),
        ("never", {A.PERMANENT}),
        ("later", {A.TRANSIENT}),
        ("drop", {A.UNKNOWN}),
        ("slow", {A.UNKNOWN}),
        # HTTP: whoever answered may be mended; SMTP: 551 is said of the receiver, for ever. Followed by neither.
        ("redirect", {A.TRANSIENT, A.PERMANENT}),
    ],
)
def test_what_the_other_side_does_decides_and_no_secret_shows(
    kind: Kind,
    behaviour: str,
    outcomes: set[AttemptOutcome],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer_s = IMPATIENT_S if behaviour == "slow" else PATIENT_S
    monkeypatch.setattr(door, "ANSWER_S", answer_s)
    with kind.receive(behaviour) as receiver:
        result = send(kind, receiver.port, answer_s=answer_s)
        arrived = receiver.read()
    assert result.outcome in outcomes, result
    assert len(arrived) <= 1, "handed over once, whatever the answer"
    if behaviour == "ok":
        assert LINK in arrived[0]
    assert kind.says.get(behaviour, "") in result.why
    assert SECRET not in result.why + ours(caplog)


def test_nobody_listens_is_tried_again(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result = send(kind, free_port())
    assert (result.outcome, result.down) == (A.TRANSIENT, True)
    assert SECRET not in result.why + ours(caplog)


def test_a_huge_text_arrives_cut_on_a_character_with_its_link_whole(kind: Kind) -> None:
    text = "手术安全核查制度落实情况👩‍👩‍👧\n" * 20_000 + f"\nPage: {LINK}\n"
    with kind.receive("ok") as receiver:
        result = send(kind, receiver.port, text)
        [arrived] = receiver.read()
    assert result.outcome is A.ACCEPTED, result
    assert LINK in arrived.splitlines()[-1]
    assert len(arrived.encode()) <= kind.most
    assert "\ufffd" not in arrived


def test_every_character_arrives_as_it_was_written(kind: Kind) -> None:
    written = 'Blutdruck „120/80“ 👩‍⚕️🇨🇳 é ü 𠮷 <b>&amp;</b> "\\" 100 % 病区-3'
    with kind.receive("ok") as receiver:
        assert send(kind, receiver.port, f"{written}\n").outcome is A.ACCEPTED
        [arrived] = receiver.read()
    assert written in arrived
