"""Words we do not use towards residents, and what to say instead."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime


class BannedPhrase(SQLModel, table=True):
    """A phrase the desk warns of, or refuses to approve. One that ended stays, with who ended it."""

    __tablename__ = "banned_phrase"
    __table_args__ = (Index("ix_banned_phrase_language", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    phrase: str
    say_instead: str = Field(default="", description="what it is replaced by at a click; empty: it is left out")
    language: str = Field(default="", description="BCP 47; empty: in every language")
    blocks: bool = Field(default=False, description="a reply with it cannot be approved")
    by: int | None = Field(default=None, description="StaffUser.id; None: came with hark311")
    at: datetime = Field(sa_type=UTCDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, description="StaffUser.id")


def phrases_in_force(session: Session) -> list[BannedPhrase]:
    """Every phrase that has not ended, by its words."""
    found = select(BannedPhrase).where(col(BannedPhrase.ended_at).is_(None))
    return list(session.exec(found.order_by(col(BannedPhrase.phrase), col(BannedPhrase.id))).all())


def blocking_phrases(session: Session) -> list[BannedPhrase]:
    """Those with which nothing can be approved."""
    found = select(BannedPhrase).where(col(BannedPhrase.ended_at).is_(None), col(BannedPhrase.blocks).is_(True))
    return list(session.exec(found).all())
