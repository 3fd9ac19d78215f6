"""The table of phrases that tell what the city's notes mean."""

from sqlmodel import Session, col, select

from models.statuses import StatusRule


def status_rules(session: Session) -> list[StatusRule]:
    """Every rule in force, by its words."""
    found = select(StatusRule).where(col(StatusRule.ended_at).is_(None))
    return list(session.exec(found.order_by(col(StatusRule.phrase), col(StatusRule.id))).all())
