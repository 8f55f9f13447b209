"""The flow of one special action: launches it or looks at it again, shows where it stands. Twice changes nothing."""

from uuid import UUID

from prefect import flow, get_client, runtime
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.special_actions import ActionNotRunning, GivenAction, Opened, launch_action, look_again
from engine.stages import advance_cycle
from flows.action_report import end_of_run, markdown, said
from flows.hospital import Hospital, aside, hospital, utc_now


@flow(name="special-action", timeout_seconds=300, persist_result=False)
async def special_action(given: GivenAction, launch: bool = False) -> State[None]:
    """Open a cycle wherever the action is newly short of its targets, and show where it stands and who must decide.

    Ends in about a second as `Awaiting launch`, `Awaiting improve`, ..., `Closed` or `Not launched`.

    Args:
        given: The action, and what its launch needs. · 专项行动及启动所需内容。
        launch: Launch it if it does not run yet. · 尚未开展时予以启动。
    """
    house = hospital()
    opened = await aside(work, house, given, launch=launch)
    if opened is None:
        return Completed(name="Not launched", message=given.action)
    await show(house, given.action, opened)
    return Completed(name=end_of_run(opened.board), message=said(opened, house.settings.reader_language))


def work(house: Hospital, given: GivenAction, *, launch: bool) -> Opened | None:
    """Do everything in one transaction; None where the action does not run and is not to be launched."""
    now = utc_now()
    with house.database.transaction("flow") as session:
        try:
            opened = (
                launch_action(session, given, rules=house.rules, by=None, now=now)
                if launch
                else look_again(session, given.action, given.unit, rules=house.rules, by=None, now=now)
            )
        except ActionNotRunning:
            return None
        advance_cycle(session, opened.run.cycle_id, rules=house.rules, now=now)
        return opened


async def show(house: Hospital, slug: str, opened: Opened) -> None:
    """Call the run by its cycle, and leave the scoreboard in Prefect's window."""
    run_id, board = runtime.flow_run.id, opened.board
    if run_id:
        tags = {*runtime.flow_run.tags, f"cycle:{board.code}"}
        async with get_client() as client:
            await client.update_flow_run(UUID(run_id), name=f"{slug}-{board.code}", tags=sorted(tags))
    language = house.settings.reader_language
    page = f"{house.settings.base_url.rstrip('/')}/actions/{slug}" if house.settings.base_url else ""
    text = markdown(board, page=page, language=language)
    await acreate_markdown_artifact(text, key=f"action-{slug}", description=board.title.in_(language))
