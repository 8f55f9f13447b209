"""Reading the mailbox of answers once: for the flow and for the command line. Knows no Prefect."""

from datetime import datetime

from config.settings import Settings
from engine.mail_rounds import ReadReplies, read_replies, tell_office
from engine.rules import Rules
from models.db import Database
from models.errors import WardcycleError
from notifications.inbox import InboxUnreachable, open_inbox
from notifications.reply_address import is_reply_address


class NoRepliesTaken(WardcycleError):
    """No answers by mail are taken: set WARDCYCLE_IMAP_HOST, and WARDCYCLE_REPLY_ADDRESS (<= 21 characters, then @)."""

    zh = "尚未设置邮件答复。请设置 WARDCYCLE_REPLY_ADDRESS（@ 之前最多 21 个字符）和 WARDCYCLE_IMAP_HOST。"


def read_mailbox(database: Database, settings: Settings, *, rules: Rules, now: datetime) -> ReadReplies:
    """Read what is unread; the quality office hears of a mailbox that has not opened for half an hour.

    Raises NoRepliesTaken, InboxUnreachable.
    """
    if not (settings.imap_host and is_reply_address(settings.reply_address)):
        raise NoRepliesTaken
    try:
        with open_inbox(settings) as inbox:
            return read_replies(database, inbox, rules=rules, now=now)
    except InboxUnreachable as error:
        tell_office(database, en=error.text("en"), zh=error.text("zh"), rules=rules, now=now)
        raise
