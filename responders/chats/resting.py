"""A post on the board of a chat rests set aside: an answer to it that came back does not bring it into the queue."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatEntry, ChatLane, Mention, MentionState, Purpose, Reply, ReplyState, advance

QUEUED_TOO = (ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY)
"""Lanes whose posts go on to the main queue as well."""
WAITING = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED)


def entry_of(session: Session, mention_id: int) -> ChatEntry | None:
    """Where a mention stands on the board of a chat; None: on none."""
    return session.exec(select(ChatEntry).where(ChatEntry.mention_id == mention_id).order_by(col(ChatEntry.id))).first()


def back_on_board(session: Session, mention: Mention, by: str, why: str, now: datetime) -> bool:
    """Let a mention whose answer from a board came back rest again. False: it is another's, and nothing was done."""
    if mention.state != MentionState.DRAFTED:
        return False
    entry = entry_of(session, mention.id or 0)
    if entry is None or entry.lane in QUEUED_TOO:
        return False
    session.flush()
    waits = select(Reply.purpose).where(Reply.mention_id == mention.id, col(Reply.state).in_(WAITING))
    if set(session.exec(waits).all()) != {Purpose.CHAT}:
        return False
    advance(session, mention, MentionState.IN_REVIEW, by, why, now)
    advance(session, mention, MentionState.SET_ASIDE, by, "it rests on the board of its chat", now)
    return True
