"""A real IMAP server of the tests' own: Debian's dovecot on loopback, without rights, thrown away at the end."""

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.postgres import WATCHED
from tests.voices import free_port, wait_for_port

PASSWORD = "a-password-of-the-tests"
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 50
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """A running server; every name is a user with an empty mailbox."""

    port: int
    _numbers: Iterator[int] = field(default_factory=count)

    def mailbox(self) -> "ImapBox":
        """Make a new mailbox."""
        return ImapBox(self.port, f"answers-{next(self._numbers)}")


@dataclass(frozen=True)
class ImapBox:
    """One mailbox, seen as its hospital's mail administrator sees it."""

    port: int
    user: str

    def put(self, *mails: bytes) -> None:
        """Let mails arrive."""
        with self.opened() as client:
            for mail in mails:
                status, said = client.append("INBOX", "", "", mail)
                assert status == "OK", said

    def flags(self) -> list[set[str]]:
        """Read the flags of every mail, oldest first."""
        with self.opened() as client:
            found = client.fetch("1:*", "(FLAGS)")[1]
        return [
            {flag.decode() for flag in imaplib.ParseFlags(line) if flag != b"\\Recent"}
            for line in found
            if isinstance(line, bytes)
        ]

    def forget_read(self) -> None:
        """Take back that mails were read, as after a crash between an answer and its mark."""
        with self.opened() as client:
            client.store("1:*", "-FLAGS", "(\\Seen \\Flagged)")

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4]:
        """Log in and open the folder."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        try:
            client.login(self.user, PASSWORD)
            client.select()
            yield client
        finally:
            client.logout()


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """Start a server. Without dovecot the tests fail, they never skip."""
    if shutil.which("dovecot") is None and not Path("/usr/sbin/dovecot").exists():
        raise FileNotFoundError("No dovecot here: install dovecot-imapd (.ci/prepare does).")
    folder, port = Path(tempfile.mkdtemp(prefix="wardcycle-imap-")), free_port()
    user = "dovecot" if os.geteuid() == 0 else getpass.getuser()  # it refuses to serve mail as root
    group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    file = folder / "dovecot.conf"
    file.write_text(CONFIG.format(folder=folder, user=user, group=group, password=PASSWORD, port=port))
    if os.geteuid() == 0:
        shutil.chown(folder, user, group)
    try:
        with _started(folder, file, user, group) as process:
            wait_for_port(port)
            assert process.poll() is None, (folder / "log").read_text()
            yield ImapServer(port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path, file: Path, user: str, group: str) -> Iterator["subprocess.Popen[bytes]"]:
    is_root = os.geteuid() == 0
    with (folder / "said").open("wb") as output:
        watched = subprocess.Popen(
            ["sh", "-c", WATCHED, "sh", "/usr/sbin/dovecot", "-F", "-c", str(file)],
            cwd=folder,
            user=user if is_root else None,
            group=group if is_root else None,
            extra_groups=() if is_root else None,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with watched:
        yield watched
