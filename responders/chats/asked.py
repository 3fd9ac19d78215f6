"""When a question of a chat was asked: in the moment the first of its posts stood, on whichever network.

One whose planned posts were skipped or dropped was asked when we first named it by hand.
"""

from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models import (
    ChatEntry,
    ChatLane,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    LinkedHow,
    Reply,
    ReplyState,
    TweetChat,
)


def note_asked(session: Session, reply: Reply) -> None:
    """Note on its question that a post of a chat stands; one that asks nothing changes nothing."""
    post = session.get(ChatPost, reply.chat_post_id) if reply.chat_post_id is not None else None
    if post is None or post.kind != ChatPostKind.QUESTION or post.question_id is None or reply.sent_at is None:
        return
    question = session.get_one(ChatQuestion, post.question_id, with_for_update=True)
    if question.asked_at is None or reply.sent_at < question.asked_at:
        question.asked_at = reply.sent_at
        session.add(question)


def note_all_asked(session: Session) -> int:
    """The same for posts that the listener or a person settled, or wrote by hand; returns how many there were."""
    found, by_hand = session.exec(_unnoted()).all(), session.exec(_by_hand()).all()
    for reply in found:
        note_asked(session, reply)
    for entry in by_hand:
        question = session.get_one(ChatQuestion, entry.question_id, with_for_update=True)
        question.asked_at = min(question.asked_at or entry.said_at, entry.said_at)
        session.add(question)
    return len(found) + len(by_hand)


def any_unnoted(session: Session) -> bool:
    """Whether a post stands whose question does not know yet that it was asked."""
    return any(session.exec(found.limit(1)).first() is not None for found in (_unnoted(), _by_hand()))


def asking_posts() -> SelectOfScalar[Any]:
    """ChatQuestion.id of each question that a post of ours asks or will ask; not of those skipped or dropped."""
    return (
        select(col(ChatPost.question_id))
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(
            ChatPost.kind == ChatPostKind.QUESTION,
            col(ChatPost.question_id).is_not(None),
            col(ChatPost.skipped_at).is_(None),
            Reply.state != ReplyState.CANCELLED,
        )
    )


def _by_hand() -> SelectOfScalar[ChatEntry]:
    """What was written in our name on the network itself, in the chat, of a question that no planned post asks."""
    return (
        select(ChatEntry)
        .join(ChatQuestion, col(ChatQuestion.id) == ChatEntry.question_id)
        .join(TweetChat, col(TweetChat.id) == ChatEntry.chat_id)
        .where(
            TweetChat.state == ChatState.LIVE,
            col(ChatEntry.said_at) >= TweetChat.opened_at,
            col(ChatQuestion.asked_at).is_(None),
            ChatEntry.lane == ChatLane.HOST,
            ChatEntry.linked_how == LinkedHow.SAID,
            col(ChatQuestion.id).not_in(asking_posts()),
        )
    )


def _unnoted() -> SelectOfScalar[Reply]:
    return (
        select(Reply)
        .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        .join(ChatQuestion, col(ChatQuestion.id) == ChatPost.question_id)
        .where(
            ChatPost.kind == ChatPostKind.QUESTION,
            col(ChatQuestion.asked_at).is_(None),
            Reply.state == ReplyState.SENT,
            col(Reply.sent_at).is_not(None),
        )
    )
