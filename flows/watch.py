"""The flow that looks whether the loops come round and the messages go out, and alarms the quality office."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.health import watch as watch_over
from flows.hospital import aside, hospital, utc_now


@flow(name="watch", timeout_seconds=240, persist_result=False)
async def watch() -> State[None]:
    """Look for what stands still: late messages, silent loops, unplanned tasks, a broken audit trail."""
    house = hospital()
    findings = await aside(watch_over, house.database, rules=house.rules, now=utc_now(), door="flow")
    for finding in findings:
        get_run_logger().warning(finding.text.en, extra={"action": "watch_found", "finding": finding.key})
    said = "; ".join(finding.text.en for finding in findings) or "all is well"
    return Completed(name=f"{len(findings)} found" if findings else "Completed", message=said)
