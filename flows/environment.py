"""What Prefect is told by environment variables before it is first imported; importing this imports no Prefect."""

import json
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from config.settings import Settings

# Whatever is set already stays as it is.
QUIET = {
    # With analytics a first start on SQLite often ends in "database is locked".
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_CLI_COLORS": "false",
    # A run that an answer asks for begins within two seconds.
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    # Runs last seconds: one without a sign of life for 90 s has died (flows/zombies.py).
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # The history of runs is kept for 90 days; the cycles' own history is ours.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    # Five schedules need no more: the defaults keep an idle machine awake.
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "20",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT15S",
}


def prepare(environ: MutableMapping[str, str], settings: Settings) -> None:
    """Fill in what is not set, so that Prefect keeps its files in the data folder and speaks with its own server."""
    for name, value in {**QUIET, **_own_places(settings)}.items():
        environ.setdefault(name, value)


def server_of(environ: Mapping[str, str], settings: Settings) -> str:
    """Find the address of Prefect's API: as set, as a running `wardcycle up` noted it, else where it usually is."""
    return environ.get("PREFECT_API_URL") or read_note(settings.data_folder).get("prefect") or local_api(settings)


def local_api(settings: Settings) -> str:
    """Give the address of a server on this machine."""
    return f"http://127.0.0.1:{settings.prefect_port}/api"


def note_file(data_folder: Path) -> Path:
    """Say where a running `wardcycle up` notes what it has started and where."""
    return data_folder / "up.json"


def read_note(data_folder: Path) -> dict[str, str]:
    """Read that note; empty when there is none."""
    try:
        found = json.loads(note_file(data_folder).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _own_places(settings: Settings) -> dict[str, str]:
    return {
        "PREFECT_HOME": str((settings.data_folder / "prefect").resolve()),
        "PREFECT_API_URL": local_api(settings),
    }
