"""One `wardcycle up` in a folder of its own, as tests start, look at and end it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from flows.prefect_api import PrefectApi, PrefectSilent, Run
from models.db import Database
from models.migrations.upgrade import upgrade
from tests.places import make_hospital

START_S, STOP_S, RUN_S = 120.0, 15.0, 60.0


@dataclass
class Installation:
    """A data folder, its ports, and the process that serves it when it is started."""

    folder: Path
    ports: tuple[int, int, int]
    demo: bool = False
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The surroundings of every command in this installation."""
        web, prefect, smtp = self.ports
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WARDCYCLE_", "PREFECT_"))}
        return kept | {
            "WARDCYCLE_DATA_FOLDER": str(self.folder),
            "WARDCYCLE_CONFIG_FOLDER": str(self.config),
            "WARDCYCLE_LANGUAGE": "en",
            "WARDCYCLE_OPEN_READING": "true",
            "WARDCYCLE_WEB_PORT": str(web),
            "WARDCYCLE_PREFECT_PORT": str(prefect),
            "WARDCYCLE_MAILBOX_SMTP_PORT": str(smtp),
        }

    @property
    def config(self) -> Path:
        """The hospital's own YAML."""
        return self.folder.with_name(f"{self.folder.name}-config")

    @property
    def api(self) -> PrefectApi:
        """The installation's Prefect."""
        return PrefectApi(f"http://127.0.0.1:{self.ports[1]}/api", environ={}, timeout_s=10)

    @property
    def output(self) -> str:
        """What the starts of `up` have said so far."""
        return (self.folder / "up.txt").read_text("utf-8")

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one command of the product to its end."""
        program = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(program, env=self.environ, capture_output=True, text=True, timeout=60, check=False)

    def start(self) -> None:
        """Start `up` without waiting for anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "up.txt").open("ab") as said:
            words = ["up", *(["--demo"] if self.demo else [])]
            program = [sys.executable, "-m", "cli.main", *words]
            self.process = subprocess.Popen(program, env=self.environ, stdout=said, stderr=subprocess.STDOUT)

    def await_up(self) -> None:
        """Wait until `up` says that all is up."""
        n_before = self.output.count("All is up")
        self.wait(lambda: self.output.count("All is up") > n_before or self._has_ended(), START_S)
        assert not self._has_ended(), self.output

    def kill(self) -> None:
        """End `up` as a power cut would: it can do nothing about it."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> float:
        """End `up` as a person would; returns how many seconds it took."""
        if self.process is None or self._has_ended():
            return 0.0
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_S)
        return time.monotonic() - began

    def page(self, path: str) -> str:
        """Get a page. Raises OSError when nobody answers."""
        with closing(HTTPConnection("127.0.0.1", self.ports[0], timeout=10)) as connection:
            connection.request("GET", path, headers={"Accept-Language": "en"})
            response = connection.getresponse()
            assert response.status == 200, (path, response.status)
            return response.read().decode()

    def run(self, parameters: dict[str, object]) -> Run:
        """Run the flow improvement-cycle to its end, as Prefect's form would."""
        run_id = self.api.start_run("improvement-cycle/improvement-cycle", parameters)
        self.wait(lambda: self.api.read_run(run_id).has_ended, RUN_S)
        return self.api.read_run(run_id)

    def note(self) -> dict[str, object]:
        """What `up` wrote down about itself."""
        found = json.loads((self.folder / "up.json").read_text("utf-8"))
        assert isinstance(found, dict)
        return found

    def database(self) -> Database:
        """The installation's database."""
        return Database(f"sqlite:///{self.folder / 'wardcycle.db'}")

    @staticmethod
    def wait(is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so; a server that is not there yet is waited for."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            with suppress(OSError, PrefectSilent):
                if is_so():
                    return
            time.sleep(0.1)
        raise TimeoutError(f"not within {seconds} s")

    def children(self) -> list[int]:
        """Find the processes that serve this data folder, by their environment."""
        mark = f"WARDCYCLE_DATA_FOLDER={self.folder}".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (place / "environ").read_bytes().split(b"\0") and int(place.name) != os.getpid():
                    found.append(int(place.name))
        return found

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


URGENT = """
id: urgent
version: 1
kind: process
title: {en: Call back, zh: 回访}
urgent: true
escalation: standard
stages:
  - id: act
    tasks:
      - {id: call, title: {en: Call back, zh: 回访}, owner: lead, due: 24h}
      - {id: write, title: {en: Write down, zh: 记录}, owner: lead, due: 24h, after: [call]}
"""


def make_installation(folder: Path) -> Installation:
    """Make an installation with the small hospital, and a template whose mails leave at any hour; not started."""
    made = Installation(folder, free_ports())
    made.folder.mkdir(parents=True)
    (made.config / "activities").mkdir(parents=True)
    (made.config / "activities" / "urgent.yaml").write_text(URGENT, "utf-8")
    database = made.database()
    upgrade(database)
    make_hospital(database)
    database.dispose()
    return made


def free_ports() -> tuple[int, int, int]:
    """Find three ports that nobody uses; held together, so that they differ."""
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    web, prefect, smtp = (int(one.getsockname()[1]) for one in sockets)
    for one in sockets:
        one.close()
    return web, prefect, smtp
