"""Posts of prepared answers: what surely will be asked, said by the city before anybody has to."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatAnswer, ChatPost, ChatPostKind, ChatQuestion, ChatState, Reply, ReplyState, TweetChat
from responders.chats.planning import networks_of
from responders.chats.posting import plan_post
from responders.chats.words import numbered
from responders.deciding import NotApproved, NotFound

_WAITING = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.APPROVED)


def draft_posts(session: Session, chat: TweetChat, answer_id: int, staff_id: int, now: datetime) -> list[ChatPost]:
    """Draft a post of an approved answer for each account, with number and hashtag; they leave once approved.

    Where one with these words waits already, none is made. Raises NotFound, or NotApproved (with the reason).
    """
    answer = session.get(ChatAnswer, answer_id)
    if answer is None or answer.chat_id != chat.id:
        raise NotFound("There is no such answer in this chat.")
    if answer.approved_at is None:
        raise NotApproved(["The answer waits to be approved."])
    if chat.state == ChatState.CANCELLED:
        raise NotApproved(["The chat does not take place."])
    question = session.get(ChatQuestion, answer.question_id) if answer.question_id is not None else None
    number = question.number if question else None
    text = numbered(ChatPostKind.ANSWER, number, answer.text, chat.hashtag, answer.language)
    waiting = _waiting(session, chat, text)
    places = [one.account_id for one in networks_of(session, chat) if one.account_id not in waiting]
    if not places:
        raise NotApproved(["A post with these words waits in the run already, or the chat takes place nowhere yet."])
    return [
        plan_post(
            session,
            chat,
            account_id=account_id,
            kind=ChatPostKind.ANSWER,
            language=answer.language,
            text=text,
            made_by=staff_id,
            now=now,
            question_id=answer.question_id,
        )
        for account_id in places
    ]


def _waiting(session: Session, chat: TweetChat, text: str) -> set[int]:
    """The accounts on which a post with these words has still to leave."""
    found = select(Reply.account_id).join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
    found = found.where(ChatPost.chat_id == chat.id, Reply.text == text, col(Reply.state).in_(_WAITING))
    return set(session.exec(found).all())
