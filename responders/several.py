"""Several requests of one mention: kept, approved and put away with the first, and all told in one reply.

A reply says {number} for all it tells of, "13075315, 13075316", and {date} only where the city promised one for each:
then the latest. Nothing waits for less than all of them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    AttemptOutcome,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    Service,
    ServiceRequest,
    advance,
)
from models.joined import head_of
from models.threads import newest_inbound
from responders.claims import open_request, open_requests
from responders.objections import Decided
from responders.reopening import as_numbered
from responders.service_answers import kept_answers
from responders.status_notices import told_with

SAID = (ReplyState.SENDING, ReplyState.SENT, ReplyState.HANDED_OVER, ReplyState.UNCERTAIN)
UNDECIDED = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED, RequestState.CANCELLED)


def added_requests(session: Session, mention: Mention) -> list[ServiceRequest]:
    """The requests that a person added beside the first, and that still wait."""
    return [one for one in open_requests(session, mention) if one.part > 1]


def keep_added(session: Session, mention: Mention, decided: Decided) -> None:
    """Keep what a person typed about the requests they added."""
    typed = {one.request_id: one.fields for one in decided.more}
    for request in added_requests(session, mention):
        fields = typed.get(request.id or 0)
        if fields is None:
            continue
        where, answers = (request.address_string, request.lat, request.long), dict(request.attribute)
        before = (request.service_code, request.description, where, answers, request.with_photo)
        known = session.get(Service, fields.service_code) if fields.service_code else None
        request.service_code, request.description = known.service_code if known else None, fields.description
        request.address_string, request.lat, request.long = fields.address_string, fields.lat, fields.long
        request.attribute = kept_answers(session, request.service_code, fields.attribute, answers)
        request.with_photo = fields.with_photo
        where = (request.address_string, request.lat, request.long)
        after = (request.service_code, request.description, where, request.attribute, request.with_photo)
        request.revision += before != after
        session.add(request)


def approve_added(
    session: Session, mention: Mention, decided: Decided, by: str, due: datetime, now: datetime
) -> list[ServiceRequest]:
    """Approve the added requests that are ticked, and cancel the others; returns those approved."""
    ticked = {one.request_id for one in decided.more if one.file}
    approved = []
    for request in added_requests(session, mention):
        if request.id in ticked:
            request.approved_at, request.not_before, request.released_freeze_id = now, due, None
            request.seen_post_id = newest_inbound(session, mention)
            advance(session, request, RequestState.APPROVED, by, "approved on the desk", now)
            approved.append(request)
        else:
            advance(session, request, RequestState.CANCELLED, by, "a person decided not to file it", now)
    return approved


def put_away_added(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    """The mention is closed without them."""
    for request in added_requests(session, mention):
        advance(session, request, RequestState.CANCELLED, by, why, now)


def to_tell(session: Session, mention: Mention, filing: Sequence[ServiceRequest]) -> list[ServiceRequest]:
    """What a reply tells of: what is filed with it, and what the city has of this mention that no reply told yet.

    A status reply tells of the request that the city's news is about, and of no other.
    """
    if not filing and (news := told_with(session, mention)):
        return news
    told, filed_now = _told(session, mention), {one.id for one in filing}
    rows = session.exec(
        select(ServiceRequest).where(ServiceRequest.mention_id == mention.id).order_by(col(ServiceRequest.part))
    ).all()
    found: dict[int | None, ServiceRequest] = {}
    for row in rows:
        head = head_of(session, row)
        untold = not row.answers_city and head.state not in UNDECIDED and head.id not in told
        if row.id in filed_now or untold:
            found.setdefault(head.id, head)
    return list(found.values())


def references(session: Session, mention: Mention, decided: Decided) -> list[str]:
    """Our own numbers for what a decision would tell of, as `to_tell` has it."""
    ticked = {one.request_id for one in decided.more if one.file}
    filing = [one for one in added_requests(session, mention) if one.id in ticked]
    first = open_request(session, mention) if decided.request is not None else None
    return [one.reference for one in to_tell(session, mention, [*([first] if first else []), *filing])]


def told_by(session: Session, reply: Reply) -> list[ServiceRequest]:
    """The requests that an approved reply tells of, the first one first."""
    ids = [reply.request_id, *reply.also_about] if reply.request_id else []
    found = [one for request_id in ids if (one := session.get(ServiceRequest, request_id)) is not None]
    return [as_numbered(session, one) for one in found]


def is_being_mended(session: Session, reply: Reply, request: ServiceRequest) -> bool:
    """Whether a reply follows the request of another report that the city refused, and that somebody still mends.

    What was approved about it stays true once it is filed, so the reply waits instead of being read again.
    """
    if request.mention_id == reply.mention_id or request.state == RequestState.CANCELLED:
        return False
    if session.get_one(Mention, request.mention_id).state == MentionState.WITHDRAWN:
        return False
    refused = select(SendAttempt.id).where(
        SendAttempt.request_id == request.id, SendAttempt.outcome == AttemptOutcome.REFUSED
    )
    return request.state == RequestState.REFUSED or session.exec(refused.limit(1)).first() is not None


def _told(session: Session, mention: Mention) -> set[int]:
    replies = session.exec(select(Reply).where(Reply.mention_id == mention.id, col(Reply.state).in_(SAID))).all()
    return {one for reply in replies for one in (reply.request_id, *reply.also_about) if one}
