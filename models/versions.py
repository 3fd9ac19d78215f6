"""What a reply said before: every wording somebody typed or we drafted, so that nothing half-written is lost."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from models.database import UTCDateTime, str_enum
from models.replies import Reply


class VersionSource(StrEnum):
    """Where the words of a version came from."""

    STAFF = "staff"
    TEMPLATE = "template"
    SUGGESTION = "suggestion"


class ReplyVersion(SQLModel, table=True):
    """A reply as it stood for a while. Gone with the post it answers (invariant 6).

    `apart`: words that never became the reply, because somebody else held the mention by then.
    """

    __tablename__ = "reply_version"
    __table_args__ = (Index("ix_reply_version_reply", "reply_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    reply_id: int = Field(foreign_key="reply.id")
    revision: int
    text: str
    language: str = "en"
    source: VersionSource = Field(default=VersionSource.STAFF, sa_type=str_enum(VersionSource))
    by: int | None = Field(default=None, description="StaffUser.id of who typed it; None: we drafted it")
    apart: bool = False
    at: datetime = Field(sa_type=UTCDateTime, description="when this wording was begun")


def forget_versions(session: Session, mention_id: int) -> None:
    """Delete what replies to a mention said before: a reply may quote what it answers."""
    replies = select(Reply.id).where(Reply.mention_id == mention_id)
    session.exec(delete(ReplyVersion).where(col(ReplyVersion.reply_id).in_(replies)))
