"""The flow that delivers what is due: the safety net beside the long-lived sender, the way where only workers run."""

from dataclasses import replace

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.hospital import Hospital, aside, hospital, utc_now
from notifications.channels import Voice, voice_of
from notifications.deliver import Delivered
from notifications.lanes import Lanes
from notifications.workers import Workers


def _deliver(house: Hospital, voice: Voice) -> Delivered:
    with Workers(voice.sender, deadline_s=house.settings.send_deadline_s) as workers:
        sent_apart = replace(voice, sender=workers)
        lanes = Lanes(house.database, voice=sent_apart, now=utc_now, floor=house.settings.valve_floor)
        try:
            return lanes.run_dry()
        finally:
            lanes.close(seconds=0, give_up=workers.close)


@flow(name="deliver-notifications", timeout_seconds=540, persist_result=False)
async def deliver_notifications() -> State[None]:
    """Send all that is due, until the outbox is empty. Any number of these may run at once."""
    house = hospital()
    voice = voice_of(house.settings, house.catalogue, house.database)
    delivered = await aside(_deliver, house, voice)
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(delivered).items())
    get_run_logger().info(said, extra={"action": "delivered"})
    return Completed(message=said)
