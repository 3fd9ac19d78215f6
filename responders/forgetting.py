"""/forget: all that we hold of one author is purged (invariant 6). Ids, states and the audit stay."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, select

from models import (
    Account,
    Author,
    Conversation,
    Mention,
    Post,
    Reply,
    ReplyPicture,
    ReplyState,
    SendAttempt,
    UnreadablePost,
)
from models.deletion import forget_post
from models.posts import PostKind
from models.search import forget_words

BY = "dialogue"
WHY = "its author asked us to forget it"
SETTLED = (ReplyState.SENT, ReplyState.CANCELLED, ReplyState.FAILED)


def forget_author(session: Session, author: Author, command: Post, now: datetime) -> None:
    """Purge what an author wrote up to `command`, and what we wrote to them; of `command` only the command stays.

    Requests that the city has stay in its system; ours keep their numbers alone. A reply that may stand in the thread
    is left to the person who looks for it.
    """
    written = session.exec(
        select(Post).where(
            Post.author_id == author.id,
            col(Post.id) < command.id,
            Post.edit_chain != command.edit_chain,
            col(Post.deleted_at).is_(None),
        )
    ).all()
    mentions = session.exec(select(Mention.id).where(Mention.author_id == author.id)).all()
    for post in (*written, *_ours(session, author)):
        if post.deleted_at is None:  # another version of it may have taken it along
            forget_post(session, post, BY, WHY, now)
    _empty_unreadable(session, author, command, now)
    _empty_replies(session, mentions)
    author.handle = author.display_name = ""
    command.text, command.raw = f"/{command.command or 'forget'}", None
    session.add_all([author, command])
    forget_words(session, [one for one in mentions if one])


def _ours(session: Session, author: Author) -> Sequence[Post]:
    """Our own posts in the private chats of this author: they repeat what was said there."""
    return session.exec(
        select(Post)
        .join(Conversation, col(Conversation.id) == Post.conversation_id)
        .where(
            Post.kind == PostKind.OWN,
            col(Conversation.private).is_(True),
            col(Post.deleted_at).is_(None),
            col(Post.conversation_id).in_(select(Mention.conversation_id).where(Mention.author_id == author.id)),
        )
    ).all()


def _empty_unreadable(session: Session, author: Author, command: Post, now: datetime) -> None:
    """What came up to `command`, could not be read, and is from the author, to them or about them."""
    named = re.compile(rf'id"\s*:\s*"?{re.escape(author.channel_author_id)}"?\s*[,}}\]]', re.IGNORECASE)
    for one in session.exec(
        select(UnreadablePost)
        .join(Account, col(Account.id) == UnreadablePost.account_id)
        .where(
            Account.channel == author.channel,
            UnreadablePost.received_at <= command.received_at,
            col(UnreadablePost.raw).contains(author.channel_author_id, autoescape=True),
        )
    ).all():
        if named.search(one.raw):
            one.raw, one.closed_at = "", one.closed_at or now
            session.add(one)


def _empty_replies(session: Session, mention_ids: Sequence[int | None]) -> None:
    settled = session.exec(
        select(Reply).where(col(Reply.mention_id).in_(mention_ids), col(Reply.state).in_(SETTLED))
    ).all()
    for reply in settled:
        reply.text = reply.approved_text = reply.approved_fallback = reply.sent_text = ""
        session.add(reply)
    session.exec(delete(ReplyPicture).where(col(ReplyPicture.reply_id).in_([reply.id for reply in settled])))
    for attempt in session.exec(
        select(SendAttempt).where(col(SendAttempt.reply_id).in_([reply.id for reply in settled]))
    ).all():
        attempt.text = ""
        session.add(attempt)
