"""`advance()`: the only way a mention, reply or request changes state.

It checks the table in `models.lifecycle`, writes the AuditEntry in the same transaction and raises
IllegalTransition without touching the row when the table says no.
"""

from datetime import datetime

from sqlmodel import Session

from models.chat_answers import follow_reply
from models.chats import TweetChat
from models.database import utc_now
from models.fixed import FixedQuestion
from models.lifecycle import (
    ChatState,
    FixedState,
    IllegalTransition,
    MentionState,
    ModerationState,
    ReplyState,
    RequestState,
    may,
)
from models.mentions import Mention
from models.moderation import ModerationAct
from models.promises import promise_date
from models.replies import Reply
from models.requests import ServiceRequest
from models.staff import AuditEntry

Advancing = Mention | Reply | ServiceRequest | FixedQuestion | TweetChat | ModerationAct
States = MentionState | ReplyState | RequestState | FixedState | ChatState | ModerationState


def advance(
    session: Session,
    row: Advancing,
    to: States,
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
    elif isinstance(row, Reply):
        follow_reply(session, row, now)


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
    """Write an AuditEntry for something that is no change of state (a claim, a purge, a sign-in).

    `to_state` without `from_state` is a mark by which the entry is found again, such as which notice was given.
    """
    session.add(
        AuditEntry(at=at, by=by, about=about, about_id=about_id, from_state=from_state, to_state=to_state, why=why)
    )
