"""When a question of a chat was asked: in the moment the first of its posts stood, on whichever network."""

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models import ChatPost, ChatPostKind, ChatQuestion, Reply, ReplyState


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
    """The same for posts that the listener or a person settled; returns how many there were."""
    found = session.exec(_unnoted()).all()
    for reply in found:
        note_asked(session, reply)
    return len(found)


def any_unnoted(session: Session) -> bool:
    """Whether a post stands whose question does not know yet that it was asked."""
    return session.exec(_unnoted().limit(1)).first() is not None


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
