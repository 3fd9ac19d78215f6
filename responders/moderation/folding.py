"""What an act means on our own pages: which posts are folded, and under which act. Never what is stored or alarms."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models import ModerationAct, ModerationKind, ModerationState, Post, utc_now

FOLDS_ALL = (ModerationKind.MUTE, ModerationKind.BLOCK)
"""Acts against an author, under which whatever they write is folded."""


def hidden_acts(session: Session, post_ids: Collection[int], at: datetime | None = None) -> dict[int, ModerationAct]:
    """The act that hides each of these posts (Post.id), in any of its versions; posts that are not hidden are left out.

    An act has no effect from the moment it expires, whether or not a round has seen it yet. `at`: aware; None is now.
    """
    if not post_ids:
        return {}
    hidden = aliased(Post)
    rows = session.exec(
        select(Post.id, ModerationAct)
        .join(hidden, (col(hidden.account_id) == Post.account_id) & (col(hidden.edit_chain) == Post.edit_chain))
        .join(ModerationAct, col(ModerationAct.post_id) == hidden.id)
        .where(
            col(Post.id).in_(post_ids),
            ModerationAct.kind == ModerationKind.HIDE,
            ModerationAct.state == ModerationState.IN_FORCE,
            col(ModerationAct.expires_at) > (at or utc_now()),
        )
        .order_by(col(ModerationAct.id))
    ).all()
    return {post_id: act for post_id, act in rows if post_id is not None}


def muted(session: Session, author_ids: Collection[int], at: datetime | None = None) -> dict[int, ModerationAct]:
    """The mute or block in force against each of these authors (Author.id); the others are left out.

    What they write is stored, read for dangers and paged as ever: only its words are folded.
    """
    if not author_ids:
        return {}
    rows = session.exec(
        select(ModerationAct)
        .where(
            col(ModerationAct.author_id).in_(author_ids),
            col(ModerationAct.kind).in_(FOLDS_ALL),
            ModerationAct.state == ModerationState.IN_FORCE,
            col(ModerationAct.expires_at) > (at or utc_now()),
        )
        .order_by(col(ModerationAct.id))
    ).all()
    return {one.author_id: one for one in rows}
