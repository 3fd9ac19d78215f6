"""Near-identical questions on the board of a chat: who is counted with whom, and what of a group somebody has seen."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, func, or_, select

from models import ChatEntry, ChatLane, Mention, Post
from models.posts import PostKind
from responders.chats.reading import MostAlike

ASKS = frozenset({ChatLane.QUESTION, ChatLane.NEEDS_ANSWER})
COMPARED = 300
"""So many questions a new one is held against, the newest first."""


class Seen(NamedTuple):
    """What a page showed of one post: its ChatEntry.version, and Post.id of the newest its author wrote there."""

    version: int
    post_id: int | None


def group_of(session: Session, entry: ChatEntry) -> list[ChatEntry]:
    """The other posts it is counted with, the oldest first."""
    first = entry.alike_id or entry.id
    found = select(ChatEntry).where(
        ChatEntry.chat_id == entry.chat_id,
        or_(ChatEntry.alike_id == first, ChatEntry.id == first),
        ChatEntry.id != entry.id,
    )
    return list(session.exec(found.order_by(col(ChatEntry.id))).all())


def seen_of(session: Session, entries: Sequence[ChatEntry]) -> dict[int, Seen]:
    """How posts on a board stand now, by ChatEntry.id."""
    rows = session.exec(
        select(ChatEntry.id, ChatEntry.version, func.max(Post.id))
        .join(Mention, col(Mention.id) == ChatEntry.mention_id)
        .join(
            Post,
            (col(Post.conversation_id) == Mention.conversation_id)
            & (col(Post.author_id) == Mention.author_id)
            & (col(Post.kind) == PostKind.MENTION),
        )
        .where(col(ChatEntry.id).in_([one.id for one in entries]))
        .group_by(col(ChatEntry.id), col(ChatEntry.version))
    ).all()
    return {entry_id or 0: Seen(version, post_id) for entry_id, version, post_id in rows}


def heirs_of(session: Session, entry: ChatEntry) -> list[ChatEntry]:
    """Those that are counted with it as the first, locked, the oldest first."""
    found = select(ChatEntry).where(ChatEntry.alike_id == entry.id).order_by(col(ChatEntry.id)).with_for_update()
    return list(session.exec(found).all())


def part(session: Session, entry: ChatEntry) -> None:
    """Let it stand for itself; the first of a group leaves it to the next."""
    entry.alike_id = None
    heirs = heirs_of(session, entry)
    for one in heirs:
        one.alike_id = heirs[0].id if one is not heirs[0] else None
    session.add_all(heirs)


def first_alike(session: Session, chat_id: int, post: Post, most_alike: MostAlike) -> int | None:
    """ChatEntry.id of the first of those that ask nearly the same as a post, whether they have their answer or not."""
    rows = session.exec(
        select(ChatEntry.id, Post.text)
        .join(Post, col(Post.id) == ChatEntry.post_id)
        .where(
            ChatEntry.chat_id == chat_id,
            col(ChatEntry.lane).in_(ASKS),
            col(ChatEntry.alike_id).is_(None),
            col(ChatEntry.mention_id).is_not(None),
            or_(ChatEntry.account_id != post.account_id, ChatEntry.edit_chain != post.edit_chain),
            col(Post.deleted_at).is_(None),
        )
        .order_by(col(ChatEntry.id).desc())
        .limit(COMPARED)
    ).all()
    at = most_alike(post.text, [text for _, text in rows]) if rows else None
    return rows[at][0] if at is not None else None
