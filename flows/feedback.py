"""The hourly flow of patients' feedback: closes what is quiet, asks again for what was lost, counts the months."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.feedback_clock import run_feedback
from flows.hospital import aside, hospital, utc_now


@flow(name="patient-feedback", timeout_seconds=600, persist_result=False)
async def patient_feedback() -> State[None]:
    """Do what is due about feedback. Twice, late or twice at once brings nothing twice."""
    house = hospital()
    done = await aside(run_feedback, house.database, rules=house.rules, now=utc_now(), door="flow")
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(done).items())
    get_run_logger().info(said, extra={"action": "feedback_ran"})
    return Completed(name="With failures" if done.n_failed else "Completed", message=said)
