"""The list of chats: what is live, to come and over, and what in each of them waits for a person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from hark311.console.chats.plan_queries import PARTS, STATES, is_past
from hark311.console.words import Sign
from models import (
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatQuestion,
    ChatRecap,
    ChatState,
    Reply,
    ReplyState,
    Role,
    StaffUser,
    TweetChat,
)
from responders.chats.people import ends_at
from responders.chats.posting import WORDED

SHOWN_ENDED = 20


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat in the list. `part`: of who looks, "" none. `in_doubt`, `to_approve`: so many of its planned posts."""

    chat: TweetChat
    sign: Sign
    ends_at: datetime
    part: str
    questions: int
    in_doubt: int
    to_approve: int
    recap_waits: bool


def chat_rows(session: Session, staff: StaffUser, now: datetime) -> list[ChatRow]:
    """The chats somebody may look at: a guest's own; else all, those to come first by their time."""
    found = select(TweetChat).order_by(col(TweetChat.starts_at).desc(), col(TweetChat.id).desc()).limit(200)
    if staff.role == Role.CHAT_GUEST:
        found = found.join(ChatPerson, col(ChatPerson.chat_id) == TweetChat.id)
        found = found.where(ChatPerson.staff_id == staff.id, TweetChat.state != ChatState.CANCELLED)
    chats = session.exec(found).all()
    parts = dict(session.exec(select(ChatPerson.chat_id, ChatPerson.part).where(ChatPerson.staff_id == staff.id)).all())
    ids = [one.id or 0 for one in chats]
    asked = Counter(session.exec(select(ChatQuestion.chat_id).where(col(ChatQuestion.chat_id).in_(ids))).all())
    waiting = _waiting(session, chats, now)
    drafted, published = _recapped(session, ids)
    return [
        ChatRow(
            chat,
            STATES[chat.state],
            ends_at(chat),
            PARTS[ChatPart(parts[chat.id or 0])] if chat.id in parts else "",
            asked[chat.id or 0],
            in_doubt=waiting[chat.id or 0, True],
            to_approve=waiting[chat.id or 0, False],
            recap_waits=chat.id in drafted - published,
        )
        for chat in chats
    ]


def by_state(rows: Sequence[ChatRow]) -> dict[str, list[ChatRow]]:
    """The rows as the list shows them: live, to come (the next first), over and cancelled (the last first)."""
    return {
        "live": [one for one in rows if one.chat.state == ChatState.LIVE],
        "coming": [one for one in rows if one.chat.state == ChatState.PLANNED][::-1],
        "over": [one for one in rows if one.chat.state in (ChatState.ENDED, ChatState.CANCELLED)][:SHOWN_ENDED],
    }


def _waiting(session: Session, chats: Sequence[TweetChat], now: datetime) -> Counter[tuple[int, bool]]:
    """How many posts nobody can be sure of (True), and how many of the plan wait to be approved (False), by chat."""
    rows = session.exec(
        select(ChatPost, Reply.state, ChatQuestion)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .outerjoin(ChatQuestion, col(ChatQuestion.id) == ChatPost.question_id)
        .where(
            col(ChatPost.chat_id).in_([one.id for one in chats]),
            or_(
                col(Reply.state) == ReplyState.UNCERTAIN,
                col(Reply.state).in_(WORDED) & col(ChatPost.skipped_at).is_(None) & col(ChatPost.entry_id).is_(None),
            ),
        )
    ).all()
    of_chat = {one.id: one for one in chats}
    return Counter(
        (post.chat_id, state == ReplyState.UNCERTAIN)
        for post, state, question in rows
        if state == ReplyState.UNCERTAIN or not is_past(of_chat[post.chat_id], post, question, now)
    )


def _recapped(session: Session, chat_ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """TweetChat.ids of those with a recap in any language, and of those with one that is published."""
    rows = session.exec(
        select(ChatRecap.chat_id, ChatRecap.published_at).where(col(ChatRecap.chat_id).in_(chat_ids))
    ).all()
    return {chat_id for chat_id, _ in rows}, {chat_id for chat_id, at in rows if at is not None}
