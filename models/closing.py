"""An approved mention closes once nothing of it is on its way any more."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from models.lifecycle import SETTLED_REPLIES, SETTLED_REQUESTS, MentionState, RequestState
from models.mentions import Mention, Post
from models.posts import PostKind
from models.replies import Reply
from models.requests import ServiceRequest
from models.status_changes import wake_notices
from models.threads import only_moves_pin
from models.transitions import advance


def close_if_settled(session: Session, mention_id: int, now: datetime, by: str = "outbox") -> None:
    """Close an approved mention whose replies and requests are all settled.

    What its author wrote while they were leaving, nobody has read: then it goes back to the queue for another round.
    """
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None or mention.state != MentionState.APPROVED:
        return
    session.flush()
    reply = session.exec(
        select(Reply.id).where(Reply.mention_id == mention_id, col(Reply.state).not_in(SETTLED_REPLIES))
    ).first()
    request = session.exec(
        select(ServiceRequest.state)
        .where(ServiceRequest.mention_id == mention_id, col(ServiceRequest.state).not_in(SETTLED_REQUESTS))
        .order_by(col(ServiceRequest.state) == RequestState.DRAFT)
    ).first()
    if reply is not None or (request is not None and request != RequestState.DRAFT):
        return
    if request is not None:
        _again(session, mention, by, "a request came in while it left, and waits for a decision", now)
    elif _wrote_meanwhile(session, mention_id):
        _again(session, mention, by, "the author wrote again while it left", now)
    else:
        advance(session, mention, MentionState.CLOSED, by, "replies and requests are settled", now)
        wake_notices(session, mention_id, now)


def _again(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    mention.round += 1
    mention.version += 1
    mention.needs_understanding = True
    advance(session, mention, MentionState.DRAFTED, by, why, now)


def _wrote_meanwhile(session: Session, mention_id: int) -> bool:
    newest = session.exec(
        select(func.max(Post.id)).where(
            Post.mention_id == mention_id,
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
            ~only_moves_pin(),
        )
    ).one()
    seen = [
        session.exec(select(func.max(table.seen_post_id)).where(table.mention_id == mention_id)).one()
        for table in (Reply, ServiceRequest)
    ]
    read = max((one for one in seen if one is not None), default=None)
    return newest is not None and read is not None and newest > read
