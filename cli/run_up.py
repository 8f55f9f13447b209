"""One run of `wardcycle up`: what starts after what, what is waited for, what happens until the end."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from cli.guard import Guard
from cli.lock import Lock
from cli.marker import Marker
from cli.ports import answers, is_listening
from cli.progress import Progress
from cli.started import LOOPBACK, Surroundings, for_demo, module_child, prefect_child
from cli.supervisor import Supervisor
from config.words import Text
from flows.prefect_api import PrefectApi, PrefectSilent
from models.db import normal_url

PAGE_S, MAILBOX_S, PREFECT_S, FIRST_RUN_S = 60.0, 20.0, 120.0, 120.0
LOOK_EVERY_S = 0.1
TEND_EVERY_S = 0.5
LOCK_EVERY_S = 30.0
FIRST_RUN = "sweep-deadlines/sweep-deadlines"
UNEXPECTED = 3


@dataclass(frozen=True)
class Prepared:
    """What `python -m cli.prepare` said at its end."""

    n_people: int = 0
    n_cycles: int = 0
    error: Text | None = None
    exit_code: int = 0


class Up:
    """Everything that one run of the command holds."""

    def __init__(
        self, around: Surroundings, lock: Lock, progress: Progress, stopped: threading.Event, *, demo: bool
    ) -> None:
        self._around, self._lock, self._progress, self._stopped, self._demo = around, lock, progress, stopped, demo
        settings = around.settings
        shown = normal_url(settings.database).render_as_string(hide_password=True)
        is_demo = demo or Marker(settings.data_folder / "demo", shown).is_ours
        self._environ = for_demo(around.environ) if is_demo else dict(around.environ)
        # Only the pages hear of it, and they honour it on loopback alone.
        self._reading = {"WARDCYCLE_OPEN_READING": "true"} if is_demo else {}
        self._has_mailbox = is_demo or not settings.smtp_host
        self._guard = Guard(lock.descriptors)
        self._supervisor = Supervisor(self._guard, settings.data_folder / "log")
        self._api = PrefectApi(around.prefect_api, environ=around.environ)

    def run(self) -> int:
        """Start, keep alive, stop; returns the exit code."""
        try:
            return self._start() or self._tend()
        finally:
            self._progress.stopping()
            self._supervisor.stop()
            self._progress.stopped()

    def _start(self) -> int:
        self._lock.note(self._facts())
        self._progress.begin(self._around)
        if self._around.own_prefect:
            self._supervisor.start(prefect_child(self._around))
        if self._has_mailbox:
            self._supervisor.start(module_child("mailbox", "cli.mailbox", self._environ))
            port = self._around.settings.mailbox_smtp_port
            self._await("mailbox", lambda: is_listening(LOOPBACK, port), MAILBOX_S)
        prepared = self._prepare()
        if prepared.error:
            self._progress.trouble(prepared.error)
            return prepared.exit_code
        self._progress.database_ready(prepared.n_people, prepared.n_cycles)
        self._supervisor.start(module_child("web", "web", self._environ | self._reading))
        settings = self._around.settings
        if self._await("web", lambda: answers(settings.web_host, settings.web_port, "/healthz"), PAGE_S):
            self._progress.page_up()
        # After the page: on two cores everything that starts beside it makes somebody wait for it.
        for name, module in (("sender", "notifications"), ("flows", "flows.serve")):
            self._supervisor.start(module_child(name, module, self._environ))
        self._await_prefect()
        if not self._stopped.is_set():
            self._progress.all_up(self._facts(), is_empty=not prepared.n_people)
        return 0

    def _tend(self) -> int:
        looked_at = time.monotonic()
        while not self._stopped.wait(TEND_EVERY_S):
            self._keep_alive()
            if time.monotonic() - looked_at > LOCK_EVERY_S:
                looked_at = time.monotonic()
                if not self._lock.is_held():
                    self._progress.trouble(Text("The database's lock is lost: another one may start", "数据库锁已丢失"))
                    return UNEXPECTED
        return 0

    def _prepare(self) -> Prepared:
        """Run the preparation to its end, showing how far it is."""
        arguments = [sys.executable, "-m", "cli.prepare", *(["--demo"] if self._demo else [])]
        log = self._around.settings.data_folder / "log" / "prepare.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                arguments,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                process_group=self._guard.group,
                text=True,
            )
        ended = threading.Event()
        threading.Thread(target=self._end_when_stopped, args=(process, ended), daemon=True).start()
        found = Prepared(error=Text("The database could not be prepared", "数据库准备失败"), exit_code=UNEXPECTED)
        assert process.stdout
        with process:
            for line in process.stdout:
                found = self._hear(line, found)
        ended.set()
        if process.returncode and not found.exit_code:
            return Prepared(error=Text(log.read_text("utf-8"), log.read_text("utf-8")), exit_code=UNEXPECTED)
        return found

    def _hear(self, line: str, found: Prepared) -> Prepared:
        said = json.loads(line)
        if "progress" in said:
            self._progress.loading(float(said["progress"]))
            return found
        if "error" in said:
            return Prepared(error=Text(said["error"]["en"], said["error"]["zh"]), exit_code=int(said["exit_code"]))
        return Prepared(int(said["n_people"]), int(said["n_cycles"]))

    def _end_when_stopped(self, process: "subprocess.Popen[str]", ended: threading.Event) -> None:
        while not ended.wait(TEND_EVERY_S):
            if self._stopped.is_set():
                process.terminate()
                return

    def _await_prefect(self) -> None:
        """Wait for a run that really happened: a server may be well and never schedule anything."""
        if not self._await("prefect", self._api.is_well, PREFECT_S):
            return
        self._progress.prefect_up()
        started: list[str] = []

        def has_run() -> bool:
            try:
                # Runs can be asked for when the schedules are known there.
                started[:] = started or [self._api.start_run(FIRST_RUN, {})]
                return self._api.read_run(started[0]).has_ended
            except PrefectSilent:
                return False

        if self._await("flows", has_run, FIRST_RUN_S, every=0.3):
            self._progress.first_run(self._api.read_run(started[0]).state_name)

    def _await(self, name: str, is_ready: Callable[[], bool], seconds: float, every: float = LOOK_EVERY_S) -> bool:
        """Wait for a child while all are kept alive; what does not come in time is said, with its last words."""
        give_up = time.monotonic() + seconds
        while not is_ready():
            if self._stopped.wait(every):
                return False
            self._keep_alive()
            if time.monotonic() > give_up:
                words = self._supervisor.last_words(name)
                self._progress.trouble(Text(f"{name} is not up yet:\n{words}", f"{name} 尚未就绪：\n{words}"))
                return False
        return True

    def _keep_alive(self) -> None:
        for name in self._supervisor.tend():
            self._progress.trouble(Text(f"{name} has ended and is started again", f"{name} 已退出，正在重新启动"))

    def _facts(self) -> dict[str, object]:
        around = self._around
        mailbox = {"mailbox": f"smtp://{LOOPBACK}:{around.settings.mailbox_smtp_port}"} if self._has_mailbox else {}
        return {"pid": os.getpid(), "page": around.page, "prefect": around.prefect_api, **mailbox}
