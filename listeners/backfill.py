"""What was written before we began to listen: stored, and left alone until a person takes it in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models import Mention, MentionState, Post, advance, record
from models.posts import PostKind

BY = "intake"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The posts of one account that wait: how many, and from when to when they were written."""

    posts: int
    oldest: datetime
    newest: datetime


def waiting(session: Session, account_id: int) -> Waiting | None:
    """What waits of one account; None where nothing does."""
    posts, oldest, newest = session.exec(
        select(func.count(), func.min(Post.created_at), func.max(Post.created_at))
        .select_from(Post)
        .join(Mention, col(Mention.id) == Post.mention_id)
        .where(Mention.account_id == account_id, *_waits())
    ).one()
    return Waiting(posts, oldest, newest) if posts else None


def take_in(session: Session, account_id: int, since: datetime | None, by: str, now: datetime) -> int:
    """Make work of what waits and was written since then (None: all of it); returns how many mentions."""
    mentions = _waiting_mentions(session, account_id, since)
    for mention in mentions:
        mention.needs_understanding, mention.state_reason = True, ""
        mention.changed_at = now
        session.add(mention)
    if mentions:
        record(session, "Account", account_id, by, f"took in {len(mentions)} from before we began", now)
    return len(mentions)


def leave(session: Session, account_id: int, by: str, now: datetime) -> int:
    """Set aside what waits; who writes again is heard all the same. Returns how many mentions."""
    mentions = _waiting_mentions(session, account_id, None)
    for mention in mentions:
        advance(session, mention, MentionState.UNDERSTOOD, by, "from before we began to listen: not read", now)
        advance(session, mention, MentionState.SET_ASIDE, by, "from before we began to listen: left as it is", now)
    return len(mentions)


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Mention.waits, as a question to the database, and the posts that are still there."""
    return (
        col(Mention.state) == MentionState.RECEIVED,
        col(Mention.needs_understanding).is_(False),
        col(Post.kind) == PostKind.MENTION,
        col(Post.deleted_at).is_(None),
    )


def _waiting_mentions(session: Session, account_id: int, since: datetime | None) -> list[Mention]:
    ids = select(Post.mention_id).join(Mention, col(Mention.id) == Post.mention_id)
    ids = ids.where(Mention.account_id == account_id, *_waits())
    if since is not None:
        ids = ids.where(col(Post.created_at) >= since)
    found = session.exec(select(Mention).where(col(Mention.id).in_(ids)).order_by(col(Mention.id)).with_for_update())
    return list(found.all())
