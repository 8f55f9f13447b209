"""The group bots of WeCom, DingTalk and Feishu: what each wants to be sent, how often, and what its codes mean."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from notifications.cut import n_bytes

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Key:
    """What a group's owner copies from the bot's page."""

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)


Said = Mapping[str, object]
Asked = tuple[str, Said]  # path with query, body


@dataclass(frozen=True)
class Bot:
    """One vendor's bot. A code that stands in neither set is tried again: what we do not know may pass."""

    name: str
    form: str  # how its address is written in channels.yaml
    base: str
    per_minute: int
    ask: Callable[[str, Key, datetime], Asked]
    code: str  # the fields of the answer
    words: str
    full: frozenset[int]  # too many messages: the bot is shut for a while
    wrong: frozenset[int]  # no message will ever be taken in this way
    shut: timedelta = MINUTE
    gap: timedelta = timedelta(0)  # between two messages
    most: int = 20_000  # of what `measure` counts
    measure: Callable[[str], int] = n_bytes
    signs: bool = True


def written(text: str) -> int:
    """Count the bytes of a text inside JSON, where quotes and line ends take two."""
    return len(encode(text))


def encode(body: object) -> bytes:
    """Write JSON as bytes. Characters stay as they are: WeCom refuses `\\uXXXX` with 40033."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _ask_wecom(text: str, key: Key, at: datetime) -> Asked:
    return f"/cgi-bin/webhook/send?key={quote(key.token, safe='')}", {"msgtype": "text", "text": {"content": text}}


def _ask_dingtalk(text: str, key: Key, at: datetime) -> Asked:
    query = {"access_token": key.token}
    if key.secret:
        moment = f"{int(at.timestamp() * 1000)}"
        query |= {"timestamp": moment, "sign": _sign(key.secret, f"{moment}\n{key.secret}")}
    return f"/robot/send?{urlencode(query)}", {"msgtype": "text", "text": {"content": text}}


def _ask_feishu(text: str, key: Key, at: datetime) -> Asked:
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if key.secret:
        moment = f"{int(at.timestamp())}"
        # Unlike DingTalk's, moment and secret are the key here and nothing is signed with it.
        body |= {"timestamp": moment, "sign": _sign(f"{moment}\n{key.secret}", "")}
    return f"/open-apis/bot/v2/hook/{quote(key.token, safe='')}", body


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


WECOM = Bot(
    name="WeCom",
    form="wecombot://KEY",
    base="https://qyapi.weixin.qq.com",
    # developer.work.weixin.qq.com/document/path/91770: 20 a minute, text up to 2,048 bytes (markdown 4,096). Text,
    # because it also shows in the small programs of WeChat, and nothing in a title can become a link or a call there.
    per_minute=20,
    most=2_048,
    signs=False,
    ask=_ask_wecom,
    code="errcode",
    words="errmsg",
    # developer.work.weixin.qq.com/document/path/90455, the table of all codes; -1 (busy) is tried again.
    full=frozenset({45009}),  # calls over the limit
    wrong=frozenset(
        {40001, 40013, 40014}  # secret, company or token not valid
        | {40008, 40033, 40035, 44004}  # kind of message, characters, parameters, empty text: our own mistake
        | {93000, 93004, 93008}  # address not valid or bot taken out of the group; bot stopped; not in the group
    ),
)

DINGTALK = Bot(
    name="DingTalk",
    form="dingtalk://TOKEN?secret=SECRET",
    base="https://oapi.dingtalk.com",
    # open.dingtalk.com/document/robots/custom-robot-access: 20 a minute, then shut for 10 minutes.
    per_minute=20,
    shut=timedelta(minutes=10),
    most=19_500,  # 20,000 with the frame ("message too long, exceed 20000 bytes")
    measure=written,
    ask=_ask_dingtalk,
    code="errcode",
    words="errmsg",
    # 410100: open.dingtalk.com/document/orgapp/custom-robots-send-group-messages. 130101: the older table, seen in
    # ccfos/nightingale issue 369. 660026: in no table, only seen by others who called the live service.
    full=frozenset({130101, 410100, 660026}),
    wrong=frozenset(
        # custom-robots-send-group-messages: keyword, signature, moment or IP; group dissolved; no such token; bot
        # stopped; kind of message; bot not in the group; link, words, picture, content not allowed
        {310000, 400013, 400101, 400102, 400105, 400106, 430101, 430102, 430103, 430104}
        # the older table, seen from the live service: no such token (300001, 300005), no token (40035), kind of content
        | {300001, 300005, 40035, 43004}
    ),
)

FEISHU = Bot(
    name="Feishu",
    form="feishu://TOKEN?secret=SECRET",
    base="https://open.feishu.cn",  # Lark: base_url https://open.larksuite.com
    # open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: 100 a minute, 5 a second, bodies up to 20 KB.
    per_minute=100,
    gap=timedelta(milliseconds=200),
    most=19_500,
    measure=written,
    ask=_ask_feishu,
    code="code",
    words="msg",
    # 11232: the same page; also met at full hours, when their system is busy. 99991400: their page "Rate limits".
    full=frozenset({11232, 99991400}),
    # The same page: body not valid or too long (9499), signature or moment (19021), IP (19022), keyword (19024).
    # 19001 (no such token) and 19002 (kind of message): seen from the live service, in no table.
    wrong=frozenset({9499, 19001, 19002, 19021, 19022, 19024}),
)

BOTS: Mapping[str, Bot] = {"wecombot": WECOM, "dingtalk": DINGTALK, "feishu": FEISHU}
