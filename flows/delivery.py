"""The flow that delivers what is due: the safety net beside the long-lived sender, the way where only workers run."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.hospital import aside, hospital, utc_now
from notifications.channels import voice_of
from notifications.deliver import deliver_due


@flow(name="deliver-notifications", timeout_seconds=540, persist_result=False)
async def deliver_notifications() -> State[None]:
    """Send all that is due, until the outbox is empty. Any number of these may run at once."""
    house = hospital()
    voice = voice_of(house.settings, house.catalogue)
    delivered = await aside(deliver_due, house.database, voice=voice, now=utc_now)
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(delivered).items())
    get_run_logger().info(said, extra={"action": "delivered"})
    return Completed(message=said)
