"""Small copies of residents' photos, for the desk alone: made by a job, gone with their post or after a month."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, and_, col, delete, or_, select

from models.database import UTCDateTime
from models.mentions import Attachment

KEPT = timedelta(days=30)
KEPT_FOR_CITY = timedelta(days=180)
"""A crew looks at what was sent along for as long as the work may take."""


class Thumbnail(SQLModel, table=True):
    """A photo as the desk shows it: a JPEG made anew, with nothing in it that the camera wrote.

    content: None where it could not be had; `tries`: how often it was tried. Kept here and not in a file, so that it
    goes in the same transaction as the post it came with.
    """

    attachment_id: int = Field(primary_key=True, foreign_key="attachment.id", sa_column_kwargs={"autoincrement": False})
    content: bytes | None = None
    width: int = 0
    height: int = 0
    tries: int = 0
    made_at: datetime = Field(sa_type=UTCDateTime, index=True)


def thumbnail_sizes(session: Session, attachment_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """(width, height) of the photos that can be shown, by attachment."""
    rows = session.exec(
        select(Thumbnail.attachment_id, Thumbnail.width, Thumbnail.height).where(
            col(Thumbnail.attachment_id).in_(attachment_ids), col(Thumbnail.content).is_not(None)
        )
    ).all()
    return {attachment_id: (width, height) for attachment_id, width, height in rows}


def forget_thumbnails(session: Session, post_id: int) -> None:
    """Drop the copies of one post's photos."""
    of_post = select(Attachment.id).where(Attachment.post_id == post_id)
    session.exec(delete(Thumbnail).where(col(Thumbnail.attachment_id).in_(of_post)))


def forget_old_thumbnails(session: Session, now: datetime) -> None:
    """Drop what is older than KEPT: whoever opens such a mention looks on the channel. What a crew may see stays."""
    linked = select(Attachment.id).where(col(Attachment.link).is_not(None))
    old = and_(col(Thumbnail.made_at) < now - KEPT, col(Thumbnail.attachment_id).not_in(linked))
    session.exec(delete(Thumbnail).where(or_(old, col(Thumbnail.made_at) < now - KEPT_FOR_CITY)))
