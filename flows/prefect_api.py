"""The few requests to a Prefect server that need no Prefect here: importing it takes two seconds."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit

BUSY_S = 0.2


class PrefectSilent(Exception):
    """Prefect did not answer as expected; the text says how."""


@dataclass(frozen=True)
class Run:
    """A flow run: its state's type (SCHEDULED, RUNNING, COMPLETED...) and name."""

    id: str
    name: str
    state_type: str
    state_name: str
    message: str

    @property
    def has_ended(self) -> bool:
        """Answer whether nothing more will happen."""
        return self.state_type in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class PrefectApi:
    """One server. Every try of a request is over after `timeout_s`."""

    def __init__(self, url: str, *, environ: Mapping[str, str], timeout_s: float = 2.0, n_tries: int = 8) -> None:
        """url: ends with /api; environ: where Prefect's own settings for a login are."""
        self.url = url.rstrip("/")
        self.timeout_s, self.n_tries = timeout_s, n_tries
        self._login = _login(environ)

    def is_well(self) -> bool:
        """Answer whether the server says that it is well."""
        try:
            return self._ask("GET", "/health") is True
        except PrefectSilent:
            return False

    def start_run(self, deployment: str, parameters: Mapping[str, object], *, key: str | None = None) -> str:
        """Ask for a run of FLOW/DEPLOYMENT now; the same key asks once. Returns the run's id. Raises PrefectSilent."""
        found = self._deployment(deployment)
        body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}, "idempotency_key": key}
        made = _object(self._ask("POST", f"/deployments/{found['id']}/create_flow_run", body))
        return str(made["id"])

    def read_crons(self, deployment: str) -> list[str]:
        """Read the schedules of FLOW/DEPLOYMENT. Raises PrefectSilent."""
        found = self._deployment(deployment).get("schedules")
        schedules = [one["schedule"] for one in found if one["active"]] if isinstance(found, list) else []
        return [str(schedule.get("cron", "")) for schedule in schedules]

    def read_run(self, run_id: str) -> Run:
        """Read a run. Raises PrefectSilent."""
        return _run(_object(self._ask("GET", f"/flow_runs/{run_id}")))

    def find_runs(self, *, tag: str, limit: int = 20) -> list[Run]:
        """Read the newest runs with a tag. Raises PrefectSilent."""
        body = {"flow_runs": {"tags": {"all_": [tag]}}, "sort": "START_TIME_DESC", "limit": limit}
        found = self._ask("POST", "/flow_runs/filter", body)
        return [_run(_object(one)) for one in found] if isinstance(found, list) else []

    def _deployment(self, deployment: str) -> dict[str, object]:
        flow, _, name = deployment.partition("/")
        return _object(self._ask("GET", f"/deployments/name/{quote(flow)}/{quote(name)}"))

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> object:
        """Ask, again while the server is busy: on SQLite it answers 503 when its database is locked."""
        for _ in range(self.n_tries):
            status, content = self._try(method, path, body)
            if status != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            time.sleep(BUSY_S)
        if status >= HTTPStatus.BAD_REQUEST:
            raise PrefectSilent(f"{path}: {status} {content[:300].decode('utf-8', 'replace')}")
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise PrefectSilent(f"{path}: no JSON") from error

    def _try(self, method: str, path: str, body: Mapping[str, object] | None) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=self.timeout_s)
        headers = {"Content-Type": "application/json", **self._login}
        try:
            connection.request(method, parts.path + path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            raise PrefectSilent(f"{self.url}: {error or type(error).__name__}") from error
        finally:
            connection.close()


def _login(environ: Mapping[str, str]) -> dict[str, str]:
    if key := environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if words := environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {b64encode(words.encode()).decode()}"}
    return {}


def _object(found: object) -> dict[str, object]:
    if not isinstance(found, dict) or "id" not in found:
        raise PrefectSilent(f"unexpected answer: {str(found)[:100]}")
    return found


def _run(found: dict[str, object]) -> Run:
    state = found.get("state")
    facts = state if isinstance(state, dict) else {}
    return Run(
        str(found["id"]),
        str(found.get("name", "")),
        str(facts.get("type", "")),
        str(facts.get("name", "")),
        str(facts.get("message") or ""),
    )
