"""Forms as a page takes them: bounded, read whole, and closed whatever comes of them."""

import asyncio

import pytest
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message

from config.words import Text
from web.forms import FieldWrong, files_of, read_fields, read_form

BODY = b"\r\n".join(
    [
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n two words ',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x01.csv"\r\n\r\n1,2',
        b"--b--\r\n",
    ]
)


def _sent() -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": BODY}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_fields_come_as_they_were_typed_and_a_missing_one_or_a_file_is_empty() -> None:
    found = asyncio.run(read_fields(_sent(), ("title", "file", "nowhere")))
    assert found == {"title": " two words ", "file": "", "nowhere": ""}


@pytest.mark.parametrize("fails", [False, True])
def test_the_files_of_a_form_are_closed_at_the_end_also_when_it_is_refused(fails: bool) -> None:
    seen: list[FormData] = []

    async def read() -> None:
        async with read_form(_sent()) as form:
            seen.append(form)
            (file,) = await files_of(form, "file")
            assert (file.name, file.content) == ("a.csv", b"1,2")
            if fails:
                raise FieldWrong(field=Text("title", "名称"))

    if fails:
        with pytest.raises(FieldWrong):
            asyncio.run(read())
    else:
        asyncio.run(read())
    uploaded = seen[0]["file"]
    assert isinstance(uploaded, UploadFile) and uploaded.file.closed
