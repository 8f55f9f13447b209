"""The form of a cycle's aim: looked at first with what the indicator can show and what is missing, then saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.indicators import Better, Indicator
from config.words import Text
from engine.aims import GivenAim, LevelOffScale, baseline_series, n_planned, refuse_aim, set_aim
from engine.gates import Piece, of_plan, read_proof
from engine.people import directory
from engine.power import find_power
from engine.rules import Rules
from models.assessment import Aim
from models.cycle import Cycle
from models.errors import NotFound, Refused
from models.people import Unit
from models.queries import get_cycle
from models.reads.assessments import find_aim
from web.access import DOOR, Policy, form, known, read_own_fields, who
from web.reader import Reader
from web.routes import get_page, post_form
from web.site import Site
from web.typed import MOST_NOTE

PAGE = "/cycles/{code}/aim"
# The fields of the form, each named as it is in GivenAim.
LABELS = {
    "indicator": Text("Indicator", "指标"),
    "unit": Text("Where it is counted", "统计科室"),
    "target": Text("Target", "目标值"),
    "target_on": Text("To be reached by", "达到目标的日期"),
    "prediction": Text("Prediction: the value that the team expects", "预测值：团队预期的结果"),
    "prediction_note": Text("What makes the team expect it", "预测依据"),
    "baseline_first": Text("A day of the baseline's first period", "基线首期中的一天"),
    "baseline_last": Text("A day of the baseline's last period", "基线末期中的一天"),
    "short_baseline_reason": Text("Why fewer than 12 points must do", "基线不足 12 个点的理由"),
    "wash_in": Text("Periods of Do that count for nothing", "实施初期不计入的周期数"),
    "worthwhile": Text("The smallest change worth the work", "值得为之努力的最小变化"),
}
STORED = {"baseline_first": "baseline_first_on", "baseline_last": "baseline_last_on"}


class AimFieldWrong(Refused):
    """{field}: this cannot be read. Write numbers as 85 or 3.5, dates as 2026-12-31. Nothing was changed."""

    zh = "{field}：无法识别。数字请写作 85 或 3.5，日期请写作 2026-12-31。没有任何改动。"


class AimNoteTooLong(Refused):
    """{field}: at most {most} characters. Nothing was changed."""

    zh = "{field}：最多 {most} 字。没有任何改动。"


@dataclass(frozen=True)
class Looked:
    """What an aim would bring: what the indicator can show by its date, and what Plan would still miss."""

    power: Text | None
    missing: tuple[Piece, ...]


class _OnlyLooked(Exception):
    """Ends a transaction that was opened to look: leaving it by an error takes everything back, the trail too."""

    def __init__(self, looked: Looked) -> None:
        super().__init__()
        self.looked = looked


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, PAGE, policy=Policy.READER)
    def show(request: Request, code: str) -> Response:
        return _show(site, request, code)

    @post_form(router, PAGE, policy=Policy.READER)
    async def take(request: Request, code: str) -> Response:
        typed = await read_own_fields(request, (*LABELS, "as_written", "how"))
        return await run_in_threadpool(_take, site, request, code, typed)

    return router


def may_set_aim(session: Session, cycle: Cycle, *, rules: Rules, reader: Reader, person_id: int | None) -> bool:
    """Answer whether somebody may open the form now; for links to it."""
    if person_id is None:
        return False
    try:
        refuse_aim(session, cycle, rules=rules, by=person_id, now=reader.now)
    except Refused:
        return False
    return True


def _take(site: Site, request: Request, code: str, typed: Mapping[str, str]) -> Response:
    """Look at an aim or save it; what is looked at is rolled back."""
    reader, by, rules = site.reader(request), who(request).person_id, Rules(site.calendar, site.catalogue)
    assert by is not None, "the gate of the form let only people pass"
    with site.reading(request) as session:
        cycle = get_cycle(session, code)  # whoever does not see the cycle finds none
        cycle_id, units = cycle.id, {unit.slug for unit in _units(session, request, cycle.unit_id)}
        refuse_aim(session, cycle, rules=rules, by=by, now=reader.now)
    if typed["unit"] and typed["unit"] not in units:
        raise NotFound(noun=Text("unit", "科室"), name=typed["unit"], mend=Text("", ""))
    try:
        given = _given(typed)
        with site.database.transaction(DOOR) as session:
            aim = set_aim(session, cycle_id, given, rules=rules, by=by, now=reader.now)
            if typed["how"] == "look":
                raise _OnlyLooked(_look(session, aim, rules, reader))
    except _OnlyLooked as found:
        return _show(site, request, code, typed=typed, looked=found.looked)
    except Refused as error:
        return _show(site, request, code, typed=typed, error=error)
    return RedirectResponse(f"{reader.link(f'/cycles/{code}')}#aim", 303)


def _look(session: Session, aim: Aim, rules: Rules, reader: Reader) -> Looked:
    indicator, today = rules.catalogue.indicators[aim.indicator], reader.calendar.local_date(reader.now)
    series = baseline_series(session, aim, indicator)
    power = find_power(series, indicator, n_after=n_planned(aim, indicator, today), target=aim.target)
    proof = read_proof(session, session.get_one(Cycle, aim.cycle_id), rules=rules, on=today)
    return Looked(power.said if power else None, tuple(of_plan(proof)))


def _show(
    site: Site,
    request: Request,
    code: str,
    *,
    typed: Mapping[str, str] | None = None,
    error: Refused | None = None,
    looked: Looked | None = None,
) -> Response:
    reader, by, rules = site.reader(request), known(request).person_id, Rules(site.calendar, site.catalogue)
    with site.reading(request) as session:
        cycle = get_cycle(session, code)
        refuse_aim(session, cycle, rules=rules, by=by or 0, now=reader.now)
        aim, units = find_aim(session, cycle.id), _units(session, request, cycle.unit_id)
        own = next((unit.slug for unit in units if unit.id == (aim.unit_id if aim else cycle.unit_id)), "")
    facts = {
        "cycle": cycle,
        "title": Text(cycle.title_en, cycle.title_zh),
        "labels": LABELS,
        "values": typed or (_stored(aim, own) if aim else dict.fromkeys(LABELS, "") | {"unit": own}),
        "indicators": _indicators(site),
        "units": units,
        "today": reader.calendar.local_date(reader.now),
        "most_note": MOST_NOTE,
        "error": error.text(reader.language) if error else "",
        "off_scale": isinstance(error, LevelOffScale) or bool(typed and typed["as_written"]),
        "looked": looked,
        "form": form(request),
    }
    return site.page(reader, "aim_form.html.j2", status=422 if error else 200, **facts)


def _indicators(site: Site) -> list[Indicator]:
    """List what can be aimed at: what has a better side."""
    return sorted(
        (one for one in site.catalogue.indicators.values() if one.better is not Better.NEITHER), key=lambda one: one.id
    )


def _units(session: Session, request: Request, own: int) -> list[Unit]:
    """List the units whose figures the reader sees, and the cycle's own."""
    sight = who(request).sight
    units = directory(session).units
    return [unit for key, unit in units.items() if sight.everything or key in sight.figures_of or key == own]


def _stored(aim: Aim, unit: str) -> dict[str, str]:
    named = {name: getattr(aim, STORED.get(name, name)) for name in LABELS if name != "unit"}
    return {name: _written(value) for name, value in named.items()} | {"unit": unit}


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _given(typed: Mapping[str, str]) -> GivenAim:
    """Make an aim of what was typed; an empty field leaves what there is. Raises AimFieldWrong, AimNoteTooLong."""
    for name in ("prediction_note", "short_baseline_reason"):
        if len(typed[name]) > MOST_NOTE:
            raise AimNoteTooLong(field=LABELS[name], most=MOST_NOTE)
    fields: dict[str, object] = {name: typed[name] for name in LABELS if typed[name]}
    try:
        return GivenAim.model_validate(fields | {"as_written": typed["as_written"] == "yes"})
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        raise AimFieldWrong(field=LABELS.get(name, Text(name, name))) from error
