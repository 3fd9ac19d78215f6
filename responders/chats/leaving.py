"""Whether an approved post of a chat may leave now: asked by the outbox in the moment of claiming (invariants 3, 4).

What was approved before a pause, or before the chat was called off, stays here. A post without a time that a person
approves afterwards does leave: it is how a pause is announced.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    ChatEntry,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    Mention,
    MentionState,
    Reply,
    TweetChat,
)
from responders.settling import overtaken

LATE = timedelta(minutes=10)
"""A post whose time is past for longer goes back to a person: its question may not be the one being asked any more."""
LATE_WITHOUT_TIME = timedelta(hours=1)
"""The same for one that was to leave once it was approved, counted from then."""
OPENS_SOON = timedelta(seconds=2)

_WHEN = {
    ChatPostKind.ANNOUNCEMENT: (ChatState.PLANNED, ChatState.LIVE, ChatState.CANCELLED),
    ChatPostKind.OPENING: (ChatState.LIVE,),
    ChatPostKind.RULES: (ChatState.LIVE,),
    ChatPostKind.QUESTION: (ChatState.LIVE,),
    ChatPostKind.ANSWER: (ChatState.LIVE, ChatState.ENDED),
    ChatPostKind.CLOSING: (ChatState.LIVE, ChatState.ENDED),
    ChatPostKind.FOLLOW_UP: (ChatState.ENDED,),
}
"""In which states of its chat a post of each kind leaves."""
_STILL_TO_COME = {ChatState.PLANNED: (ChatState.LIVE, ChatState.ENDED), ChatState.LIVE: (ChatState.ENDED,)}


@dataclass(frozen=True, slots=True)
class Stand:
    """What keeps a post from leaving. `back`: why a person has to look at it again; `waits`: why it waits.

    `until` None with `waits`: until somebody resumes the chat, or takes the post up again.
    """

    back: str = ""
    waits: str = ""
    until: datetime | None = None


def due_at(chat: TweetChat, post: ChatPost) -> datetime | None:
    """When a post is to leave, as the plan stands now; None: once it is approved."""
    if post.at_seconds is None:
        return None
    return chat.starts_at + timedelta(seconds=post.at_seconds + chat.shifted_seconds)


def why_it_rests(chat: TweetChat, post: ChatPost, question: ChatQuestion | None, approved_at: datetime) -> str:
    """Why a post waits until somebody lets it go on; "" where nothing of the kind keeps it."""
    if post.skipped_at is not None or (question is not None and question.skipped_at is not None):
        return "It is skipped."
    if chat.paused_at is not None and not (post.at_seconds is None and approved_at > chat.paused_at):
        return "The chat is paused."
    return ""


def keep_chat_still(session: Session, reply_id: int) -> None:
    """Until this transaction ends nobody pauses, moves or ends the chat that a reply is a post of, if it is one.

    Taken before the reply itself is: whoever moves a chat takes the two in the same order.
    """
    chat = (
        select(TweetChat)
        .join(ChatPost, col(ChatPost.chat_id) == TweetChat.id)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(Reply.id == reply_id)
    )
    session.exec(chat.with_for_update(read=True, of=TweetChat)).first()


def stand_of(session: Session, reply: Reply, now: datetime) -> Stand:
    """What keeps an approved post of a chat from leaving, if anything does."""
    post = session.get_one(ChatPost, reply.chat_post_id)
    if post.entry_id is not None and (why := _why_not_answered(session, reply, post.entry_id)):
        return Stand(back=why)
    question = session.get(ChatQuestion, post.question_id) if post.question_id is not None else None
    return judge(session.get_one(TweetChat, post.chat_id), post, question, reply.approved_at or now, now)


def judge(
    chat: TweetChat, post: ChatPost, question: ChatQuestion | None, approved_at: datetime, now: datetime
) -> Stand:
    """The same from the plan alone. Pure."""
    if chat.state == ChatState.CANCELLED and not (post.at_seconds is None and approved_at > chat.changed_at):
        return Stand(back="the chat does not take place")
    due, leaves_in = due_at(chat, post), _WHEN[post.kind]
    to_come = any(one in leaves_in for one in _STILL_TO_COME.get(chat.state, ()))
    if chat.state not in leaves_in and not to_come:
        return Stand(back=f"the chat is {chat.state} already")
    if why := why_it_rests(chat, post, question, approved_at):
        return Stand(waits=why)
    if due is not None and due > now:
        return Stand(waits="Its time has not come.", until=due)
    if chat.state not in leaves_in:
        return Stand(waits="The chat is not that far yet.", until=now + OPENS_SOON)
    last = max(approved_at, chat.changed_at) + LATE_WITHOUT_TIME if due is None else max(approved_at, due) + LATE
    return Stand(back="its time was past before it could leave") if now > last else Stand()


def _why_not_answered(session: Session, reply: Reply, entry_id: int) -> str:
    """Why a numbered answer is not said any more: whoever it is for is gone, or has written again (invariants 5, 6)."""
    entry = session.get(ChatEntry, entry_id)
    mention = session.get(Mention, entry.mention_id) if entry is not None and entry.mention_id is not None else None
    if mention is None:
        return ""
    if mention.state == MentionState.WITHDRAWN:
        return "the author deleted the post it answers"
    return "the author wrote again before it left" if overtaken(session, mention, reply.seen_post_id) else ""


def place_of(session: Session, reply: Reply) -> str:
    """Where a post of a chat goes, as its channel names it: a group of Telegram's; "": it begins a thread."""
    chat_id = session.get_one(ChatPost, reply.chat_post_id).chat_id
    return (
        session.exec(
            select(ChatNetwork.conversation_id).where(
                ChatNetwork.chat_id == chat_id, ChatNetwork.account_id == reply.account_id
            )
        ).first()
        or ""
    )
