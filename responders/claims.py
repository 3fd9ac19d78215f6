"""One voice (invariant 5): who holds a mention, and until when. A claim is a lease; it runs out by itself."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    Mention,
    MentionState,
    Power,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    advance,
    scope_of,
)
from models.understandings import Understanding

OPEN_REPLIES = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED)
OPEN_REQUESTS = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)


class NotYours(Exception):
    """Somebody else holds the mention, or nobody does. The text says who, and what to do."""


def active_staff(session: Session, staff_id: int, power: Power = Power.APPROVE) -> StaffUser:
    """Who works at the desk under this id and has the power. Raises NotYours.

    Whoever forgets to say what it needs asks for an approver: nobody else ever decides.
    """
    staff = session.get(StaffUser, staff_id)
    if staff is None or not staff.active:
        raise NotYours("Your account is not active any more.")
    if not staff.may(power):
        raise NotYours(f"Your role is {staff.role.replace('_', ' ')}, which may not {power} here. Ask a colleague.")
    return staff


def require_scope(session: Session, mention: Mention, staff: StaffUser) -> None:
    """Raises NotYours unless this person looks after the part of the work it lies in, or took it while they did."""
    if mention.claimed_by != staff.id and not scope_of(session, staff).covers(mention):
        raise NotYours("It belongs to a part of the work that other colleagues look after.")


def claim(session: Session, mention: Mention, staff: StaffUser, now: datetime, lease: timedelta) -> None:
    """Take a mention for `lease`, with its drafts; taking it again prolongs it. Raises NotYours.

    A mention that waits in drafted goes to in_review together with its reply and request; a reply that failed and a
    request that was refused are taken up again.
    """
    require_scope(session, mention, staff)
    by = f"staff:{staff.id}"
    if mention.state == MentionState.IN_REVIEW and mention.claimed_by != staff.id:
        if mention.claimed_until and mention.claimed_until > now:
            minutes = max(1, round((mention.claimed_until - now).total_seconds() / 60))
            raise NotYours(
                f"{holder_name(session, mention)} is working on it, for {minutes} more minutes unless they go on."
            )
        release(session, mention, "clock", "the claim ran out", now)
    if mention.state == MentionState.DRAFTED:
        advance(session, mention, MentionState.IN_REVIEW, by, "claimed", now)
        mention.opened_at = mention.opened_at or now
    if mention.state != MentionState.IN_REVIEW:
        raise NotYours(f"It is {mention.state.replace('_', ' ')} now and cannot be claimed.")
    mention.claimed_by, mention.claimed_until = staff.id, now + lease
    session.add(mention)
    if open_reply(session, mention) is None:
        _blank_reply(session, mention, now)
    _take_up_drafts(session, mention, by, now)


def _take_up_drafts(session: Session, mention: Mention, by: str, now: datetime) -> None:
    reply = open_reply(session, mention)
    if reply is not None and reply.state != ReplyState.IN_REVIEW:
        advance(session, reply, ReplyState.IN_REVIEW, by, "claimed with its mention", now)
    for request in open_requests(session, mention):
        if request.state != RequestState.IN_REVIEW:
            advance(session, request, RequestState.IN_REVIEW, by, "claimed with its mention", now)


def release(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    """Give a mention back to the queue with its drafts; those handed on to another person stay in review."""
    if mention.handed_on_by is None:
        _lay_down_drafts(session, mention, by, why, now)
    mention.claimed_by = mention.claimed_until = None
    advance(session, mention, MentionState.DRAFTED, by, why, now)


def _lay_down_drafts(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    for reply in session.exec(
        select(Reply).where(Reply.mention_id == mention.id, Reply.state == ReplyState.IN_REVIEW)
    ).all():
        advance(session, reply, ReplyState.DRAFT, by, why, now)
    for request in session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.IN_REVIEW
        )
    ).all():
        advance(session, request, RequestState.DRAFT, by, why, now)


def release_expired(session: Session, now: datetime, limit: int = 100) -> int:
    """Give back every mention whose claim ran out; returns how many."""
    expired = session.exec(
        select(Mention)
        .where(Mention.state == MentionState.IN_REVIEW, col(Mention.claimed_until) < now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for mention in expired:
        release(session, mention, "clock", "the claim ran out", now)
    return len(expired)


def require_claim(session: Session, mention: Mention, staff: StaffUser, now: datetime) -> None:
    """Raises NotYours unless this person holds the mention right now.

    What was refused or failed while they held it is taken up again, so that they can decide about it.
    """
    require_scope(session, mention, staff)
    if mention.state != MentionState.IN_REVIEW:
        raise NotYours(
            f"It is {mention.state.replace('_', ' ')} now. What you typed is kept on this page; claim it again."
        )
    if mention.claimed_by != staff.id:
        raise NotYours(f"{holder_name(session, mention)} is working on it.")
    if mention.claimed_until is None or mention.claimed_until <= now:
        raise NotYours("Your claim ran out. What you typed is kept on this page; claim it again.")
    _take_up_drafts(session, mention, f"staff:{staff.id}", now)


def holder_name(session: Session, mention: Mention) -> str:
    holder = session.get(StaffUser, mention.claimed_by) if mention.claimed_by else None
    return holder.display_name if holder else "Nobody"


def open_reply(session: Session, mention: Mention) -> Reply | None:
    """The reply of this round that still waits for a decision; what is decided on the board of a chat does not."""
    return session.exec(
        select(Reply).where(
            Reply.mention_id == mention.id,
            Reply.round == mention.round,
            col(Reply.state).in_(OPEN_REPLIES),
            Reply.purpose != Purpose.CHAT,
        )
    ).first()


def open_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The request that still waits for a decision; not one that a person added beside it."""
    return next((one for one in open_requests(session, mention) if one.part == 1), None)


def open_requests(session: Session, mention: Mention) -> list[ServiceRequest]:
    """Every request that still waits for a decision: the first, and those that a person added."""
    return list(
        session.exec(
            select(ServiceRequest)
            .where(ServiceRequest.mention_id == mention.id, col(ServiceRequest.state).in_(OPEN_REQUESTS))
            .order_by(col(ServiceRequest.part))
        ).all()
    )


def _blank_reply(session: Session, mention: Mention, now: datetime) -> Reply:
    understanding = session.exec(
        select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
    ).first()
    known = understanding is not None and understanding.language != "und"
    reply = Reply(
        mention_id=mention.id or 0,
        account_id=mention.account_id,
        round=mention.round,
        changed_at=now,
        language=understanding.language if understanding and known else "en",
    )
    session.add(reply)
    session.flush()
    return reply
