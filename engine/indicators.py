"""Definitions of indicators: found by name, and remembered as they were when they were first used."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from config.catalogue import Catalogue
from config.indicators import Indicator
from config.words import Text
from models.errors import NotFound, Refused
from models.indicator import IndicatorVersion

# A change of these leaves the meaning of the numbers as it is.
_NOT_THE_MEANING = {"set", "label", "data_owner", "note"}


class DefinitionChanged(Refused):
    """Indicator '{indicator}' was already used as version {version} with another definition (different: {keys}). \
Raise its version in config/indicators, or write the former definition again."""

    zh = "指标“{indicator}”第 {version} 版曾以不同的定义使用过（不同之处：{keys}）。请在 config/indicators 中提高\
版本号，或恢复原来的定义。"


def get_indicator(indicators: Mapping[str, Indicator], name: str) -> Indicator:
    """Find a definition by its id. Raises NotFound with the nearest names."""
    found = indicators.get(name)
    if found is None:
        near = get_close_matches(name, list(indicators), n=3, cutoff=0.5)
        mend = (
            Text(f"Did you mean: {', '.join(near)}?", f"是否指：{'、'.join(near)}？")
            if near
            else Text("See all with: wardcycle indicator list", "全部指标见：wardcycle indicator list")
        )
        raise NotFound(noun=Text("indicator", "指标"), name=name, mend=mend)
    return found


def indicators_of(catalogue: Catalogue, name: str | None) -> tuple[Indicator, ...]:
    """List the indicators of a set, or all. Raises NotFound for a set that does not exist."""
    if name is not None and name not in catalogue.indicator_sets:
        known = ", ".join(sorted(catalogue.indicator_sets))
        raise NotFound(
            noun=Text("indicator set", "指标集"), name=name, mend=Text(f"Known: {known}.", f"已有：{known}。")
        )
    return tuple(one for one in catalogue.indicators.values() if name in (None, one.set))


def remember_versions(session: Session, used: Iterable[Indicator], *, now: datetime) -> dict[str, int]:
    """Write down each definition that is used for the first time, and lock them all until the end of the transaction.

    Returns the ids of their rows by indicator. Raises DefinitionChanged.
    """
    wanted = {one.id: one for one in used}
    rows = [
        {
            "indicator": one.id,
            "version": one.version,
            "definition": one.model_dump_json(),
            "digest": digest_of(one),
            "first_used_at": now,
        }
        for one in wanted.values()
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    for row in rows:  # two may use a definition for the first time at once
        session.execute(dialect.insert(IndicatorVersion).values(row).on_conflict_do_nothing())
    stored = session.exec(
        select(IndicatorVersion)
        .where(sa.tuple_(col(IndicatorVersion.indicator), col(IndicatorVersion.version)).in_(
            [(one.id, one.version) for one in wanted.values()]))
        .order_by(col(IndicatorVersion.id))
        .with_for_update()
    ).all()  # fmt: skip
    for kept in stored:
        _require_same(kept, wanted[kept.indicator])
    return {kept.indicator: kept.id for kept in stored}


def digest_of(one: Indicator) -> str:
    """Hash what gives the numbers their meaning."""
    return hashlib.sha256(_canonical(_meaning(one)).encode()).hexdigest()


def _meaning(one: Indicator) -> dict[str, object]:
    return one.model_dump(mode="json", exclude=_NOT_THE_MEANING)


def _canonical(facts: dict[str, object]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _require_same(kept: IndicatorVersion, one: Indicator) -> None:
    if kept.digest == digest_of(one):
        return
    before, after = json.loads(kept.definition), _meaning(one)
    keys = sorted(key for key in after if before.get(key) != after[key])
    raise DefinitionChanged(indicator=one.id, version=one.version, keys=", ".join(keys))
