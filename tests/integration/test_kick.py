"""Asking for a run after an answer: quick, quiet, and never in the way; and the file for those who run workers."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.settings import Settings
from flows.deployments import prefect_yaml
from flows.environment import QUIET, prepare, server_of
from flows.kick import kick_cycle

TOP = Path(__file__).parents[2]


class _Slow(BaseHTTPRequestHandler):
    """A Prefect that thinks for long."""

    def do_GET(self) -> None:
        time.sleep(3)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[str]:
    """The address of a server that takes connections and does not answer in time."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_server_nothing_is_asked_and_nothing_is_said(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, prefect_port=9)
    assert kick_cycle("C2026-0001", "answer-1", settings=settings, environ={}) is False


def test_a_server_that_does_not_answer_delays_an_answer_by_less_than_a_second(slow: str, tmp_path: Path) -> None:
    began = time.monotonic()
    settings = Settings(data_folder=tmp_path)
    assert kick_cycle("C2026-0001", "answer-1", settings=settings, environ={"PREFECT_API_URL": slow}) is False
    assert time.monotonic() - began < 1


def test_the_server_is_the_one_set_then_the_one_that_up_noted_then_the_usual_one(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, prefect_port=4200)
    assert server_of({}, settings) == "http://127.0.0.1:4200/api"
    (tmp_path / "up.json").write_text(json.dumps({"prefect": "http://127.0.0.1:4207/api"}), "utf-8")
    assert server_of({}, settings) == "http://127.0.0.1:4207/api"
    assert server_of({"PREFECT_API_URL": "http://there/api"}, settings) == "http://there/api"


def test_what_somebody_has_set_for_prefect_stays_as_it_is(tmp_path: Path) -> None:
    environ = {"PREFECT_RUNNER_POLL_FREQUENCY": "10"}
    prepare(environ, Settings(data_folder=tmp_path))
    assert environ["PREFECT_RUNNER_POLL_FREQUENCY"] == "10"
    assert environ["PREFECT_HOME"] == str(tmp_path / "prefect")
    assert set(QUIET) < set(environ)


def test_the_file_for_workers_is_the_one_that_the_table_prints() -> None:
    assert (TOP / "prefect.yaml").read_text("utf-8") == prefect_yaml()
