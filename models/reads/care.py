"""Named reads of analyses of care processes."""

from sqlmodel import Session, col, select

from models.care import CareAnalysis

MOST = 100


def list_analyses(session: Session) -> list[CareAnalysis]:
    """Read the newest analyses."""
    return list(session.exec(select(CareAnalysis).order_by(col(CareAnalysis.id).desc()).limit(MOST)))
