"""The automation that ends runs whose process has died: without it they stay "Running" for ever."""

from datetime import timedelta

from prefect import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

NAME = "wardcycle: end runs that died"
SILENCE = timedelta(seconds=90)  # three heartbeats (PREFECT_FLOWS_HEARTBEAT_FREQUENCY)


async def install() -> bool:
    """Install the automation when it is missing; answers whether it was."""
    async with get_client() as client:
        if await client.read_automations_by_name(NAME):
            return False
        await client.create_automation(automation())
    return True


def automation() -> AutomationCore:
    """Describe it: after a heartbeat, any sign of life is expected in time."""
    trigger = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        # Not only `Completed`: events carry the state's name, and our runs end as `Awaiting do`.
        expect={"prefect.flow-run.*"},
        match=ResourceSpecification.model_validate({"prefect.resource.id": ["prefect.flow-run.*"]}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=SILENCE,
    )
    crash = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="No sign of life: its process died.")
    return AutomationCore(name=NAME, description=str(__doc__), trigger=trigger, actions=[crash])
