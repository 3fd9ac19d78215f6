"""Questions that nobody answers: one reminder at most, and after that the case goes to a person as it is.

Nothing is sent from here. The mention is drafted anew, and what it drafts goes through the same review as any reply.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from models import (
    AskedQuestion,
    AskedState,
    Author,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    advance,
    utc_now,
)
from responders.asking_back import is_answered

BY = "asking"
BATCH = 100
"""Mentions that are looked after in one transaction."""


@dataclass(slots=True)
class Unanswered:
    """Looks after the questions that are open. `remind_after` zero: nobody is reminded.

    Source of `give_up_after`: abandonment is no answer to our question in 72 h (domain.md section 5.4).
    """

    database: Database
    remind_after: timedelta = timedelta(hours=24)
    give_up_after: timedelta = timedelta(hours=72)
    clock: Callable[[], datetime] = utc_now

    def look(self) -> int:
        """One round; returns of how many cases a reminder is drafted or a person's turn has come."""
        count, after, now = 0, 0, self.clock()
        while True:
            with self.database.write() as session:
                mention_ids = self._waiting(session, after, now)
                count += self._look_at(session, mention_ids, now)
            if len(mention_ids) < BATCH:
                return count
            after = mention_ids[-1]  # of some that stay due nothing is to be done: they must not hide the next ones

    def _waiting(self, session: Session, after: int, now: datetime) -> Sequence[int]:
        """The next mentions with a question that is due, by their ids."""
        return session.exec(
            select(AskedQuestion.mention_id)
            .join(Reply, col(Reply.id) == AskedQuestion.reply_id)
            .where(*self._due(now), col(AskedQuestion.mention_id) > after)
            .distinct()
            .order_by(col(AskedQuestion.mention_id))
            .limit(BATCH)
        ).all()

    def _look_at(self, session: Session, mention_ids: Sequence[int], now: datetime) -> int:
        due = session.exec(
            select(AskedQuestion, Reply.sent_at)
            .join(Reply, col(Reply.id) == AskedQuestion.reply_id)
            .where(*self._due(now), col(AskedQuestion.mention_id).in_(mention_ids))
            .order_by(col(AskedQuestion.mention_id), col(AskedQuestion.id))
            .with_for_update(skip_locked=True, of=AskedQuestion)
        ).all()
        count = 0
        for mention_id, rows in groupby(due, key=lambda row: row[0].mention_id):
            asked = [(question, sent_at) for question, sent_at in rows if sent_at]
            mention = session.get(Mention, mention_id, with_for_update=True)
            if mention is not None and asked:
                count += self._one(session, mention, asked, now)
        return count

    def _due(self, now: datetime) -> Sequence[ColumnElement[bool]]:
        soonest = min(self.remind_after or self.give_up_after, self.give_up_after)
        return (
            col(AskedQuestion.state) == AskedState.OPEN,
            col(Reply.state) == ReplyState.SENT,
            col(Reply.sent_at) <= now - soonest,
            col(AskedQuestion.reminded_at).is_(None) | (col(Reply.sent_at) <= now - self.give_up_after),
        )

    def _one(
        self,
        session: Session,
        mention: Mention,
        asked: Sequence[tuple[AskedQuestion, datetime]],
        now: datetime,
    ) -> bool:
        questions = [question for question, _ in asked]
        rests = mention.state in (MentionState.REJECTED, MentionState.SET_ASIDE, MentionState.WITHDRAWN)
        if not rests and any(is_answered(session, question, mention) for question in questions):
            return _draft_anew(session, mention, "what they answered is read", now)
        if min(sent_at for _, sent_at in asked) <= now - self.give_up_after:
            for question in _all_open(session, mention):
                question.state, question.settled_at = AskedState.NO_ANSWER, now
                session.add(question)
            hours = round(self.give_up_after.total_seconds() / 3600)
            return _draft_anew(session, mention, f"asked, no answer in {hours} hours: a person decides", now)
        stopped = session.get_one(Author, mention.author_id).stopped_at is not None
        if stopped or any(one.reminder for one in questions) or mention.state != MentionState.CLOSED:
            return False
        for question in questions:
            question.reminded_at = now
            session.add(question)
        return _draft_anew(session, mention, "asked, no answer yet: a reminder is drafted", now)


def _all_open(session: Session, mention: Mention) -> Sequence[AskedQuestion]:
    """Those that were asked of it and are not answered, a reminder among them."""
    return session.exec(
        select(AskedQuestion).where(AskedQuestion.mention_id == mention.id, AskedQuestion.state == AskedState.OPEN)
    ).all()


def _draft_anew(session: Session, mention: Mention, why: str, now: datetime) -> bool:
    """Bring a closed mention back to the queue; a draft of ours that still waits there is drafted anew."""
    if mention.state == MentionState.CLOSED:
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, BY, why, now)
    elif mention.state != MentionState.DRAFTED:
        return False  # somebody works on it, or it was put away
    mention.needs_understanding = True
    session.add(mention)
    return True
