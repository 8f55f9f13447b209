"""Senders that a child process can be given: each does as the message says."""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from notifications.render import Message
from notifications.senders import Address, Sender, SendResult, accepted


@dataclass(frozen=True)
class Obedient:
    """Does what stands in the message; `log` gets the ids of what was sent, one a line."""

    log: str

    def send(self, message: Message, to: Address) -> SendResult:
        for wish, act in WISHES.items():
            if f"please {wish}" in message.text:
                act()
        with Path(self.log).open("a") as log:
            log.write(f"{to.delivery_id}\n")
        return accepted(f"by process {os.getpid()}")


@dataclass
class House:
    """Mails by a real mail sender, and a webhook that waits as long as it takes."""

    mail_port: int
    hook_port: int
    mail: Sender | None = None

    def send(self, message: Message, to: Address) -> SendResult:
        if to.channel == "hook":
            with urlopen(f"http://127.0.0.1:{self.hook_port}/", data=b"{}", timeout=600) as answer:
                return accepted(str(answer.status))
        from notifications.door import MailSender  # 0.3 s, and most children here send no mail
        from notifications.relay import Relay, RelaySetting

        self.mail = self.mail or MailSender(Relay(RelaySetting("127.0.0.1", self.mail_port, "wardcycle@hospital.test")))
        return self.mail.send(message, to)


def _leak() -> None:
    hoard: list[bytearray] = []
    while True:
        hoard.append(bytearray(1 << 26))


def _segfault() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), 11)


def _raise() -> None:
    raise RuntimeError("json://user:secret@host")


WISHES = {
    "die": lambda: os._exit(7),
    "segfault": _segfault,
    "leak": _leak,
    "hang": lambda: time.sleep(600),
    "raise": _raise,
}
