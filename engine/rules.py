"""What the verbs need to know of a hospital besides its rows."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from config.calendar import Calendar
from config.catalogue import Catalogue


def new_token() -> str:
    """Make 128 unguessable bits."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Rules:
    """The hospital's calendar and catalogue, and the source of unguessable tokens."""

    calendar: Calendar
    catalogue: Catalogue
    new_token: Callable[[], str] = new_token
