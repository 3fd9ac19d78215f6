"""Machine translations for the people at the desk. They hold residents' words, so they go with the post."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, delete

from models.database import UTCDateTime


class Translation(SQLModel, table=True):
    """One text of a mention in the desk's language. It waits until `done_at` is set; `trouble` says why there is none.

    `post_id` None: it is our own draft, translated back for a reviewer who does not read its language.
    """

    __table_args__ = (
        UniqueConstraint("mention_id", "post_id", "text_sha256"),
        Index("ix_translation_waiting", "done_at"),
        Index("ix_translation_post", "post_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    post_id: int | None = Field(default=None, foreign_key="post.id")
    text_sha256: str
    original: str = Field(default="", description="the words of our draft; a post's own words stand in the post")
    source: str = Field(default="", description="language of the original; empty: the engine finds out")
    target: str
    text: str = ""
    engine: str = ""
    trouble: str = Field(default="", description="why there is no translation, in a sentence staff can read")
    asked_at: datetime = Field(sa_type=UTCDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


def text_hash(text: str) -> str:
    """What a text is known by among the translations."""
    return sha256(text.encode()).hexdigest()


def forget_post_translations(session: Session, post_ids: Collection[int | None]) -> None:
    """A post is gone, and with it what its words were in another language."""
    session.exec(delete(Translation).where(col(Translation.post_id).in_(post_ids)))


def forget_mention_translations(session: Session, mention_id: int) -> None:
    """What a mention's drafts said in the desk's language: they may repeat its author's words."""
    session.exec(delete(Translation).where(col(Translation.mention_id) == mention_id))
