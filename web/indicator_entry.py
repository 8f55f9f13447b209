"""Values that are entered on a page: pasted, uploaded or typed; looked at first, then saved with one button."""

from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from config.indicators import Indicator
from config.periods import spelled
from engine.indicator_files import StoredRow, values_csv
from engine.indicator_forms import DENOMINATOR, NOTE, PERIOD, PROVISIONAL, VALUE, Defaults
from engine.indicator_import import PASTED, Imported, Tables, import_observations, preview_observations, tables_in
from engine.observations import Fate
from engine.people import directory
from engine.rules import Rules
from models.errors import Refused, WardcycleError
from web.access import DOOR, who
from web.forms import files_of, text_of
from web.site import Site

FORM = "/indicators/{slug}/values"
MOST_PASTED = 500_000  # characters
MOST_CARRIED = 1_500  # values that a page carries from looking to saving
_TYPED = (PERIOD, VALUE, DENOMINATOR, PROVISIONAL, NOTE)


class NothingSent(Refused):
    """Nothing was sent: paste cells, choose a file, or fill in the row."""

    zh = "没有收到内容：请粘贴单元格、选择文件，或填写一行。"


class TooMuchPasted(Refused):
    """This is too much to paste. Save it as a file and upload that."""

    zh = "粘贴的内容过多。请保存为文件后上传。"


@dataclass(frozen=True)
class Sent:
    """What a form brought."""

    how: Literal["look", "save"]
    unit: str
    why: str
    tables: Tables | None
    error: WardcycleError | None = None


@dataclass(frozen=True)
class Received:
    """What became of it. again: the values that were understood, to be sent back by the button that saves."""

    done: Imported | None = None
    saved: bool = False
    error: str = ""
    again: str = ""


async def read_sent(given: FormData) -> Sent:
    """Read the form: a row that was typed, cells that were pasted, or a file, whichever is there first."""
    how: Literal["look", "save"] = "look" if text_of(given, "how") == "look" else "save"
    files = await files_of(given, "file")
    unit, why = text_of(given, "unit").strip(), text_of(given, "why").strip()[:500]
    try:
        return Sent(how, unit, why, _tables(given, files[0].name if files else "", files[0].content if files else b""))
    except WardcycleError as error:
        return Sent(how, unit, why, None, error)


def receive(site: Site, request: Request, one: Indicator, sent: Sent) -> Received:
    """Look at what was sent or save it, as the person who is logged in."""
    reader = site.reader(request)
    by = who(request).person_id
    assert by is not None  # the gate of the form let only people pass
    rules = Rules(site.calendar, site.catalogue)
    try:
        if sent.error is not None or sent.tables is None:
            raise sent.error or NothingSent()
        with site.database.reading() as session:
            known = {unit.slug for unit in directory(session).units.values()}
        if sent.unit and sent.unit not in known:
            raise HTTPException(404)
        defaults = Defaults(one.id, sent.unit or None)
        if sent.how == "look":
            with site.database.reading() as session:
                done = preview_observations(session, sent.tables, rules=rules, by=by, now=reader.now, defaults=defaults)
                slugs = {key: unit.slug for key, unit in directory(session).units.items()}
            return Received(done, again=_again(done, site, slugs))
        with site.database.transaction(DOOR) as session:
            done = import_observations(
                session, sent.tables, rules=rules, by=by, now=reader.now, why=sent.why, defaults=defaults
            )
        return Received(done, saved=True)
    except WardcycleError as error:
        return Received(error=error.text(reader.language))


def _tables(given: FormData, name: str, content: bytes) -> Tables:
    typed = [text_of(given, column.key).strip() for column in _TYPED]
    pasted = text_of(given, "cells")
    if any(typed[:3]):
        return Tables(PASTED, {PASTED: [[column.key for column in _TYPED], typed]}, {})
    if len(pasted) > MOST_PASTED:
        raise TooMuchPasted
    if pasted.strip():
        return tables_in(PASTED, pasted.encode("utf-8", "replace"))
    if name:
        return tables_in(name, content)
    raise NothingSent


def _again(done: Imported, site: Site, slugs: dict[int, str]) -> str:
    """Write what is new or corrected in the form that is read again; '' where it is nothing, or too much to carry."""
    wanted = [row.given for row in done.rows if row.fate in (Fate.NEW, Fate.CORRECTED)]
    if not 0 < len(wanted) <= MOST_CARRIED:
        return ""
    rows: list[StoredRow] = []
    for one in wanted:
        period = spelled(site.catalogue.indicators[one.indicator].frequency, one.period_on)
        rows.append(
            (one.indicator, slugs[one.unit_id], period, one.value, one.denominator, one.provisional, one.note or "")
        )
    return values_csv(rows, "en").decode("utf-8-sig")
