"""Questions about a thread that listeners, classifier and responders all ask."""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from models.mentions import Mention, Post
from models.posts import PostKind


def posts_of(session: Session, mention_id: int) -> list[Post]:
    """What the resident says in a mention: the newest version of each of its posts, oldest first."""
    rows = session.exec(
        select(Post)
        .where(Post.mention_id == mention_id, Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all()
    return newest_versions(rows)


def newest_versions(rows: Sequence[Post]) -> list[Post]:
    """The newest version of each edit chain, in the order in which the chains came in. `rows` by rising id.

    Newest by the channel's clock: a late page can bring the first version after the edited one.
    """
    newest: dict[str, Post] = {}
    for row in rows:
        seen = newest.get(row.edit_chain)
        if seen is None or row.created_at >= seen.created_at:
            newest[row.edit_chain] = row
    return list(newest.values())


def newest_inbound(session: Session, mention: Mention) -> int | None:
    """Post.id of the newest thing the mention's author wrote in its thread (invariant 5)."""
    return session.exec(
        select(func.max(Post.id)).where(
            Post.conversation_id == mention.conversation_id,
            Post.author_id == mention.author_id,
            Post.kind == PostKind.MENTION,
        )
    ).one()
