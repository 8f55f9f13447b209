"""The flow that plans what is due: reminders, escalations, starts, alarms."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.sweep import sweep
from flows.hospital import aside, hospital, utc_now


@flow(name="sweep-deadlines", timeout_seconds=240, persist_result=False)
async def sweep_deadlines() -> State[None]:
    """Plan every reminder and escalation that is due, start the cycles whose day has come, alarm the office.

    Twice, late or twice at once: each is told once.
    """
    house = hospital()
    swept = await aside(sweep, house.database, rules=house.rules, now=utc_now(), door="sweep", live=True)
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(swept).items())
    get_run_logger().info(said, extra={"action": "swept"})
    return Completed(name="With failures" if swept.n_failed else "Completed", message=said)
