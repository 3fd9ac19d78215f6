"""The end of a shift: a note for whoever comes next, and work that goes back to the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import Handover, HandoverRead, StaffUser, record
from models.handovers import LONGEST_HANDOVER
from models.notes import hash_of
from responders.assigning import give_back


class HandoverRefused(Exception):
    """The note was not kept; the text says why."""


def hand_over(
    session: Session,
    staff: StaffUser,
    written: str,
    waiting: Sequence[dict[str, Any]],
    zone: ZoneInfo,
    now: datetime,
    *,
    gives_back: bool,
) -> Handover:
    """Keep the note, and give back what is assigned to the writer where they want that. Raises HandoverRefused."""
    words = written.replace("\x00", "").strip()
    if not words:
        raise HandoverRefused("Write at least a line for whoever comes next.")
    if len(words) > LONGEST_HANDOVER:
        raise HandoverRefused(f"The note has {len(words)} characters; {LONGEST_HANDOVER} are enough. Shorten it.")
    note = Handover(staff_id=staff.id or 0, text=words, waiting=list(waiting), at=now)
    session.add(note)
    session.flush()
    record(session, "Handover", note.id or 0, f"staff:{staff.id}", f"written: sha256 {hash_of(words)}", now)
    if gives_back:
        give_back(session, staff.id or 0, zone, now)
    return note


def unread_handover(session: Session, staff_id: int) -> Handover | None:
    """The newest note, where somebody else wrote it and this person has not said that they read it."""
    newest = session.exec(select(Handover).order_by(col(Handover.id).desc()).limit(1)).first()
    if newest is None or newest.staff_id == staff_id:
        return None
    read = session.exec(
        select(HandoverRead.id).where(HandoverRead.handover_id == newest.id, HandoverRead.staff_id == staff_id)
    ).first()
    return newest if read is None else None


def read_handover(session: Session, handover_id: int, staff_id: int, now: datetime) -> bool:
    """A person has read a hand-over note. False: there is none, or they had said so."""
    if session.get(Handover, handover_id) is None:
        return False
    known = session.exec(
        select(HandoverRead.id).where(HandoverRead.handover_id == handover_id, HandoverRead.staff_id == staff_id)
    ).first()
    if known is None:
        session.add(HandoverRead(handover_id=handover_id, staff_id=staff_id, at=now))
    return known is None
