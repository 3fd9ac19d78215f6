"""The answer bank of a chat: answers prepared and approved ahead. A fixed one, a lawyer's words, is used as it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import ChatAnswer, ChatQuestion, TweetChat, record
from responders.deciding import NotApproved, NotFound

LONGEST_LABEL = 60
LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class AnswerFields:
    """What stands in the form of a prepared answer. `question_id` None: it fits anywhere in the chat."""

    label: str
    text: str
    language: str
    question_id: int | None = None
    fixed: bool = False


def answers_of(session: Session, chat: TweetChat) -> list[ChatAnswer]:
    """The bank of a chat, oldest first."""
    return list(
        session.exec(select(ChatAnswer).where(ChatAnswer.chat_id == chat.id).order_by(col(ChatAnswer.id))).all()
    )


def prepare_answer(session: Session, chat: TweetChat, fields: AnswerFields, staff_id: int, now: datetime) -> ChatAnswer:
    """Put an answer into the bank; it waits for somebody to approve it. Raises NotApproved."""
    fields = _fit(session, chat, fields)
    answer = ChatAnswer(
        chat_id=chat.id or 0,
        label=fields.label,
        text=fields.text,
        language=fields.language,
        question_id=fields.question_id,
        fixed=fields.fixed,
        prepared_by=staff_id,
        prepared_at=now,
    )
    session.add(answer)
    session.flush()
    record(session, "ChatAnswer", answer.id or 0, f"staff:{staff_id}", "prepared", now)
    return answer


def change_answer(
    session: Session, chat: TweetChat, answer_id: int, fields: AnswerFields, staff_id: int, now: datetime
) -> None:
    """Change an answer: what was approved is approved no more. Raises NotApproved or NotFound."""
    answer, fields = _answer(session, chat, answer_id), _fit(session, chat, fields)
    answer.label, answer.text, answer.language = fields.label, fields.text, fields.language
    answer.question_id, answer.fixed = fields.question_id, fields.fixed
    answer.prepared_by, answer.prepared_at = staff_id, now
    answer.approved_by = answer.approved_at = None
    session.add(answer)
    record(session, "ChatAnswer", answer_id, f"staff:{staff_id}", "changed: it waits to be approved", now)


def approve_answer(
    session: Session, chat: TweetChat, answer_id: int, staff_id: int, seen_text: str, now: datetime
) -> None:
    """Let an answer be used, with the words that were read. Raises NotApproved where they have changed since."""
    answer = _answer(session, chat, answer_id)
    if answer.text != seen_text:
        raise NotApproved(["The answer was changed in the meantime. Read it again."])
    answer.approved_by, answer.approved_at = staff_id, now
    session.add(answer)
    record(session, "ChatAnswer", answer_id, f"staff:{staff_id}", "approved", now)


def remove_answer(session: Session, chat: TweetChat, answer_id: int, staff_id: int, now: datetime) -> None:
    """Take an answer out of the bank; what was sent of it stays. Raises NotFound."""
    session.delete(_answer(session, chat, answer_id))
    record(session, "ChatAnswer", answer_id, f"staff:{staff_id}", "taken out of the bank", now)


def _answer(session: Session, chat: TweetChat, answer_id: int) -> ChatAnswer:
    found = session.get(ChatAnswer, answer_id, with_for_update=True)
    if found is None or found.chat_id != chat.id:
        raise NotFound("There is no such answer in this chat.")
    return found


def _fit(session: Session, chat: TweetChat, fields: AnswerFields) -> AnswerFields:
    """The fields, tidy. Raises NotApproved."""
    label, text, problems = " ".join(fields.label.split()), fields.text.strip(), []
    if not label or len(label) > LONGEST_LABEL:
        problems.append(f"A name has 1 to {LONGEST_LABEL} characters.")
    if not text or len(text) > LONGEST_TEXT:
        problems.append(f"An answer has 1 to {LONGEST_TEXT} characters.")
    if fields.language not in chat.languages:
        problems.append("Choose one of the chat's languages.")
    question = session.get(ChatQuestion, fields.question_id) if fields.question_id else None
    if fields.question_id and (question is None or question.chat_id != chat.id):
        problems.append("There is no such question in this chat.")
    if problems:
        raise NotApproved(problems)
    return AnswerFields(label, text, fields.language, question.id if question else None, fields.fixed)
