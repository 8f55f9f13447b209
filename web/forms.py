"""Taking a form: from our own page only, of a bounded size, with its files."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from engine.evidence import MOST_MB, GivenFile
from models.errors import Refused

MOST_BYTES = MOST_MB * 1_000_000 + 100_000  # the files, and what is written beside them
MOST_READ = 6 * MOST_BYTES  # of what is too large, so that the browser hears why
MOST_FILES = 5


class UploadTooLarge(Refused):
    """The files have more than {most} MB together. Go back and attach smaller ones; nothing was changed."""

    zh = "文件总大小超过 {most} MB。请返回并换成较小的文件；没有任何改动。"
    status: ClassVar[int] = 413


class FieldWrong(Refused):
    """The field “{field}” is empty or cannot be read. Nothing was changed."""

    zh = "“{field}”为空或无法识别。没有任何改动。"


class FormExpired(Refused):
    """This page was open for too long, or the form does not come from it. Nothing was changed. \
Open the link in the message again."""

    zh = "此页面打开时间过长，或表单并非来自此页面。没有任何改动，请从消息中重新打开链接。"
    status: ClassVar[int] = 403


def comes_from_here(request: Request) -> bool:
    """Answer whether a form was sent by one of our own pages, as far as the browser says.

    A page without a referrer sends `Origin: null`; over plain http there is no Sec-Fetch-Site. Then the cookie, which
    other sites cannot send, and the form's own token decide alone.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.headers.get("host")


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """Read a form piece by piece, large files on disk; they are closed at the end. Raises UploadTooLarge."""
    form = await _bounded(request)
    try:
        yield form
    finally:
        await form.close()


async def read_fields(request: Request, names: Iterable[str]) -> dict[str, str]:
    """Read a form without files: its fields of these names as text, '' for each that is missing."""
    async with read_form(request) as form:
        return {name: text_of(form, name) for name in names}


async def files_of(form: FormData, name: str) -> tuple[GivenFile, ...]:
    """Read the files of a field; one that was left empty is none."""
    found = [one for one in form.getlist(name) if isinstance(one, UploadFile) and one.filename]
    return tuple([GivenFile(name=_printable(one.filename), content=await one.read()) for one in found])


def text_of(form: FormData, name: str) -> str:
    """Read a field as text; '' when it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _printable(name: str | None) -> str:
    """Leave out of a file's name what no reader sees and some databases refuse."""
    return "".join(letter for letter in name or "" if letter.isprintable())


async def _bounded(request: Request) -> FormData:
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MOST_BYTES:
        await _read_away(request)
        raise UploadTooLarge(most=MOST_MB)
    n_read = 0

    async def receive() -> Message:
        nonlocal n_read
        message = await request.receive()
        n_read += len(message.get("body", b""))
        if n_read > MOST_BYTES:
            raise MultiPartException("too large")  # the one error after which the parser closes its files
        return message

    try:
        return await Request(request.scope, receive).form(max_files=MOST_FILES, max_fields=20)
    except HTTPException:
        if n_read > MOST_BYTES:
            raise UploadTooLarge(most=MOST_MB) from None
        raise


async def _read_away(request: Request) -> None:
    n_read, more = 0, True
    while more and n_read < MOST_READ:
        message = await request.receive()
        n_read += len(message.get("body", b""))
        more = bool(message.get("more_body", False))
