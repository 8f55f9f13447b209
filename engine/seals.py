"""Sealing a baseline with its prediction, reading it back, and saying what has changed in the data since."""

from sqlmodel import Session

from config.indicators import Frequency, Indicator
from engine.aims import baseline_series
from engine.baselines import Baseline, Changed, baseline_from, canonical, digest, find_changes, with_sealed
from engine.deed import Deed
from models.assessment import Aim, Seal
from models.audit import record
from models.cycle import Cycle
from models.reads.assessments import find_seal
from models.reads.series import Series, read_series


def seal_plan(deed: Deed, cycle: Cycle, aim: Aim, indicator: Indicator) -> Seal:
    """Seal a complete aim: its baseline as it reads now, without provisional values, and the prediction."""
    assert aim.target is not None and aim.target_on is not None and aim.prediction is not None, "the gate asked for it"
    series = baseline_series(deed.session, aim, indicator)
    values = tuple(None if p else v for v, p in zip(series.values, series.provisional, strict=True))
    text = canonical(
        Baseline(
            indicator=aim.indicator,
            version=aim.indicator_version,
            unit=deed.people.units[aim.unit_id].slug,
            frequency=indicator.frequency.value,
            periods=series.periods,
            values=values,
            out_of=series.out_of,
            target=aim.target,
            target_on=aim.target_on,
            prediction=aim.prediction,
            prediction_note=aim.prediction_note,
            wash_in=aim.wash_in,
            worthwhile=aim.worthwhile,
            short_baseline_reason=aim.short_baseline_reason,
        )
    )
    by = deed.by or 0
    seal = Seal(
        cycle_id=cycle.id,
        sealed_at=deed.now,
        sealed_by=by,
        baseline=text,
        digest=digest(text),
        prediction=aim.prediction,
    )
    deed.session.add(seal)
    after = {"digest": seal.digest, "periods": len(series.periods), "prediction": aim.prediction}
    record(deed.session, "cycle.seal", "cycle", cycle.id, by=by, now=deed.now, after=after)
    return seal


def sealed_baseline(session: Session, cycle_id: int) -> Baseline | None:
    """Read the sealed baseline of a cycle; None where nothing is sealed."""
    seal = find_seal(session, cycle_id)
    return baseline_from(seal.baseline) if seal else None


def sealed_series(session: Session, baseline: Baseline, unit_id: int) -> Series:
    """Read the sealed values, followed by what was observed afterwards."""
    return with_sealed(baseline, today_series(session, baseline, unit_id))


def changed_since_seal(session: Session, cycle_id: int, unit_id: int) -> tuple[Changed, ...]:
    """List the periods of a sealed baseline that read otherwise today: reported, and without effect on the cycle."""
    baseline = sealed_baseline(session, cycle_id)
    return find_changes(baseline, today_series(session, baseline, unit_id)) if baseline else ()


def today_series(session: Session, baseline: Baseline, unit_id: int) -> Series:
    """Read what the baseline's periods, and those after them, say today."""
    first = baseline.periods[0] if baseline.periods else None
    return read_series(session, baseline.indicator, unit_id, first=first, frequency=Frequency(baseline.frequency))
