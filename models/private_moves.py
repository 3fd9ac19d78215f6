"""Who was asked to go on in private, and the private post in which they did: two conversations, one case."""

from datetime import datetime, timedelta

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime
from models.lifecycle import MentionState, ReplyState
from models.mentions import Mention
from models.replies import Reply
from models.transitions import record

TOLD = (ReplyState.SENDING, ReplyState.SENT, ReplyState.UNCERTAIN, ReplyState.HANDED_OVER)
HOLDS = timedelta(days=7)
"""A private message within this time is taken to answer our asking for one."""


class PrivateMove(SQLModel, table=True):
    """One asking for a private message, and what came of it. Holds ids alone, no words."""

    __tablename__ = "private_move"
    __table_args__ = (
        Index("ix_private_move_author", "account_id", "author_id"),
        Index("ix_private_move_arrived", "arrived_mention_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", unique=True, description="the public mention")
    author_id: int = Field(foreign_key="author.id")
    account_id: int = Field(foreign_key="account.id")
    asked_at: datetime = Field(sa_type=UTCDateTime)
    asked_by: int | None = Field(default=None, foreign_key="staff_user.id")
    arrived_mention_id: int | None = Field(default=None, foreign_key="mention.id")
    arrived_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


def move_from(session: Session, mention_id: int) -> PrivateMove | None:
    """The asking that went out from a public mention."""
    return session.exec(select(PrivateMove).where(PrivateMove.mention_id == mention_id)).first()


def move_to(session: Session, mention_id: int) -> PrivateMove | None:
    """The asking that a private mention answers."""
    return session.exec(select(PrivateMove).where(PrivateMove.arrived_mention_id == mention_id)).first()


def still_asked(move: PrivateMove, now: datetime) -> bool:
    """Whether a private message is still taken to answer this asking."""
    return move.asked_at >= now - HOLDS


def asked_with(session: Session, reply: Reply) -> None:
    """An asking counts from when the reply that says it was approved to leave, however long it was a draft."""
    move = move_from(session, reply.mention_id) if reply.mention_id is not None else None
    if move is not None and move.arrived_mention_id is None and reply.approved_at and reply.approved_at > move.asked_at:
        move.asked_at = reply.approved_at
        session.add(move)


def has_left(session: Session, move: PrivateMove) -> bool:
    """Whether a reply that was approved since has gone out, so that its author may have been asked."""
    told = select(Reply.id).where(
        Reply.mention_id == move.mention_id,
        col(Reply.state).in_(TOLD),
        col(Reply.approved_at) >= move.asked_at,
    )
    return session.exec(told.limit(1)).first() is not None


def ask_in_private(session: Session, mention: Mention, staff_id: int, now: datetime) -> PrivateMove:
    """Note that the author was asked to write in private; asked again, the time begins anew."""
    move = move_from(session, mention.id or 0) or PrivateMove(
        mention_id=mention.id or 0, author_id=mention.author_id, account_id=mention.account_id, asked_at=now
    )
    move.asked_at, move.asked_by = now, staff_id
    session.add(move)
    session.flush()
    record(session, "Mention", mention.id or 0, f"staff:{staff_id}", "asked its author to go on in private", now)
    return move


def tie_private(session: Session, mention: Mention, now: datetime) -> PrivateMove | None:
    """Tie a private mention to the newest open asking of its author that has left; what is tied stays so."""
    known = move_to(session, mention.id or 0)
    if known is not None:
        return known
    move = session.exec(
        select(PrivateMove)
        .join(Mention, col(Mention.id) == PrivateMove.mention_id)
        .join(Reply, col(Reply.mention_id) == PrivateMove.mention_id)
        .where(
            col(Reply.state).in_(TOLD),
            col(Reply.approved_at) >= PrivateMove.asked_at,
            PrivateMove.account_id == mention.account_id,
            PrivateMove.author_id == mention.author_id,
            col(PrivateMove.arrived_mention_id).is_(None),
            PrivateMove.asked_at >= now - HOLDS,
            PrivateMove.asked_at <= now,
            PrivateMove.mention_id != mention.id,
            col(Mention.state) != MentionState.WITHDRAWN,
        )
        .order_by(col(PrivateMove.asked_at).desc(), col(PrivateMove.id).desc())
        .limit(1)
    ).first()
    if move is None:
        return None
    move.arrived_mention_id, move.arrived_at = mention.id, now
    session.add(move)
    record(session, "Mention", mention.id or 0, "dialogue", f"goes on in private about mention {move.mention_id}", now)
    return move
