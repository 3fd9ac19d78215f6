"""Requests that did not arrive, of every kind, for the tests of the failed deliveries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from models import (
    AttemptOutcome,
    Destination,
    DestinationKind,
    MentionState,
    RequestState,
    SendAttempt,
    Service,
    ServiceDestination,
    ServiceRequest,
)
from models.threads import newest_inbound
from tests.hark311.console.factories import draft_request, make_mention, make_services, the_account, unique

POTHOLE = "SR-ST01"


@dataclass(frozen=True, slots=True)
class AllStuck:
    """One of each: the city refused it, the city may have it, an e-mail is in doubt, a webhook waits, a token."""

    refused: ServiceRequest
    doubtful: ServiceRequest
    mailed: ServiceRequest
    waiting: ServiceRequest
    token: ServiceRequest
    parks: Destination
    streets: Destination


def make_stuck(session: Session, now: datetime) -> AllStuck:
    """Rows for every trouble, at the city and at two destinations of the settings."""
    if session.get(Service, POTHOLE) is None:
        make_services(session)
    parks = Destination(name="Parks Department", kind=DestinationKind.EMAIL, settings_key="mail", changed_at=now)
    parks.address = "parks@riverton.example"
    streets = Destination(name="Street Works", kind=DestinationKind.WEBHOOK, settings_key="hook", changed_at=now)
    session.add_all([parks, streets])
    session.flush()
    session.add(ServiceDestination(service_code=POTHOLE, destination_id=streets.id or 0, changed_at=now))
    session.add(
        SendAttempt(
            request_id=_request(session, now, RequestState.SUBMITTED, MentionState.CLOSED).id,
            idempotency_key=unique("key"),
            started_at=now - timedelta(hours=1),
            finished_at=now - timedelta(hours=1),
            outcome=AttemptOutcome.DONE,
            destination_id=parks.id,
        )
    )
    doubt = _request(session, now, RequestState.UNCERTAIN)
    _tried(session, doubt, AttemptOutcome.UNCERTAIN, "the connection broke", now).absent_at = now - timedelta(minutes=4)
    refused = _request(session, now, RequestState.REFUSED, MentionState.DRAFTED)
    _tried(session, refused, AttemptOutcome.REFUSED, "The city's system refused this request: no such place.", now)
    mailed = _request(session, now, RequestState.UNCERTAIN)
    broke = "The connection broke while the e-mail to Parks Department was handed over; it may have arrived."
    _tried(session, mailed, AttemptOutcome.UNCERTAIN, broke, now, parks)
    waiting = _request(session, now, RequestState.APPROVED)
    waiting.not_before = now + timedelta(minutes=20)
    _tried(session, waiting, AttemptOutcome.DEFERRED, "Street Works could not be reached.", now, streets)
    token = _request(session, now, RequestState.TOKEN_PENDING)
    token.token, token.changed_at = "tok-1", now - timedelta(hours=3)
    _tried(session, token, AttemptOutcome.DONE, "", now)
    session.flush()
    return AllStuck(refused, doubt, mailed, waiting, token, parks, streets)


def _request(
    session: Session, now: datetime, state: RequestState, mention_state: MentionState = MentionState.APPROVED
) -> ServiceRequest:
    mention = make_mention(session, the_account(session), now - timedelta(hours=4), state=mention_state)
    request = draft_request(session, mention, state=state)
    request.approved_at = now - timedelta(hours=3)
    request.seen_post_id = newest_inbound(session, mention)
    session.flush()
    return request


def _tried(
    session: Session,
    request: ServiceRequest,
    outcome: AttemptOutcome,
    detail: str,
    now: datetime,
    where: Destination | None = None,
) -> SendAttempt:
    attempt = SendAttempt(
        request_id=request.id,
        idempotency_key=f"request-{request.id}-1",
        started_at=now - timedelta(minutes=5),
        finished_at=now - timedelta(minutes=5),
        outcome=outcome,
        detail=detail,
        destination_id=where.id if where else None,
    )
    request.destination_id = attempt.destination_id
    session.add_all([attempt, request])
    session.flush()
    return attempt
