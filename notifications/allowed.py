"""Which Apprise addresses a hospital may use as a channel; pure, but for the look-up of a host's number."""

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from config.words import Text
from models.errors import Refused

# Services that tell by their HTTP status (or SMTP reply) whether they took a message. Left out on purpose: wecombot,
# dingtalk, feishu, lark, schan and spug answer 200 with an error in the body, which Apprise takes for success. The
# first three are sent by our own senders (bots.py), which never come here.
HOSTED = frozenset(
    {"json", "jsons", "xml", "xmls", "form", "forms", "ntfy", "ntfys", "gotify", "gotifys", "matrix", "matrixs"}
    | {"mmost", "mmosts", "rocket", "rockets", "signal", "signals", "mailto", "mailtos"}
)
ALLOWED = HOSTED | {"tgram", "discord", "slack", "msteams", "workflow", "workflows", "pover"}
SILENT = frozenset({"wecombot", "dingtalk", "feishu", "lark", "schan", "spug"})
# What would change how often or whether Apprise sends: ours to decide.
FORBIDDEN = frozenset({"retry", "wait", "tag", "tags", "overflow", "optional", "redirect"})
PLACEHOLDER = "{address}"
HIDDEN = "***"


class ChannelRefused(Refused):
    """The channel '{slug}' cannot be used: {what}. Mend its address: in channels.yaml, or add it again."""

    zh = "渠道“{slug}”无法使用：{what}。请修改 channels.yaml 中的地址，或重新添加该渠道。"


def check_url(slug: str, url: str) -> None:
    """Check the address of a channel as it stands in channels.yaml. Raises ChannelRefused, which never shows it."""
    what = _fault(url)
    if what is not None:
        raise ChannelRefused(slug=slug, what=what)


def is_plain(address: str) -> bool:
    """Answer whether a person's address is one part of a path or query: quoting it is undone by Apprise."""
    return re.fullmatch(r"[^\s/\\?%&=,;\x00-\x1f\x7f]+", address) is not None and address not in (".", "..")


def fill(url: str, address: str) -> str:
    """Put a person's address into a channel's; quoted, so that it stays one part of it."""
    return url.replace(PLACEHOLDER, quote(address, safe=""))


def scheme_of(url: str) -> str:
    """Read the scheme; empty when there is none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def private_host(host: str, port: int | None, permitted: Collection[str]) -> str:
    """Find whether a channel would reach into the hospital's own network: 'host:port' then, '' when it may go on.

    permitted: the host:port pairs of Settings.channel_hosts.
    """
    named = f"{host}:{port}" if port else host
    if named in permitted or host in permitted:
        return ""
    return "" if all(ipaddress.ip_address(number).is_global for number in _numbers(host)) else named


def secrets_of(url: str) -> tuple[str, ...]:
    """Find the parts of an address that no log and no row may show, the longest first."""
    parts = urlsplit(url)
    found = {
        url,
        parts.username,
        parts.password,
        parts.query,
        *parts.path.split("/"),
        *dict(parse_qsl(parts.query)).values(),
    }
    if scheme_of(url) not in HOSTED:
        found.add(parts.hostname)  # a token stands where a host would
        found.add(parts.netloc)
    plain = {text for text in found if text}
    return tuple(sorted({*plain, *map(unquote, plain)} - {""}, key=len, reverse=True))


def cleaned(line: str, secrets: Collection[str]) -> str:
    """Take the secrets out of a line, and its line ends. secrets: the longest first."""
    for secret in secrets:
        if len(secret) > 2:
            line = line.replace(secret, HIDDEN)
    return " ".join(line.split())


def _fault(url: str) -> Text | None:
    scheme = scheme_of(url)
    if not scheme:
        return Text("it is no address of the form scheme://...", "地址不是 scheme://... 的形式")
    if re.search(r"[\s,\x00-\x1f\x7f]", url):
        return Text("its address holds a comma, a blank or a control character", "地址中含有逗号、空格或控制字符")
    try:
        urlsplit(url)
    except ValueError:  # its text would repeat the address
        return Text("its address cannot be read", "地址无法识别")
    if scheme in SILENT:
        return Text(f"{scheme} does not tell whether a message was taken", f"{scheme} 不返回是否接收成功")
    if scheme not in ALLOWED:
        return Text(
            f"{scheme} is not one of {', '.join(sorted(ALLOWED))}",
            f"不支持 {scheme}，可用：{'、'.join(sorted(ALLOWED))}",
        )
    set_here = sorted({key.lower() for key, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)} & FORBIDDEN)
    if set_here:
        return Text(f"it must not set {', '.join(set_here)}", f"不能设置 {'、'.join(set_here)}")
    if PLACEHOLDER in url.partition("://")[2].partition("/")[0]:
        return Text("{address} must not stand in the place of the host", "{address} 不能放在主机名的位置")
    return None


def _numbers(host: str) -> list[str]:
    """Look up what a host's name means; nothing when it means nothing, which the sender will find out itself."""
    try:
        return [str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []
