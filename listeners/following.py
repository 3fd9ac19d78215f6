"""Which mention a post belongs to: the same album, the same talk; and what our own post proves."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    AttemptOutcome,
    Author,
    Conversation,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    SendAttempt,
    advance,
)
from models.posts import IncomingPost, PostKind

ANSWER_WITHIN = timedelta(hours=72)
"""A resident who writes again in the same thread within this time is taken to go on about the same problem."""


def same_album(session: Session, conversation: Conversation, author: Author, post: IncomingPost) -> Mention | None:
    part = session.exec(
        select(Post.mention_id).where(
            Post.conversation_id == conversation.id,
            Post.author_id == author.id,
            Post.album == post.album,
            col(Post.mention_id).is_not(None),
        )
    ).first()
    return session.get(Mention, part) if part else None


def goes_on(
    session: Session, conversation: Conversation, author: Author, post: IncomingPost, now: datetime
) -> Mention | None:
    """The mention this post goes on about, where that is plain.

    Plain is: the author answers their own post or our reply to it, or writes in a private chat where we have just
    asked them something and wait for the answer.
    """
    mention: Mention | None = None
    if post.in_reply_to:
        parent = session.exec(
            select(Post).where(Post.conversation_id == conversation.id, Post.channel_post_id == post.in_reply_to)
        ).first()
        if parent and parent.kind == PostKind.OWN:
            mention_id = session.exec(
                select(Reply.mention_id).where(
                    Reply.account_id == parent.account_id, Reply.sent_post_id == parent.channel_post_id
                )
            ).first()
            mention = session.get(Mention, mention_id) if mention_id else None
        elif parent and parent.mention_id:
            mention = session.get(Mention, parent.mention_id)
    elif conversation.private:
        newest = session.exec(
            select(Mention).where(Mention.conversation_id == conversation.id).order_by(col(Mention.id).desc()).limit(1)
        ).first()
        mention = newest if newest and _waits_for_answer(session, newest) else None
    if mention is None or mention.author_id != author.id or mention.state == MentionState.WITHDRAWN:
        return None
    return mention if now - mention.changed_at <= ANSWER_WITHIN else None


def _waits_for_answer(session: Session, mention: Mention) -> bool:
    last = session.exec(
        select(Reply)
        .where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
        .order_by(col(Reply.id).desc())
        .limit(1)
    ).first()
    return last is not None and last.template_key.startswith("ask_")


def wrote_again(session: Session, mention: Mention, now: datetime) -> None:
    if mention.state in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", now)


def settle_by_own_post(session: Session, own: Post, now: datetime) -> None:
    """Our own post, seen by the listener, is proof: it settles a reply posted by hand, and one that was in doubt.

    It is the same reply when it hangs under the same post (X shows that), or says exactly what we tried to say there.
    """
    candidates = session.exec(
        select(Reply)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            Mention.conversation_id == own.conversation_id,
            col(Reply.state).in_([ReplyState.HANDED_OVER, ReplyState.UNCERTAIN]),
        )
    ).all()
    for reply in candidates:
        tried = session.exec(
            select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc()).limit(1)
        ).first()
        same_words = tried is not None and tried.text.strip() == own.text.strip()
        if same_words or (own.in_reply_to is not None and own.in_reply_to == reply.in_reply_to):
            reply.sent_post_id, reply.sent_text = own.channel_post_id, own.text
            reply.sent_at, reply.sent_url = own.created_at, own.url
            if tried is not None:
                tried.outcome = AttemptOutcome.DONE
                session.add(tried)
            advance(session, reply, ReplyState.SENT, "listener", "our own post was seen in the thread", now)
            return
