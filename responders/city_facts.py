"""What the city says of a filed request, copied to our row, and the replies that waited for it."""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from models import Mention, Reply, ReplyState, RequestState, ServiceRequest
from models.open311 import RequestShape
from models.sorting import sort_mention


def copy_facts(request: ServiceRequest, facts: RequestShape | None, now: datetime) -> None:
    """Take over what the city says; what it leaves out stays as it was, but for words about a state that is over."""
    if facts is None:
        return
    request.checked_at = now
    turned = bool(facts.status) and facts.status != request.status
    request.status = facts.status or request.status
    request.status_notes = facts.said or ("" if turned else request.status_notes)
    request.service_notice = facts.service_notice or request.service_notice
    request.agency_responsible = facts.agency_responsible or request.agency_responsible
    request.updated_datetime = facts.updated_datetime or request.updated_datetime
    request.expected_datetime = facts.expected_datetime or request.expected_datetime
    request.requested_datetime = facts.requested_datetime or request.requested_datetime


def sort_again(session: Session, request: ServiceRequest) -> None:
    """Put its mention where the promised date has it in the queue."""
    session.add(request)
    sort_mention(session, session.get_one(Mention, request.mention_id))


def waiting_replies(session: Session, request: ServiceRequest) -> list[int]:
    """Ids of the replies this request holds up, made due if the city has answered: their hold is over, like its own."""
    if request.state != RequestState.SUBMITTED:
        return []
    waiting = session.exec(
        select(Reply).where(
            or_(Reply.request_id == request.id, Reply.mention_id == request.mention_id),  # it may tell of several
            col(Reply.state) == ReplyState.APPROVED,
        )
    ).all()
    for reply in waiting:
        reply.not_before = request.changed_at
        session.add(reply)
    return [reply.id or 0 for reply in waiting]


def taken_by(name: str) -> RequestShape:
    """What is known of a request that somebody without a list of requests took: it is open, and theirs."""
    return RequestShape(service_request_id="", status="open", agency_responsible=name)
