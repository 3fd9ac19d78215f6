"""The tray of failed deliveries: what was refused, may have been filed, or waits, and what a retry of each would do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from models import (
    AttemptOutcome,
    Destination,
    DestinationKind,
    Mention,
    RequestState,
    SendAttempt,
    ServiceRequest,
)
from models.destinations import destination_of
from responders.filing_attempts import first_in_doubt

LISTED = 200
TOKEN_PATIENCE = timedelta(hours=1)
"""A token that has not become a number for so long is looked at by a person."""
CITY = "the city"


class Trouble(StrEnum):
    """Why a request stands in the tray."""

    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    DEFERRED = "deferred"
    TOKEN = "token"  # noqa: S105 - GeoReport's word


class Retry(StrEnum):
    """What can be done about it without another decision of what is filed."""

    NOW = "now"
    SAME_KEY = "same_key"
    ASK = "ask"
    ASK_TOKEN = "ask_token"  # noqa: S105 - GeoReport's word
    AGAIN = "again"
    UNLISTED = "unlisted"
    BLIND = "blind"


NEVER_TWICE = frozenset({Retry.NOW, Retry.SAME_KEY, Retry.ASK, Retry.ASK_TOKEN, Retry.AGAIN})
"""Those by which nothing is ever filed twice: all that may be done in bulk."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """One request in the tray. `where`, `target`: where it was filed, and where a retry files it; None: the city.

    `since` is when it was approved; `in_doubt`: an attempt of it may have arrived. `retries` has the most careful one
    first; it is empty where the worker is about to try anyway.
    """

    request: ServiceRequest
    attempt: SendAttempt
    mention: Mention
    where: Destination | None
    target: Destination | None
    trouble: Trouble
    since: datetime
    cause: str
    in_doubt: bool
    retries: Sequence[Retry]

    @property
    def place(self) -> str:
        """What the destination is called."""
        return called(self.where)


def called(where: Destination | None) -> str:
    return where.name if where else CITY


def stuck(
    session: Session, now: datetime, scope: Sequence[ColumnElement[bool]] = (), limit: int = LISTED
) -> list[Stuck]:
    """What stands in the tray, what waits longest first. `scope`: conditions on Mention."""
    approved_at = func.coalesce(ServiceRequest.approved_at, ServiceRequest.changed_at)
    rows = session.exec(_rows(now).where(*scope).order_by(approved_at).limit(limit)).all()
    return [_stuck(session, now, *row) for row in rows]


def stuck_one(session: Session, request_id: int, now: datetime) -> Stuck | None:
    """One request of the tray, as it stands now; None where it stands there no longer."""
    row = session.exec(_rows(now).where(ServiceRequest.id == request_id)).first()
    return _stuck(session, now, *row) if row else None


def _rows(now: datetime):  # type: ignore[no-untyped-def]  # SQLModel's type of three tables has no short name
    newest = select(func.max(SendAttempt.id)).where(SendAttempt.request_id == ServiceRequest.id)
    waits = or_(
        col(SendAttempt.outcome) == AttemptOutcome.DEFERRED,
        and_(col(SendAttempt.outcome) == AttemptOutcome.UNCERTAIN, col(ServiceRequest.not_before) > now),
    )
    long_ago = col(ServiceRequest.changed_at) <= now - TOKEN_PATIENCE
    return (
        select(ServiceRequest, SendAttempt, Mention)
        .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            col(SendAttempt.id) == newest.correlate(ServiceRequest).scalar_subquery(),
            or_(
                col(ServiceRequest.state).in_([RequestState.REFUSED, RequestState.UNCERTAIN]),
                and_(col(ServiceRequest.state) == RequestState.APPROVED, waits),
                and_(col(ServiceRequest.state) == RequestState.TOKEN_PENDING, long_ago),
            ),
        )
    )


def _stuck(session: Session, now: datetime, request: ServiceRequest, attempt: SendAttempt, mention: Mention) -> Stuck:
    where = session.get(Destination, attempt.destination_id) if attempt.destination_id else None
    trouble = _TROUBLE[request.state]
    return Stuck(
        request=request,
        attempt=attempt,
        mention=mention,
        where=where,
        target=destination_of(session, request.service_code) if trouble == Trouble.REFUSED else where,
        trouble=trouble,
        since=request.approved_at or request.changed_at,
        cause=_cause(trouble, request, attempt, called(where)),
        in_doubt=first_in_doubt(session, request) is not None,
        retries=_retries(trouble, attempt, where, due=request.not_before is None or request.not_before <= now),
    )


_TROUBLE = {
    RequestState.REFUSED: Trouble.REFUSED,
    RequestState.UNCERTAIN: Trouble.UNCERTAIN,
    RequestState.APPROVED: Trouble.DEFERRED,
    RequestState.TOKEN_PENDING: Trouble.TOKEN,
}


def _cause(trouble: Trouble, request: ServiceRequest, attempt: SendAttempt, place: str) -> str:
    if trouble == Trouble.TOKEN:
        return f"{_begun(place)} answered with a token and has not given it a number since."
    said = attempt.detail or request.state_reason
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?")) else ".")


def _retries(trouble: Trouble, attempt: SendAttempt, where: Destination | None, *, due: bool) -> Sequence[Retry]:
    match trouble:
        case Trouble.DEFERRED if due:
            return ()
        case Trouble.REFUSED:
            return (Retry.AGAIN,)
        case Trouble.TOKEN:
            return (Retry.ASK_TOKEN,)
        case Trouble.DEFERRED:
            return (Retry.SAME_KEY if attempt.outcome == AttemptOutcome.UNCERTAIN else Retry.NOW,)
        case Trouble.UNCERTAIN if where is None or where.kind == DestinationKind.OPEN311:
            return (Retry.ASK, Retry.UNLISTED) if attempt.absent_at else (Retry.ASK,)
        case Trouble.UNCERTAIN:
            return (Retry.BLIND,)


def what_it_does(one: Stuck, retry: Retry, clock: Callable[[datetime], str]) -> str:
    """What a retry will do, in words for its button. `clock` says a time of day as staff read it."""
    place = one.place
    match retry:
        case Retry.NOW:
            at = f" instead of at {clock(one.request.not_before)}" if one.request.not_before else ""
            return f"Tries again now{at}." + ("" if one.in_doubt else " Nothing was filed so far.")
        case Retry.SAME_KEY:
            return f"Sends it again now, under the same key. {_begun(place)} takes that key only once."
        case Retry.ASK:
            return f"Asks {place} whether it is there. Files nothing."
        case Retry.ASK_TOKEN:
            return f"Asks {place} what became of its token. Files nothing."
        case Retry.AGAIN:
            return f"Files it again with {called(one.target)}. {_begun(place)} refused it, so it is not there."
        case Retry.UNLISTED:
            read = clock(one.attempt.absent_at) if one.attempt.absent_at else ""
            return (
                f"Files it again: {place}'s list was read at {read} and does not hold our reference. "
                f"Where that list leaves something out, {place} gets it twice."
            )
        case Retry.BLIND if one.where and one.where.kind == DestinationKind.EMAIL:
            return f"Sends the e-mail again. {_begun(place)} may get it twice."
        case Retry.BLIND:
            return f"Sends it again. {_begun(place)} may get it twice."


def _begun(place: str) -> str:
    return place[:1].upper() + place[1:]


@dataclass(frozen=True, slots=True)
class Health:
    """How a destination has done: when it last took a request, when it last did not, and why."""

    took_at: datetime | None
    trouble_at: datetime | None
    trouble: str


def health_of(session: Session, destination_id: int | None) -> Health:
    """The health of a destination, or (None) of the city's own system. Answered by an index."""
    filings = select(SendAttempt).where(
        col(SendAttempt.request_id).is_not(None), col(SendAttempt.destination_id) == destination_id
    )

    def newest(outcome: AttemptOutcome) -> SendAttempt | None:
        of_kind = filings.where(SendAttempt.outcome == outcome, col(SendAttempt.finished_at).is_not(None))
        return session.exec(of_kind.order_by(col(SendAttempt.finished_at).desc()).limit(1)).first()

    took = newest(AttemptOutcome.DONE)
    troubles = [newest(one) for one in (AttemptOutcome.REFUSED, AttemptOutcome.UNCERTAIN, AttemptOutcome.DEFERRED)]
    last = max((one for one in troubles if one), key=lambda one: one.finished_at or one.started_at, default=None)
    return Health(took.finished_at if took else None, last.finished_at if last else None, last.detail if last else "")
