"""Running a chat: opened and ended by a person or by the clock, paused, resumed, and its schedule shifted.

Whoever runs the chat may do all of it. What is planned is put at its new time in the same transaction, so that the
outbox sends nothing at the time before. Errors: NotFound, NotYours, NotApproved (with all reasons).
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import ChatPost, ChatState, Database, Reply, ReplyState, TweetChat, advance, record
from responders.chats.asked import any_unnoted, note_all_asked
from responders.chats.leaving import due_at, stand_of
from responders.chats.people import locked_chat, require_part
from responders.chats.scheduling import schedule_all
from responders.deciding import NotApproved
from responders.review import Desk
from responders.settling import give_back_reply

__all__ = ["due_at", "end_chat", "ends_at", "look_after", "open_chat", "pause", "resume", "shift"]

BY = "chat"
MOST_SHIFTED = 6 * 3600
"""Seconds; who wants more plans another chat."""
AHEAD = timedelta(days=1)
"""So long before its time a chat is opened at most: it would be live until then, and ask nothing."""
GOES_ON = timedelta(minutes=30)
"""So long a chat that was opened again goes on before the clock ends it."""


def ends_at(chat: TweetChat) -> datetime:
    """When the clock ends a chat, as the plan stands now."""
    planned = chat.starts_at + timedelta(minutes=chat.minutes, seconds=chat.shifted_seconds)
    return max(planned, chat.changed_at + GOES_ON) if chat.ended_at is not None else planned


def open_chat(desk: Desk, chat_id: int, staff_id: int) -> None:
    """Open a chat before its time, or go on with one that has ended."""
    with desk.database.write() as session:
        chat, now = _run_by(session, chat_id, staff_id), desk.clock()
        if chat.state not in (ChatState.PLANNED, ChatState.ENDED):
            raise NotApproved([f"The chat is {chat.state} already."])
        if chat.state == ChatState.PLANNED and chat.starts_at + timedelta(seconds=chat.shifted_seconds) - now > AHEAD:
            raise NotApproved(["It begins in more than a day. Change its beginning in the plan: its posts move along."])
        why = "the host opened it" if chat.state == ChatState.PLANNED else "the host goes on"
        _open(session, chat, f"staff:{staff_id}", why, now)
        schedule_all(session, chat, now, desk.hold)


def end_chat(desk: Desk, chat_id: int, staff_id: int) -> None:
    """End a chat that is live. What was to leave while it was live goes back to its planner."""
    with desk.database.write() as session:
        chat, now = _run_by(session, chat_id, staff_id), desk.clock()
        if chat.state != ChatState.LIVE:
            raise NotApproved([f"The chat is {chat.state} and not live."])
        _end(session, chat, f"staff:{staff_id}", "the host ended it", now)
        schedule_all(session, chat, now, desk.hold)


def pause(desk: Desk, chat_id: int, staff_id: int) -> None:
    """Let nothing planned leave until somebody resumes. What is being sent in this very moment still arrives."""
    with desk.database.write() as session:
        chat, now = _run_by(session, chat_id, staff_id), desk.clock()
        if chat.state != ChatState.LIVE:
            raise NotApproved([f"The chat is {chat.state}; only one that is live can be paused."])
        if chat.paused_at is None:
            chat.paused_at = now
            session.add(chat)
            record(session, "TweetChat", chat_id, f"staff:{staff_id}", "paused", now)
            schedule_all(session, chat, now, desk.hold)


def resume(desk: Desk, chat_id: int, staff_id: int, *, shifted: bool = True) -> None:
    """Go on; what has not left moves by the length of the pause, unless `shifted` is False."""
    with desk.database.write() as session:
        chat, now = _run_by(session, chat_id, staff_id), desk.clock()
        if chat.paused_at is None:
            raise NotApproved(["The chat is not paused."])
        seconds = round((now - chat.paused_at).total_seconds()) if shifted else 0
        chat.paused_at = None
        _shift(chat, seconds)
        session.add(chat)
        record(session, "TweetChat", chat_id, f"staff:{staff_id}", f"resumed, moved by {seconds} seconds", now)
        schedule_all(session, chat, now, desk.hold)


def shift(desk: Desk, chat_id: int, staff_id: int, seconds: int) -> None:
    """Move everything that has not left, and the end, by so many seconds; back with a minus."""
    with desk.database.write() as session:
        chat, now = _run_by(session, chat_id, staff_id), desk.clock()
        if chat.state not in (ChatState.PLANNED, ChatState.LIVE):
            raise NotApproved([f"The chat is {chat.state}; there is nothing to move."])
        if abs(chat.shifted_seconds + seconds) > MOST_SHIFTED:
            raise NotApproved([f"A chat is moved by {MOST_SHIFTED // 3600} hours at most."])
        _shift(chat, seconds)
        session.add(chat)
        record(session, "TweetChat", chat_id, f"staff:{staff_id}", f"moved by {seconds} seconds", now)
        schedule_all(session, chat, now, desk.hold)


def look_after(database: Database, now: datetime) -> int:
    """Open and end chats by the clock, and note what was asked; returns how many changed. Safe to repeat.

    What was approved for a chat that is over, and could not leave while it went on, is a draft again.
    """
    with database.read() as session:
        running = session.exec(
            select(TweetChat).where(col(TweetChat.state).in_([ChatState.PLANNED, ChatState.LIVE]))
        ).all()
        due = [chat.id or 0 for chat in running if _next_state(chat, now) != chat.state]
        over = session.exec(
            select(ChatPost.chat_id)
            .join(TweetChat, col(TweetChat.id) == ChatPost.chat_id)
            .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
            .where(Reply.state == ReplyState.APPROVED, col(TweetChat.state).in_([ChatState.ENDED, ChatState.CANCELLED]))
            .distinct()
        ).all()
        asked = any_unnoted(session)
    changed = sum(_by_the_clock(database, chat_id, now) for chat_id in due)
    for chat_id in over:
        with database.write() as session:
            _lay_down(session, locked_chat(session, chat_id), now)
    if asked:
        with database.write() as session:
            note_all_asked(session)
    return changed


def _next_state(chat: TweetChat, now: datetime) -> ChatState:
    """Where the clock takes a chat; one that is paused it leaves alone."""
    if chat.state == ChatState.PLANNED and now >= chat.starts_at + timedelta(seconds=chat.shifted_seconds):
        return ChatState.LIVE
    over = chat.state == ChatState.LIVE and chat.paused_at is None and now >= ends_at(chat)
    return ChatState.ENDED if over else chat.state


def _by_the_clock(database: Database, chat_id: int, now: datetime) -> int:
    with database.write() as session:
        chat = locked_chat(session, chat_id)
        before = chat.state
        if _next_state(chat, now) == ChatState.LIVE and before == ChatState.PLANNED:
            _open(session, chat, BY, "its time has come", now)
        if _next_state(chat, now) == ChatState.ENDED:
            _end(session, chat, BY, "its time is over", now)
        return int(chat.state != before)


def _shift(chat: TweetChat, seconds: int) -> None:
    """A calendar that has the chat is told with the next look (`revision`: SEQUENCE, RFC 5545 section 3.8.7.4)."""
    chat.shifted_seconds += seconds
    chat.revision += 1


def _open(session: Session, chat: TweetChat, by: str, why: str, now: datetime) -> None:
    advance(session, chat, ChatState.LIVE, by, why, now)
    chat.opened_at = chat.opened_at or now
    chat.revision += 1


def _end(session: Session, chat: TweetChat, by: str, why: str, now: datetime) -> None:
    advance(session, chat, ChatState.ENDED, by, why, now)
    chat.ended_at, chat.paused_at = now, None
    chat.revision += 1


def _lay_down(session: Session, chat: TweetChat, now: datetime) -> None:
    """What was approved, and cannot leave any more since the chat is over, is a draft again."""
    replies = session.exec(
        select(Reply)
        .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        .where(ChatPost.chat_id == chat.id, Reply.state == ReplyState.APPROVED)
        .order_by(col(Reply.id))
        .with_for_update(of=Reply)
    ).all()
    for reply in replies:
        if why := stand_of(session, reply, now).back:
            give_back_reply(session, reply, why, now)


def _run_by(session: Session, chat_id: int, staff_id: int) -> TweetChat:
    chat = locked_chat(session, chat_id)
    require_part(session, chat_id, staff_id)
    return chat
