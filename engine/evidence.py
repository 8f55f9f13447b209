"""Files that prove an answer: which are taken, and keeping them with their hash."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from sqlmodel import Session

from config.seen import on_one_line
from models.errors import EvidenceRefused, EvidenceTooLarge
from models.task import Evidence

MOST_MB = 10
# The beginning of a file tells what it is; a name alone can say anything.
OFFICE_ZIP = b"PK\x03\x04"
TYPES: dict[str, tuple[str, bytes]] = {
    "pdf": ("application/pdf", b"%PDF"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "png": ("image/png", b"\x89PNG"),
    "webp": ("image/webp", b"RIFF"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", OFFICE_ZIP),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", OFFICE_ZIP),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", OFFICE_ZIP),
    "txt": ("text/plain", b""),
    "csv": ("text/csv", b""),
}


class GivenFile(BaseModel):
    """A file as somebody handed it in."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(on_one_line)]
    content: bytes


def check_files(files: Sequence[GivenFile]) -> None:
    """Refuse files that are too large, empty or of a type that is not taken."""
    for file in files:
        if len(file.content) > MOST_MB * 1_000_000:
            raise EvidenceTooLarge(name=file.name, size=f"{len(file.content) / 1_000_000:.1f}", most=MOST_MB)
        known = TYPES.get(_ending(file.name))
        if known is None or not file.content or not file.content.startswith(known[1]):
            raise EvidenceRefused(name=file.name, types=", ".join(sorted(TYPES)))


def keep_files(session: Session, answer_id: int, files: Sequence[GivenFile]) -> None:
    """Store checked files beside their answer."""
    for file in files:
        session.add(
            Evidence(
                answer_id=answer_id,
                name=PurePath(file.name).name[:200],
                media_type=TYPES[_ending(file.name)][0],
                n_bytes=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
                content=file.content,
            )
        )


def _ending(name: str) -> str:
    return PurePath(name).suffix.lstrip(".").lower()
