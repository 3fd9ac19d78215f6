"""`advance()`: the only way a mention, reply or request changes state.

It checks the table in `models.lifecycle`, writes the AuditEntry in the same transaction and raises
IllegalTransition without touching the row when the table says no.
"""

from datetime import datetime

from sqlmodel import Session

from models.database import utc_now
from models.fixed import FixedQuestion
from models.lifecycle import FixedState, IllegalTransition, MentionState, ReplyState, RequestState, may
from models.mentions import Mention
from models.promises import promise_date
from models.replies import Reply
from models.requests import ServiceRequest
from models.staff import AuditEntry

Advancing = Mention | Reply | ServiceRequest | FixedQuestion


def advance(
    session: Session,
    row: Advancing,
    to: MentionState | ReplyState | RequestState | FixedState,
    by: str,
    why: str,
    at: datetime | None = None,
) -> None:
    """Move a row to another state and write it down.

    `by` names who did it ("staff:3", "outbox"); `why` is a sentence without residents' words, kept on the row as
    `state_reason` and in the audit. A request that was filed gets its promised date here. Raises IllegalTransition when
    the row's table has no such step.
    """
    about = type(row).__name__
    before = row.state
    if not may(about, before, to):
        raise IllegalTransition(about, before, to)
    if row.id is None:
        session.flush()
    now = at or utc_now()
    row.state = to
    row.state_reason = why
    row.changed_at = now
    session.add(row)
    record(session, about, row.id or 0, by, why, now, before, to)
    if isinstance(row, ServiceRequest) and to == RequestState.SUBMITTED:
        promise_date(session, row, now)


def record(
    session: Session,
    about: str,
    about_id: int,
    by: str,
    why: str,
    at: datetime,
    from_state: str = "",
    to_state: str = "",
) -> None:
    """Write an AuditEntry for something that is no change of state (a claim, a purge, a sign-in)."""
    session.add(
        AuditEntry(at=at, by=by, about=about, about_id=about_id, from_state=from_state, to_state=to_state, why=why)
    )
