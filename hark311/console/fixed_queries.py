"""Whether it is fixed, as the desk shows it: the questions of one case, and what came of closings by service."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from hark311.console.queries import names_of_staff
from models import (
    Decision,
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    Outcome,
    Review,
    Service,
    ServiceRequest,
    StatusUpdate,
)

LOOKED_BACK = timedelta(days=90)
MOST = 5_000
SHOWN = 50
WITHOUT_A_FIX = (Outcome.NO_ACTION, Outcome.COULD_NOT_FIND, Outcome.DUPLICATE, Outcome.REFERRED)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a case. `elsewhere`: it was asked about another mention of the same author in this chat."""

    question: FixedQuestion
    number: str
    heard_by: str = ""
    elsewhere: int | None = None
    reopening: ServiceRequest | None = None

    @property
    def on_page(self) -> bool:
        """Whether it was answered on the status page: neither in a post nor through a person here."""
        return self.question.answer_post_id is None and self.question.answered_by is None

    @property
    def can_be_answered(self) -> bool:
        """Whether a person may still write down what they heard elsewhere."""
        return self.elsewhere is None and self.question.state != FixedState.WITHDRAWN


def asked_of(session: Session, mention: Mention) -> list[Asked]:
    """The questions of a mention, newest first; and those its author was asked in this chat about other cases."""
    rows = session.exec(
        select(FixedQuestion, ServiceRequest, Mention)
        .join(ServiceRequest, col(ServiceRequest.id) == FixedQuestion.request_id)
        .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
        .where(
            Mention.conversation_id == mention.conversation_id,
            Mention.author_id == mention.author_id,
            Mention.state != MentionState.WITHDRAWN,
        )
        .order_by(col(FixedQuestion.id).desc())
    ).all()
    people = names_of_staff(session, [question.answered_by for question, _, _ in rows])
    found = []
    for question, request, about in rows:
        if about.id != mention.id and question.state != FixedState.OPEN:
            continue
        found.append(
            Asked(
                question=question,
                number=request.service_request_id or request.reference,
                heard_by=people.get(question.answered_by or 0, ""),
                elsewhere=about.id if about.id != mention.id else None,
                reopening=session.get(ServiceRequest, question.reopening_id) if question.reopening_id else None,
            )
        )
    return found


@dataclass(slots=True)
class Closings:
    """What came of the closings of one service. `closed` counts changes, the rest residents who were asked."""

    service: str
    closed: int = 0
    without: int = 0
    said: Counter[FixedState] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return sum(self.said.values()) - self.said[FixedState.WITHDRAWN]

    @property
    def reopen_rate(self) -> float | None:
        """Of the questions that came to an end, the share answered with no. None: none did."""
        ended = self.said[FixedState.YES] + self.said[FixedState.NO] + self.said[FixedState.SILENT]
        return self.said[FixedState.NO] / ended if ended else None


@dataclass(frozen=True, slots=True)
class PutAway:
    """One mention that a person closed without an answer, and why."""

    mention_id: int
    decision: Decision
    reason: str
    by: str
    at: datetime


def closings(session: Session, now: datetime, scope: Sequence[ColumnElement[bool]]) -> list[Closings]:
    """By service, the highest reopen rate first: what the city closed in the last 90 days, and what residents say."""
    names = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
    found: dict[str, Closings] = defaultdict(lambda: Closings(""))
    updates = session.exec(
        select(ServiceRequest.service_code, StatusUpdate.outcome)
        .join(ServiceRequest, col(ServiceRequest.id) == StatusUpdate.request_id)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            StatusUpdate.noticed_at >= now - LOOKED_BACK,
            col(StatusUpdate.outcome).in_([Outcome.FIXED, *WITHOUT_A_FIX]),
            *scope,
        )
        .order_by(col(StatusUpdate.id).desc())
        .limit(MOST)
    ).all()
    for code, outcome in updates:
        one = found[code or ""]
        one.closed += 1
        one.without += outcome in WITHOUT_A_FIX
    asked: Sequence[tuple[str | None, FixedState]] = session.exec(  # type: ignore[assignment]  # a column's type
        select(ServiceRequest.service_code, FixedQuestion.state)
        .join(ServiceRequest, col(ServiceRequest.id) == FixedQuestion.request_id)
        .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
        .where(FixedQuestion.asked_at >= now - LOOKED_BACK, *scope)
        .order_by(col(FixedQuestion.id).desc())
        .limit(MOST)
    ).all()
    for code, state in asked:
        found[code or ""].said[state] += 1
    for code, one in found.items():
        one.service = names.get(code, code or "no service")
    return sorted(found.values(), key=lambda one: (-(one.reopen_rate or 0.0), -one.without, one.service))


def put_away(session: Session, now: datetime, scope: Sequence[ColumnElement[bool]]) -> list[PutAway]:
    """What people closed without an answer in the last 90 days, with their reasons; newest first."""
    rows = session.exec(
        select(Review)
        .join(Mention, col(Mention.id) == Review.mention_id)
        .where(
            col(Review.decision).in_([Decision.REJECTED, Decision.SET_ASIDE]),
            Review.at >= now - LOOKED_BACK,
            Mention.state != MentionState.WITHDRAWN,
            *scope,
        )
        .order_by(col(Review.id).desc())
        .limit(SHOWN)
    ).all()
    people = names_of_staff(session, [one.staff_id for one in rows])
    return [
        PutAway(one.mention_id, one.decision, one.reason, people.get(one.staff_id, ""), one.at)
        for one in rows
        if one.mention_id is not None
    ]
