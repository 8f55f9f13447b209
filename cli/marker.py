"""Remembering which database is a demo's."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Marker:
    """A file that remembers which database is a demo's, so that its mails never leave the machine later either."""

    file: Path
    database: str

    @property
    def is_ours(self) -> bool:
        """Answer whether this database is a demo's."""
        return self._read().partition(" ")[2] == self.database

    @property
    def is_loading(self) -> bool:
        """Answer whether a load began that did not end."""
        return self.is_ours and self._read().startswith("loading ")

    def write(self, state: str) -> None:
        """Remember this database: `loading` or `ready`."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(f"{state} {self.database}\n", "utf-8")

    def _read(self) -> str:
        return self.file.read_text("utf-8").strip() if self.file.is_file() else ""
