"""Which mention a post belongs to: the same album, the same talk; and what our own post proves."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from listeners.chats import goes_on_in_chat
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
from models.closing import close_if_settled
from models.fixed import question_answered
from models.own_posts import is_version_of, reply_proved_by
from models.posts import IncomingPost, PostKind
from models.private_moves import move_from, still_asked

BY = "listener"
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
    asked them something and wait for the answer. Whether it is fixed they may answer at any time. A command is always
    something of its own.
    """
    mention: Mention | None = None
    if post.command:
        return None
    if answered := question_answered(session, conversation, author, post):
        mention = session.get_one(Mention, answered.mention_id)
        if not conversation.private or mention.conversation_id == conversation.id:
            return mention
        move = move_from(session, answered.mention_id)
        if move is not None and move.arrived_mention_id:
            return session.get(Mention, move.arrived_mention_id)
        return None if move is not None and still_asked(move, now) else mention
    if post.in_reply_to:
        parent = session.exec(
            select(Post).where(Post.conversation_id == conversation.id, is_version_of(post.in_reply_to))
        ).first()
        if parent and parent.kind == PostKind.OWN:
            mention_id = session.exec(
                select(Reply.mention_id).where(
                    Reply.account_id == parent.account_id,
                    col(Reply.sent_post_id).in_((parent.channel_post_id, parent.edit_chain)),
                )
            ).first()
            mention = session.get(Mention, mention_id) if mention_id else None
        elif parent and parent.mention_id:
            mention = session.get(Mention, parent.mention_id)
    elif conversation.one_to_one:
        mention = goes_on_in_chat(session, conversation, author, post, now - ANSWER_WITHIN)
    if mention is None or mention.author_id != author.id or mention.state == MentionState.WITHDRAWN:
        return None
    if conversation.private and mention.conversation_id != conversation.id:
        return None  # an answer in private to what was asked in public is a talk of its own
    return mention if now - mention.changed_at <= ANSWER_WITHIN else None


def wrote_again(session: Session, mention: Mention, now: datetime) -> None:
    if mention.state in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", now)


def settle_by_own_post(session: Session, own: Post, now: datetime) -> None:
    """Our own post, seen by the listener, is proof: it settles a reply posted by hand, and one that was in doubt.

    One that a person said was sent learns where it stands. One that is being sent the outbox settles itself.
    """
    found = reply_proved_by(session, own)
    if found is not None and found.reply.state != ReplyState.SENDING:
        _settle(session, found.reply, found.tried, own, now)


def _settle(session: Session, reply: Reply, tried: SendAttempt | None, own: Post, now: datetime) -> None:
    reply.sent_post_id, reply.sent_text = own.channel_post_id, own.text
    reply.sent_at, reply.sent_url = own.created_at, own.url
    session.add(reply)
    if tried is not None and reply.handed_over_at is None:
        tried.outcome = AttemptOutcome.DONE
        session.add(tried)
    if reply.state == ReplyState.SENT:
        return
    conversation = session.get_one(Conversation, own.conversation_id)
    if conversation.private and conversation.first_contact_at is None:
        conversation.first_contact_at = own.created_at
        session.add(conversation)
    advance(session, reply, ReplyState.SENT, BY, "our own post was seen in the thread", now)
    if reply.mention_id is not None:
        close_if_settled(session, reply.mention_id, now, BY)
