"""A request that was turned here, and a city's list that has not followed: what it still says is no news."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import FixedQuestion, ServiceRequest, StatusUpdate, UpdateSource
from models.open311 import RequestShape, open_or_closed
from models.status_changes import CLOSED

BY_PEOPLE = (UpdateSource.STAFF, UpdateSource.DEPARTMENT, UpdateSource.PARTNER)
AT_ONCE = timedelta(hours=1)
"""What a list dates so shortly after we asked for a case to be opened again is our own asking, not a second closing."""
UNDATED = timedelta(days=1)
"""How long a list without dates is given to follow."""


def not_followed(session: Session, request: ServiceRequest, facts: RequestShape, now: datetime) -> bool:
    """Whether a list says of open or closed what it said last, though the request was turned here since.

    Turned here: a person recorded that it is closed, or the city took our word that it is not fixed.
    """
    if facts.status in ("", request.status) or facts.status != _said_last(session, request):
        return False
    if facts.status != CLOSED:
        return _closed_by_people(session, request)
    if facts.said not in ("", request.status_notes):
        return False
    asked = session.exec(
        select(func.max(FixedQuestion.reopened_at)).where(FixedQuestion.request_id == request.id)
    ).one()
    if asked is None:
        return False
    return now <= asked + UNDATED if facts.updated_datetime is None else facts.updated_datetime <= asked + AT_ONCE


def follows(session: Session, request: ServiceRequest, facts: RequestShape) -> bool:
    """Whether a list says for the first time that it is open again, as it was turned here."""
    return facts.status == request.status == "open" and _said_last(session, request) == CLOSED


def _said_last(session: Session, request: ServiceRequest) -> str:
    said = _statuses(session, request, [UpdateSource.CITY])
    return said[-1] if said else "open"


def _closed_by_people(session: Session, request: ServiceRequest) -> bool:
    said = _statuses(session, request, [UpdateSource.CITY, *BY_PEOPLE])
    return request.status == CLOSED and said[-1:] == [CLOSED]


def _statuses(session: Session, request: ServiceRequest, sources: list[UpdateSource]) -> list[str]:
    """What was said of open or closed, the newest last."""
    rows = session.exec(
        select(StatusUpdate.status)
        .where(StatusUpdate.request_id == request.id, col(StatusUpdate.source).in_(sources))
        .order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
    ).all()
    return [said for said in map(open_or_closed, rows) if said]
