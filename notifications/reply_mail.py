"""Reading a mail that somebody sent as a reply: whose it is, what they wrote themselves, what came with it."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from hashlib import sha256
from html.parser import HTMLParser

from models.reply import Reply, ReplyFile
from notifications.automatic import why_automatic, words_of
from notifications.reply_address import ReplyAddresses

MOST_BYTES = 12_000_000  # evidence of 10 MB, and what base64 does not add to it is room for nothing else
MOST_HEAD_BYTES = 200_000
MOST_DEEP = 60  # the parser asks every open boundary at every line, and goes down by recursion
MOST_PARTS = 500
MOST_FILES = 20
MOST_LINES = 400
MOST_LINE = 2000
MOST_HTML = 100_000  # characters; the reader of hostile HTML takes the square of them
MOST_VALUE = 4000  # characters of one head line that are looked at

# Where a mail may name the address that it was sent to; a relay's own come first.
_TO = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_GBK = ("gb2312", "gbk", "gb18030", "x-gbk", "cp936", "hz-gb-2312")


class MailUnreadable(ValueError):
    """A mail that is built in a way no person's mail program builds one."""


def read_reply(raw: bytes, *, uid: int, addresses: ReplyAddresses, whole: bool = True) -> Reply:
    """Read one mail. whole: the text came too, not only the head of a mail that is too large.

    Raises MailUnreadable, and whatever the standard library raises for a mail it does not understand.
    """
    _refuse_bombs(raw)
    # The older policy: the parser behind the newer one's header objects is slow, or falls over, with hostile heads.
    mail = message_from_bytes(raw)
    tokens = {addresses.token(one) for name in _TO for one in addresses_in(mail, name)} - {""}
    token = tokens.pop() if len(tokens) == 1 else ""
    senders = addresses_in(mail, "from")
    sender = senders[0] if len(senders) == 1 else ""
    automatic = why_automatic(mail, sender)
    if not token or automatic:
        return Reply(uid, digest_of(raw), token, sender, automatic)
    lines, plain = _written(mail) if whole else ((), True)
    files = tuple(_files(mail)) if whole else ()
    return Reply(uid, digest_of(raw), token, sender, "", lines, plain, files, too_large=not whole)


def digest_of(raw: bytes) -> str:
    """Name a mail by what its writer made: a copy that came by another way has other lines of the relays on top."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    unfolded = re.sub(rb"\n[ \t]+", b" ", head)
    own = [line for line in unfolded.split(b"\n") if line.lower().startswith(_OWN)]
    return sha256(b"\n".join([*sorted(own), b"", body.rstrip()])).hexdigest()


_OWN = (b"message-id:", b"date:", b"from:", b"to:", b"cc:", b"subject:")


def addresses_in(mail: Message, name: str) -> list[str]:
    """Read the bare addresses of a head line, in whatever state it is; names and comments are nobody's proof."""
    values = [str(value)[:MOST_VALUE] for key, value in mail.raw_items() if key.lower() == name]
    found = [address.strip().casefold() for _, address in getaddresses(values) if "@" in address]
    return [address.encode("utf-8", "replace").decode() for address in found]


def _refuse_bombs(raw: bytes) -> None:
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if len(raw) > MOST_BYTES or len(head) > MOST_HEAD_BYTES:
        raise MailUnreadable("too large")
    n_deep = raw.lower().count(b"boundary") + raw.lower().count(b"message/")
    if n_deep > MOST_DEEP or raw.count(b"\n--") > MOST_PARTS:
        raise MailUnreadable("too many parts")


def _written(mail: Message) -> tuple[tuple[str, ...], bool]:
    """Find what the writer wrote, line by line, and whether it stands in plain text."""
    for kind in ("text/plain", "text/html"):
        for part in _parts(mail):
            if part.get_content_type() == kind and not _is_file(part):
                text = _text(part)
                lines = own_lines(text if kind == "text/plain" else text_of_html(text))
                if lines or (kind == "text/plain" and text.strip()):
                    return lines, kind == "text/plain"
    return (), True


def own_lines(text: str) -> tuple[str, ...]:
    """Take the lines above the quoted mail and above the signature; empty lines at both ends go."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[: MOST_LINES * 4]:
        bare = line.strip(_BLANK)
        if _ends(bare):
            break
        if not bare.startswith((">", "＞")):
            lines.append(bare[:MOST_LINE])
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines[:MOST_LINES])


_BLANK = " \t\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
# The line above a quoted mail, and the one above a signature, as the mail programs of the wards write them.
_END = re.compile(
    r"--|—{2,}.*|_{10,}|"
    r"-{2,}\s*(original message|original|forwarded message|"
    r"原始邮件|原邮件|原始信件|转发邮件|转发的邮件|回复的邮件)\s*-*.*|"
    r"(on|le|am)\b.{4,200}\b(wrote|a écrit|schrieb)\s?[:：].*|.{0,200}(写道|寫道)\s?[:：].*|"
    r"(from|发件人|寄件者|寄件人)\s?[:：].*@.*|"
    r"(sent from|get outlook|发自|来自|從我的|从我的|发送自).{0,60}",
    re.IGNORECASE,
)


def _ends(line: str) -> bool:
    folded = line.casefold()
    if folded.startswith("on ") and folded.endswith((">", "wrote:")):  # it may go on in the next line
        return True
    return _END.fullmatch(line[:400].lstrip("*").strip()) is not None


class _Words(HTMLParser):
    """Collects what a reader of the HTML sees; quoted mails and styles are left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        if tag in _BREAKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data.replace("\n", " "))


_HIDDEN = frozenset({"script", "style", "head", "title", "blockquote"})
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr"})


def text_of_html(html: str) -> str:
    """Read HTML as lines of plain text."""
    reader = _Words()
    reader.feed(html[:MOST_HTML])
    reader.close()
    return "".join(reader.found)


def _files(mail: Message) -> Iterator[ReplyFile]:
    n_files = 0
    for part in _parts(mail):
        if _is_file(part):
            n_files += 1
            if n_files > MOST_FILES:
                return
            content = part.get_payload(decode=True)
            yield ReplyFile(_name(part), content if isinstance(content, bytes) else b"")


def _parts(mail: Message) -> Iterator[Message]:
    """Walk through the parts; a mail inside of the mail is somebody else's words."""
    inside = mail.get_payload()
    if mail.get_content_maintype() == "message":
        return
    if not isinstance(inside, list):
        yield mail
        return
    for part in inside:
        if isinstance(part, Message):
            yield from _parts(part)


def _is_file(part: Message) -> bool:
    name = part.get_filename()
    if part.get_content_disposition() == "attachment" or not name:
        return part.get_content_disposition() == "attachment"
    # Telephones show their photos inside of the text; so does Outlook the logo of a signature, under such a name.
    return not (part.get("Content-ID") and re.fullmatch(r"image\d{3}\.\w{3,4}", str(name), re.IGNORECASE))


def _name(part: Message) -> str:
    name = words_of(str(part.get_filename() or ""))
    clean = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return clean[-150:].strip(". ") or "file"


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    named = str(part.get_content_charset() or "").lower()
    # A mail program that says gb2312 means what Windows makes of it.
    for charset in ("gb18030" if named in _GBK else named, "utf-8", "gb18030"):
        try:
            return raw.decode(charset or "utf-8")
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")
