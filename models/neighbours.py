"""Who reported it already: where open requests are looked up, what was suggested, and what people said to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, delete, or_, select

from models.channels import Account, Channel
from models.database import UTCDateTime, json_column, str_enum
from models.lifecycle import RequestState
from models.mentions import Mention
from models.requests import ServiceRequest

OLDEST = timedelta(days=90)
"""No kind of problem is looked for further back."""
LONGEST_IN = 500
"""So many values one query names at most: databases take only so many, and a storm has thousands."""


_Value = TypeVar("_Value", int, str)


class NeighbourRelation(StrEnum):
    """How two reports stand to each other."""

    SAME = "same"
    RELATED = "related"
    DIFFERENT = "different"


class NeighbourMark(SQLModel, table=True):
    """An open request as it is compared with new posts: its words and point. Made from a post, and deleted with it."""

    __tablename__ = "neighbour_mark"
    __table_args__ = (Index("ix_neighbour_mark_mention", "mention_id"), Index("ix_neighbour_mark_at", "at"))

    request_id: int = Field(
        primary_key=True, foreign_key="service_request.id", sa_column_kwargs={"autoincrement": False}
    )
    mention_id: int = Field(foreign_key="mention.id")
    at: datetime = Field(sa_type=UTCDateTime, description="when the resident wrote")
    words: str = Field(default="", description="the comparable forms of its words, in their order")
    text_hash: str = Field(default="", description="equal for reposts; empty for a text too short to tell")
    place: str = Field(default="", description="the name of its place, in one order")
    categories: list[str] = Field(default_factory=list, sa_type=json_column(), description="likely kinds, best first")
    lat: float | None = None
    lon: float | None = None
    precision_m: float = 0.0


class NeighbourKey(SQLModel, table=True):
    """Under which keys (squares of the map, a text's hash, a place's name) a mark is found."""

    __tablename__ = "neighbour_key"
    __table_args__ = (Index("ix_neighbour_key_request", "request_id"),)

    key: str = Field(primary_key=True)
    request_id: int = Field(
        primary_key=True, foreign_key="neighbour_mark.request_id", sa_column_kwargs={"autoincrement": False}
    )


class NeighbourSuggestion(SQLModel, table=True):
    """That a mention may be about the same problem as a request. A suggestion joins nothing.

    `reasons` hold none of a resident's words. score: 0 to 1; metres: None where one side has no point.
    """

    __tablename__ = "neighbour_suggestion"
    __table_args__ = (UniqueConstraint("mention_id", "request_id"), Index("ix_neighbour_request", "request_id"))

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    request_id: int = Field(foreign_key="service_request.id")
    relation: NeighbourRelation = Field(sa_type=str_enum(NeighbourRelation))
    score: float = 0.0
    metres: float | None = None
    hours: float = 0.0
    reasons: list[str] = Field(default_factory=list, sa_type=json_column())
    created_at: datetime = Field(sa_type=UTCDateTime)


class NeighbourVerdict(SQLModel, table=True):
    """What a person said about a mention and a request; the newest word counts. Holds ids and no words.

    `suggested`: what we had suggested, None for a pair the person found alone. Verdicts on posts from X are counted and
    train nothing (invariant 11).
    """

    __tablename__ = "neighbour_verdict"
    __table_args__ = (UniqueConstraint("mention_id", "request_id"), Index("ix_neighbour_verdict_request", "request_id"))

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    request_id: int = Field(foreign_key="service_request.id")
    relation: NeighbourRelation = Field(sa_type=str_enum(NeighbourRelation))
    suggested: NeighbourRelation | None = Field(default=None, sa_type=str_enum(NeighbourRelation))
    score: float = 0.0
    staff_id: int = Field(foreign_key="staff_user.id")
    at: datetime = Field(sa_type=UTCDateTime)


class ServiceReach(SQLModel, table=True):
    """How far around, and how far back, the same problem is looked for, where a service has figures of its own.

    Other services go by their category (`classifier/neighbours/reach.toml`). A radius of 0 looks nowhere.
    """

    __tablename__ = "service_reach"
    __table_args__ = (
        CheckConstraint("radius_m IS NULL OR radius_m BETWEEN 0 AND 5000", name="reach_radius"),
        CheckConstraint("hours IS NULL OR hours BETWEEN 1 AND 4320", name="reach_hours"),
    )

    service_code: str = Field(primary_key=True, foreign_key="service.service_code")
    radius_m: float | None = None
    hours: float | None = None
    checked_on: date | None = None
    checked_by: int | None = Field(default=None, foreign_key="staff_user.id")


@dataclass(frozen=True, slots=True)
class TrainingVerdict:
    """A pair that may train a model: the mention, the mention of the request, and what a person said."""

    mention_id: int
    other_mention_id: int
    relation: NeighbourRelation


def training_verdicts(session: Session) -> Iterator[TrainingVerdict]:
    """The verdicts a model may learn from, oldest first: those of which neither side came from X (invariant 11)."""
    other, its_account = aliased(Mention), aliased(Account)
    rows = session.exec(
        select(NeighbourVerdict, ServiceRequest.mention_id)
        .join(ServiceRequest, col(ServiceRequest.id) == NeighbourVerdict.request_id)
        .join(Mention, col(Mention.id) == NeighbourVerdict.mention_id)
        .join(Account, col(Account.id) == Mention.account_id)
        .join(other, col(other.id) == ServiceRequest.mention_id)
        .join(its_account, col(its_account.id) == other.account_id)
        .where(Account.channel != Channel.X, col(its_account.channel) != Channel.X)
        .order_by(col(NeighbourVerdict.at), col(NeighbourVerdict.id))
    ).all()
    return (TrainingVerdict(one.mention_id, mention_id, one.relation) for one, mention_id in rows)


def forget_neighbours(session: Session, mention_id: int) -> None:
    """What was kept of a mention's words, and what was suggested about it, goes (invariant 6)."""
    requests = session.exec(select(ServiceRequest.id).where(ServiceRequest.mention_id == mention_id)).all()
    unmark(session, [one for one in requests if one])
    session.exec(
        delete(NeighbourSuggestion).where(
            or_(
                col(NeighbourSuggestion.mention_id) == mention_id,
                col(NeighbourSuggestion.request_id).in_(requests),
            )
        )
    )


def unmark(session: Session, request_ids: Iterable[int]) -> None:
    """Take requests out of the lookup: nothing new is compared with them."""
    for ids in in_parts(request_ids):
        session.exec(delete(NeighbourKey).where(col(NeighbourKey.request_id).in_(ids)))
        session.exec(delete(NeighbourMark).where(col(NeighbourMark.request_id).in_(ids)))


def in_parts(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """The values in lists that one query can name, in their order."""
    left = iter(values)
    while part := list(islice(left, LONGEST_IN)):
        yield part


def forget_old_marks(session: Session, now: datetime, limit: int = 300) -> int:
    """Take out of the lookup what is older than OLDEST, cancelled, or closed by the city; returns how many.

    A refused request stays: somebody mends it, and it is open again.
    """
    over = or_(ServiceRequest.state == RequestState.CANCELLED, ServiceRequest.status == "closed")
    old = session.exec(
        select(NeighbourMark.request_id)
        .join(ServiceRequest, col(ServiceRequest.id) == NeighbourMark.request_id)
        .where(or_(col(NeighbourMark.at) < now - OLDEST, over))
        .order_by(col(NeighbourMark.request_id))
        .limit(limit)
        .with_for_update(of=NeighbourMark, skip_locked=True)
    ).all()
    unmark(session, old)
    return len(old)
