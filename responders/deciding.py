"""What every decision of a person shares: why it may be refused, the row it happens on, and the note it leaves."""

from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from sqlmodel import Session, select

from models import (
    Decision,
    Mention,
    Reply,
    ReplyState,
    Review,
    ServiceRequest,
    StaffUser,
    advance,
)

LONGEST_REASON = 500
Row = TypeVar("Row", Reply, ServiceRequest)


class NotApproved(Exception):
    """The decision cannot be carried out; `reasons` are sentences for the person at the desk."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class NotFound(Exception):
    """There is no such mention, reply or alarm."""


def locked_mention(session: Session, mention_id: int) -> Mention:
    """The mention, nobody else's to change until the transaction ends. Raises NotFound."""
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NotFound(f"There is no mention {mention_id}.")
    return mention


def in_state(session: Session, table: type[Row], mention: Mention, state: str) -> list[Row]:
    """Locked: what the outbox claims in this very moment is in this state no more."""
    found = select(table).where(table.mention_id == mention.id, table.state == state)
    return list(session.exec(found.with_for_update()).all())


def reason_given(reason: str, missing: str) -> str:
    """A reason that can stay on record. Raises NotApproved, with `missing` where there is none."""
    if not reason.strip():
        raise NotApproved([missing])
    if len(reason) > LONGEST_REASON:
        raise NotApproved([f"The reason has {len(reason)} characters; {LONGEST_REASON} are enough. Shorten it."])
    return reason.strip()


def hand_over(session: Session, reply: Reply, staff: StaffUser, now: datetime) -> None:
    """An approved reply is a person's to post; the outbox leaves it alone."""
    reply.handed_to, reply.handed_over_at, reply.held_because = staff.id, now, ""
    advance(session, reply, ReplyState.HANDED_OVER, f"staff:{staff.id}", "a person posts it by hand", now)


def note_decision(
    session: Session,
    mention: Mention | None,
    staff: StaffUser,
    decision: Decision,
    now: datetime,
    *,
    reason: str = "",
    reply: Reply | None = None,
    request: ServiceRequest | None = None,
    words: str | None = None,
) -> None:
    """Write down who decided what. `words`: those decided about, where they are not approved yet.

    `mention` None: it is about a post of a tweet chat, which answers none.
    """
    said = words if words is not None else reply.approved_text if reply else None
    session.add(
        Review(
            mention_id=mention.id if mention else None,
            reply_id=reply.id if reply else None,
            request_id=request.id if request else None,
            staff_id=staff.id or 0,
            decision=decision,
            reason=reason,
            revision=reply.revision if reply else 0,
            text_sha256=sha256(said.encode()).hexdigest() if said is not None else "",
            at=now,
        )
    )
