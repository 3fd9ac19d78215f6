"""What stands on the network in our name in a chat comes onto its board too, so that answers find their question."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists
from sqlmodel import Session, col, select

from models import (
    Account,
    ChatEntry,
    ChatLane,
    ChatPost,
    HeardBy,
    LinkedHow,
    Post,
    Reply,
    ReplyState,
)
from responders.settling import remember_own_post, room_of

OURS = "we posted it"


def put_own_posts(session: Session, chat_ids: Sequence[int], now: datetime) -> None:
    """Every scheduled or numbered post that was sent and is not on its board yet."""
    known = exists().where(
        col(ChatEntry.account_id) == col(Reply.account_id), col(ChatEntry.edit_chain) == col(Reply.sent_post_id)
    )
    rows = session.exec(
        select(ChatPost, Reply)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(
            col(ChatPost.chat_id).in_(chat_ids),
            Reply.state == ReplyState.SENT,
            col(Reply.sent_post_id).is_not(None),
            ~known,
        )
        .order_by(col(Reply.id))
    ).all()
    for planned, reply in rows:
        post = _stored(session, reply, now)
        session.add(
            ChatEntry(
                chat_id=planned.chat_id,
                account_id=reply.account_id,
                edit_chain=reply.sent_post_id or "",
                post_id=post.id or 0,
                heard_by=HeardBy.TAG,
                said_at=reply.sent_at or now,
                seen_at=now,
                lane=ChatLane.HOST,
                lane_why=OURS,
                question_id=planned.question_id,
                linked_how=LinkedHow.SAID if planned.question_id else LinkedHow.NONE,
            )
        )
    session.flush()


def _stored(session: Session, reply: Reply, now: datetime) -> Post:
    """Our post as it is stored. The account is locked, for its listener may store the very same now."""
    session.get_one(Account, reply.account_id, with_for_update=True)
    stored = select(Post).where(Post.account_id == reply.account_id, Post.channel_post_id == reply.sent_post_id)
    if session.exec(stored).first() is None:
        room = reply.conversation_id or room_of(session, reply.account_id, reply.sent_post_id or "")
        remember_own_post(session, reply, room, now)
        session.flush()
    return session.exec(stored).one()
