"""Asking Prefect for a run after an answer, best effort: the answer itself never waits for it and never needs it."""

import logging
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from config.settings import Settings
from flows.environment import server_of
from flows.prefect_api import PrefectApi, PrefectSilent

log = logging.getLogger("wardcycle.kick")
DEPLOYMENT = "improvement-cycle/improvement-cycle"
KNOCK_S, ANSWER_S = 0.2, 0.4


def kick_cycle(code: str, key: str, *, settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Ask for a run of a cycle; answers whether there will be one, within about a second, and never raises.

    key: names the reason (an answer's id, say); the same reason makes one run.
    """
    return _kick(DEPLOYMENT, {"cycle": code}, f"{code}:{key}", settings, environ)


def kick_action(slug: str, key: str, *, settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Ask for a run of a special action, in the same way."""
    return _kick(f"special-action/{slug}", {}, f"{slug}:{key}", settings, environ)


def _kick(
    deployment: str, parameters: Mapping[str, object], key: str, settings: Settings, environ: Mapping[str, str]
) -> bool:
    url = server_of(environ, settings)
    if not _is_open(url):
        return False
    try:
        PrefectApi(url, environ=environ, timeout_s=ANSWER_S, n_tries=1).start_run(deployment, parameters, key=key)
    except PrefectSilent as error:
        log.info("no run was started", extra={"action": "kick_failed", "why": str(error)})
        return False
    return True


def _is_open(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=KNOCK_S):
            return True
    except (OSError, ValueError):
        return False
