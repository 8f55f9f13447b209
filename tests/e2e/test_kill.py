"""kill -9 of `wardcycle up` at random while cycles are launched and answered: nothing is lost, nothing told twice."""

import re
import time
from collections import Counter
from pathlib import Path
from random import Random

from sqlmodel import Session, col, select

from models.audit import verify
from models.cycle import Cycle
from models.notification import Attempt, AttemptOutcome, Delivery, DeliveryStatus
from models.queries import get_task
from models.task import Answer
from tests.chaos.sizes import size
from tests.e2e.installation import Installation, make_installation

N_KILLS = size(1, 10)
LAUNCH = ("launch", "urgent", "--unit", "ward-3", "--lead", "ana", "--by", "eva", "--json")


def test_after_kills_at_random_nothing_is_lost_and_nothing_told_twice(tmp_path: Path) -> None:
    random, made = Random(N_KILLS), make_installation(tmp_path / "data")
    launched: list[str] = []
    answered: list[str] = []
    for number in range(N_KILLS):
        made.start()
        made.wait(lambda n=number: made.output.count("Pages:") == n + 1, 90)  # type: ignore[misc]
        for _ in range(random.randint(1, 3)):
            _launch(made, launched)
            _answer(made, random.choice(launched), answered)
        _wait_some(made, random)
        made.kill()
        made.wait(lambda: not made.children(), 4)
    made.start()
    made.await_up()
    assert "is taken" not in made.output, "the killed ones gave their ports back"
    made.wait(lambda: not _is_anything_due(made), 60)
    database = made.database()
    with database.reading() as session:
        assert set(session.exec(select(Cycle.code))) == set(launched)
        assert {f"{address}" for address in answered if _has_answer(session, address)} == set(answered)
        assert verify(session).kind is None
        _assert_told_once(session, made)
    database.dispose()
    made.stop()


def _launch(made: Installation, launched: list[str]) -> None:
    done = made.command(*LAUNCH)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"C\d{4}-\d{4}", done.stdout)
    assert found
    launched.append(found[0])


def _answer(made: Installation, code: str, answered: list[str]) -> None:
    address = f"{code}/call"
    if address not in answered:
        done = made.command("answer", address, "done", "--by", "ana", "--note", "called")
        assert done.returncode == 0, done.stdout + done.stderr
        answered.append(address)


def _wait_some(made: Installation, random: Random) -> None:
    """Let a part of the work happen: somewhere between the first mail and long after the last."""
    time.sleep(random.random() * 3)


def _is_anything_due(made: Installation) -> bool:
    database = made.database()
    with database.reading() as session:
        # What a killed sender had in hand waits for the end of its lease; everything else goes out now.
        found = session.exec(select(Delivery).where(Delivery.status == DeliveryStatus.QUEUED)).all()
    database.dispose()
    return bool(found)


def _has_answer(session: Session, address: str) -> bool:
    task = get_task(session, address)
    return len(session.exec(select(Answer).where(Answer.task_id == task.id)).all()) == 1


def _assert_told_once(session: Session, made: Installation) -> None:
    """Each delivery has one mail, or more only where an attempt ended without an answer."""
    marks = Counter(
        found[1]
        for mail in (made.folder / "mailbox" / "new").iterdir()
        if (found := re.search(rb"^Message-ID: <(\d+)\.", mail.read_bytes(), re.MULTILINE | re.IGNORECASE))
    )
    for delivery in session.exec(select(Delivery).order_by(col(Delivery.id))):
        attempts = session.exec(select(Attempt).where(Attempt.delivery_id == delivery.id)).all()
        n_mails = marks[str(delivery.id).encode()]
        n_unclear = sum(one.outcome in (None, AttemptOutcome.UNKNOWN) for one in attempts)
        n_accepted = sum(one.outcome is AttemptOutcome.ACCEPTED for one in attempts)
        assert n_accepted <= 1
        assert n_accepted <= n_mails <= n_accepted + n_unclear, (delivery, n_mails, attempts)
        assert delivery.status is not DeliveryStatus.SENT or n_mails
