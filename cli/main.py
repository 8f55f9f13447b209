"""The `wardcycle` command: its groups, and one place where outcomes are shown and errors become words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from cli import (
    account,
    action,
    activity,
    answer,
    assess,
    audit,
    care,
    channel,
    cycle,
    database,
    doctor,
    event,
    feedback,
    goal,
    hospital,
    indicator,
    launch,
    messages,
    person,
    plan,
    programme,
    running,
    spc,
    task,
    template,
)
from cli.groups import group
from cli.help_page import find_help
from cli.mistakes import kind_of, usage_text
from cli.shown import Shown, complain, show
from cli.speech import language_of, say
from cli.unexpected import log_to_file, write_down
from cli.up import up
from models.errors import WardcycleError

USAGE, UNEXPECTED, STOPPED = 2, 3, 130


def _version() -> str:
    from importlib.metadata import version

    return version("wardcycle")


app = group(
    "wardcycle",
    say("Improvement cycles that really close: launch, remind, escalate, answer, close.",
        "让改进循环真正闭环：启动、提醒、升级、答复、完成。"),
)  # fmt: skip
app.version = _version
app.version_flags = ["--version"]
app.command(
    up,
    help=say("Start everything: database, schedules, delivery, pages.", "启动全部：数据库、定时任务、发送、网页。"),
)
app.command(hospital.app)
app.command(template.app)
app.command(indicator.app)
app.command(launch.launch, help=say("Launch a cycle.", "启动循环。"))
app.command(
    launch.forecast, help=say("Who will be told what, and when, if nobody answers.", "若无人答复，将在何时通知谁。")
)
app.command(cycle.app)
app.command(assess.app)
app.command(action.app)
app.command(activity.app)
app.command(goal.app)
app.command(task.app)
app.command(answer.answer, help=say("Answer a task as its owner.", "任务负责人答复。"))
app.command(answer.decide, help=say("Take a decision that a task waits for.", "对待决事项作出决定。"))
app.command(running.tick, help=say("Plan what is due and deliver it, once.", "计划并发送到期的通知（一次）。"))
app.command(messages.app)
app.command(person.app)
app.command(plan.app)
app.command(account.app)
app.command(channel.app)
app.command(event.app)
app.command(care.app)
app.command(programme.app)
app.command(feedback.app)
app.command(audit.app)
app.command(
    running.simulate,
    help=say("Run a scenario, or a copy of the hospital, ahead of time.", "模拟运行场景文件或本院数据的副本。"),
)
app.command(
    spc.spc,
    help=say(
        "Limits, signals and verdict of any series in a file; needs no hospital.",
        "对任意数据文件计算控制限、信号和判断，无需医院数据。",
    ),
)
app.command(
    doctor.doctor,
    help=say("Say what is in order, what is not, and how to mend it.", "检查运行状况，指出问题和处理方法。"),
)
app.command(database.app)


def main(tokens: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 done, 1 refused by a rule, 2 usage, 3 unexpected."""
    given = list(sys.argv[1:] if tokens is None else tokens)
    # Known before the command line is understood: an error in it must come in the right form and language too.
    as_json, language = "--json" in given, language_of(given, os.environ)
    log_to_file()
    try:
        page = find_help(app, given)
        if page is not None:
            return _print(page)
        outcome = app(given, exit_on_error=False, print_error=False, result_action="return_value")
        if not isinstance(outcome, Shown):  # the version, printed already; or what `up` ended with
            return outcome if isinstance(outcome, int) else 0
        show(outcome, as_json=as_json, language=language)
        sys.stdout.flush()  # a closed pipe shows itself here, not at the interpreter's end
        _draw_again(outcome)
        return outcome.exit_code
    except WardcycleError as error:
        complain(kind_of(error), error.text(language), as_json=as_json)
        return error.exit_code
    except CycloptsError as error:
        complain("usage", usage_text(error, language), as_json=as_json)
        return USAGE
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`); nothing more may be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:
        complain("unexpected", write_down(error, given, language), as_json=as_json)
        return UNEXPECTED


def _print(page: str) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    sys.stdout.write(page + "\n")
    return 0


def _draw_again(outcome: Shown) -> None:
    """Ask Prefect for a new picture of a cycle or action that has changed; without Prefect nothing is lost."""
    if not outcome.told and not outcome.action:
        return
    from secrets import token_hex

    from config.settings import Settings
    from flows.kick import kick_action, kick_cycle

    if outcome.told:
        kick_cycle(outcome.told, token_hex(8), settings=Settings())
    if outcome.action:
        kick_action(outcome.action, token_hex(8), settings=Settings())


if __name__ == "__main__":
    sys.exit(main())
