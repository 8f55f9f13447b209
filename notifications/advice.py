"""What an answer of the other side means for a ward, and what to do; the vendor's own words stand beside it."""

import re

from config.words import Text
from models.notification import AttemptOutcome
from notifications.allowed import scheme_of
from notifications.senders import SendResult

TAKEN = Text("It was taken. Look whether it has arrived.", "对方已接收，请查看是否收到。")
LATER = Text(
    "It was not taken now and may be later. Wait a few minutes and test again.", "对方暂未接收，请过几分钟再测试。"
)
NEVER = Text(
    "It will not be taken in this way. Check the address of the channel.", "对方不会接收，请检查该渠道的地址。"
)
UNCLEAR = Text(
    "It was handed over and no answer came: it may have arrived. Look there before you test again.",
    "已发出但没有得到答复，可能已送达。请先查看再决定是否重试。",
)
HOSTS = Text(
    "The address lies in the hospital's own network. If that is meant, add host:port to WARDCYCLE_CHANNEL_HOSTS "
    "and restart.",
    "该地址在医院内网。如确需使用，请把“主机:端口”加入 WARDCYCLE_CHANNEL_HOSTS 并重启。",
)
FULL = Text(
    "The group's robot has had too many messages. Wait ten minutes and test again.",
    "群机器人发送过于频繁，请十分钟后再测试。",
)
KEY = Text(
    "The key is wrong, or the robot was taken out of the group. Copy the robot's address again and run: "
    "wardcycle channel add ... --replace",
    "密钥不正确，或机器人已被移出群聊。请重新复制机器人地址并运行：wardcycle channel add ... --replace",
)
SIGN = Text(
    "The robot's safety setting refuses it. Choose the signature (加签), not keywords or addresses, and give its "
    "secret.",
    "机器人的安全设置拒绝了消息。请选择“加签”（不要用关键词或 IP），并填写其密钥。",
)
REACH = Text(
    "The other side cannot be reached. Check host and port, the network and its firewall.",
    "无法连接对方。请检查主机、端口、网络和防火墙。",
)
LOGIN = Text(
    "User or password are refused. Check WARDCYCLE_SMTP_USER and WARDCYCLE_SMTP_PASSWORD.",
    "用户名或密码被拒绝。请检查 WARDCYCLE_SMTP_USER 和 WARDCYCLE_SMTP_PASSWORD。",
)
RECEIVER = Text("The mail server does not know this address. Check it.", "邮件服务器不认识该收件地址，请核对。")
DENIED = Text(
    "The service refuses user, password or token. Check them in the address of the channel.",
    "服务拒绝了用户名、密码或令牌，请检查渠道地址中的这些内容。",
)

# What is looked for in the words of a sender, by the kind of channel; the first that fits is said.
_GROUPS = ("wecombot", "dingtalk", "feishu")
_SAFETY = r"\b(310000|19021|19022|19024|40010[125])\b"
_RULES: tuple[tuple[tuple[str, ...], str, Text], ...] = (
    ((), r"own network and not among channel_hosts|not reached by https", HOSTS),
    (_GROUPS, r"free again at", FULL),
    (_GROUPS, _SAFETY, SIGN),
    (_GROUPS, r"\b(93000|93004|93008|40001|40013|40014|30000[15]|40035|43010[1-4]|19001)\b", KEY),
    (("email", "mailto", "mailtos"), r"does not accept user and password|\b535\b", LOGIN),
    (("email",), r"refuses the receiver|no e-mail address", RECEIVER),
    ((), r"cannot be reached|NameResolution|NewConnection|refused|no encrypted way|Max retries", REACH),
    ((), r"\b(401|403)(\d\d)?\b", DENIED),
)


def advice(url: str, result: SendResult) -> Text:
    """Say what to do. url: of the channel, for its kind."""
    if result.outcome is AttemptOutcome.ACCEPTED:
        return TAKEN
    kind = scheme_of(url) or url
    for kinds, pattern, text in _RULES:
        if (not kinds or kind in kinds) and re.search(pattern, result.why):
            return text
    return {AttemptOutcome.PERMANENT: NEVER, AttemptOutcome.UNKNOWN: UNCLEAR}.get(result.outcome, LATER)
