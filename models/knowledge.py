"""Knowledge cards: answers the city stands behind, with owner, source and a last day. No card, no factual draft."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, str_enum


class AnswerLength(StrEnum):
    """For a short post, or for where there is room."""

    SHORT = "short"
    LONG = "long"


class KnowledgeCard(SQLModel, table=True):
    """One question that residents ask, and who answers for what we say to it."""

    __tablename__ = "knowledge_card"

    id: int | None = Field(default=None, primary_key=True)
    question: str
    keywords: str = Field(default="", description="further words residents use for it, with commas between")
    service_code: str = Field(default="", description="the service it is about; empty: none")
    owner: str = Field(default="", description="the person or office that answers for it")
    source: str = Field(default="", description="a web address or the name of a document")
    area: str = Field(default="", description="where it holds; empty: in the whole city")
    expires_on: date | None = Field(default=None, description="the last day it is suggested; None: it holds on")
    active: bool = True
    made_by: int | None = Field(default=None, foreign_key="staff_user.id", description="None: it came with hark311")
    changed_at: datetime = Field(sa_type=UTCDateTime)


class KnowledgeAnswer(SQLModel, table=True):
    """What a card says in one language and length. A speaker has checked it, or not yet."""

    __tablename__ = "knowledge_answer"
    __table_args__ = (UniqueConstraint("card_id", "language", "length"),)

    id: int | None = Field(default=None, primary_key=True)
    card_id: int = Field(foreign_key="knowledge_card.id")
    language: str
    length: AnswerLength = Field(sa_type=str_enum(AnswerLength))
    text: str
    checked: bool = False
