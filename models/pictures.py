"""Pictures in what we say: re-encoded when they come, described in words, and frozen with the reply they belong to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.database import UTCDateTime
from models.lifecycle import ReplyState
from models.posts import OutgoingPicture
from models.replies import Reply

LONGEST_ALT = 1000
"""Characters. Source: X API v2, POST /2/media/metadata, alt_text; Mastodon takes 1,500 and Bluesky more."""


class ReplyPicture(SQLModel, table=True):
    """One picture of a reply, as it will be posted. Its bytes are kept here, so that any worker can send it.

    A reply's pictures change only while it is in review; every change raises the reply's revision.
    """

    __tablename__ = "reply_picture"
    __table_args__ = (Index("ix_reply_picture_reply", "reply_id"),)

    id: int | None = Field(default=None, primary_key=True)
    reply_id: int = Field(foreign_key="reply.id")
    content: bytes
    media_type: str
    width: int
    height: int
    alt_text: str
    added_by: int = Field(foreign_key="staff_user.id")
    added_at: datetime = Field(sa_type=UTCDateTime)


def pictures_of(session: Session, reply_id: int) -> Sequence[ReplyPicture]:
    """The pictures of a reply, in the order they were added."""
    return session.exec(
        select(ReplyPicture).where(ReplyPicture.reply_id == reply_id).order_by(col(ReplyPicture.id))
    ).all()


def outgoing_pictures(session: Session, reply_id: int) -> tuple[OutgoingPicture, ...]:
    """The pictures of a reply as a channel is given them."""
    found = pictures_of(session, reply_id)
    return tuple(OutgoingPicture(one.content, one.media_type, one.alt_text) for one in found)


def forget_pictures(session: Session, mention_id: int) -> None:
    """Drop the pictures of what was never sent about a mention; what was sent stands in public and stays on record."""
    unsent = select(Reply.id).where(Reply.mention_id == mention_id, Reply.state == ReplyState.CANCELLED)
    session.exec(delete(ReplyPicture).where(col(ReplyPicture.reply_id).in_(unsent)))
