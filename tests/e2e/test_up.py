"""`wardcycle up` for real: its pages, its schedules, its runs, its end, and what survives the worst."""

import shutil
from datetime import UTC, datetime

from sqlmodel import select

from engine.evidence import GivenFile
from engine.rules import Rules
from engine.stages import approve_stage
from engine.tasks import GivenAnswer, submit_answer
from flows.deployments import DEPLOYMENTS
from models.cycle import Cycle, CycleStatus, Stage, StageStatus
from models.queries import get_cycle, get_person
from models.task import AnswerKind, Task, TaskStatus
from notifications.mailbox import read_mails
from tests.e2e.installation import Installation
from tests.proofs import least_proof

LAUNCH = {"template": "pdca", "unit": "ward-3", "lead": "ana", "title": "Fewer falls", "allow_unstaffed": True}
URGENT = {"template": "urgent", "unit": "ward-3", "lead": "ana"}
PAPER = GivenFile(name="proof.txt", content=b"counted\n")


def test_the_pages_answer_and_name_the_product(installation: Installation) -> None:
    assert "wardcycle" in installation.page("/").lower()
    assert '"status":"green"' in installation.page("/healthz")


def test_a_second_up_on_the_same_data_says_who_is_there_and_leaves(installation: Installation) -> None:
    second = installation.command("up")
    note = installation.note()
    assert second.returncode == 1
    assert str(note["pid"]) in second.stderr + second.stdout
    assert str(note["page"]) in second.stderr + second.stdout


def test_every_deployment_of_the_table_is_served_with_its_schedule(installation: Installation) -> None:
    assert DEPLOYMENTS
    for row in DEPLOYMENTS:
        assert installation.api.read_crons(f"{row.name}/{row.name}") == ([row.cron] if row.cron else [])
    for slug in ("surgery", "breaking-walls", "record-substance", "patient-safety", "net-weaving"):
        assert installation.api.read_crons(f"special-action/{slug}") == []


def test_a_cycle_launched_in_prefects_form_is_closed_by_answers(installation: Installation, rules: Rules) -> None:
    run = installation.run({"launch": LAUNCH})
    assert (run.state_type, run.state_name) == ("COMPLETED", "Awaiting plan")
    assert run.name.startswith("C")
    assert run.name in installation.page(f"/cycles/{run.name}")
    _close(installation, rules, run.name)
    again = installation.run({"cycle": run.name})
    assert (again.state_type, again.state_name, again.name) == ("COMPLETED", "Closed", run.name)
    assert {one.id for one in installation.api.find_runs(tag=f"cycle:{run.name}")} >= {run.id, again.id}


def test_a_refused_launch_fails_its_run_with_the_reason_and_writes_nothing(installation: Installation) -> None:
    before = _codes(installation)
    run = installation.run({"launch": {**LAUNCH, "unit": "ward-33"}})
    assert run.state_type == "FAILED"
    assert "ward-33" in run.message
    assert _codes(installation) == before


def test_an_answer_on_the_command_line_starts_a_run_that_shows_it(installation: Installation) -> None:
    code = installation.run({"launch": LAUNCH}).name
    n_before = len(installation.api.find_runs(tag=f"cycle:{code}"))
    done = installation.command("answer", f"{code}/present-state", "acknowledge", "--by", "ana")
    assert done.returncode == 0, done.stderr
    installation.wait(lambda: len(installation.api.find_runs(tag=f"cycle:{code}")) > n_before, 30)


def test_the_owner_gets_a_mail_in_the_local_mailbox(installation: Installation) -> None:
    code = installation.run({"launch": URGENT}).name
    installation.wait(lambda: any(code in mail.subject for mail in read_mails(installation.folder / "mailbox")), 20)


def test_what_happens_to_prefect_costs_its_history_and_nothing_else(installation: Installation) -> None:
    code = installation.run({"launch": LAUNCH}).name
    seconds = installation.stop()
    assert seconds < 30, "nothing hangs until somebody kills it"
    assert installation.children() == []
    shutil.rmtree(installation.folder / "prefect")
    installation.start()
    installation.await_up()
    run = installation.run({"cycle": code})
    assert (run.name, run.state_name) == (code, "Awaiting plan")


def _codes(installation: Installation) -> set[str]:
    database = installation.database()
    with database.reading() as session:
        codes = set(session.exec(select(Cycle.code)))
    database.dispose()
    return codes


def _close(installation: Installation, rules: Rules, code: str) -> None:
    """Answer every task and approve every stage until the cycle is closed."""
    database = installation.database()
    now = datetime.now(UTC)
    with database.transaction("test") as session:
        cycle = get_cycle(session, code)
        lead = get_person(session, "ana").id
        given = GivenAnswer(kind=AnswerKind.DONE, note="done", evidence=(PAPER,))
        while session.get_one(Cycle, cycle.id, populate_existing=True).status is CycleStatus.ACTIVE:
            stage = session.exec(
                select(Stage).where(Stage.cycle_id == cycle.id, Stage.status == StageStatus.READY)
            ).first()
            if stage:
                ending = least_proof(session, stage, rules=rules, by=lead, now=now)
                approve_stage(session, stage.id, note="seen", rules=rules, by=lead, now=now, ending=ending)
                continue
            task = session.exec(select(Task).where(Task.cycle_id == cycle.id, Task.status == TaskStatus.OPEN)).first()
            assert task
            submit_answer(session, task.id, given, rules=rules, by=lead, now=now)
    database.dispose()
