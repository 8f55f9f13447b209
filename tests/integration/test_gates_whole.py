"""What each gate asks for in every state, and what is written when it passes: whole, in both languages."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from config.catalogue import read_catalogue
from config.words import Text
from engine.assessing import assess
from engine.checks import abandon_check, extend_check
from engine.endings import follow_cycle
from engine.gates import NOTHING_GIVEN, Approval, GateShut, Piece, Proof, find_missing, read_proof
from engine.looks import Look
from engine.people import directory
from engine.rules import Rules
from engine.special_actions import keep_roll_up
from engine.stages import approve_stage
from models.assessment import Aim, CheckDecision, Ending
from models.cycle import Cycle, Stage, StageStatus
from models.db import Database
from models.reads.series import Series
from models.records import Record
from tests.actions import launch
from tests.chronicle import LAUNCHED, Act, Chronicle, answer, away, left
from tests.day_book import DayBook, Step, refused, stands_as_kept, tell
from tests.places import make_hospital
from tests.proofs import FALLS, FIRST, HYGIENE, PDCA, aim_of, assess_now, observe, shares
from tests.walks import Walk, launched, stage, task, template, with_template

AT_ONCE, MINUTE, DAY = timedelta(0), timedelta(minutes=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the hospital


@pytest.fixture
def system() -> str:
    """What is kept and said is the same on both systems; the verbs are tested on each."""
    return "sqlite"


def written(piece: Piece) -> list[str]:
    """Write a piece with all that it says."""
    where = f"{piece.name} #{piece.anchor} {piece.page}".strip()
    return [f"    {where}", f"      {piece.in_('en')}", f"      {piece.in_('zh')}"]


def shows(told: Chronicle) -> str:
    """Say what the cycle can show, in a line."""
    with told.walk.database.reading() as session:
        cycle = session.get_one(Cycle, told.walk.cycle_id)
        proof = read_proof(session, cycle, rules=told.walk.rules, on=told.today)
        said = {one.name: getattr(proof, one.name) for one in fields(proof)}
        said |= {"aim": proof.aim and proof.aim.indicator, "assessed": proof.assessed and proof.assessed.verdict}
    return " ".join(f"{name}={value}" for name, value in said.items() if value not in (None, "", False))


def approves(slug: str, by: str = "ana", **given: object) -> Act:
    """Somebody lets a stage pass; a gate that stays shut says in both languages what is missing."""

    def do(told: Chronicle) -> object:
        seen, more = shows(told), {"note": "good", **given}
        try:
            opened = told.walk.run(approve_stage, told.walk.stage(slug).id, by, told.now, **more)
        except GateShut as shut:
            missing = [f"{piece.name} #{piece.anchor} {piece.page}".strip() for piece in shut.pieces]
            return [seen, shut.text("en"), shut.text("zh"), *missing]
        return [seen, f"passed, opens {opened}"]

    return Act(f"{by} approves {slug} {given or ''}".strip(), do)


def aims(**given: object) -> Act:
    """The lead says what the cycle aims at."""
    return Act(f"ana aims {given}", lambda told: aim_of(told.walk, told.now, "ana", **given))


def counted(level: float, n: int, first: date, seed: int = 1, unit: str = "ward-3") -> Act:
    """Values come in."""
    return Act(
        f"{n} months of {unit} from {first}",
        lambda told: observe(
            told.walk.database, told.walk.rules, shares(level, n, seed=seed), first=first, unit=unit, now=told.now
        ),
    )


def corrected(*values: float) -> Act:
    """The first values are entered anew."""
    return Act(
        f"{len(values)} old values are corrected",
        lambda told: observe(told.walk.database, told.walk.rules, values, first=FIRST, now=told.now),
    )


LOOKED = Act("assessed", lambda told: assess_now(told.walk, told.now))
KEPT = Act("eva keeps the roll-up", lambda told: keep(told.walk, told.now))


def keep(walk: Walk, now: datetime) -> None:
    """Keep where the special action stands."""
    with walk.database.transaction("test") as session:
        keep_roll_up(session, "surgery", None, rules=walk.rules, by=directory(session).person("eva").id, now=now)


OF_CHECK: dict[str, Callable[..., CheckDecision]] = {"extend": extend_check, "abandon": abandon_check}


def of_check(what: str, **parts: object) -> Act:
    """The lead extends or abandons the Check."""
    why = "the ward was closed"
    return Act(
        f"ana: {what} check",
        lambda told: told.walk.run(OF_CHECK[what], told.walk.cycle_id, "ana", told.now, why=why, **parts),
    )


def follows(by: str) -> Act:
    """Somebody launches the cycle that a signal proposed."""

    def do(told: Chronicle) -> object:
        return refused(lambda: told.walk.run(follow_cycle, told.walk.cycle_id, by, told.now).code)

    return Act(f"{by} follows the signal", do)


SPRING = date(2026, 4, 1)
STORIES: dict[str, tuple[Step, ...]] = {
    "adopted": (
        (AT_ONCE, counted(0.6, 7, FIRST)),
        (MINUTE, approves("plan")),
        (MINUTE, answer("plan-it", "done", "dee")),
        (MINUTE, approves("plan", note="")),
        (MINUTE, aims(indicator=FALLS, target=None, target_on=None, prediction=None)),
        (MINUTE, approves("plan", note=" ")),
        (MINUTE, aims()),
        (MINUTE, approves("plan")),
        (MINUTE, approves("plan", by="dee")),
        (MINUTE, counted(0.6, 12, FIRST)),
        (MINUTE, aims(baseline_last=date(2025, 1, 1))),
        (MINUTE, approves("plan")),
        (MINUTE, aims(baseline_last=date(2025, 2, 1))),
        (MINUTE, approves("plan")),
        (MINUTE, answer("do-it", "done", "dee")),
        (MINUTE, approves("do", note="")),
        (119 * DAY, counted(0.8, 3, SPRING, seed=2)),
        (MINUTE, LOOKED),
        (MINUTE, approves("do")),
        (AT_ONCE, answer("check-it", "done", "dee")),
        (AT_ONCE, approves("check")),
        (AT_ONCE, LOOKED),
        (MINUTE, approves("check")),
        (MINUTE, of_check("extend", until=date(2026, 12, 1))),
        (188 * DAY, counted(0.8, 9, SPRING, seed=2)),
        (MINUTE, approves("check")),
        (MINUTE, corrected(1)),
        (MINUTE, LOOKED),
        (MINUTE, approves("check")),
        (MINUTE, corrected(1, 2)),
        (MINUTE, LOOKED),
        (MINUTE, approves("check")),
        (MINUTE, approves("check", signed=True, note="typing errors")),
        (MINUTE, answer("act-it", "done", "dee")),
        (MINUTE, approves("act", note="")),
        (MINUTE, approves("act", note="", ending=Ending.ADOPT)),
        (422 * DAY, approves("act", ending=Ending.ADOPT)),
        (MINUTE, follows("ana")),
        (MINUTE, counted(0.8, 11, date(2027, 1, 1), seed=3)),
        (MINUTE, counted(0.5, 2, date(2027, 12, 1), seed=4)),
        (MINUTE, LOOKED),
        (MINUTE, follows("dee")),
        (MINUTE, away("ana", "chen", date(2028, 3, 10))),
        (MINUTE, follows("chen")),
        (MINUTE, follows("ana")),
    ),
    "given up and gone on with": (
        (AT_ONCE, counted(0.6, 11, FIRST, unit="surgery")),
        (MINUTE, answer("plan-it", "done", "dee")),
        (MINUTE, aims(unit="surgery", wash_in=1, worthwhile=4.5, short_baseline_reason="a new ward")),
        (MINUTE, approves("plan")),
        (MINUTE, answer("do-it", "done", "dee")),
        (MINUTE, approves("do")),
        (MINUTE, answer("check-it", "done", "dee")),
        (182 * DAY, counted(0.8, 3, SPRING, seed=2, unit="surgery")),
        (MINUTE, LOOKED),
        (MINUTE, of_check("abandon")),
        (MINUTE, approves("check")),
        (MINUTE, answer("act-it", "done", "dee")),
        (MINUTE, approves("act")),
        (MINUTE, approves("act", ending=Ending.ADOPT)),
        (MINUTE, approves("act", ending=Ending.CONTINUE)),
    ),
    "counted before only": (
        (AT_ONCE, counted(0.6, 24, FIRST)),
        (MINUTE, answer("plan-it", "done", "dee")),
        (MINUTE, aims()),
        (MINUTE, approves("plan")),
        (MINUTE, answer("do-it", "done", "dee")),
        (MINUTE, approves("do")),
        (MINUTE, answer("check-it", "done", "dee")),
        (MINUTE, LOOKED),
        (MINUTE, approves("check")),
        (MINUTE, of_check("abandon")),
        (MINUTE, approves("check")),
        (MINUTE, answer("act-it", "done", "dee")),
        (MINUTE, approves("act", ending=Ending.CONTINUE)),
    ),
    "never counted": (
        (AT_ONCE, answer("plan-it", "done", "dee")),
        (MINUTE, aims(short_baseline_reason="counted from now on", worthwhile=3, indicator=HYGIENE)),
        (MINUTE, approves("plan")),
        (MINUTE, answer("do-it", "done", "dee")),
        (MINUTE, approves("do")),
        (MINUTE, answer("check-it", "done", "dee")),
        (MINUTE, of_check("abandon")),
        (MINUTE, approves("check")),
        (MINUTE, answer("act-it", "done", "dee")),
        (MINUTE, approves("act", ending=Ending.ADOPT)),
        (MINUTE, left("dee", to="gao")),
        (MINUTE, approves("act", ending=Ending.ADAPT)),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_gates_ask_for_and_what_passing_them_writes_is_kept_whole(
    database: Database, rules: Rules, name: str
) -> None:
    make_hospital(database)
    launched(database, rules, MONDAY)  # so that ids of cycle, stage and task differ
    titles = {"title": "a" * 300, "title_zh": "改" * 300} if name == "never counted" else {}
    told = DayBook(launched(database, rules, MONDAY, PDCA, **titles))
    told.step(LAUNCHED, after=AT_ONCE)
    tell(told, STORIES[name], f"gates {name}")


ACTION = template(stage("begin", task("gather")), stage("end", task("explain"), gate="roll-up"),
                  id="surgery", special_action="surgery")  # fmt: skip


def test_a_roll_up_counts_from_the_moment_at_which_its_stage_was_opened(database: Database, rules: Rules) -> None:
    make_hospital(database)
    small = with_template(rules, ACTION)
    told = DayBook(Walk(database, small, launch(database, small, MONDAY, lead="ana").run.cycle_id))
    steps = (
        (MINUTE, KEPT),
        (MINUTE, answer("gather", "done", "eva")),
        (AT_ONCE, answer("explain", "done", "eva")),
        (AT_ONCE, approves("end", note="")),
        (AT_ONCE, KEPT),
        (AT_ONCE, approves("end", note="")),
        (AT_ONCE, approves("end")),
    )
    tell(told, steps, "gates a roll-up")


def test_a_process_may_have_a_plan_and_no_check(database: Database, rules: Rules) -> None:
    make_hospital(database)
    book = DayBook(launched(database, rules, MONDAY, template(stage("prepare", task("think"), gate="plan"))))
    tell(book, ((MINUTE, answer("think", "done", "dee")), (MINUTE, approves("prepare", note=""))), "gates a plan alone")


def found(**more: object) -> Record:
    """Make a record of a look at two years; what it says is given."""
    series = Series((FIRST,), (1.0,), (100.0,), (False,))
    seen = assess(series, Look(CATALOGUE.indicators[HYGIENE], "ward-3", MONDAY, MONDAY.date(), 1))
    said = replace(seen.said, reasons=(Text("Too few.", "太少。"), Text("Too new.", "太新。")), flags=(DOUBT,))
    return replace(seen, said=said, **more)  # type: ignore[arg-type]


CATALOGUE = read_catalogue(environ={})
DOUBT = Text("The baseline is short.", "基线较短。")
SHOWN = Proof("C2026-0007", has_plan=True)
AIM = Aim(cycle_id=1, indicator=HYGIENE, indicator_version=1, unit_id=1, set_at=MONDAY, set_by=1, target=0.0,
          target_on=FIRST, prediction=0.0, short_baseline_reason=" ")  # fmt: skip
KNOWN = replace(SHOWN, aim=AIM, is_known=True, n_baseline=12, sealed=True, assessed=found())
LOOSE = replace(SHOWN, has_plan=False, action="surgery")
STATES = {
    "plan": {
        "no aim": SHOWN,
        "an aim at what is not defined here": replace(SHOWN, aim=AIM, n_baseline=12),
        "an aim of nothing": replace(SHOWN, aim=Aim(cycle_id=1, indicator=HYGIENE, indicator_version=1, unit_id=1,
                                                    set_at=MONDAY, set_by=1)),
        "a short baseline": replace(KNOWN, n_baseline=11),
        "a short baseline with a reason": replace(KNOWN, n_baseline=0, aim=AIM.model_copy(
            update={"short_baseline_reason": "new"})),
        "all, and nothing of Check": replace(KNOWN, sealed=False, assessed=None),
    },
    "do": {"nothing": SHOWN},
    "check": {
        "nothing sealed": SHOWN,
        "nothing sealed, given up": replace(SHOWN, abandoned=True),
        "not looked at": replace(KNOWN, assessed=None),
        "old data": replace(KNOWN, stale=True, too_little=True, needs_signature=True),
        "too little": replace(KNOWN, too_little=True, needs_signature=True),
        "too little, given up": replace(KNOWN, too_little=True, needs_signature=True, abandoned=True),
        "doubts": replace(KNOWN, needs_signature=True),
        "doubts, one period changed": replace(KNOWN, needs_signature=True, assessed=found(n_changed=1)),
        "doubts, two periods changed": replace(KNOWN, needs_signature=True, assessed=found(n_changed=2)),
        "all": KNOWN,
    },
    "act": {
        "not looked at": replace(KNOWN, assessed=None),
        "too little": replace(KNOWN, assessed=found(next_step="adopt"), too_little=True),
        **{f"to {step}": replace(KNOWN, assessed=found(next_step=step))
           for step in ("adopt", "adapt", "abandon", "keep_measuring")},
    },
    "roll-up": {"nothing kept": LOOSE, "kept": replace(LOOSE, rolled_up=True)},
}  # fmt: skip
GIVEN = {
    "nothing": NOTHING_GIVEN,
    "a blank": Approval(note=" \n"),
    "a note": Approval(note="seen"),
    "a note, signed": Approval(note="seen", signed=True),
    "a note, adopted": Approval(note="seen", ending=Ending.ADOPT),
    "a note, adapted": Approval(note="seen", ending=Ending.ADAPT),
}


def test_every_state_of_every_gate_names_what_is_missing() -> None:
    lines = []
    for gate, states in STATES.items():
        shut = Stage(cycle_id=1, position=0, slug="third", title_en="Third", title_zh="第三", gate=gate, open_count=0,
                     status=StageStatus.READY)  # fmt: skip
        for state, proof in {**states, "without a plan": replace(LOOSE, rolled_up=True)}.items():
            alike: dict[tuple[Piece, ...], list[str]] = {}
            for name, given in GIVEN.items():
                alike.setdefault(find_missing(shut, proof, given), []).append(name)
            missed = dict.fromkeys(piece for pieces in alike for piece in pieces)
            said = [f"  given {' / '.join(n)}: {', '.join(one.name for one in p) or '-'}" for p, n in alike.items()]
            lines += ["", f"{gate}, {state}", *said, *(line for piece in missed for line in written(piece))]
    stands_as_kept(lines, "gates in every state")
