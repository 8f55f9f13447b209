"""The forms of gatherings: a test as somebody types it, the list of those who came as a workbook."""

from zoneinfo import ZoneInfo

from config.shapes import Question
from config.words import Text
from engine.sheets import table_bytes
from models.activity import CameBy
from models.errors import Refused
from models.reads.gatherings import GatheringView

MOST_QUESTIONS, MOST_CHOICES = 30, 6

CAME_WORDS = {
    CameBy.CODE: Text("code on the screen", "扫码"),
    CameBy.LOGIN: Text("code on the screen, logged in", "扫码（已登录）"),
    CameBy.HAND: Text("entered by the trainer", "组织者登记"),
}
_HEADINGS = (
    Text("Staff id", "工号"),
    Text("Name", "姓名"),
    Text("Invited", "受邀"),
    Text("Present since", "签到时间"),
    Text("How", "签到方式"),
    Text("Test %", "测试得分"),
    Text("Passed", "是否通过"),
)
_YES, _NO, _MISSING = Text("yes", "是"), Text("no", "否"), Text("missing", "缺席")


class QuestionUnreadable(Refused):
    """Line {n} of the test: write the question, then the right choice, then one to five others, with | between them."""

    zh = "测试第 {n} 行：请依次写题目、正确选项和一至五个其他选项，用 | 隔开。"


def read_questions(written: str) -> tuple[Question, ...]:
    """Read a test: a line a question, the right choice first; it is shown among the others in their own order.

    Raises QuestionUnreadable.
    """
    lines = [line for line in written.replace("｜", "|").splitlines() if line.strip()]
    return tuple(_question(n, line) for n, line in enumerate(lines[:MOST_QUESTIONS], start=1))


def _question(n: int, line: str) -> Question:
    ask, *choices = (" ".join(part.split()) for part in line.split("|"))
    if not ask or not 2 <= len(choices) <= MOST_CHOICES or not all(choices) or len(set(choices)) < len(choices):
        raise QuestionUnreadable(n=n)
    shown = sorted(choices)  # an order that gives nothing away
    return Question(
        ask=Text(ask, ask), choices=tuple(Text(one, one) for one in shown), right=shown.index(choices[0]) + 1
    )


def attendance_bytes(view: GatheringView, language: str, zone: ZoneInfo) -> bytes:
    """Write who came and who was missing; what the evaluations say stands below, without names."""
    rows: list[list[str | int | None]] = []
    for one in view.present:
        score = one.attendance.score_percent
        passed = "" if score is None else (_YES if score >= view.gathering.pass_percent else _NO).in_(language)
        came_at = f"{one.attendance.came_at.astimezone(zone):%Y-%m-%d %H:%M}"
        rows.append([one.slug, one.name, (_YES if one.invited else _NO).in_(language), came_at,
                     CAME_WORDS[one.attendance.came_by].in_(language), score, passed])  # fmt: skip
    rows += [[slug, name, _YES.in_(language), _MISSING.in_(language), "", None, ""] for slug, name in view.missing]
    ratings = view.ratings
    mean = f"{sum(ratings) / len(ratings):.1f}" if ratings else "-"
    held = f"{view.gathering.starts_at.astimezone(zone):%Y-%m-%d %H:%M}"
    notes = [
        f"{view.gathering.title}, {view.gathering.place}, {held}",
        Text(f"Evaluation: {mean} of 5 ({len(ratings)})", f"评价：{mean} / 5（{len(ratings)} 人）").in_(language),
        *view.notes,
    ]
    headings = [one.in_(language) for one in _HEADINGS]
    return table_bytes(Text("Attendance", "签到").in_(language), headings, rows, notes=notes)
