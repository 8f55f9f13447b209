"""The flow that finishes what an interrupted launch or answer left undone."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.reconcile import reconcile as reconcile_cycles
from flows.hospital import aside, hospital, utc_now


@flow(name="reconcile", timeout_seconds=600, persist_result=False)
async def reconcile() -> State[None]:
    """Advance the active cycles whose counts look unfinished; where nothing was left undone, nothing changes."""
    house = hospital()
    found = await aside(reconcile_cycles, house.database, rules=house.rules, now=utc_now(), door="flow")
    said = f"looked at {found.n_looked}, mended {found.n_mended}, failed {found.n_failed}"
    get_run_logger().info(said, extra={"action": "reconciled"})
    return Completed(name="With failures" if found.n_failed else "Completed", message=said)
