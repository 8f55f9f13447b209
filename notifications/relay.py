"""The hospital's mail relay: one kept SMTP connection, and its replies in our words."""

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from time import monotonic

from notifications.senders import SendResult, accepted, permanent, transient, unknown

FRESH_S = 20.0  # a connection that rested longer is asked whether it still lives
MOST_MAILS = 500  # relays close a connection after some hundreds of mails; leave before


@dataclass(frozen=True)
class RelaySetting:
    """How the relay is reached."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"
    timeout_s: float = 20.0


@dataclass
class Relay:
    """A relay and the connection to it, used by one thread."""

    setting: RelaySetting
    clock: Callable[[], float] = monotonic
    _open: smtplib.SMTP | None = None
    _used_at: float = 0.0
    _n_mails: int = 0

    def send(self, to: str, build: Callable[[bool], bytes]) -> SendResult:
        """Hand one mail over. build: makes the mail; told whether the relay takes 8-bit text."""
        for _ in range(2):
            kept = self._open is not None
            try:
                smtp = self._connection()
            except (OSError, smtplib.SMTPException) as error:
                self.close()
                return transient(self._no_way(error), down=True)
            result = self._transfer(smtp, to, build, kept=kept and smtp is self._open and self._n_mails > 0)
            if result is not None:
                return result
        raise AssertionError("a new connection always gives a result")

    def close(self) -> None:
        """Let the connection go, whatever state it is in."""
        if self._open is not None:
            self._open.close()
        self._open, self._n_mails = None, 0

    def __del__(self) -> None:
        self.close()  # whoever made a voice may simply let it go

    def _connection(self) -> smtplib.SMTP:
        """Give the open connection if it still answers, else a new one."""
        if self._open is not None and self._n_mails < MOST_MAILS and self._lives(self._open):
            return self._open
        self.close()
        self._open = self._connect()
        self._used_at = self.clock()
        return self._open

    def _lives(self, smtp: smtplib.SMTP) -> bool:
        if self.clock() - self._used_at < FRESH_S:
            return True
        try:
            return smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _connect(self) -> smtplib.SMTP:
        setting, name = self.setting, self.setting.sender.rpartition("@")[2] or "localhost"
        # The name is given, or smtplib asks the DNS for ours, which takes seconds where there is none.
        if setting.tls == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                setting.host, setting.port, local_hostname=name, timeout=setting.timeout_s, context=_tls()
            )
        else:
            smtp = smtplib.SMTP(setting.host, setting.port, local_hostname=name, timeout=setting.timeout_s)
        try:
            if setting.tls == "starttls":
                smtp.starttls(context=_tls())
            smtp.ehlo_or_helo_if_needed()
            if setting.user:
                smtp.login(setting.user, setting.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _transfer(
        self, smtp: smtplib.SMTP, to: str, build: Callable[[bool], bytes], *, kept: bool
    ) -> SendResult | None:
        """Walk through one mail. Until the server said 354 nothing was handed over; after it, silence is `unknown`.

        None when a kept connection turned out to be dead before anything was handed over: try a new one.
        """
        eight_bit = smtp.has_extn("8bitmime")
        mail = build(eight_bit)
        handed_over = False
        try:
            refused = self._envelope(smtp, to, eight_bit)
            if refused is not None:
                return self._keep(smtp, refused, reset=True)
            handed_over = True
            smtp.send(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            return self._keep(smtp, _content_reply(*smtp.getreply()))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            if handed_over:
                return unknown(f"the mail was handed over and no answer came: {_words(error)}", down=_is_slow(error))
            return None if kept else transient(f"the mail server broke off: {_words(error)}", down=True)

    def _envelope(self, smtp: smtplib.SMTP, to: str, eight_bit: bool) -> SendResult | None:
        """Name sender and receiver and ask to send; None when the server waits for the mail."""
        (code, said), (code_to, said_to), (code_data, said_data) = self._three(
            smtp,
            f"MAIL FROM:<{self.setting.sender}>{' BODY=8BITMIME' if eight_bit else ''}",
            f"RCPT TO:<{to}>",
            "DATA",
        )
        if code_data == 354 and not (code == 250 and code_to in (250, 251)):
            smtp.send(b".\r\n")  # RFC 2920: asked in one breath, the server may still wait for a mail
            smtp.getreply()
        if code != 250:  # about us, not about the receiver: nobody's address is at fault
            sender = self.setting.sender
            return transient(f"the mail server does not take mail from {sender}: {_said(code, said)}", down=True)
        if code_to not in (250, 251):
            refused = _reply("the mail server refuses the receiver", code_to, said_to)
            return replace(refused, nobody=_is_nobody(code_to, said_to))
        return None if code_data == 354 else _reply("the mail server refuses the mail", code_data, said_data)

    def _three(self, smtp: smtplib.SMTP, *commands: str) -> list[tuple[int, bytes]]:
        """Give three commands: in one breath where the server allows it, else one by one up to the first refusal."""
        if smtp.has_extn("pipelining"):
            smtp.send("".join(f"{command}\r\n" for command in commands).encode())
            return [smtp.getreply() for _ in commands]
        replies: list[tuple[int, bytes]] = []
        for command in commands:
            refused = replies and replies[-1][0] not in (250, 251)
            replies.append((0, b"") if refused else smtp.docmd(command))
        return replies

    def _keep(self, smtp: smtplib.SMTP, result: SendResult, *, reset: bool = False) -> SendResult:
        """Leave the connection ready for the next mail; a server that says goodbye (421) is left."""
        self._used_at, self._n_mails = self.clock(), self._n_mails + 1
        if " 421 " in f" {result.why} ":
            self.close()
        elif reset:
            try:
                smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.close()
        return result

    def _no_way(self, error: Exception) -> str:
        where = f"{self.setting.host}:{self.setting.port}"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return (
                f"the mail server {where} does not accept user and password: {_said(error.smtp_code, error.smtp_error)}"
            )
        if isinstance(error, ssl.SSLError):
            return f"no encrypted way to the mail server {where}: {_words(error)}"
        return f"the mail server {where} cannot be reached: {_words(error)}"


def _content_reply(code: int, said: bytes) -> SendResult:
    if code == 250:
        return accepted(_said(code, said))
    return _reply("the mail server refuses the mail", code, said)


def _reply(what: str, code: int, said: bytes) -> SendResult:
    why = f"{what}: {_said(code, said)}"
    return permanent(why) if 500 <= code < 600 else transient(why, down=code == 421)


# RFC 3463 and RFC 7505: what is wrong with the receiver's address; the others are about us, the mail, or a rule.
NOBODY = frozenset({"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})


def _is_nobody(code: int, said: bytes) -> bool:
    """Answer whether a refusal says that there is no such receiver: one rule of a relay must not silence everybody."""
    text = _said(code, said)
    named = re.search(r"\b5\.(\d{1,3}\.\d{1,3})\b", text)
    if named:
        return code >= 500 and named[1] in NOBODY
    return code in (550, 551, 553) and not re.search("relay|spam|block|policy|denied|allow", text, re.IGNORECASE)


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:300]


def _words(error: Exception) -> str:
    if _is_slow(error):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return " ".join(str(error).split())[:300] or type(error).__name__


def _is_slow(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or "timed out" in str(error)  # smtplib wraps the one into another


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # 20 ms, so only once
