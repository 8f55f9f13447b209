"""Files that a page hands out: saved by the browser, never shown or run by it."""

import re
from urllib.parse import quote

from starlette.responses import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SVG = "image/svg+xml"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def download(content: bytes, name: str, media_type: str) -> Response:
    """Hand out a file. name: what it is saved as, in any script; whatever it holds cannot end the header."""
    plain = _NOT_PLAIN.sub("-", name).strip("-.") or "file"
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, headers={"Content-Disposition": named, "Content-Type": media_type})
