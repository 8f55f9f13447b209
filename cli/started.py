"""What `wardcycle up` starts and in which surroundings: children, ports, environment; no Prefect here."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.ports import free_port
from cli.supervisor import Child
from config.settings import Settings
from flows.environment import prepare

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Surroundings:
    """Where everything is on this machine. `moved`: port wanted -> port taken, where they differ."""

    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    page: str
    prefect_api: str
    own_prefect: bool
    moved: Mapping[int, int]

    @property
    def prefect_page(self) -> str:
        """The address of Prefect's own window."""
        return self.prefect_api.removesuffix("/api")


def surroundings(settings: Settings, language: str, environ: Mapping[str, str]) -> Surroundings:
    """Choose free ports and write the children's environment. A server that PREFECT_API_URL names is used as it is."""
    wanted = (settings.web_port, settings.prefect_port, settings.mailbox_smtp_port)
    hosts = (settings.web_host, LOOPBACK, LOOPBACK)
    taken = tuple(free_port(host, port) for host, port in zip(hosts, wanted, strict=True))
    web, prefect, smtp = taken
    host = LOOPBACK if settings.web_host in ("0.0.0.0", "::") else settings.web_host  # noqa: S104
    page = f"http://{host}:{web}"
    changes: dict[str, object] = {
        "data_folder": settings.data_folder.resolve(),
        "database_url": _absolute(settings.database),
        "web_port": web,
        "prefect_port": prefect,
        "mailbox_smtp_port": smtp,
        "base_url": settings.base_url or page,
        "language": language,
    }
    found = settings.model_copy(update=changes)
    children = {**environ, **{f"WARDCYCLE_{name.upper()}": str(value) for name, value in changes.items()}}
    children["PYTHONUNBUFFERED"] = "1"
    prepare(children, found)
    moved = {one: other for one, other in zip(wanted, taken, strict=True) if one != other}
    return Surroundings(found, children, page, children["PREFECT_API_URL"], "PREFECT_API_URL" not in environ, moved)


def for_demo(environ: Mapping[str, str]) -> dict[str, str]:
    """Take the relay out of an environment: a demo hospital's mail never leaves the machine."""
    return {name: value for name, value in environ.items() if not name.startswith("WARDCYCLE_SMTP_")}


def prefect_child(around: Surroundings) -> Child:
    """Prefect's server with its window."""
    # Not the script `prefect`: it lies beside the interpreter only in some installations.
    serve = [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK]
    return Child("prefect", [*serve, "--port", str(around.settings.prefect_port)], around.environ)


def module_child(name: str, module: str, environ: Mapping[str, str]) -> Child:
    """One of our own programs."""
    return Child(name, [sys.executable, "-m", module], environ)


def _absolute(url: str) -> str:
    """Children may change their folder: Prefect's runs do."""
    start = "sqlite:///"
    if not url.startswith(start) or url.startswith(f"{start}:memory:") or url == start:
        return url
    return start + str(Path(url.removeprefix(start)).resolve()) if "?" not in url else url
