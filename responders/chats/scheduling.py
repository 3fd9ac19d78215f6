"""When an approved post of a chat is tried: its time as the plan stands now, or no time while it rests."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import ChatPost, ChatQuestion, Reply, ReplyState, TweetChat
from models.freezes import FROZEN
from responders.chats.leaving import due_at, why_it_rests


def schedule(session: Session, chat: TweetChat, post: ChatPost, reply: Reply, now: datetime, hold: timedelta) -> None:
    """Put an approved post at its time; any other is left alone. It leaves no sooner than `hold` after its approval.

    While the chat is paused or the post is skipped it has no time; whoever lets it go on gives it one again.
    """
    if reply.state != ReplyState.APPROVED:
        return
    approved_at = reply.approved_at or now
    question = session.get(ChatQuestion, post.question_id) if post.question_id is not None else None
    rests = why_it_rests(chat, post, question, approved_at)
    reply.not_before = None if rests else max(due_at(chat, post) or approved_at, approved_at + hold)
    if not reply.held_because.startswith(FROZEN):
        reply.held_because = rests
    session.add(reply)


def schedule_all(session: Session, chat: TweetChat, now: datetime, hold: timedelta) -> None:
    """The same for every approved post of a chat, which the caller has locked."""
    rows = session.exec(
        select(ChatPost, Reply)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(ChatPost.chat_id == chat.id, Reply.state == ReplyState.APPROVED)
        .order_by(col(Reply.id))
        .with_for_update(of=Reply)
    ).all()
    for post, reply in rows:
        schedule(session, chat, post, reply, now, hold)
