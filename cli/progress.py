"""What `wardcycle up` says while it starts, runs and stops: lines for people, or one JSON document when all is up."""

import json
import sys
import time
from collections.abc import Mapping

from rich.console import Console
from rich.status import Status

from cli.started import Surroundings
from config.words import Text

FIRST_LOGIN = "wardcycle account invite PERSON"
NEXT = (
    "wardcycle hospital template hospital.xlsx",
    "wardcycle hospital import hospital.xlsx",
    FIRST_LOGIN,
    "wardcycle launch pdca --unit UNIT --lead PERSON",
)


class Progress:
    """Says it in the reader's language. With JSON only the last word goes to stdout, the rest to stderr."""

    def __init__(self, language: str, *, as_json: bool) -> None:
        self._language, self._as_json, self._began = language, as_json, time.monotonic()
        self._console = Console(file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._around: Surroundings | None = None

    def begin(self, around: Surroundings) -> None:
        """Say where everything lies, and which ports were taken."""
        self._around = around
        self._line(Text(f"Data folder: {around.settings.data_folder}", f"数据目录：{around.settings.data_folder}"))
        for wanted, taken in around.moved.items():
            self._line(
                Text(f"Port {wanted} is taken; using {taken} instead.", f"端口 {wanted} 已被占用，改用 {taken}。")
            )
        self.doing(Text("Preparing the database", "正在准备数据库"))

    def doing(self, what: Text) -> None:
        """Show what is being waited for."""
        words = what.in_(self._language) + " ..."
        if self._status is None and self._console.is_terminal:
            self._status = self._console.status(words)
            self._status.start()
        elif self._status is not None:
            self._status.update(words)

    def loading(self, done: float) -> None:
        """Show how much of the demo is loaded."""
        percent = f"{done:.0%}"
        self.doing(Text(f"Loading the demo hospital: {percent}", f"正在载入演示医院：{percent}"))

    def database_ready(self, n_people: int, n_cycles: int) -> None:
        """Say what stands in the database."""
        said = Text(
            f"Database ready: {n_people} people, {n_cycles} cycles", f"数据库就绪：{n_people} 人，{n_cycles} 个循环"
        )
        self._done(said)

    def page_up(self) -> None:
        """Say where the pages are."""
        assert self._around
        self._done(Text(f"Pages:   {self._around.page}", f"页面：  {self._around.page}"))
        self.doing(Text("Starting Prefect", "正在启动 Prefect"))

    def prefect_up(self) -> None:
        """Say where Prefect's window is."""
        assert self._around
        self._done(Text(f"Prefect: {self._around.prefect_page}", f"Prefect：{self._around.prefect_page}"))
        self.doing(Text("Waiting for the first run", "正在等待第一次运行"))

    def first_run(self, state: str) -> None:
        """Say that a run has really happened."""
        self._done(Text(f"Schedules run: the first run ended as {state}", f"定时任务运行正常：首次运行状态 {state}"))

    def trouble(self, what: Text) -> None:
        """Say what is not as it should be, and go on."""
        self._line(Text(f"! {what.en}", f"! {what.zh}"))

    def all_up(self, facts: Mapping[str, object], *, is_empty: bool) -> None:
        """Say that everything is up, and what to do next."""
        self._quiet()
        assert self._around
        folder = self._around.settings.data_folder / "log"
        self._line(Text(f"All is up. Stop with Ctrl+C. Logs: {folder}", f"全部就绪。按 Ctrl+C 停止。日志：{folder}"))
        for command in NEXT if is_empty else ():
            self._line(Text(f"Next: {command}", f"下一步：{command}"))
        if not is_empty:
            self._line(Text(f"To log in at the pages: {FIRST_LOGIN}", f"登录页面前，先邀请人员：{FIRST_LOGIN}"))
        if self._as_json:
            following = list(NEXT) if is_empty else []
            sys.stdout.write(json.dumps({**facts, "next": following}, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def stopping(self) -> None:
        """Say that the children are being stopped."""
        self._quiet()
        self._line(Text("Stopping ...", "正在停止 ..."))

    def stopped(self) -> None:
        """Say that it is over."""
        self._line(
            Text("Stopped. `wardcycle up` continues where this ended.", "已停止。再次运行 wardcycle up 将从此处继续。")
        )

    def _done(self, what: Text) -> None:
        seconds = f"{time.monotonic() - self._began:.1f} s"
        self._line(Text(f"{what.en} ({seconds})", f"{what.zh}（{seconds}）"))

    def _line(self, what: Text) -> None:
        self._console.print(what.in_(self._language), markup=False)

    def _quiet(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
