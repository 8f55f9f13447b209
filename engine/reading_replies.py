"""What a reply by mail says: one known word alone on its first line, or nothing that counts. Pure."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from config.words import Text
from models.reply import Reply
from models.task import AnswerKind

MOST_NOTE = 1000  # characters of a note for the lead
MOST_ANSWER = 5000  # as the answer page takes them

DONE = (
    "done", "it is done", "completed", "complete", "finished",
    "完成", "已完成", "完成了", "已经完成", "办结", "已办结", "已办理", "办完了", "做完了",
)  # fmt: skip
ACKNOWLEDGE = (
    "ok", "okay", "received", "noted", "acknowledged", "understood", "got it",
    "收到", "已收到", "知悉", "已知悉", "已阅", "知道了", "好的", "明白",
)  # fmt: skip
WORDS = dict.fromkeys(DONE, AnswerKind.DONE) | dict.fromkeys(ACKNOWLEDGE, AnswerKind.ACKNOWLEDGE)

Unclear = Literal["foreign", "too-large", "empty", "no-word", "no-text", "too-long"]
REASONS = {
    "foreign": Text(
        "A mail came to your address for replies from another address than yours; its text went to the lead as a "
        "note. If it was you, write from the address that this message reached.",
        "有邮件从您登记邮箱以外的地址发到了您的回复地址，其内容已作为留言转给项目负责人。如是您本人发送，请用收到本消息的邮箱回复。",
    ),
    "too-large": Text(
        "The mail is too large. Send smaller files, or answer on the page.",
        "邮件过大。请发送较小的附件，或在页面上答复。",
    ),
    "empty": Text("Nothing of your own stood above the quoted mail.", "引用内容之上没有您自己写的文字。"),
    "no-word": Text(
        "Its first line is not one of the known words alone; your text went to the lead as a note.",
        "第一行不是单独的答复词；您的文字已作为留言转给项目负责人。",
    ),
    "no-text": Text(
        "It came as a formatted mail without plain text; your words went to the lead as a note.",
        "邮件只有 HTML 格式，没有纯文本；您的文字已作为留言转给项目负责人。",
    ),
    "too-long": Text(
        f"The text is longer than {MOST_ANSWER} characters; its beginning went to the lead as a note.",
        f"文字超过 {MOST_ANSWER} 个字符；其开头部分已作为留言转给项目负责人。",
    ),
    "stale": Text(
        "The message that you replied to is more than 90 days old. Answer a newer one about the task, or ask its lead.",
        "您回复的消息已超过 90 天。请回复该任务较新的消息，或联系项目负责人。",
    ),
}


@dataclass(frozen=True)
class Understood:
    """An answer that a mail gives beyond doubt."""

    kind: AnswerKind
    note: str


def understand(reply: Reply) -> Understood | Unclear:
    """Read the answer that a reply gives, or say why it gives none."""
    if reply.too_large:
        return "too-large"
    if not reply.lines:
        return "empty"
    if not reply.plain:
        return "no-text"
    kind = WORDS.get(_word(reply.lines[0]))
    if kind is None:
        return "no-word"
    note = "\n".join(reply.lines[1:]).strip()
    return "too-long" if len(note) > MOST_ANSWER else Understood(kind, note)


def _word(line: str) -> str:
    """Bring a first line to the spelling of the known words; a question mark stays and makes it none of them."""
    return " ".join(unicodedata.normalize("NFKC", line).casefold().split()).rstrip(".!。,~ ")
