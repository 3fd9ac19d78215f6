"""A post on the board of a chat rests set aside: an answer to it that came back does not bring it into the queue."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatEntry, ChatLane, Mention, MentionState, Purpose, Reply, ReplyState, advance
from models.lifecycle import SETTLED_REPLIES
from models.threads import posts_of

QUEUED_TOO = (ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY)
"""Lanes whose posts go on to the main queue as well."""
PUT_AWAY = (MentionState.SET_ASIDE, MentionState.CLOSED, MentionState.REJECTED)
WAITING = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED)
RESTS_AGAIN = "it rests on the board of its chat"


def back_on_board(session: Session, mention: Mention, by: str, why: str, now: datetime) -> bool:
    """Let a mention whose answer from a board came back rest again. False: it is another's, and nothing was done."""
    if mention.state != MentionState.DRAFTED or not _is_of_the_board_alone(session, mention):
        return False
    waits = select(Reply.purpose).where(Reply.mention_id == mention.id, col(Reply.state).in_(WAITING))
    if set(session.exec(waits).all()) != {Purpose.CHAT}:
        return False
    advance(session, mention, MentionState.IN_REVIEW, by, why, now)
    advance(session, mention, MentionState.SET_ASIDE, by, RESTS_AGAIN, now)
    return True


def rest_unanswered(session: Session, mention: Mention, by: str, why: str, now: datetime) -> bool:
    """Let a mention whose only answer was dropped rest again, to be answered anew. False: nothing was done."""
    if mention.state != MentionState.APPROVED or not _is_of_the_board_alone(session, mention):
        return False
    stands = Reply.mention_id == mention.id, Reply.round == mention.round, Reply.state == ReplyState.SENT
    open_one = Reply.mention_id == mention.id, col(Reply.state).not_in(SETTLED_REPLIES)
    if any(session.exec(select(Reply.id).where(*these)).first() is not None for these in (stands, open_one)):
        return False
    advance(session, mention, MentionState.DRAFTED, by, why, now)
    advance(session, mention, MentionState.IN_REVIEW, by, why, now)
    advance(session, mention, MentionState.SET_ASIDE, by, RESTS_AGAIN, now)
    return True


def drop_board_drafts(session: Session, mention: Mention, by: str, now: datetime) -> None:
    """Drop what is being written on a board about a mention that the main queue answers: it is told one thing."""
    drafts = select(Reply).where(
        Reply.mention_id == mention.id, Reply.purpose == Purpose.CHAT, col(Reply.state).in_(WAITING)
    )
    for reply in session.exec(drafts.with_for_update()).all():
        advance(session, reply, ReplyState.CANCELLED, by, "it is answered from the main queue", now)


def _is_of_the_board_alone(session: Session, mention: Mention) -> bool:
    """Whether all its author wrote stands on a board as it is now, and none of it is a report or a danger.

    What was written since is read first, and goes from there to the board or to the queue.
    """
    session.flush()
    entries = session.exec(select(ChatEntry).where(ChatEntry.mention_id == mention.id)).all()
    if not entries or mention.danger or any(one.lane in QUEUED_TOO for one in entries):
        return False
    return {one.id for one in posts_of(session, mention.id or 0)} <= {one.post_id for one in entries}
