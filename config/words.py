"""The two languages that every text for people is written in, and the refusal that speaks both."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

Words = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Text:
    """Hold one text in English and in Simplified Chinese.

    Only Pydantic checks that neither is empty; code that builds a Text itself is trusted.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", str_strip_whitespace=True)

    en: Words
    zh: Words

    def in_(self, language: str) -> str:
        """Give the Chinese text for any `zh` tag (zh, zh-CN, zh_TW.UTF-8), the English one for everything else."""
        return self.zh if language.lower().startswith("zh") else self.en


class Refused(ValueError):
    """What a hospital wrote cannot be used: `what` is wrong, and how to `mend` it, without a full stop at the end."""

    def __init__(self, what: Text, mend: Text) -> None:
        super().__init__(f"{what.en}. {mend.en}.")
        self.what = what
        self.mend = mend
