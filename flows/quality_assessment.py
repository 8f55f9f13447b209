"""The hourly flow: launches the activities that are due by plan, assesses indicators, asks for missing data."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.activity_round import run_activities
from engine.assessment_round import assess_due
from engine.programme_counts import count_due
from flows.hospital import aside, hospital, utc_now


@flow(name="quality-assessment", timeout_seconds=1800, persist_result=False)
async def quality_assessment() -> State[None]:
    """Launch what is planned, assess the indicators that the schedules name, tell of signals, send the bulletins.

    Twice, late or twice at once: each launch and each assessment is made once.
    """
    house, now = hospital(), utc_now()
    launched = await aside(run_activities, house.database, rules=house.rules, now=now, door="flow")
    await aside(count_due, house.database, rules=house.rules, now=now, door="flow")
    done = await aside(assess_due, house.database, rules=house.rules, now=now, door="flow")
    counts = {**vars(done), **vars(launched)}
    counts["n_failed"] = counts.pop("n_failed") + done.n_failed
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in counts.items())
    get_run_logger().info(said, extra={"action": "assessed"})
    return Completed(name="With failures" if counts["n_failed"] else "Completed", message=said)
