"""The one table of what Prefect runs and when; `python -m flows.deployments` prints prefect.yaml from it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from config.catalogue import Catalogue, read_catalogue
from config.settings import Settings
from engine.action_targets import list_actions
from flows.hospital import open_hospital

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

YAML_ZONE = "Asia/Shanghai"  # of the file for workers; served deployments take the hospital's own


@dataclass(frozen=True)
class Deployment:
    """A flow under its name. cron: in the hospital's zone; empty: runs only when asked for.

    action: the special action that a run is about.
    """

    name: str
    entrypoint: str  # module.function
    cron: str
    tags: tuple[str, ...]
    description: str
    action: str = ""

    @property
    def parameters(self) -> dict[str, object]:
        """What a run is given where nobody says otherwise."""
        return {"given": {"action": self.action}} if self.action else {}


# The minutes are spread, so that no two begin at once.
DEPLOYMENTS = (
    Deployment(
        "improvement-cycle",
        "flows.improvement_cycle.improvement_cycle",
        "",
        ("cycle",),
        "Launches an improvement cycle, or brings a running one up to date. · 启动改进循环，或更新进行中的循环。",
    ),
    Deployment(
        "sweep-deadlines",
        "flows.reminders.sweep_deadlines",
        "*/5 * * * *",
        ("clock",),
        "Plans reminders and escalations that are due. · 安排到期的提醒与升级。",
    ),
    Deployment(
        "deliver-notifications",
        "flows.delivery.deliver_notifications",
        "2-59/10 * * * *",
        ("clock",),
        "Sends what waits in the outbox; the safety net beside the sender. · 发送待发消息（发送进程之外的保障）。",
    ),
    Deployment(
        "watch",
        "flows.watch.watch",
        "4-59/15 * * * *",
        ("clock",),
        "Looks for what stands still and alarms the quality office. · 查找停滞之处并向质控办报警。",
    ),
    Deployment(
        "quality-assessment",
        "flows.quality_assessment.quality_assessment",
        "13 * * * *",
        ("clock",),
        "Launches planned activities, assesses indicators, asks for missing data. · "
        "按计划启动活动、评估指标，催补数据。",
    ),
    Deployment(
        "patient-feedback",
        "flows.feedback.patient_feedback",
        "23 * * * *",
        ("clock",),
        "Closes quiet feedback, asks again, counts the months. · 结束患者反馈，重新提请，按月统计。",
    ),
    Deployment(
        "reconcile",
        "flows.reconcile.reconcile",
        "8 * * * *",
        ("clock",),
        "Finishes what an interrupted launch or answer left undone. · 补完被中断的启动或答复。",
    ),
)

# Only where a mailbox is set: elsewhere it would run 1,440 times a day for nothing.
MAIL_REPLIES = Deployment(
    "read-mail-replies",
    "flows.mail_replies.read_mail_replies",
    "* * * * *",
    ("clock",),
    "Reads the answers that came by mail. · 读取邮件答复。",
)


def deployments_of(settings: Settings) -> tuple[Deployment, ...]:
    """Give the rows that one installation runs, those of its own special actions too."""
    rows = (*DEPLOYMENTS, *special_actions(read_catalogue(*filter(None, [settings.config_folder]))))
    return (*rows, MAIL_REPLIES) if settings.imap_host and settings.reply_address else rows


def special_actions(catalogue: Catalogue) -> tuple[Deployment, ...]:
    """Give a row for each special action of a catalogue: special-action/SLUG."""
    return tuple(
        Deployment(
            one.template.id,
            "flows.special_action.special_action",
            "",
            ("action",),
            f"{one.template.title.en}: opens what is newly short, shows where it stands. · "
            f"{one.template.title.zh}：启动新的未达标循环并显示进展。",
            one.template.id,
        )
        for one in list_actions(catalogue)
    )


async def register(pool: str, zone: str, settings: Settings) -> None:
    """Tell Prefect's server of every row, for the workers of a pool."""
    # `prefect deploy --all` of 3.8.8 registers the first one and stops with a refusal from its own server.
    for row in deployments_of(settings):
        await (await served(row, zone)).aapply(work_pool_name=pool)


async def served(row: Deployment, zone: str) -> "RunnerDeployment":
    """Make a row's deployment for the process that runs it; imports Prefect."""
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    return await flow_of(row).ato_deployment(
        row.name,
        schedule=Cron(row.cron, timezone=zone) if row.cron else None,
        tags=list(row.tags),
        description=row.description,
        parameters=row.parameters,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def flow_of(row: Deployment) -> "Flow[..., object]":
    """Import a row's flow."""
    module, _, function = row.entrypoint.rpartition(".")
    return cast("Flow[..., object]", getattr(import_module(module), function))


def prefect_yaml() -> str:
    """Write the table as Prefect's own file, for those who run workers."""
    lines = [
        "# Printed by `python -m flows.deployments`; do not edit by hand. For workers: docs/operating.md.",
        "name: wardcycle",
        "pull: null",
        "deployments:",
    ]
    for row in (*DEPLOYMENTS, *special_actions(read_catalogue(environ={}))):
        lines += [
            f"- name: {row.name}",
            f"  entrypoint: {row.entrypoint}",
            f"  description: {json.dumps(row.description, ensure_ascii=False)}",
            f"  tags: [{', '.join(row.tags)}]",
            *([f"  parameters: {json.dumps(row.parameters)}"] if row.parameters else []),
            "  work_pool: {name: wardcycle}",
        ]
        if row.cron:
            lines += ["  schedules:", f'  - {{cron: "{row.cron}", timezone: {YAML_ZONE}}}']
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Print prefect.yaml, or with the name of a work pool register the deployments there."""
    if not arguments:
        sys.stdout.write(prefect_yaml())
        return
    settings = Settings()
    zone = open_hospital(settings).rules.calendar.zone.key
    asyncio.run(register(arguments[0], zone, settings))


if __name__ == "__main__":
    main(sys.argv[1:])
