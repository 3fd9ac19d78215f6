"""How a change of a filed request is stored: once, with a promise to tell everybody who follows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select, update

from models.joined import followers_of, head_of
from models.lifecycle import ReplyState
from models.mentions import Mention, Post
from models.open311 import open_or_closed
from models.posts import PostKind
from models.private_moves import PrivateMove
from models.replies import Reply
from models.requests import ServiceRequest
from models.statuses import NoticeState, Outcome, StatusNotice, StatusUpdate, UpdateSource

CLOSED = "closed"
QUESTIONS = ("status_needs_information", "status_could_not_find")
"""How the wordings begin that tell news and ask their reader something."""
CLOSED_FIRST = "The city closed it before they were told that it is late."


@dataclass(frozen=True, slots=True)
class Change:
    """What a source says of a request. `key` names the change there; see `StatusUpdate.change_key`."""

    key: str
    source: UpdateSource
    happened_at: datetime
    status: str = ""
    status_notes: str = ""
    outcome: Outcome | None = None
    agency: str = ""
    duplicate_of: str = ""
    planned_for: datetime | None = None
    media_url: str = ""


def note_change(session: Session, request: ServiceRequest, change: Change, now: datetime) -> StatusUpdate | None:
    """Store a change of a request and promise to tell its followers. None: it was heard before, nothing is stored.

    A change of a joined request is one of the request that stands for it. Lock the request before.
    """
    head = head_of(session, request)
    heard = select(StatusUpdate.id).where(StatusUpdate.request_id == head.id, StatusUpdate.change_key == change.key)
    if session.exec(heard).first() is not None:
        return None
    noted = StatusUpdate(
        request_id=head.id or 0,
        change_key=change.key,
        source=change.source,
        status=change.status,
        status_notes=change.status_notes,
        outcome=change.outcome,
        agency=change.agency,
        duplicate_of=change.duplicate_of,
        planned_for=change.planned_for,
        media_url=change.media_url,
        happened_at=change.happened_at,
        noticed_at=now,
    )
    session.add(noted)
    session.flush()
    if open_or_closed(change.status) == CLOSED:
        _drop_apologies(session, head.id or 0, now)
    for mention_id in following(session, head):
        session.add(
            StatusNotice(
                update_id=noted.id or 0,
                mention_id=mention_id,
                state=NoticeState.PENDING,
                not_before=now,
                changed_at=now,
            )
        )
    session.flush()
    return noted


def _drop_apologies(session: Session, request_id: int, now: datetime) -> None:
    """Who will hear that it is closed need not hear any more that it is late."""
    late = select(StatusUpdate.id).where(StatusUpdate.request_id == request_id, StatusUpdate.outcome == Outcome.LATE)
    waiting = update(StatusNotice).where(
        col(StatusNotice.update_id).in_(late), col(StatusNotice.state) == NoticeState.PENDING
    )
    session.exec(waiting.values(state=NoticeState.SKIPPED, because=CLOSED_FIRST, changed_at=now))


def following(session: Session, head: ServiceRequest) -> list[int]:
    """Mention ids of everybody who is told of a request: its own, those joined to it, and those whose own request the
    city counts with it, also by way of another.
    """
    heads, newest = [head], [head]
    while numbers := {one.service_request_id for one in newest if one.service_request_id}:
        counted = select(StatusUpdate.request_id).where(
            StatusUpdate.outcome == Outcome.DUPLICATE, col(StatusUpdate.duplicate_of).in_(numbers)
        )
        known = [one.id for one in heads]
        newest = list(
            session.exec(
                select(ServiceRequest).where(col(ServiceRequest.id).in_(counted), col(ServiceRequest.id).not_in(known))
            ).all()
        )
        heads += newest
    found = [[one.mention_id, *(row.mention_id for row in followers_of(session, one.id or 0))] for one in heads]
    return list(dict.fromkeys(mention_id for mentions in found for mention_id in mentions))


def wake_notices(session: Session, mention_id: int, now: datetime) -> None:
    """What waited for a mention to be answered is due again."""
    waiting = update(StatusNotice).where(
        col(StatusNotice.mention_id) == mention_id,
        col(StatusNotice.state) == NoticeState.PENDING,
        col(StatusNotice.not_before) > now,
    )
    session.exec(waiting.values(not_before=now))


def answered_since(session: Session, update: StatusUpdate, author_id: int) -> bool:
    """Whether an author has written again where we told them of a change, which asked them something, or in private."""
    asked_in = select(PrivateMove.mention_id).where(PrivateMove.arrived_mention_id == Post.mention_id).scalar_subquery()
    wrote = (
        select(Post.id)
        .join(Reply, or_(col(Reply.mention_id) == Post.mention_id, col(Reply.mention_id) == asked_in))
        .join(Mention, col(Mention.id) == Post.mention_id)
        .where(
            Mention.author_id == author_id,
            Reply.request_id == update.request_id,
            Reply.state == ReplyState.SENT,
            or_(*(col(Reply.template_key).startswith(key, autoescape=True) for key in QUESTIONS)),
            col(Reply.approved_at) >= update.noticed_at,  # by our own clock, as the other
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
            col(Post.id) > func.coalesce(Reply.seen_post_id, 0),
        )
    )
    return session.exec(wrote.limit(1)).first() is not None


def promise_how_it_ended(session: Session, number: str, mention_id: int, now: datetime) -> bool:
    """Promise to tell a mention of the request of this number, which its own counts with.

    One that is closed already has its newest closing told to it, too. False: no news of that request will come.
    """
    head = _numbered(session, number)
    closing = _closing_of(session, head) if head is not None and head.status == CLOSED else None
    if closing is None:
        return head is not None and head.status != CLOSED
    told = select(StatusNotice.id).where(StatusNotice.update_id == closing.id, StatusNotice.mention_id == mention_id)
    if session.exec(told).first() is None:
        notice = StatusNotice(update_id=closing.id or 0, mention_id=mention_id, not_before=now, changed_at=now)
        session.add(notice)
        session.flush()
    return True


def news_to_come(session: Session, number: str) -> bool:
    """Whether who counts with this request hears of it: it is ours, and is open or has its closing on record."""
    head = _numbered(session, number)
    return head is not None and (head.status != CLOSED or _closing_of(session, head) is not None)


def _numbered(session: Session, number: str) -> ServiceRequest | None:
    return session.exec(select(ServiceRequest).where(ServiceRequest.service_request_id == number)).first()


def _closing_of(session: Session, head: ServiceRequest) -> StatusUpdate | None:
    updates = session.exec(select(StatusUpdate).where(StatusUpdate.request_id == head.id)).all()
    closings = [one for one in updates if open_or_closed(one.status) == CLOSED]
    return max(closings, key=lambda one: (one.happened_at, one.id or 0), default=None)
