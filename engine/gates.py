"""What a stage must show before it may close: the one place where a gate's proof is asked for."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from config.words import Text
from engine.aims import baseline_series
from engine.baselines import FEWEST_POINTS, data_hash, until, usable
from engine.deed import Deed
from engine.rules import Rules
from engine.seals import sealed_baseline, sealed_series
from models.assessment import Aim, Assessment, CheckChoice, Ending
from models.cycle import Cycle, Stage
from models.errors import NoteMissing, Refused
from models.reads.assessments import check_decisions, find_aim, find_gate, find_signature, latest_assessment
from models.reads.special_actions import latest_roll_up
from models.records import Record, record_from

ROLL_UP = "roll-up"


@dataclass(frozen=True)
class Approval:
    """What somebody gives who lets a stage pass. signed: the doubts about a good verdict were weighed."""

    note: str = ""
    ending: Ending | None = None
    signed: bool = False


NOTHING_GIVEN = Approval()


@dataclass(frozen=True)
class Piece:
    """Something that a gate misses: what it is, the command that mends it, and where on the cycle's page it stands.

    other: another command that would do. Whoever runs one adds --by. page: where it is mended, if not there.
    """

    name: str
    words: Text
    command: str
    anchor: str
    other: str = ""
    page: str = ""

    def in_(self, language: str) -> str:
        """Write it with its commands."""
        either = f"{self.command} | {self.other}" if self.other else self.command
        return f"{self.words.in_(language)} ({either})"


class GateShut(Refused):
    """Stage '{stage}' of {code} cannot close yet. Missing: {missing}. See {page}"""

    zh = "循环 {code} 的“{stage}”阶段尚不能结束，缺少：{missing}。见 {page}"

    def __init__(self, pieces: tuple[Piece, ...], **facts: object) -> None:
        self.pieces = pieces
        listed = Text(*(_SEPARATOR[tag].join(piece.in_(tag) for piece in pieces) for tag in ("en", "zh")))
        super().__init__(missing=listed, **facts)


_SEPARATOR = {"en": "; ", "zh": "；"}


@dataclass(frozen=True)
class Proof:
    """What stands in the record for a cycle's gates.

    has_plan: without a Plan there is no aim, and Check and Act ask for a note only. n_baseline: usable points.
    assessed: the newest assessment of this Check; stale: the data after the baseline have changed since.
    action: the special action that the cycle is the frame of; rolled_up: where it stands was kept in this stage.
    """

    code: str
    has_plan: bool
    aim: Aim | None = None
    is_known: bool = False
    n_baseline: int = 0
    sealed: bool = False
    assessed: Record | None = None
    too_little: bool = False
    stale: bool = False
    needs_signature: bool = False
    abandoned: bool = False
    action: str = ""
    rolled_up: bool = False


def ask_gate(deed: Deed, cycle: Cycle, stage: Stage, given: Approval) -> None:
    """Refuse to close a stage that misses something, naming every missing piece at once.

    Raises NoteMissing if nothing but the note is missing, else GateShut.
    """
    if not stage.gate:
        return
    pieces = find_missing(stage, read_proof(deed.session, cycle, rules=deed.rules, on=deed.today), given)
    if [piece.name for piece in pieces] == ["note"]:
        raise NoteMissing()
    if pieces:
        page = pieces[0].page or f"/cycles/{cycle.code}#{pieces[0].anchor}"
        raise GateShut(pieces, stage=Text(stage.title_en, stage.title_zh), code=cycle.code, page=page)


def read_proof(session: Session, cycle: Cycle, *, rules: Rules, on: date) -> Proof:
    """Read what a cycle can show on a day."""
    cycle_id = cycle.id
    if find_gate(session, cycle_id, "plan") is None:
        return _without_plan(session, cycle)
    aim = find_aim(session, cycle_id)
    indicator = rules.catalogue.indicators.get(aim.indicator) if aim else None
    check = find_gate(session, cycle_id, "check")
    found = _of_this_check(latest_assessment(session, cycle_id), check.opened_at if check else None)
    baseline = sealed_baseline(session, cycle_id)
    stale = False
    if found and baseline and aim:
        stale = data_hash(until(sealed_series(session, baseline, aim.unit_id), on)) != found.data_hash
    return Proof(
        code=cycle.code,
        has_plan=True,
        aim=aim,
        is_known=indicator is not None,
        n_baseline=len(usable(baseline_series(session, aim, indicator))) if aim and indicator else 0,
        sealed=baseline is not None,
        assessed=record_from(found.record) if found else None,
        too_little=found.too_little if found else False,
        stale=stale,
        needs_signature=bool(found and found.needs_signature and not find_signature(session, found.id)),
        abandoned=any(one.choice is CheckChoice.ABANDON for one in check_decisions(session, cycle_id)),
    )


def _without_plan(session: Session, cycle: Cycle) -> Proof:
    last, stage = latest_roll_up(session, cycle.id), find_gate(session, cycle.id, ROLL_UP)
    in_this_stage = bool(last and stage and stage.opened_at and last.kept_at >= stage.opened_at)
    # The frame of a special action has the action's own template.
    return Proof(cycle.code, has_plan=False, action=cycle.template, rolled_up=in_this_stage)


def _of_this_check(found: Assessment | None, opened_at: datetime | None) -> Assessment | None:
    """Leave out a look that was taken before Check was opened."""
    if found is None or opened_at is None or found.as_of is None or found.as_of < opened_at:
        return None
    return found


def find_missing(stage: Stage, proof: Proof, given: Approval) -> tuple[Piece, ...]:
    """Name everything that keeps a finished stage from closing; pure."""
    pieces = _of_gate(stage, proof, given)
    if given.note.strip():
        return tuple(pieces)
    approve = f'wardcycle cycle approve {proof.code}/{stage.slug} --note "..."'
    words = Text("a note on what speaks for it", "批准依据的说明")
    return (*pieces, Piece("note", words, approve, f"stage-{stage.slug}"))


def _of_gate(stage: Stage, proof: Proof, given: Approval) -> list[Piece]:
    if stage.gate == ROLL_UP:
        return [] if proof.rolled_up else [_roll_up(stage, proof)]
    if not proof.has_plan:
        return []
    if stage.gate == "plan":
        return of_plan(proof)
    if stage.gate == "check":
        return _of_check(stage, proof, given)
    return _of_act(stage, proof, given) if stage.gate == "act" else []


def _roll_up(stage: Stage, proof: Proof) -> Piece:
    words = Text("the roll-up of the action, kept in this stage", "本阶段保存的行动汇总")
    keep = f"wardcycle action keep {proof.action}"
    return Piece("roll-up", words, keep, f"stage-{stage.slug}", page=f"/actions/{proof.action}")


def of_plan(proof: Proof) -> list[Piece]:
    """Name what Plan misses of its aim; pure."""
    aim, code = proof.aim, proof.code
    if aim is None:
        words = Text(
            "an aim: indicator, baseline, target, date and prediction", "目标设定：指标、基线、目标值、日期和预测值"
        )
        command = f"wardcycle cycle aim {code} --indicator ID --target N --by-date DATE --prediction N"
        return [Piece("aim", words, command, "aim")]
    lacking = {
        "indicator": not proof.is_known,
        "target": aim.target is None,
        "date": aim.target_on is None,
        "prediction": aim.prediction is None,
        "baseline": proof.n_baseline < FEWEST_POINTS and not aim.short_baseline_reason.strip(),
    }
    return [_aim_piece(name, proof) for name, holds in lacking.items() if holds]


def _aim_piece(name: str, proof: Proof) -> Piece:
    words, option = _AIM_PIECES[name]
    if name == "baseline":
        n = proof.n_baseline
        words = Text(
            f"a baseline of at least {FEWEST_POINTS} usable points (there are {n}), or a reason why fewer must do",
            f"至少 {FEWEST_POINTS} 个有效点的基线（现有 {n} 个），或说明为何更少也可以",
        )
    return Piece(name, words, f"wardcycle cycle aim {proof.code} {option}", "aim")


_AIM_PIECES = {
    "indicator": (Text("an indicator that this hospital defines", "本院已定义的指标"), "--indicator ID"),
    "target": (Text("a target", "目标值"), "--target N"),
    "date": (Text("the date by which it is to be reached", "达到目标的日期"), "--by-date 2026-12-31"),
    "prediction": (Text("a prediction: the value that the team expects", "预测值：团队预期的结果"), "--prediction N"),
    "baseline": (Text("a baseline", "基线"), '--short-baseline-reason "..."'),
}


def _of_check(stage: Stage, proof: Proof, given: Approval) -> list[Piece]:
    if proof.abandoned:
        return []
    if not proof.sealed:  # Plan closed before aims were asked for: nothing was predicted, nothing can be proved
        words = Text(
            "a sealed baseline, which Plan left out; the lead may abandon the Check",
            "封存的基线（计划阶段未设定）；负责人可放弃检查",
        )
        return [Piece("seal", words, f'wardcycle cycle abandon-check {proof.code} --why "..."', f"stage-{stage.slug}")]
    if proof.assessed is None:
        words = Text("an assessment against the sealed baseline", "对照封存基线的评估")
        return [Piece("assessment", words, f"wardcycle assess {proof.code}", "assessment")]
    if proof.stale:
        words = Text(
            "a new assessment: data have come or changed since the last one",
            "重新评估：上次评估后数据有新增或变更",
        )
        return [Piece("assessment", words, f"wardcycle assess {proof.code}", "assessment")]
    if proof.too_little:
        return [_points(proof, proof.assessed)]
    if proof.needs_signature and not given.signed:
        return [_signature(stage, proof, proof.assessed)]
    return []


def _points(proof: Proof, assessed: Record) -> Piece:
    reasons = assessed.said.reasons
    words = Text(
        f"enough data: {' '.join(one.en for one in reasons)} Wait, or let the lead decide to extend or to abandon",
        f"足够的数据：{''.join(one.zh for one in reasons)}请等待数据，或由负责人决定延长或放弃",
    )
    extend = f'wardcycle cycle extend-check {proof.code} --until DATE --why "..."'
    return Piece("points", words, extend, "assessment", f'wardcycle cycle abandon-check {proof.code} --why "..."')


def _signature(stage: Stage, proof: Proof, assessed: Record) -> Piece:
    doubts = doubts_of(assessed)
    words = Text(
        f"a signature, because of doubts: {' '.join(one.en for one in doubts)}",
        f"签名确认，因存在疑点：{''.join(one.zh for one in doubts)}",
    )
    sign = f'wardcycle cycle approve {proof.code}/{stage.slug} --signed --note "..."'
    return Piece("signature", words, sign, "assessment")


def doubts_of(assessed: Record) -> tuple[Text, ...]:
    """Say what speaks against a good verdict: of the chart, and that the sealed past was changed afterwards."""
    n = assessed.n_changed
    changed = Text(
        f"{n} period{'s' if n > 1 else ''} of the sealed baseline changed in the data afterwards; the verdict rests on "
        "the sealed ones.",
        f"封存基线中有 {n} 期数据此后被更改，判断仍以封存数据为准。",
    )
    return (*assessed.said.flags, *([changed] if n else []))


def _of_act(stage: Stage, proof: Proof, given: Approval) -> list[Piece]:
    approve, anchor = f"wardcycle cycle approve {proof.code}/{stage.slug} --outcome", f"stage-{stage.slug}"
    if given.ending is None:
        words = Text(
            "what comes of it: adopt, adapt, abandon or continue",
            "处理结论：adopt 固化、adapt 调整、abandon 放弃或 continue 继续",
        )
        return [Piece("outcome", words, f'{approve} {_suggested(proof).value} --note "..."', anchor)]
    if given.ending is Ending.ADOPT and (proof.assessed is None or proof.too_little):
        words = Text(
            "an assessment to adopt anything on: Check was abandoned; choose another outcome",
            "可据以固化的评估：检查已放弃，请选择其他结论",
        )
        return [Piece("assessment", words, f"{approve} adapt", anchor)]
    return []


def _suggested(proof: Proof) -> Ending:
    if proof.assessed is None or proof.too_little:
        return Ending.ABANDON
    return NEXT_STEPS.get(proof.assessed.next_step, Ending.CONTINUE)


NEXT_STEPS = {"adopt": Ending.ADOPT, "adapt": Ending.ADAPT, "abandon": Ending.ABANDON}
