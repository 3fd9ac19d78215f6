"""The requests that a chat brought, as they stand now: what the city says of them, and nothing of who reported them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    Conversation,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
)
from models.joined import head_of
from models.statuses import says_how_it_stands
from responders.chats.recap_posts import Row, open_mentions
from responders.quoting import sayable_place

APPROVED_ON = (
    RequestState.APPROVED,
    RequestState.SUBMITTING,
    RequestState.UNCERTAIN,
    RequestState.TOKEN_PENDING,
    RequestState.SUBMITTED,
    RequestState.JOINED,
)
"""What a person at the desk let go on: a draft may yet turn out to be nothing."""


@dataclass(frozen=True, slots=True)
class FiledRequest:
    """One request. `number` is the city's, else our own; `place` the block, in `language_of_place` of the reader.

    `closed`: by the city. `outcome` None: nothing is told yet. `reason`: the city's words, once a person has told them
    in public.
    """

    service: Service | None
    number: str
    place: str
    filed: bool
    closed: bool
    outcome: Outcome | None
    planned_for: datetime | None
    promised: datetime | None
    since: datetime
    reason: str = ""
    reports: int = 1


def requests_of(
    session: Session, rows: Sequence[Row], language: str, find_private: Callable[[str], Sequence[object]]
) -> list[FiledRequest]:
    """The requests of posts said to everybody, each once however many reported it, in the order of their posts."""
    found = session.exec(
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            col(ServiceRequest.mention_id).in_(open_mentions(rows)),
            col(ServiceRequest.state).in_(APPROVED_ON),
            Mention.state != MentionState.WITHDRAWN,
        )
        .order_by(col(ServiceRequest.id))
    ).all()
    heads: dict[int, tuple[ServiceRequest, set[int]]] = {}
    for one in found:
        head = head_of(session, one)
        if head.state in APPROVED_ON:
            heads.setdefault(head.id or 0, (head, set()))[1].add(one.mention_id)
    return [_told(session, head, reported, language, find_private) for head, reported in heads.values()]


def _told(
    session: Session,
    head: ServiceRequest,
    reported: set[int],
    language: str,
    find_private: Callable[[str], Sequence[object]],
) -> FiledRequest:
    updates = session.exec(
        select(StatusUpdate)
        .where(StatusUpdate.request_id == head.id, col(StatusUpdate.outcome).is_not(None), says_how_it_stands())
        .order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
    ).all()
    newest = updates[-1] if updates else None
    closed = head.status == "closed"
    return FiledRequest(
        service=session.get(Service, head.service_code) if head.service_code else None,
        number=head.service_request_id or head.reference,
        place=sayable_place(head.address_string, language, public=True, at_home=True, find_private=find_private),
        filed=head.service_request_id is not None,
        closed=closed,
        outcome=newest.outcome if newest else None,
        planned_for=newest.planned_for if newest else None,
        promised=None if closed else head.expected_datetime,
        since=newest.happened_at if newest else head.requested_datetime or head.approved_at or head.changed_at,
        reason=_told_in_public(session, newest, reported) if newest else "",
        reports=len(reported),
    )


def _told_in_public(session: Session, update: StatusUpdate, reported: set[int]) -> str:
    """The city's words about a change, if a person has sent just these to somebody of the chat, in public."""
    words = update.status_notes.strip()
    if not words:
        return ""
    sent = session.exec(
        select(Reply.sent_text)
        .join(StatusNotice, col(StatusNotice.reply_id) == Reply.id)
        .join(Mention, col(Mention.id) == StatusNotice.mention_id)
        .join(Conversation, col(Conversation.id) == Mention.conversation_id)
        .where(
            StatusNotice.update_id == update.id,
            col(StatusNotice.mention_id).in_(reported),
            StatusNotice.state == NoticeState.TOLD,
            Reply.state == ReplyState.SENT,
            col(Reply.standing_approval_id).is_(None),
            col(Reply.conversation_id).is_(None),
            col(Conversation.private).is_(False),
        )
    ).all()
    return words if any(words in one for one in sent) else ""
