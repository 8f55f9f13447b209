"""The reader's language on the command line, known before anything heavy is loaded."""

import os
import sys
from collections.abc import Mapping, Sequence


def language_of(tokens: Sequence[str], environ: Mapping[str, str]) -> str:
    """Find the reader's language: `--language`, then WARDCYCLE_LANGUAGE, then the system's locale, else English."""
    asked = _option(tokens, "--language")
    locale = next(filter(None, map(environ.get, ("WARDCYCLE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if (asked or locale).lower().startswith("zh") else "en"


def _option(tokens: Sequence[str], name: str) -> str:
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        if token == "--":  # noqa: S105
            return ""
        if token == name or token.startswith(f"{name}="):
            return following if token == name else token.partition("=")[2]
    return ""


_HELP_LANGUAGE = language_of(sys.argv[1:], os.environ)


def say(en: str, zh: str) -> str:
    """Choose the words of a help page; the language is that of the moment at which the program was loaded."""
    return zh if _HELP_LANGUAGE == "zh" else en
