"""Questions about a thread that listeners, classifier and responders all ask."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, exists, func, select

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
    return session.exec(select(func.max(Post.id)).where(*_of_author(mention))).one()


def newest_said(session: Session, mention: Mention) -> int | None:
    """The same, but for what only moves the pin of a live place: nobody has to read that before they answer."""
    return session.exec(select(func.max(Post.id)).where(*_of_author(mention), ~only_moves_pin())).one()


def wrote_since(session: Session, mention: Mention, seen_post_id: int | None) -> bool:
    """Whether the author has written since this was the newest; a live place that moves on says nothing more."""
    newest = newest_inbound(session, mention)
    if newest is None or seen_post_id is None or seen_post_id >= newest:
        return newest != seen_post_id
    said = select(Post.id).where(*_of_author(mention), col(Post.id) > seen_post_id, ~only_moves_pin())
    return session.exec(said.limit(1)).first() is not None


def only_moves_pin() -> ColumnElement[bool]:
    """Of Post: a pin without words, of which an earlier version is stored that is one too."""
    earlier = aliased(Post)
    return and_(
        Post.text == "",
        col(Post.lat).is_not(None),
        exists().where(
            col(earlier.account_id) == Post.account_id,
            col(earlier.edit_chain) == Post.edit_chain,
            col(earlier.id) < Post.id,
            col(earlier.text) == "",
            col(earlier.lat).is_not(None),
        ),
    )


def _of_author(mention: Mention) -> list[ColumnElement[bool]]:
    return [
        col(Post.conversation_id) == mention.conversation_id,
        col(Post.author_id) == mention.author_id,
        col(Post.kind) == PostKind.MENTION,
    ]
