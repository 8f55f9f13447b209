"""The flow of scheduled assessments: creates what is due, makes what has its data, asks for the rest."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.assessment_round import assess_due
from flows.hospital import aside, hospital, utc_now


@flow(name="quality-assessment", timeout_seconds=1800, persist_result=False)
async def quality_assessment() -> State[None]:
    """Assess the indicators that the schedules name, tell of signals of concern, send the bulletins of the month.

    Twice, late or twice at once: each assessment is made once.
    """
    house = hospital()
    done = await aside(assess_due, house.database, rules=house.rules, now=utc_now(), door="flow")
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(done).items())
    get_run_logger().info(said, extra={"action": "assessed"})
    return Completed(name="With failures" if done.n_failed else "Completed", message=said)
