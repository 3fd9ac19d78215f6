"""Who may do what in a chat. A supervisor or an admin may in every one; a guest only in those they are in."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import ChatPart, ChatPerson, ChatState, Power, StaffUser, TweetChat
from models.chats import RUNS_IT
from responders.claims import NotYours
from responders.deciding import NotFound


def part_of(session: Session, chat_id: int, staff: StaffUser) -> ChatPart | None:
    """The part somebody has in a chat; who may supervise hosts every one. None: none."""
    person = session.exec(
        select(ChatPerson).where(ChatPerson.chat_id == chat_id, ChatPerson.staff_id == staff.id)
    ).first()
    if person is not None:
        return person.part
    return ChatPart.HOST if staff.may(Power.SUPERVISE) else None


def require_part(session: Session, chat_id: int, staff_id: int, *, runs_it: bool = True) -> StaffUser:
    """Whoever works here under this id and takes part in the chat; `runs_it`: not as a guest. Raises NotYours."""
    staff = session.get(StaffUser, staff_id)
    if staff is None or not staff.active:
        raise NotYours("Your account is not active any more.")
    part = part_of(session, chat_id, staff)
    if part is None:
        raise NotYours("You take no part in this chat. Ask its host to add you.")
    if runs_it and part not in RUNS_IT:
        raise NotYours("You are a guest in this chat. Its host and moderators decide this.")
    return staff


def require_approver(session: Session, chat_id: int, staff_id: int) -> StaffUser:
    """Whoever works here under this id and may approve, or runs the chat. Raises NotYours."""
    staff = session.get(StaffUser, staff_id)
    if staff is not None and staff.may(Power.APPROVE):
        return staff
    return require_part(session, chat_id, staff_id)


def locked_chat(session: Session, chat_id: int) -> TweetChat:
    """The chat, locked for this transaction. Raises NotFound.

    Its key never changes: whoever adds a row that names the chat meanwhile does not wait.
    """
    chat = session.get(TweetChat, chat_id, with_for_update={"key_share": True})
    if chat is None:
        raise NotFound(f"There is no chat {chat_id}.")
    return chat


GUEST_STAYS = timedelta(days=1)
"""How long after a chat its guests may still come in."""


def guest_until(session: Session, staff_id: int, chat_id: int | None = None) -> datetime | None:
    """Until when a guest may come in, by the last of their chats, or by one of them. None: they are in none."""
    found = select(TweetChat).join(ChatPerson, col(ChatPerson.chat_id) == TweetChat.id)
    found = found.where(ChatPerson.staff_id == staff_id, TweetChat.state != ChatState.CANCELLED)
    if chat_id is not None:
        found = found.where(TweetChat.id == chat_id)
    return max((ends_at(chat) + GUEST_STAYS for chat in session.exec(found).all()), default=None)


def begins_at(chat: TweetChat) -> datetime:
    """When a chat begins: in the minute it was opened, else as planned, with all it was shifted by."""
    if chat.opened_at is not None and chat.state in (ChatState.LIVE, ChatState.ENDED):
        return chat.opened_at.replace(second=0, microsecond=0)
    return chat.starts_at + timedelta(seconds=chat.shifted_seconds)


def ends_at(chat: TweetChat) -> datetime:
    """When a chat is over: as it was ended, else as planned, with all it was shifted by."""
    if chat.ended_at is not None and chat.state == ChatState.ENDED:
        return chat.ended_at
    return chat.starts_at + timedelta(minutes=chat.minutes, seconds=chat.shifted_seconds)
