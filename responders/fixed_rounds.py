"""What our questions need while nobody looks: their day is reckoned, silence closed, late answers followed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, and_, col, or_, select

from models import (
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    advance,
    record,
    utc_now,
)
from models.database import Database
from models.fixed import closing_time
from models.joined import head_of
from models.posts import PostKind
from responders.fixed import ASKS, BY, WAITING, ask_if_fixed, follow

ASKED_LATELY = timedelta(days=2)
FOLLOWED_FOR = timedelta(days=90)
READ_BY_OTHERS = (MentionState.RECEIVED, MentionState.UNDERSTOOD)
"""In these the answer is heard when the mention is drafted."""
UTC = ZoneInfo("UTC")


@dataclass(slots=True)
class FixedRounds:
    """Looks after the questions whether it is fixed. Sync; run it in a thread.

    `days`: how many whole days of the city's calendar (`zone`) a resident has to answer.
    """

    database: Database
    zone: ZoneInfo = UTC
    days: int = 7
    clock: Callable[[], datetime] = utc_now
    batch: int = 200

    def look(self) -> int:
        """One round in one transaction; returns how many questions or requests it touched."""
        with self.database.write() as session:
            now = self.clock()
            asked = self._ask(session, now)
            self._set_days(session)
            return asked + self._follow(session, now) + self._close_silent(session, now) + self._opened(session, now)

    def _ask(self, session: Session, now: datetime) -> int:
        """What was posted by hand, or proved to have been sent, asks as well."""
        known = select(FixedQuestion.id).where(FixedQuestion.asked_reply_id == Reply.id)
        later = select(FixedQuestion.id).where(
            FixedQuestion.mention_id == Reply.mention_id, col(FixedQuestion.asked_at) >= col(Reply.sent_at)
        )
        replies = session.exec(
            select(Reply)
            .where(
                Reply.state == ReplyState.SENT,
                col(Reply.template_key).in_([one.value for one in ASKS]),
                col(Reply.sent_at) >= now - ASKED_LATELY,
                col(Reply.request_id).is_not(None),
                ~known.exists(),
                ~later.exists(),
            )
            .order_by(col(Reply.id))
            .limit(self.batch)
        ).all()
        return sum(ask_if_fixed(session, reply, now) is not None for reply in replies)

    def _set_days(self, session: Session) -> None:
        session.flush()
        wanted = select(FixedQuestion).where(FixedQuestion.state == FixedState.OPEN)
        for question in session.exec(wanted.where(col(FixedQuestion.closes_at).is_(None)).limit(self.batch)).all():
            question.closes_at = closing_time(question.asked_at, self.days, self.zone)
            session.add(question)

    def _follow(self, session: Session, now: datetime) -> int:
        """Posts that came, changed or went since we last looked, of mentions that nothing drafts anew."""
        changed = select(Post.id).where(
            Post.mention_id == FixedQuestion.mention_id,
            Post.kind == PostKind.MENTION,
            or_(col(Post.received_at) > FixedQuestion.followed_at, col(Post.deleted_at) > FixedQuestion.followed_at),
        )
        withdrawn = and_(Mention.state == MentionState.WITHDRAWN, col(FixedQuestion.state).in_(WAITING))
        rows = session.exec(
            select(FixedQuestion, Mention)
            .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
            .where(
                FixedQuestion.asked_at >= now - FOLLOWED_FOR,
                FixedQuestion.state != FixedState.WITHDRAWN,
                or_(withdrawn, and_(col(Mention.state).not_in(READ_BY_OTHERS), changed.exists())),
            )
            .order_by(col(FixedQuestion.id))
            .limit(self.batch)
            .with_for_update(skip_locked=True)
        ).all()
        for question, mention in rows:
            beside = session.exec(select(FixedQuestion).where(FixedQuestion.mention_id == mention.id)).all()
            follow(session, question, mention, beside, now)
        return len(rows)

    def _close_silent(self, session: Session, now: datetime) -> int:
        silent = session.exec(
            select(FixedQuestion)
            .where(FixedQuestion.state == FixedState.OPEN, col(FixedQuestion.closes_at) <= now)
            .limit(self.batch)
            .with_for_update(skip_locked=True)
        ).all()
        for question in silent:
            advance(session, question, FixedState.SILENT, BY, f"nobody answered within {self.days} days", now)
        return len(silent)

    def _opened(self, session: Session, now: datetime) -> int:
        """The city has it again: an old request that it was told of counts as open until the city says otherwise."""
        rows = session.exec(
            select(FixedQuestion, ServiceRequest)
            .join(ServiceRequest, col(ServiceRequest.id) == FixedQuestion.reopening_id)
            .where(
                FixedQuestion.state == FixedState.NO,
                col(FixedQuestion.reopened_at).is_(None),
                col(ServiceRequest.state).in_([RequestState.SUBMITTED, RequestState.JOINED]),
            )
            .limit(self.batch)
            .with_for_update(skip_locked=True)
        ).all()
        opened = [(question, request) for question, request in rows if head_of(session, request).state == _FILED]
        for question, request in opened:
            question.reopened_at = now
            session.add(question)
            closed = session.get_one(ServiceRequest, question.request_id, with_for_update=True)
            if not head_of(session, request).service_request_id and closed.status == "closed":
                closed.status, closed.checked_at = "open", None
                session.add(closed)
                record(session, "ServiceRequest", closed.id or 0, BY, "the city was told that it is not fixed", now)
        return len(opened)


_FILED = RequestState.SUBMITTED
