"""Which mention a post belongs to: the same album, the same talk; and what our own post proves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_
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
from models.posts import IncomingPost, PostKind
from models.same_words import same_words

BY = "listener"
CLOCKS_DIFFER = timedelta(minutes=2)
SETTLED_HERE = (ReplyState.HANDED_OVER, ReplyState.UNCERTAIN, ReplyState.SENT)
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
        private_of_public = conversation.private and mention.conversation_id != conversation.id
        return None if private_of_public else mention
    if post.in_reply_to:
        parent = session.exec(
            select(Post).where(Post.conversation_id == conversation.id, _is_version_of(post.in_reply_to))
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
    elif conversation.private:
        mention = goes_on_in_chat(session, conversation, author, post, now - ANSWER_WITHIN)
    if mention is None or mention.author_id != author.id or mention.state == MentionState.WITHDRAWN:
        return None
    if conversation.private and mention.conversation_id != conversation.id:
        return None  # an answer in private to what was asked in public is a talk of its own
    return mention if now - mention.changed_at <= ANSWER_WITHIN else None


def _is_version_of(post_id: str) -> ColumnElement[bool]:
    """The post of this id, or a version of it: one that was edited before we heard it is stored under that version."""
    return or_(col(Post.channel_post_id) == post_id, col(Post.edit_chain) == post_id)


def wrote_again(session: Session, mention: Mention, now: datetime) -> None:
    if mention.state in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", now)


def settle_by_own_post(session: Session, own: Post, now: datetime) -> None:
    """Our own post, seen by the listener, is proof: it settles a reply posted by hand, and one that was in doubt.

    It is the reply whose words it says, and does not hang elsewhere; what a person posts by hand may say it otherwise,
    and is known by what it hangs under. A post of a chat hangs under nothing and is known by its words alone. One that
    a person said was sent learns where it stands.
    """
    known = select(Reply.id).where(Reply.account_id == own.account_id, Reply.sent_post_id == own.channel_post_id)
    if session.exec(known).first() is not None:
        return
    parents = _hangs_under(session, own)
    in_thread, of_chat = col(Mention.conversation_id) == own.conversation_id, col(Reply.chat_post_id).is_not(None)
    replies = session.exec(
        select(Reply)
        .outerjoin(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            in_thread if own.in_reply_to is not None else or_(in_thread, of_chat),
            Reply.account_id == own.account_id,
            col(Reply.state).in_([*SETTLED_HERE, ReplyState.SENDING]),
            col(Reply.sent_post_id).is_(None),
        )
        .order_by(col(Reply.id))
    ).all()
    candidates = [Candidate(reply, _last_attempt(session, reply), reply.in_reply_to in parents) for reply in replies]
    if saying := [one for one in candidates if one.says(own)]:
        found = _the_one(saying, own)
    else:
        found = next((one for one in candidates if one.hangs_here and one.was_in_hand(own)), None)
    if found is not None and found.reply.state != ReplyState.SENDING:  # that one the outbox settles itself
        _settle(session, found.reply, found.tried, own, now)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reply that one of our posts may be, the last attempt to send it, and whether it answers what the post does."""

    reply: Reply
    tried: SendAttempt | None
    hangs_here: bool

    @property
    def began_at(self) -> datetime | None:
        return self.reply.handed_over_at or (self.tried.started_at if self.tried else None)

    def says(self, own: Post) -> bool:
        if self.reply.handed_over_at is not None:
            words = filter(None, (self.reply.approved_text, self.reply.approved_fallback))
            return self.was_in_hand(own) and any(same_words(one, own.text) for one in words)
        elsewhere = own.in_reply_to is not None and not self.hangs_here
        return self.tried is not None and not elsewhere and same_words(self.tried.text, own.text)

    def was_in_hand(self, own: Post) -> bool:
        """Whether a person had it to post by hand when the post was made."""
        handed_over_at = self.reply.handed_over_at
        return handed_over_at is not None and own.created_at >= handed_over_at - CLOCKS_DIFFER


def _the_one(saying: Sequence[Candidate], own: Post) -> Candidate | None:
    """Of several replies in the same words the one begun last before the post; None where two were begun about then."""
    if len(saying) == 1:
        return saying[0]
    begun = [(one.began_at, one) for one in saying if one.began_at and one.began_at <= own.created_at + CLOCKS_DIFFER]
    begun.sort(key=lambda pair: pair[0], reverse=True)
    if len(begun) > 1 and begun[0][0] - begun[1][0] <= CLOCKS_DIFFER:
        return None
    return begun[0][1] if begun else None


def _last_attempt(session: Session, reply: Reply) -> SendAttempt | None:
    return session.exec(
        select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id).desc()).limit(1)
    ).first()


def _hangs_under(session: Session, own: Post) -> set[str]:
    """Ids of the post that one of ours answers, in all versions; empty where it answers none."""
    if own.in_reply_to is None:
        return set()
    versions = select(Post.channel_post_id).where(Post.account_id == own.account_id, _is_version_of(own.in_reply_to))
    return {own.in_reply_to, *session.exec(versions).all()}


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
