"""Requests that follow another: which one stands for them, and how many follow."""

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from models.lifecycle import RequestState
from models.requests import ServiceRequest


def head_of(session: Session, request: ServiceRequest) -> ServiceRequest:
    """The request that stands for this one: itself, or the one it is joined to. Heads are never joined themselves."""
    if request.state != RequestState.JOINED or request.joined_to_id is None:
        return request
    return session.get_one(ServiceRequest, request.joined_to_id)


def followers(session: Session, request_ids: Iterable[int]) -> dict[int, int]:
    """How many requests follow each of these; those nobody follows are left out."""
    found = session.exec(
        select(ServiceRequest.joined_to_id, func.count())
        .where(col(ServiceRequest.joined_to_id).in_(list(request_ids)), ServiceRequest.state == RequestState.JOINED)
        .group_by(col(ServiceRequest.joined_to_id))
    ).all()
    return {head: count for head, count in found if head}
