"""What we asked a resident, one thing at a time, and what came of it. Holds ids alone, no words."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, str_enum
from models.private_moves import PrivateMove


class AskedState(StrEnum):
    """What came of a question. UNREAD: there was an answer that we could not read."""

    OPEN = "open"
    READ = "read"
    UNREAD = "unread"
    UNKNOWN = "unknown"
    NO_ANSWER = "no_answer"


ATTRIBUTE = "attribute:"
"""What `AskedQuestion.about` begins with where an attribute of the service was asked for; its code follows."""


class AskedQuestion(SQLModel, table=True):
    """One question in one reply of ours. `about` is what was missing: a value of `ServiceRequest.missing`, or
    "attribute:" and the code of a `ServiceAttribute`. `reminder`: the reply asks again because nobody answered.
    """

    __tablename__ = "asked_question"
    __table_args__ = (
        Index("ix_asked_question_mention", "mention_id", "id"),
        Index("ix_asked_question_open", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    reply_id: int = Field(foreign_key="reply.id", unique=True)
    mention_id: int = Field(foreign_key="mention.id")
    about: str
    service_code: str = ""
    reminder: bool = False
    state: AskedState = Field(default=AskedState.OPEN, sa_type=str_enum(AskedState))
    answer_post_id: int | None = Field(default=None, foreign_key="post.id")
    reminded_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)

    @property
    def attribute(self) -> str:
        """The code of the attribute that was asked for; "" where it was what or where."""
        return self.about.removeprefix(ATTRIBUTE) if self.about.startswith(ATTRIBUTE) else ""


def questions_of(session: Session, mention_ids: Collection[int]) -> dict[int, list[AskedQuestion]]:
    """What was asked about each of these, oldest first; what went on in private was asked about in public before.

    Mentions of which nothing was asked are left out.
    """
    moves = select(PrivateMove).where(col(PrivateMove.arrived_mention_id).in_(mention_ids))
    came_from = {move.arrived_mention_id: move.mention_id for move in session.exec(moves).all()}
    about = {*mention_ids, *came_from.values()}
    asked = select(AskedQuestion).where(col(AskedQuestion.mention_id).in_(about)).order_by(col(AskedQuestion.id))
    by_mention: dict[int, list[AskedQuestion]] = {}
    for question in session.exec(asked).all():
        by_mention.setdefault(question.mention_id, []).append(question)
    found = {one: by_mention.get(came_from.get(one, 0), []) + by_mention.get(one, []) for one in mention_ids}
    return {mention_id: questions for mention_id, questions in found.items() if questions}
