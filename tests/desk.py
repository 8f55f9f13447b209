"""A ward whose owner answers by mail: a cycle, its mails, a real mailbox for the answers."""

import email
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import select

from config.settings import Settings
from engine.mail_rounds import ReadReplies, read_replies
from engine.people import people_changed
from engine.rules import Rules
from models.base import Row
from models.db import Database
from models.notification import Notification, NotificationKind
from models.reply import MailReply
from models.task import Answer
from notifications.channels import voice_of
from notifications.deliver import deliver_due
from notifications.inbox import open_inbox
from tests.imap import PASSWORD, ImapBox, ImapServer
from tests.mails import Post
from tests.places import make_hospital
from tests.voices import Behaviour, mail_server
from tests.walks import Part, Walk, launched, stage, task, template

ONE = template(stage("work", task("photograph", evidence="optional"), task("teach", after=["photograph"])))
OWN = "dee@hospital.test"


@dataclass
class Desk:
    """A ward whose owner answers by mail: the cycle, the mailbox, the address that the owner was given."""

    walk: Walk
    box: ImapBox
    settings: Settings
    now: datetime
    address: str

    def post(self, sender: str = OWN) -> Post:
        """The mail program of somebody who replies to the owner's mail."""
        return Post(sender, self.address)

    def read(self, *, later: timedelta = timedelta(0), database: Database | None = None) -> ReadReplies:
        """Read the mailbox once."""
        with open_inbox(self.settings) as inbox:
            return read_replies(database or self.walk.database, inbox, rules=self.walk.rules, now=self.now + later)

    def take(self, *mails: bytes) -> ReadReplies:
        """Let mails arrive and read them."""
        self.box.put(*mails)
        return self.read()

    def answers(self) -> list[tuple[str, str, str]]:
        """List what was answered: kind, note, door."""
        with self.walk.database.reading() as session:
            return [
                (one.kind.value, one.note, one.door) for one in session.exec(select(Answer).order_by(sa.text("id")))
            ]

    def outcomes(self) -> list[tuple[str, str]]:
        """List what became of the mails: outcome, why."""
        with self.walk.database.reading() as session:
            rows = session.exec(select(MailReply).order_by(sa.text("id")))
            return [(one.outcome.value, one.why) for one in rows]

    def facts(self, kind: str) -> list[str]:
        """Read the facts of what was told, oldest first."""
        with self.walk.database.reading() as session:
            query = select(Notification.facts).where(Notification.kind == NotificationKind(kind))
            return list(session.exec(query.order_by(sa.text("id"))))

    def all_rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Read every row but the heartbeat."""
        with self.walk.database.reading() as session:
            tables = [table for table in Row.metadata.sorted_tables if table.name != "heartbeat"]
            return {table.name: [tuple(row) for row in session.execute(sa.select(table))] for table in tables}

    def change(self, what: str, **values: object) -> None:
        """Change rows by hand, as an administrator."""
        with self.walk.database.transaction("test") as session:
            session.execute(sa.text(what), values)
            people_changed(session)


def sat_down(
    database: Database, rules: Rules, imap: ImapServer, folder: Path, now: datetime, written: Part = ONE
) -> Desk:
    """Launch a cycle, send its mails, and read the owner's secret address out of the mail itself."""
    make_hospital(database)
    walk, box, relay = launched(database, rules, now, written), imap.mailbox(), Behaviour()
    with mail_server(relay) as port:
        settings = Settings.model_validate(
            {"data_folder": folder, "smtp_host": "127.0.0.1", "smtp_port": port, "language": "en",
             "reply_address": "answers@hospital.test", "imap_host": "127.0.0.1", "imap_port": box.port,
             "imap_user": box.user, "imap_password": PASSWORD, "imap_tls": "none"}
        )  # fmt: skip
        deliver_due(database, voice=voice_of(settings, walk.rules.catalogue), now=lambda: now)
    mail = next(one for one in relay.got if one.rcpt_tos == [OWN])
    assert isinstance(mail.content, bytes)
    return Desk(walk, box, settings, now, str(email.message_from_bytes(mail.content)["Reply-To"]))
