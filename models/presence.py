"""Who is looking at what right now. Said by their browser every few seconds, and gone when it falls silent."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from models.database import UTCDateTime
from models.staff import StaffUser

GONE_AFTER = timedelta(seconds=30)
THE_LIST = 0
"""Stands for the queue itself where a mention's id would stand."""


class Presence(SQLModel, table=True):
    """One person looking at one mention, or at the queue."""

    __table_args__ = (Index("ix_presence_mention", "mention_id"),)

    staff_id: int = Field(primary_key=True, foreign_key="staff_user.id")
    mention_id: int = Field(primary_key=True, description="Mention.id; 0: the queue")
    seen_at: datetime = Field(sa_type=UTCDateTime)


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody who is looking."""

    staff_id: int
    initials: str
    name: str


def look(session: Session, looks: Iterable[tuple[int, int]], now: datetime) -> bool:
    """Note that these (StaffUser.id, Mention.id or THE_LIST) are looking. True: somebody is here who was not before."""
    came = False
    for staff_id, mention_id in sorted(set(looks)):
        here = (col(Presence.staff_id) == staff_id, col(Presence.mention_id) == mention_id)
        before = session.exec(select(Presence.seen_at).where(*here)).first()
        if before is None:
            session.add(Presence(staff_id=staff_id, mention_id=mention_id, seen_at=now))
        else:
            session.exec(update(Presence).where(*here).values(seen_at=now))
        came = came or before is None or before < now - GONE_AFTER
    return came


def leave(session: Session, looks: Iterable[tuple[int, int]], now: datetime) -> None:
    """These stopped looking; whoever fell silent long ago is cleared away as well."""
    for staff_id, mention_id in set(looks):
        session.exec(delete(Presence).where(col(Presence.staff_id) == staff_id, col(Presence.mention_id) == mention_id))
    session.exec(delete(Presence).where(col(Presence.seen_at) < now - 10 * GONE_AFTER))


def onlookers(session: Session, mention_ids: Collection[int], now: datetime, besides: int) -> dict[int, list[Onlooker]]:
    """Who looks at each of these mentions (or at THE_LIST), without the person who asks."""
    if not mention_ids:
        return {}
    rows = session.exec(
        select(Presence.mention_id, StaffUser)
        .join(StaffUser, col(StaffUser.id) == Presence.staff_id)
        .where(
            col(Presence.mention_id).in_(mention_ids),
            col(Presence.seen_at) >= now - GONE_AFTER,
            Presence.staff_id != besides,
            col(StaffUser.active),
        )
        .order_by(StaffUser.display_name)
    ).all()
    found: dict[int, list[Onlooker]] = {}
    for mention_id, staff in rows:
        short = staff.initials or "".join(word[0] for word in staff.display_name.split())[:3]
        found.setdefault(mention_id, []).append(Onlooker(staff.id or 0, short.upper(), staff.display_name))
    return found
