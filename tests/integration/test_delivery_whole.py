"""Whole rounds of senders, to the letter: what each answer of a channel, each death and each outage brings about."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from engine.rules import Rules
from models.cycle import Cycle, CycleStatus
from models.db import Database
from models.notification import AttemptOutcome, DeliveryStatus, NotificationKind
from models.task import Task, TaskStatus
from notifications.claim import LEASE
from notifications.render import Message
from notifications.senders import Address, SendResult, accepted, permanent, transient, unknown
from tests.invariants import hold
from tests.sendings import MONDAY, Act, Sendings, Step, deliver, die, put, reached, sends, story_of, written
from tests.walks import launched

K, D = NotificationKind, DeliveryStatus
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SILENCE, LATER = unknown("no answer in time"), transient("451 later")
CRASH = SendResult(AttemptOutcome.UNKNOWN, "the sender ended", crashed=True)
NOBODY = permanent("550 5.1.1 no such user", nobody=True)
DOWN = transient("the mail server cannot be reached", down=True)
TWO = reached("ana", "email,ntfy")
OPEN_TASK = {"status": TaskStatus.OPEN, "next_fire_at": MONDAY, "deadline_no": 3}


def _breaks(message: Message, to: Address) -> SendResult:
    raise RuntimeError("json://user:secret@host")


def frozen(title: str, result: SendResult, *, others: SendResult | None = None) -> Act:
    """A sender stands still while it sends, so long that another goes round."""

    def do(told: Sendings) -> str:
        def answer(message: Message, to: Address) -> SendResult:
            deliver(told, {"email": others} if others else {}, now=told.now + LEASE)
            return result

        return str(deliver(told, {"email": answer}))

    return Act(title, do)


def task(**values: object) -> Act:
    """Something becomes of the task."""
    said = " ".join(f"{name}={value}" for name, value in values.items())
    rests = {"next_fire_at": None} if values.get("status") else {}
    return written(f"the task: {said}", sa.update(Task).where(col(Task.id) == 1).values(OPEN_TASK | rests | values))


def cycle(status: CycleStatus) -> Act:
    """Something becomes of the cycle."""
    opened = sa.update(Task).where(col(Task.id) == 1).values(OPEN_TASK)
    return written(f"the cycle is {status.value}", opened, sa.update(Cycle).values(status=status))


ABOUT = (K.ASSIGNED, K.REMINDER, K.ESCALATION, K.STAGNANT, K.DECISION, K.HAND_OVER, K.RECEIPT)


def each_kind(mark: str, deadline_no: int = 3) -> Act:
    """One message of each kind that a task's end may make unwanted, and a receipt."""
    acts = [put(f"{mark}-{kind.value}", kind=kind, task_id=1, cycle_id=1, deadline_no=deadline_no) for kind in ABOUT]

    def do(told: Sendings) -> None:
        for act in acts:
            act.do(told)

    return Act(f"ana is told something of each kind: {mark}", do)


