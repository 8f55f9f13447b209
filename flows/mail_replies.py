"""The flow that reads the answers that came by mail; runs only where the mailbox is set."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.hospital import aside, hospital, utc_now
from flows.replies import read_mailbox


@flow(name="read-mail-replies", timeout_seconds=240, persist_result=False)
async def read_mail_replies() -> State[None]:
    """Take every unread mail once. Any number of these may run at once, and each may die anywhere."""
    house = hospital()
    read = await aside(read_mailbox, house.database, house.settings, rules=house.rules, now=utc_now())
    said = ", ".join(f"{name.removeprefix('n_')} {n}" for name, n in vars(read).items())
    get_run_logger().info(said, extra={"action": "mail_replies_read"})
    return Completed(name="With failures" if read.n_failed else "Completed", message=said)
