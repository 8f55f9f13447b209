"""Children end with their parent, whatever ends it; one `up` at a time holds a database."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from cli.guard import Guard
from cli.lock import AlreadyUp, only_one
from cli.ports import free_port
from cli.supervisor import Child, Supervisor, rotate
from flows.environment import read_note
from models.db import Database

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
DEAF = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
PARENT = """
import subprocess, sys, time
from cli.guard import Guard
guard = Guard()
child = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]], stdout=subprocess.PIPE, process_group=guard.group)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_parent_takes_even_deaf_children_with_it() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, DEAF], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        give_up = time.monotonic() + 4
        while _is_alive(child):
            assert time.monotonic() < give_up, "the child outlived its parent"
            time.sleep(0.05)


def test_a_child_that_died_is_started_again_later_and_later(tmp_path: Path) -> None:
    moment = [0.0]
    supervisor = Supervisor(Guard(), tmp_path, clock=lambda: moment[0])
    supervisor.start(Child("brief", [sys.executable, "-S", "-c", "print('once')"], os.environ))
    starts = []
    for tick in range(200):
        moment[0] = tick / 10
        if supervisor.tend():
            starts.append(moment[0])
        time.sleep(0.005)
    supervisor.stop()
    assert len(starts) >= 3
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == sorted(gaps)
    assert (tmp_path / "brief.log").read_text("utf-8").startswith("once")


def test_stopping_ends_every_child_and_the_guard(tmp_path: Path) -> None:
    guard = Guard()
    supervisor = Supervisor(guard, tmp_path)
    supervisor.start(Child("sleeper", SLEEPER, os.environ))
    pids = [*supervisor.pids().values(), guard.group]
    supervisor.stop()
    assert [pid for pid in pids if _is_alive(pid)] == []


def test_a_killed_guard_is_replaced_in_the_same_group(tmp_path: Path) -> None:
    guard = Guard()
    supervisor = Supervisor(guard, tmp_path)
    supervisor.start(Child("sleeper", SLEEPER, os.environ))
    group = guard.group
    os.kill(group, signal.SIGKILL)
    time.sleep(0.2)
    assert supervisor.tend() == []
    assert guard.group == group
    supervisor.stop()


def test_old_logs_are_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    file = tmp_path / "web.log"
    for number in range(6):
        file.write_text(str(number), "utf-8")
        rotate(file)
    assert {one.name: one.read_text("utf-8") for one in tmp_path.iterdir()} == {
        "web.log.1": "5",
        "web.log.2": "4",
        "web.log.3": "3",
    }


def test_a_second_up_on_one_database_hears_who_holds_it(database: Database, tmp_path: Path) -> None:
    page = "http://127.0.0.1:8420"
    with only_one(database, tmp_path / "one") as lock:
        lock.note({"pid": os.getpid(), "page": page})
        with pytest.raises(AlreadyUp) as refused, only_one(database, tmp_path / "two"):
            pass
    assert str(os.getpid()) in str(refused.value)
    assert page in str(refused.value)
    assert refused.value.exit_code == 1
    with only_one(database, tmp_path / "two"):
        pass


def test_the_note_of_a_running_up_is_gone_when_it_has_ended(database: Database, tmp_path: Path) -> None:
    with only_one(database, tmp_path) as lock:
        lock.note({"pid": os.getpid(), "prefect": "http://127.0.0.1:4201/api"})
        assert read_note(tmp_path)["prefect"] == "http://127.0.0.1:4201/api"
    assert read_note(tmp_path) == {}


def test_a_port_that_is_taken_is_passed_over() -> None:
    first = free_port("127.0.0.1", 20_000)
    import socket

    with socket.create_server(("127.0.0.1", first)):
        assert free_port("127.0.0.1", first) > first


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
