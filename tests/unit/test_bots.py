"""Group bots: addresses, signatures, limits to the moment, and codes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import Settings
from config.shapes import ChannelSetting
from config.words import Text
from models.notification import AttemptOutcome
from notifications.allowed import ChannelRefused
from notifications.bot_sender import BotSender, read_bot
from notifications.bots import BOTS, DINGTALK, FEISHU, WECOM, Key
from notifications.channels import check_channels, make_channels
from notifications.post import tls_context
from notifications.render import Message
from notifications.senders import Address, SendResult
from notifications.throttle import WINDOW, Throttle
from tests.voices import http_server

A = AttemptOutcome
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
URLS = {"wecombot": "wecombot://key-1", "dingtalk": "dingtalk://token-1?secret=SECa", "feishu": "feishu://token-1"}
OK = {"errcode": 0, "code": 0}
MOMENT = timedelta(milliseconds=1)


def answering(status: int, body: object, **heads: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        for name, value in heads.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def bot(scheme: str, port: int, paused: list[float] | None = None) -> BotSender:
    place = f"127.0.0.1:{port}"
    pause = [] if paused is None else paused
    return BotSender("group", URLS[scheme], f"http://{place}/api/", (place,), pause=pause.append)


def send(sender: BotSender, at: datetime = AT, text: str = "text") -> SendResult:
    return sender.send(Message("subject", text, ""), Address("group", "", "m", "", at, 1))


@pytest.mark.parametrize(
    ("url", "base_url", "said"),
    [
        ("wecombot://", "", "wecombot://KEY"),
        ("wecombot://{address}", "", "wecombot://KEY"),
        ("wecombot://qyapi.test/cgi-bin/send", "", "wecombot://KEY"),
        ("wecombot://s3cret?secret=s3cret", "", "nothing but wecombot://KEY"),
        ("dingtalk://s3cret?secret=", "", "nothing but dingtalk://TOKEN"),
        ("dingtalk://s3cret?SECs3cret", "", "nothing but"),
        ("feishu://s3cret?secret=s3cret&retry=3", "", "nothing but"),
        ("feishu://s3cret,feishu://other", "", "feishu://TOKEN"),
        ("feishu://s3cret\n", "", "feishu://TOKEN"),
        ("feishu://s3cret", "open.larksuite.com", "base_url"),
        ("feishu://s3cret", "https://user:s3cret@open.test", "base_url"),
        ("feishu://s3cret", "https://open.test:99999", "base_url"),
        ("feishu://s3cret", "https://open.test/?x=s3cret", "base_url"),
    ],
)
def test_a_wrong_address_is_refused_without_being_shown(url: str, base_url: str, said: str) -> None:
    with pytest.raises(ChannelRefused) as refused:
        read_bot("group", url, base_url)
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value) + refused.value.text("zh")


def test_a_bot_is_made_from_its_stanza_and_only_a_bot_has_another_place() -> None:
    title = Text("x", "x")
    channels = {
        "group": ChannelSetting(
            title=title, url="feishu://s3cret?secret=s3+cret", base_url="https://open.larksuite.com"
        ),
        "hook": ChannelSetting(title=title, url="json://h.test/", base_url="https://h.test"),
    }
    made = make_channels(Settings(), channels)
    sender = made.senders["group"]
    assert isinstance(sender, BotSender)
    assert sender.key == Key("s3cret", "s3+cret")
    assert "s3" not in repr(sender) + repr(sender.key)
    assert "only a group bot has a base_url" in made.refused["hook"]
    assert [error.facts["slug"] for error in check_channels(channels)] == ["hook"]


def test_dingtalk_signs_moment_and_secret_in_the_query() -> None:
    path, _ = DINGTALK.ask("x", Key("token", "SECward"), datetime.fromtimestamp(1_756_800_000, UTC))
    query = parse_qs(urlsplit(path).query)
    # printf '1756800000000\nSECward' | openssl dgst -sha256 -hmac SECward -binary | base64
    signed = ["LiwuwKVKe7aTiPhd6R6kOPlZUoU75YL1fGuwQyH1qRk="]
    assert query == {"access_token": ["token"], "timestamp": ["1756800000000"], "sign": signed}


def test_feishu_signs_nothing_with_moment_and_secret_in_the_body() -> None:
    _, body = FEISHU.ask("x", Key("token", "orbit-test-secret"), datetime.fromtimestamp(1_756_800_000, UTC))
    # printf '' | openssl dgst -sha256 -hmac "$(printf '1756800000\norbit-test-secret')" -binary | base64
    assert (body["timestamp"], body["sign"]) == ("1756800000", "sN+9ZKa5w6BQmKyxCaxNA1DWEgtEnZaOcfEOCqZ26fg=")


@pytest.mark.parametrize("scheme", BOTS)
def test_without_a_secret_nothing_is_signed(scheme: str) -> None:
    path, body = BOTS[scheme].ask("x", Key("token"), AT)
    assert "sign" not in path and "sign" not in body


@pytest.mark.parametrize(("scheme", "code"), [(s, c) for s, b in BOTS.items() for c in sorted(b.full | b.wrong)])
def test_each_code_of_the_tables_is_read_whatever_the_status(scheme: str, code: int) -> None:
    vendor = BOTS[scheme]
    expected = A.TRANSIENT if code in vendor.full else A.PERMANENT
    for status in (200, 400):
        with http_server(answering(status, {vendor.code: code, vendor.words: "words of the vendor"})) as (port, _):
            result = send(bot(scheme, port))
        assert (result.outcome, result.down) == (expected, code in vendor.full)
        assert f"{code} words of the vendor" in result.why
        assert result.free_at == (AT + vendor.shut if code in vendor.full else None)


@pytest.mark.parametrize("scheme", BOTS)
def test_a_server_in_trouble_counts_against_its_channel_and_a_refused_message_does_not(scheme: str) -> None:
    for status, of_channel in ((404, False), (408, False), (499, False), (500, True), (502, True), (503, True)):
        with http_server(answering(status, b"<html>oh</html>")) as (port, _):
            assert send(bot(scheme, port)).of_channel is of_channel, status


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errcode": -1, "errmsg": "system busy"}, A.TRANSIENT),
        (200, {"errcode": 77777, "errmsg": "new in 2030"}, A.TRANSIENT),
        (200, {"errcode": 77777, "errmsg": "send too fast"}, A.TRANSIENT),
        (200, {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, A.TRANSIENT),
        (200, b"<html>Please log in to the hospital's network</html>", A.UNKNOWN),
        (200, {"errcode": "0"}, A.UNKNOWN),
        (200, {"errcode": False}, A.UNKNOWN),
        (200, [0], A.UNKNOWN),
        (404, b"gone", A.PERMANENT),
        (408, b"", A.TRANSIENT),
        (429, b"", A.TRANSIENT),
        (500, {"errcode": 0}, A.TRANSIENT),
        (503, b"", A.TRANSIENT),
    ],
)
def test_what_is_in_no_table_is_never_taken_for_success(status: int, body: object, outcome: AttemptOutcome) -> None:
    with http_server(answering(status, body)) as (port, posted):
        assert send(bot("dingtalk", port)).outcome is outcome
    assert posted[0][0].startswith("/api/robot/send?access_token=token-1&timestamp=")


def test_feishus_older_answer_counts_too() -> None:
    with http_server(answering(200, {"StatusCode": 0, "StatusMessage": "success", "Extra": None})) as (port, _):
        assert send(bot("feishu", port)).outcome is A.ACCEPTED


def test_the_vendors_own_waiting_time_is_kept() -> None:
    with http_server(answering(429, b"", x_ogw_ratelimit_reset="52")) as (port, posted):
        sender = bot("feishu", port)
        assert send(sender).free_at == AT + timedelta(seconds=52)
        assert send(sender, AT + timedelta(seconds=52) - MOMENT).down
        assert len(posted) == 1
        send(sender, AT + timedelta(seconds=52))
        assert len(posted) == 2


@pytest.mark.parametrize("scheme", ["wecombot", "dingtalk"])
def test_over_the_limit_nothing_leaves_until_the_moment_it_is_free_again(scheme: str) -> None:
    with http_server(answering(200, OK)) as (port, posted):
        sender = bot(scheme, port)
        for n in range(20):
            assert send(sender, AT + timedelta(seconds=n)).outcome is A.ACCEPTED
        late = send(sender, AT + WINDOW - MOMENT)
        assert (late.outcome, late.down, late.free_at) == (A.TRANSIENT, True, AT + WINDOW)
        assert "free again at 2026-03-02 01:31:01 UTC" in late.why
        assert len(posted) == 20
        assert send(sender, AT + WINDOW).outcome is A.ACCEPTED
        assert send(sender, AT + WINDOW).down
    assert len(posted) == 21


def test_feishu_gets_five_a_second() -> None:
    paused: list[float] = []
    with http_server(answering(200, OK)) as (port, _):
        sender = bot("feishu", port, paused)
        for at in (AT, AT, AT + timedelta(milliseconds=150), AT + timedelta(seconds=1), AT):
            send(sender, at)
    assert paused == pytest.approx([0.2, 0.05, 0.2])


def test_a_clock_that_was_set_back_does_not_silence_a_bot() -> None:
    throttle = Throttle(2)
    throttle.take(AT)
    throttle.take(AT)
    throttle.shut(AT, timedelta(minutes=10))
    earlier = AT - timedelta(hours=1)
    assert throttle.free_at(AT) == AT + timedelta(minutes=10)
    assert throttle.free_at(earlier) == earlier


def test_another_place_in_the_own_network_or_without_https_needs_permission() -> None:
    with http_server(answering(200, OK)) as (port, posted):
        result = send(BotSender("group", URLS["feishu"], f"https://127.0.0.1:{port}"))
    assert result.outcome is A.PERMANENT and "not among channel_hosts" in result.why
    plain = send(BotSender("group", URLS["feishu"], "http://1.1.1.1"))
    assert plain.outcome is A.PERMANENT and "not reached by https" in plain.why
    assert posted == []


def test_a_place_that_cannot_prove_its_name_gets_nothing() -> None:
    assert tls_context().check_hostname and tls_context().verify_mode.name == "CERT_REQUIRED"
    with http_server(answering(200, OK)) as (port, posted):
        place = f"127.0.0.1:{port}"
        result = send(BotSender("group", URLS["feishu"], f"https://{place}", (place,)))
    assert (result.outcome, result.down, posted) == (A.TRANSIENT, True, [])


def test_a_title_cannot_call_the_whole_group() -> None:
    with http_server(answering(200, OK)) as (port, posted):
        send(bot("feishu", port), text='<at user_id="all">all</at> <@ana> a<b')
    assert json.loads(posted[0][1])["content"]["text"].endswith('＜at user_id="all">all＜/at> ＜@ana> a<b')


def test_characters_go_as_they_are_because_wecom_refuses_escaped_ones() -> None:
    with http_server(answering(200, OK)) as (port, posted):
        send(bot("wecombot", port), text="病区")
    assert "病区".encode() in posted[0][1]


def test_what_is_sent_fits_with_its_frame() -> None:
    for scheme, most in (("dingtalk", 20_000), ("feishu", 20_000)):
        with http_server(answering(200, OK)) as (port, posted):
            send(bot(scheme, port), text='"\n\\' * 20_000)
        assert most - 1_000 < len(posted[0][1]) <= most
    assert WECOM.most == 2_048
