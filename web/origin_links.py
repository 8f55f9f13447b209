"""What a cycle began from, as a line on its page: words and where they lead."""

from dataclasses import dataclass

from sqlmodel import Session, select

from config.words import Text
from models.assessment import OriginKind
from models.cycle import Cycle
from models.reads.origins import find_origin


@dataclass(frozen=True)
class OriginLink:
    """Words, and the path of the page that they lead to."""

    words: Text
    path: str


# {} is the id of the row that the kind names.
PLACES = {
    OriginKind.EVENT: (Text("Adverse event {}", "不良事件 {}"), "/events/{}"),
    OriginKind.FEEDBACK: (Text("Patient feedback {}", "患者反馈 {}"), "/feedback/{}"),
    OriginKind.BOTTLENECK: (Text("Bottleneck in the care process", "诊疗流程瓶颈"), "/care/{}"),
    OriginKind.ACTION: (Text("Special action", "专项行动"), "/actions/runs/{}"),
    OriginKind.MEASURE: (Text("Measure of the programme", "行动计划举措"), "/programme/launched/{}"),
}


def read_origin_link(session: Session, cycle_id: int) -> OriginLink | None:
    """Find what to show; None where a cycle began from itself, or follows a cycle: the aim's block shows that."""
    origin = find_origin(session, cycle_id)
    if origin is not None and origin.kind is OriginKind.REPORT:
        return _report(session, origin.subject_id)
    if origin is None or origin.kind not in PLACES:
        return None
    words, path = PLACES[origin.kind]
    number = origin.subject_id
    return OriginLink(Text(words.en.format(number), words.zh.format(number)), path.format(number))


def _report(session: Session, cycle_id: int | None) -> OriginLink | None:
    """Lead to the cycle below, for whoever may see it."""
    below = session.exec(select(Cycle).where(Cycle.id == cycle_id)).one_or_none()
    return OriginLink(Text(f"Appraisal {below.code}", f"考核 {below.code}"), f"/cycles/{below.code}") if below else None
