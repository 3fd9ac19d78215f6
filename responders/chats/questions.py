"""The questions of a chat: Q1..Qn by their times. A question whose post is approved stays as it is.

Errors: NotApproved (with all reasons), NotFound.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatAnswer, ChatPost, ChatQuestion, ChatState, ReplyState, TweetChat, advance, record
from responders.chats.posting import words_of
from responders.deciding import NotApproved, NotFound

LONGEST_WORDS = 500
MOST_QUESTIONS = 20

_UNSAID = frozenset({ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED})


def questions_of(session: Session, chat: TweetChat) -> list[ChatQuestion]:
    """Q1..Qn in their order."""
    found = select(ChatQuestion).where(ChatQuestion.chat_id == chat.id).order_by(col(ChatQuestion.number))
    return list(session.exec(found).all())


def add_question(
    session: Session, chat: TweetChat, words: Mapping[str, str], at_seconds: int, staff_id: int, now: datetime
) -> ChatQuestion:
    """One more question, at its place by its time. Raises NotApproved."""
    require_planned(chat)
    before = questions_of(session, chat)
    problems = _question_problems(chat, words, at_seconds, before)
    if len(before) >= MOST_QUESTIONS:
        problems.append(f"A chat has {MOST_QUESTIONS} questions at most.")
    if problems:
        raise NotApproved(problems)
    question = ChatQuestion(chat_id=chat.id or 0, number=len(before) + 1, words=_said(words), at_seconds=at_seconds)
    session.add(question)
    session.flush()
    _renumber(session, chat)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", "a question was added", now)
    return question


def change_question(
    session: Session,
    chat: TweetChat,
    question_id: int,
    words: Mapping[str, str],
    at_seconds: int,
    staff_id: int,
    now: datetime,
) -> None:
    """Other words or another time; its drafted posts move along. Raises NotApproved once one is approved."""
    question = _unsaid(session, chat, question_id)
    others = [one for one in questions_of(session, chat) if one.id != question.id]
    if problems := _question_problems(chat, words, at_seconds, others):
        raise NotApproved(problems)
    _move(session, question, at_seconds)
    question.words = _said(words)
    session.add(question)
    session.flush()
    _renumber(session, chat)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", f"question {question.number} was changed", now)


def swap_question(session: Session, chat: TweetChat, question_id: int, by: int, staff_id: int, now: datetime) -> None:
    """Change places with the one before (`by` -1) or after it (1): each takes the other's time. Raises NotApproved."""
    one = _unsaid(session, chat, question_id)
    other = next((each for each in questions_of(session, chat) if each.number == one.number + by), None)
    if other is None:
        return
    other = _unsaid(session, chat, other.id or 0)
    here, there = one.at_seconds, other.at_seconds
    _move(session, one, there)
    _move(session, other, here)
    session.flush()
    _renumber(session, chat)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", "two questions changed places", now)


def remove_question(session: Session, chat: TweetChat, question_id: int, staff_id: int, now: datetime) -> None:
    """Take a question out; its drafts are dropped. Raises NotApproved once a post of it is approved."""
    require_planned(chat)
    question = _unsaid(session, chat, question_id)
    posts = session.exec(select(ChatPost).where(ChatPost.question_id == question.id)).all()
    drop_posts(session, posts, "the question was taken out", staff_id, now)
    for row in [*posts, *session.exec(select(ChatAnswer).where(ChatAnswer.question_id == question.id)).all()]:
        row.question_id = None
        session.add(row)
    session.flush()
    session.delete(question)
    session.flush()
    _renumber(session, chat)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", "a question was taken out", now)


def drop_posts(session: Session, posts: Sequence[ChatPost], why: str, staff_id: int, now: datetime) -> None:
    """Drop the drafts of posts. Raises NotApproved where one is approved or stands."""
    for post in posts:
        reply = words_of(session, post.id or 0)
        if reply is None:
            continue
        if reply.state not in _UNSAID:
            raise NotApproved(["A post of it is approved or stands there already. Take it back first."])
        advance(session, reply, ReplyState.CANCELLED, f"staff:{staff_id}", why, now)
        post.skipped_at = now
        session.add(post)


def require_planned(chat: TweetChat) -> None:
    if chat.state != ChatState.PLANNED:
        raise NotApproved(["The chat has begun, or does not take place. Its plan stays as it is."])


def _question_problems(
    chat: TweetChat, words: Mapping[str, str], at_seconds: int, others: Sequence[ChatQuestion]
) -> list[str]:
    found = []
    if not words.get(chat.languages[0], "").strip():
        found.append("The question needs words in the chat's first language.")
    if any(len(said) > LONGEST_WORDS for said in words.values()):
        found.append(f"A question has {LONGEST_WORDS} characters at most.")
    if not 0 <= at_seconds < chat.minutes * 60:
        found.append(f"A question is asked within the chat: at minute 0 to {chat.minutes - 1}.")
    if any(one.at_seconds == at_seconds for one in others):
        found.append("Another question is asked at that minute.")
    return found


def _said(words: Mapping[str, str]) -> dict[str, str]:
    return {language: " ".join(said.split()) for language, said in words.items() if said.strip()}


def _unsaid(session: Session, chat: TweetChat, question_id: int) -> ChatQuestion:
    """The question, which may still be changed. Raises NotFound, or NotApproved once a post of it is approved."""
    question = session.get(ChatQuestion, question_id, with_for_update=True)
    if question is None or question.chat_id != chat.id:
        raise NotFound("There is no such question in this chat.")
    posts = session.exec(select(ChatPost).where(ChatPost.question_id == question.id)).all()
    if question.asked_at is not None or any(_said_already(session, post) for post in posts):
        raise NotApproved([f"A post of question {question.number} is approved. Take it back first."])
    return question


def _said_already(session: Session, post: ChatPost) -> bool:
    reply = words_of(session, post.id or 0)
    return reply is not None and reply.state not in _UNSAID


def _move(session: Session, question: ChatQuestion, at_seconds: int) -> None:
    """Ask it at another time; what is planned around it moves along."""
    by = at_seconds - question.at_seconds
    for post in session.exec(select(ChatPost).where(ChatPost.question_id == question.id)).all():
        if post.at_seconds is not None:
            post.at_seconds += by
            session.add(post)
    question.at_seconds = at_seconds
    session.add(question)


def _renumber(session: Session, chat: TweetChat) -> None:
    """Q1..Qn by their times. In two steps: no two may ever have one number.

    Raises NotApproved where one would have another number whose post is approved under the one it has.
    """
    found = sorted(questions_of(session, chat), key=lambda one: (one.at_seconds, one.number))
    if [one.number for one in found] == list(range(1, len(found) + 1)):
        return
    for number, one in enumerate(found, start=1):
        if one.number != number and one.id is not None:
            _unsaid(session, chat, one.id)
    for sign in (-1, 1):
        for number, one in enumerate(found, start=1):
            one.number = sign * number
            session.add(one)
        session.flush()
