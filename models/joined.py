"""Requests that follow another: which one stands for them, and how many follow."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from models.lifecycle import RequestState
from models.requests import ServiceRequest


def head_of(session: Session, request: ServiceRequest) -> ServiceRequest:
    """The request that stands for this one: itself, or the one it is joined to. Heads are never joined themselves."""
    if request.state != RequestState.JOINED or request.joined_to_id is None:
        return request
    return session.get_one(ServiceRequest, request.joined_to_id)


@dataclass(frozen=True, slots=True)
class Follower:
    """A report that follows another request: what closes that one is told here, too."""

    mention_id: int
    request_id: int


def followers_of(session: Session, request_id: int) -> list[Follower]:
    """Everything that follows a request, in the order in which it came: each is answered in its own thread."""
    rows = session.exec(
        select(ServiceRequest.mention_id, ServiceRequest.id)
        .where(ServiceRequest.joined_to_id == request_id, ServiceRequest.state == RequestState.JOINED)
        .order_by(col(ServiceRequest.mention_id))
    ).all()
    return [Follower(mention_id, follower_id) for mention_id, follower_id in rows if follower_id]


def followers(session: Session, request_ids: Iterable[int]) -> dict[int, int]:
    """How many requests follow each of these; those nobody follows are left out."""
    found = session.exec(
        select(ServiceRequest.joined_to_id, func.count())
        .where(col(ServiceRequest.joined_to_id).in_(list(request_ids)), ServiceRequest.state == RequestState.JOINED)
        .group_by(col(ServiceRequest.joined_to_id))
    ).all()
    return {head: count for head, count in found if head}
