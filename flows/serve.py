"""`python -m flows.serve`: one process that runs every deployment of the table when its time has come."""

import asyncio
import os
import signal
import sys
import time

from config.settings import Settings
from flows.environment import prepare
from flows.hospital import hospital
from flows.prefect_api import PrefectApi
from models.errors import WardcycleError

AT_ONCE = {"sqlite": 2, "postgresql": 5}  # more runs at once on SQLite only wait for its lock
PATIENCE_S = 120


class PrefectAway(WardcycleError):
    """No Prefect server answers at {url}. Start one with: wardcycle up"""

    zh = "{url} 没有 Prefect 服务响应。请运行：wardcycle up"
    exit_code = 3


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    settings = Settings()
    prepare(os.environ, settings)
    try:
        house = hospital()
        _await_server(PrefectApi(os.environ["PREFECT_API_URL"], environ=os.environ))
    except WardcycleError as error:
        sys.stderr.write(f"{error.text(settings.reader_language)}\n")
        return error.exit_code
    limit = AT_ONCE["sqlite" if house.database.is_sqlite else "postgresql"]
    zone = house.rules.calendar.zone.key
    house.database.dispose()  # runs are processes of their own
    asyncio.run(_serve(settings, zone, limit))
    return 0


def _await_server(api: PrefectApi) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not api.is_well():
        if time.monotonic() > give_up:
            raise PrefectAway(url=api.url)
        time.sleep(0.3)


async def _serve(settings: Settings, zone: str, limit: int) -> None:
    from prefect.runner import Runner

    from flows.deployments import deployments_of, served
    from flows.zombies import install

    await install()
    # Paused schedules after a stop would need somebody to start them again.
    runner = Runner(name="wardcycle", limit=limit, pause_on_shutdown=False)
    for row in deployments_of(settings):
        await runner.aadd_deployment(await served(row, zone))
    stopped = asyncio.Event()
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)
    # Prefect's own answer to SIGTERM forgets to wait for its runs; this one comes after it and takes its place.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        await runner.astop()
    await serving


if __name__ == "__main__":
    sys.exit(main())
