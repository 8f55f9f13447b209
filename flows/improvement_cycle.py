"""The flow of one cycle: launches it or goes on with it, and shows where it stands. Twice changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect import flow, get_client, runtime, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed

from engine.launch import Launch, launch_cycle
from engine.stages import advance_cycle
from flows.cycle_report import AT_WORK, end_of_run, markdown, waited_for
from flows.hospital import Hospital, aside, hospital, utc_now
from models.cycle import StageStatus
from models.errors import UsageError, WardcycleError
from models.queries import CycleView, cycle_view, get_cycle


class OneOfBoth(UsageError):
    """Give either a launch or the code of a cycle, not both and not neither."""

    zh = "请填写“启动”或“循环编号”，二者选一。"


@dataclass(frozen=True)
class Begun:
    """A cycle to work on: its code and its stages in order."""

    code: str
    stages: tuple[str, ...]


@flow(name="improvement-cycle", timeout_seconds=300, persist_result=False)
async def improvement_cycle(launch: Launch | None = None, cycle: str | None = None) -> State[None]:
    """Launch an improvement cycle, or bring a running one up to date, and show who is waited for.

    Ends in about a second as `Awaiting plan`, `Awaiting do`, ... or `Closed`; answers start the next run.

    Args:
        launch: Fill in to launch a new cycle. · 填写以启动新的循环。
        cycle: Or the code of a cycle that runs, such as C2026-0001. · 或填写进行中的循环编号，如 C2026-0001。
    """
    begun = await begin(launch, cycle, f"prefect:{runtime.flow_run.id}")
    await name_run(begun.code)
    for slug in begun.stages:
        passed = await advance_stage.with_options(name=slug, task_run_name=slug)(begun.code, slug)
        if not passed:
            break
    view = await aside(look, hospital(), begun.code, utc_now())
    await show(view)
    return Completed(name=end_of_run(view), message=_message(view))


def can_be_mended(_: object, __: TaskRun, state: State[object]) -> bool:
    """Answer whether trying again may help: a refusal stays one."""
    error = state.data if isinstance(state.data, Exception) else getattr(state.data, "exception", None)
    return not isinstance(error, WardcycleError) or error.exit_code > 2


@task(name="begin", task_run_name="begin", cache_policy=NO_CACHE, retries=3, retry_delay_seconds=2, timeout_seconds=60,
      retry_condition_fn=can_be_mended, persist_result=False)  # fmt: skip
async def begin(launch: Launch | None, cycle: str | None, key: str) -> Begun:
    """Launch, or find the cycle. `key` is the run's own: a run tried again finds what it has launched before."""
    return await aside(launch_or_find, hospital(), launch, cycle, key=key, now=utc_now())


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=2, timeout_seconds=60,
      retry_condition_fn=can_be_mended, persist_result=False)  # fmt: skip
async def advance_stage(code: str, slug: str) -> bool:
    """Let the engine finish what is left undone; returns whether the stage is behind us."""
    house = hospital()
    view = await aside(advance, house, code, utc_now())
    stage = next(stage for stage in view.stages if stage.slug == slug)
    print(f"{slug}: {waited_for(stage, house.settings.reader_language)}")  # noqa: T201
    return stage.status is StageStatus.CLOSED


def launch_or_find(house: Hospital, launch: Launch | None, cycle: str | None, *, key: str, now: datetime) -> Begun:
    """Launch under a key that never launches twice, or look the cycle up. Raises what the engine refuses."""
    if (launch is None) == (not cycle):
        raise OneOfBoth()
    with house.database.transaction("flow") as session:
        if launch is not None:
            keyed = launch if launch.launch_key else launch.model_copy(update={"launch_key": key})
            code = launch_cycle(session, keyed, rules=house.rules, by=None, now=now).code
        else:
            code = get_cycle(session, cycle or "").code
    return Begun(code, tuple(stage.slug for stage in look(house, code, now).stages))


def advance(house: Hospital, code: str, now: datetime) -> CycleView:
    """Finish what an interrupted launch or answer left undone, then look."""
    with house.database.transaction("flow") as session:
        advance_cycle(session, get_cycle(session, code).id, rules=house.rules, now=now)
    return look(house, code, now)


def look(house: Hospital, code: str, now: datetime) -> CycleView:
    """Read the whole cycle."""
    with house.database.reading() as session:
        return cycle_view(session, code, now=now)


async def name_run(code: str) -> None:
    """Call the run by its cycle; the tag finds the cycle's whole history of runs."""
    run_id = runtime.flow_run.id
    if not run_id:
        return
    tags = {*runtime.flow_run.tags, f"cycle:{code}"}
    async with get_client() as client:
        await client.update_flow_run(UUID(run_id), name=code, tags=sorted(tags))


async def show(view: CycleView) -> None:
    """Leave the cycle's page in Prefect's window."""
    house = hospital()
    zone: ZoneInfo = house.rules.calendar.zone
    page = f"{house.settings.base_url.rstrip('/')}/cycles/{view.line.code}" if house.settings.base_url else ""
    language = house.settings.reader_language
    text = markdown(view, zone=zone, page=page, language=language)
    await acreate_markdown_artifact(
        text, key=f"cycle-{view.line.code.lower()}", description=view.line.title.in_(language)
    )


def _message(view: CycleView) -> str:
    language = hospital().settings.reader_language
    at_work = [waited_for(stage, language) for stage in view.stages if stage.status in AT_WORK]
    return "; ".join(at_work) or end_of_run(view)
