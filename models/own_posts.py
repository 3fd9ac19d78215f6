"""Which of our replies a post of ours is: what the listener and the outbox take for proof that it stands there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from models.lifecycle import ReplyState
from models.mentions import Mention, Post
from models.posts import PostKind
from models.replies import Reply, SendAttempt
from models.same_words import same_words

CLOCKS_DIFFER = timedelta(minutes=2)
NOT_YET_PLACED = (ReplyState.HANDED_OVER, ReplyState.UNCERTAIN, ReplyState.SENT, ReplyState.SENDING)


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


def reply_proved_by(session: Session, own: Post) -> Candidate | None:
    """The reply that one of our posts is; None where it is known to be another one, or may be several.

    It is the reply whose words it says, and does not hang elsewhere; what a person posts by hand may say it otherwise,
    and is known by what it hangs under. A post of a chat hangs under nothing and is known by its words alone.
    """
    known = select(Reply.id).where(Reply.account_id == own.account_id, Reply.sent_post_id == own.channel_post_id)
    if session.exec(known).first() is not None:
        return None
    parents = _hangs_under(session, own)
    in_thread, of_chat = col(Mention.conversation_id) == own.conversation_id, col(Reply.chat_post_id).is_not(None)
    replies = session.exec(
        select(Reply)
        .outerjoin(Mention, col(Mention.id) == Reply.mention_id)
        .where(
            in_thread if own.in_reply_to is not None else or_(in_thread, of_chat),
            Reply.account_id == own.account_id,
            col(Reply.state).in_(NOT_YET_PLACED),
            col(Reply.sent_post_id).is_(None),
        )
        .order_by(col(Reply.id))
    ).all()
    candidates = [Candidate(reply, _last_attempt(session, reply), reply.in_reply_to in parents) for reply in replies]
    if saying := [one for one in candidates if one.says(own)]:
        return _the_one(saying, own)
    return next((one for one in candidates if one.hangs_here and one.was_in_hand(own)), None)


def seen_while_leaving(session: Session, reply: Reply, attempt: SendAttempt) -> Post | None:
    """Our post that proves a reply in doubt, where the listener saw it before that was in doubt and left it alone."""
    ours = session.exec(
        select(Post)
        .where(
            Post.account_id == reply.account_id,
            Post.kind == PostKind.OWN,
            col(Post.received_at) >= attempt.started_at,
            col(Post.created_at) >= attempt.started_at - CLOCKS_DIFFER,
        )
        .order_by(col(Post.id))
    ).all()
    for post in ours:
        if same_words(post.text, attempt.text):
            found = reply_proved_by(session, post)
            if found is not None and found.reply.id == reply.id:
                return post
    return None


def is_version_of(post_id: str) -> ColumnElement[bool]:
    """The post of this id, or a version of it: one that was edited before we heard it is stored under that version."""
    return or_(col(Post.channel_post_id) == post_id, col(Post.edit_chain) == post_id)


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
    versions = select(Post.channel_post_id).where(Post.account_id == own.account_id, is_version_of(own.in_reply_to))
    return {own.in_reply_to, *session.exec(versions).all()}
