"""What geocoders have answered, and where we stand with each: its next turn, its trouble, how far we have asked."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, delete

from models.database import UTCDateTime, json_column

KEPT = timedelta(days=30)
"""How long an answer is remembered: long enough for a week of posts on one place, short enough for a new building."""


class GeocodeAnswer(SQLModel, table=True):
    """One remembered answer. Holds the hash of what was asked, never the words, and nothing of who asked."""

    __tablename__ = "geocode_cache"
    __table_args__ = (Index("ix_geocode_cache_at", "at"),)

    provider: str = Field(primary_key=True)
    asked_sha256: str = Field(primary_key=True, description="of the words and the box they were asked with")
    answer: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    at: datetime = Field(sa_type=UTCDateTime)


class GeocoderTurn(SQLModel, table=True):
    """The one row of a provider that every worker takes its turn from, so that the whole product keeps its limit."""

    __tablename__ = "geocoder_turn"

    provider: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=UTCDateTime, description="before this nobody asks")
    reached: int = Field(default=0, description="newest Understanding.id that was asked about")
    failures: int = Field(default=0, description="times in a row the next one could not be asked")
    trouble: str = Field(default="", description="what is wrong, in a sentence staff can read; empty when all is well")


def forget_old_answers(session: Session, now: datetime) -> None:
    """Delete the answers that were remembered for as long as they may be."""
    session.exec(delete(GeocodeAnswer).where(col(GeocodeAnswer.at) <= now - KEPT))