LAUNCHED = Act("launched", lambda told: launched(told.database, told.rules, MONDAY).cycle().code)
ANSWERS: dict[str, tuple[Step, ...]] = {
    "accepted": (TWO, put("a", "b", after=SECOND), sends(), (SECOND, sends()), sends()),
    "refused": (TWO, put("a"), sends({"email": permanent("550 no")}), sends()),
    "refused by all": (TWO, put("a"), sends({"email": permanent("550 no"), "ntfy": permanent("404")}), sends()),
    "nobody there": (
        TWO,
        put("a", "b"),
        put("c", after=HOUR),
        put("d", person="bo", after=HOUR),
        sends({"email": NOBODY}),
        (HOUR - SECOND, sends()),
        (SECOND, sends()),
        put("e"),
        sends(),
        reached("ana", "email"),
        put("f", kind=K.DECISION),
        sends(),
    ),
    "later": (
        TWO,
        put("a"),
        sends({"email": LATER}, random=0.5),
        (65 * SECOND, sends()),
        (SECOND, sends({"email": LATER})),
        (5 * MINUTE, sends({"email": LATER}, random=1.0)),
        (18 * MINUTE, sends({"email": LATER})),
        (HOUR, sends({"email": LATER})),
        (3 * HOUR, sends({"email": LATER})),
        (6 * HOUR, sends({"email": LATER})),
        (6 * HOUR, sends({"email": LATER})),
        (SECOND, sends()),
    ),
    "later, when the window is open": (
        put("a", "b", rung="", after=8 * HOUR + 29 * MINUTE),
        put("hour", after=8 * HOUR + 29 * MINUTE),
        (8 * HOUR + 29 * MINUTE, sends({"email": LATER}, window=True)),
        (MINUTE, sends(window=True)),
        (14 * HOUR, sends(window=True)),
    ),
    "not before a moment": (
        TWO,
        put("a"),
        sends({"email": transient("20 an hour", down=True, free_at=MONDAY + HOUR)}),
        put("b", after=MINUTE),
        (MINUTE, sends({"email": transient("20 an hour", down=True, free_at=MONDAY + HOUR)})),
        (HOUR - MINUTE, sends()),
        (MINUTE, sends()),
    ),
    "no answer": (
        TWO,
        put("a"),
        put("b", kind=K.DECISION),
        put("c", urgent=True),
        sends({"email": SILENCE}),
        (MINUTE, sends({"email": SILENCE})),
        (5 * MINUTE, sends()),
    ),
    "no answer eight times": (
        TWO,
        put("a", kind=K.DECISION),
        sends({"email": SILENCE}),
        *((12 * HOUR, sends({"email": SILENCE})) for _ in range(7)),
    ),
    "ends what sends it": (
        TWO,
        put("a"),
        put("b", kind=K.ALARM),
        sends({"email": CRASH}),
        (MINUTE, sends({"email": CRASH})),
        sends(),
    ),
    "ends what sends it, with one channel": (
        put("b", kind=K.ALARM),
        sends({"email": CRASH}),
        (MINUTE, sends({"email": CRASH})),
        sends(),
    ),
    "cannot be written": (
        TWO,
        put("a", "z"),
        put("b", kind=K.MISSED),
        put("c"),
        sends(),
        sends(),
    ),
    "the sender fails": (
        TWO,
        put("a"),
        put("b", kind=K.DECISION),
        sends({"email": _breaks}),
        (MINUTE, sends()),
    ),
    "read alone": (
        TWO,
        put("a", kind=K.CODE),
        sends({"email": permanent("550 no")}),
        (MINUTE, sends()),
    ),
    "dies": (
        TWO,
        put("a", "b"),
        sends({"email": die}),
        (LEASE - SECOND, sends()),
        (SECOND, sends()),
        sends(),
    ),
    "dies with something urgent": (
        TWO,
        put("a", kind=K.DECISION),
        put("b", urgent=True),
        sends({"email": die}),
        (LEASE, sends({"email": die})),
        (LEASE, sends()),
        sends(),
    ),
    "dies with something ordinary that comes again": (
        put("a"),
        sends({"email": die}),
        (LEASE, sends()),
        sends(),
    ),
    "dies at the eighth try": (
        TWO,
        put("a", kind=K.DECISION),
        put("b", person="bo", kind=K.DECISION),
        sends({"email": SILENCE}),
        *((12 * HOUR, sends({"email": SILENCE})) for _ in range(6)),
        (12 * HOUR, sends({"email": die})),
        (LEASE, sends({"bo@hospital.test": die})),
        (LEASE, sends()),
    ),
    "accepted late": (
        put("a"),
        frozen("a sender stands still, then hears yes", accepted("250 late")),
        sends(),
        put("b"),
        frozen("a sender stands still, then hears no", permanent("550 no")),
        sends(),
        put("c", kind=K.DECISION),
        frozen("what it had was refused meanwhile", accepted("250 late"), others=permanent("550 no")),
        sends(),
        put("d", kind=K.DECISION),
        frozen("what it had was sent meanwhile", accepted("250 late")),
        sends(),
    ),
    "by a channel that the person no longer has": (
        TWO,
        put("a"),
        reached("ana", "bell,ntfy", "bell=b,ntfy=n"),
        sends({"email": permanent("550 no")}),
    ),
    "what another took over is not put back": (
        put("a", "b"),
        frozen("a sender stands still, then hears that the channel is down", DOWN),
        sends(),
    ),
    "a reason that is too long": (
        put("a", kind=K.DECISION),
        sends({"email": replace(CRASH, why="x" * 480)}),
        (MINUTE, sends({"email": replace(CRASH, why="x" * 480)})),
    ),
    "threads of mail": (
        LAUNCHED,
        put("task", task_id=1, cycle_id=1),
        put("cycle", cycle_id=1),
        put("neither"),
        sends(),
        *(
            one
            for slug in ("two words", "三病区", "a\tb")
            for one in (
                task(slug=slug, status=TaskStatus.OPEN, next_fire_at=MONDAY),
                put(f"of {slug}", task_id=1, cycle_id=1),
                sends(),
            )
        ),
    ),
    "a channel that is down": (
        TWO,
        put("a", "b", "c"),
        put("d", person="bo"),
        sends({"email": DOWN}),
        (MINUTE, sends({"email": DOWN})),
        (MINUTE, sends()),
        (5 * MINUTE, sends()),
    ),
    "stopped": (
        put("a", "b"),
        put("c", person="bo"),
        sends(until=1),
        sends(limit=1),
        sends(batch=1),
    ),
    "one channel alone": (
        TWO,
        reached("bo", "ntfy"),
        put("a", person="bo"),
        put("b"),
        sends(only="email"),
        sends(only="ntfy"),
    ),
}
UNWANTED: tuple[Step, ...] = (
    LAUNCHED, sends(),
    *(one for status in (TaskStatus.DONE, TaskStatus.STOPPED, TaskStatus.PAUSED, TaskStatus.DECIDING)
      for one in (each_kind(status.value), task(status=status), sends())),
    each_kind("moved"), task(deadline_no=4), sends(),
    each_kind("newer", deadline_no=4), task(), sends(),
    *(one for status in (CycleStatus.PAUSED, CycleStatus.CLOSED, CycleStatus.CANCELLED, CycleStatus.ACTIVE)
      for one in (each_kind(f"cycle-{status.value}"), cycle(status), sends())),
)  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_send_brings_about_comes_out_to_the_letter(database: Database, rules: Rules, name: str) -> None:
    told = story_of(name, ANSWERS[name], database, rules)
    hold(database, told.now)


def test_what_nobody_needs_any_more_is_dropped_with_its_reason(database: Database, rules: Rules) -> None:
    story_of("unwanted", UNWANTED, database, rules)
