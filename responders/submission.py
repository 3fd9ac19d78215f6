"""Filing approved requests where they belong: the same care as the outbox takes with replies (invariant 4).

Claim and attempt row in one transaction, one call, then a second transaction for what came of it. Doubt is settled by
the city's own list, which carries our reference, by a receiver that takes a key only once, or by a person.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import (
    AttemptOutcome,
    Database,
    Destination,
    Mention,
    MentionState,
    RequestState,
    SendAttempt,
    Service,
    ServiceRequest,
    advance,
    utc_now,
)
from models.closing import close_if_settled
from models.destinations import destination_of
from models.freezes import freeze_over, keep_freezes_still, not_frozen
from models.open311 import RequestShape
from responders.city_facts import sort_again, waiting_replies
from responders.city_news import take_first
from responders.errors import NotSetUp, SendDeferred, SendError, SendRefused, SendUncertain
from responders.filing_attempts import first_in_doubt
from responders.open311 import CityUnreachable, Filed, Open311City, description_with
from responders.protocol import CannotTell, NotAsked, ProvedAbsent
from responders.recipients import (
    CityRecipient,
    Filing,
    NotListed,
    OpenRecipient,
    Proof,
    Recipient,
    TakesItOnce,
    filing_of,
    no_other,
)
from responders.repeating import count_look, look_is_due
from responders.settling import give_back, overtaken

log = logging.getLogger(__name__)

BY = "submission"
LEASE = timedelta(seconds=90)
KEY_AGAIN = timedelta(minutes=1)
LOOKS = (timedelta(seconds=2), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
ABSENCE_COUNTS_AFTER = timedelta(seconds=60)
"""The city may still work on a POST whose connection broke: only after this does an empty list prove anything."""


SET_UP_AGAIN = timedelta(minutes=10)
SWITCHED_OFF_AGAIN = timedelta(hours=1)
REPEAT_AFTER = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""How long a receiver that takes a key only once is left alone after the first, second ... attempt in doubt."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What is filed where. `destination` None: with the city's own system."""

    request_id: int
    attempt_id: int
    filing: Filing
    destination: Destination | None
    looks: int = 0


@dataclass(slots=True)
class Submission:
    """Files approved requests, each with the destination of its service: the city's own system where none is named."""

    database: Database
    city: Open311City | None
    clock: Callable[[], datetime] = utc_now
    looks: tuple[timedelta, ...] = LOOKS
    absence_counts_after: timedelta = ABSENCE_COUNTS_AFTER
    open_recipient: OpenRecipient = no_other
    photos_at: str = ""
    """Where anybody reaches our copies of photos; "": nowhere, and only the file itself can go along."""

    async def file(self, request_id: int) -> list[int]:
        """File one request if it is due; returns ids of replies that waited for it. Safe to repeat."""
        claimed = await asyncio.to_thread(self._claim, request_id)
        if claimed is None:
            return []
        outcome = await self._attempt(claimed)
        facts = await self._facts(claimed, outcome) if isinstance(outcome, Filed) else None
        return await asyncio.to_thread(self._settle, request_id, claimed.attempt_id, outcome, facts)

    def _recipient(self, destination: Destination | None) -> Recipient:
        if destination is not None:
            return self.open_recipient(destination)
        if self.city is None:
            raise NotSetUp("This service goes nowhere: choose a destination for it under Destinations.")
        return CityRecipient(self.city)

    async def _attempt(self, claimed: _Claimed) -> Filed | SendError:
        where = claimed.destination
        if where and not where.active:
            return SendDeferred(self.clock() + SWITCHED_OFF_AGAIN, f"{where.name} is switched off under Destinations.")
        try:
            return await self._recipient(where).file(claimed.filing)
        except SendError as error:
            return error
        except NotSetUp as error:
            return SendDeferred(self.clock() + SET_UP_AGAIN, str(error))
        except Exception as error:
            log.exception("request %s: the client broke; it counts as uncertain", claimed.request_id)
            return SendUncertain(f"The connection broke while we were filing ({type(error).__name__}).")

    async def _facts(self, claimed: _Claimed, filed: Filed) -> RequestShape | None:
        """Status and promise date as far as they are known. It is filed whether or not they can be asked."""
        try:
            return await self._recipient(claimed.destination).facts(claimed.filing, filed)
        except Exception as error:
            log.info("request %s: filed, its facts could not be asked yet (%s)", claimed.request_id, error)
            return None

    def due(self, limit: int = 50) -> list[int]:
        """Ids of requests whose time has come."""
        with self.database.read() as session:
            return list(
                session.exec(
                    select(ServiceRequest.id)  # type: ignore[arg-type]  # id is set on every stored row
                    .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
                    .where(
                        ServiceRequest.state == RequestState.APPROVED,
                        col(ServiceRequest.not_before) <= self.clock(),
                        not_frozen(Mention.account_id, ServiceRequest.released_freeze_id),
                    )
                    .order_by(col(ServiceRequest.not_before))
                    .limit(limit)
                ).all()
            )

    def _claim(self, request_id: int) -> _Claimed | None:
        with self.database.write() as session:
            keep_freezes_still(session)
            now = self.clock()
            request = session.exec(
                select(ServiceRequest).where(ServiceRequest.id == request_id).with_for_update(skip_locked=True)
            ).first()
            if request is None or request.state != RequestState.APPROVED:
                return None
            if request.not_before and request.not_before > now:
                return None
            mention = session.get_one(Mention, request.mention_id)
            if mention.state == MentionState.WITHDRAWN:
                advance(session, request, RequestState.CANCELLED, BY, "its author deleted the post", now)
                return None
            if overtaken(session, mention, request.seen_post_id):
                give_back(session, request.mention_id, "the author wrote again before it was filed", now)
                return None
            if freeze_over(session, mention.account_id, request.released_freeze_id):
                return None  # it is due again once that is thawed
            destination = _where_to(session, request)
            attempt = _new_attempt(session, request, destination, now)
            request.lease_until, request.destination_id = now + LEASE, attempt.destination_id
            request.jurisdiction_id = _jurisdiction(session, request, destination)
            advance(session, request, RequestState.SUBMITTING, BY, "claimed for filing", now)
            session.flush()
            filing = filing_of(session, request, attempt, self.photos_at)
            return _Claimed(request_id, attempt.id or 0, filing, destination)

    def _settle(
        self, request_id: int, attempt_id: int, outcome: Filed | SendError, facts: RequestShape | None
    ) -> list[int]:
        with self.database.write() as session:
            now = self.clock()
            request = session.get_one(ServiceRequest, request_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, attempt_id)
            attempt.finished_at = now
            session.add(attempt)
            if request.state not in (RequestState.SUBMITTING, RequestState.UNCERTAIN):
                return []
            match outcome:
                case Filed():
                    self._filed(session, request, attempt, outcome, facts, now)
                case SendDeferred() | SendRefused(credentials=True):
                    attempt.outcome, attempt.detail = AttemptOutcome.DEFERRED, outcome.reason
                    request.lease_until = None
                    request.not_before = outcome.retry_at if isinstance(outcome, SendDeferred) else now + KEY_AGAIN
                    advance(session, request, RequestState.APPROVED, BY, outcome.reason, now)
                case SendRefused():
                    self._refused(session, request, attempt, outcome, now)
                case _:
                    attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, str(outcome)
                    if request.state == RequestState.SUBMITTING:
                        advance(session, request, RequestState.UNCERTAIN, BY, str(outcome), now)
            return waiting_replies(session, request)

    def _filed(
        self,
        session: Session,
        request: ServiceRequest,
        attempt: SendAttempt,
        filed: Filed,
        facts: RequestShape | None,
        now: datetime,
    ) -> None:
        attempt.outcome, attempt.finished_at = AttemptOutcome.DONE, now
        request.lease_until, request.requested_datetime = None, now
        request.service_notice = filed.service_notice or request.service_notice
        if filed.token and not filed.service_request_id:
            request.token = filed.token
            if request.state == RequestState.SUBMITTING:
                advance(session, request, RequestState.TOKEN_PENDING, BY, "the city answered with a token", now)
            return
        request.service_request_id = None if request.answers_city else filed.service_request_id or None
        take_first(session, request, facts, now)
        sort_again(session, request)
        where = session.get(Destination, attempt.destination_id) if attempt.destination_id else None
        advance(session, request, RequestState.SUBMITTED, BY, f"{where.name if where else 'the city'} took it", now)
        close_if_settled(session, request.mention_id, now)

    def _refused(
        self, session: Session, request: ServiceRequest, attempt: SendAttempt, outcome: SendRefused, now: datetime
    ) -> None:
        attempt.outcome, attempt.detail = AttemptOutcome.REFUSED, outcome.reason
        request.lease_until = None
        if request.state == RequestState.UNCERTAIN:
            return
        advance(session, request, RequestState.REFUSED, BY, outcome.reason, now)
        give_back(session, request.mention_id, outcome.reason, now)
        mention = session.get_one(Mention, request.mention_id)
        if mention.state == MentionState.IN_REVIEW:
            mention.version += 1  # whoever has the page open must see it before they decide
            session.add(mention)

    def expire_leases(self, limit: int = 100) -> int:
        """Requests whose filer died become uncertain; returns how many."""
        with self.database.write() as session:
            now = self.clock()
            expired = session.exec(
                select(ServiceRequest)
                .where(ServiceRequest.state == RequestState.SUBMITTING, col(ServiceRequest.lease_until) < now)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for request in expired:
                request.lease_until = None
                why = "we stopped while filing it: it may have been filed"
                advance(session, request, RequestState.UNCERTAIN, BY, why, now)
            return len(expired)

    async def prove(self) -> list[int]:
        """Look for proof of uncertain requests where they were filed; returns ids of replies that waited for them."""
        freed: list[int] = []
        for doubtful in await asyncio.to_thread(self._to_prove):
            proof = await self._look(doubtful)
            facts = await self._facts(doubtful, proof) if isinstance(proof, Filed) else None
            freed += await asyncio.to_thread(self._settle_proof, doubtful, proof, facts)
        return freed

    async def _look(self, doubtful: _Claimed) -> Proof:
        try:
            return await self._recipient(doubtful.destination).find_filed(doubtful.filing)
        except (CityUnreachable, NotSetUp) as error:
            return NotAsked(str(error))

    def _to_prove(self) -> list[_Claimed]:
        """The newest attempt of each: an older one says nothing about a call that may still be on its way."""
        newest = select(func.max(SendAttempt.id)).where(SendAttempt.request_id == ServiceRequest.id)
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest, SendAttempt)
                .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
                .where(
                    ServiceRequest.state == RequestState.UNCERTAIN,
                    col(SendAttempt.id) == newest.correlate(ServiceRequest).scalar_subquery(),
                    col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
                    look_is_due(self.looks, self.clock()),
                )
                .limit(50)
            ).all()
            return [
                _Claimed(
                    request.id or 0,
                    attempt.id or 0,
                    filing_of(session, request, attempt),
                    session.get(Destination, attempt.destination_id) if attempt.destination_id else None,
                    attempt.looks,
                )
                for request, attempt in rows
            ]

    def _settle_proof(self, doubtful: _Claimed, proof: Proof, facts: RequestShape | None) -> list[int]:
        with self.database.write() as session:
            now = self.clock()
            request = session.get_one(ServiceRequest, doubtful.request_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, doubtful.attempt_id)
            count_look(attempt, doubtful.looks, now, asked=not isinstance(proof, NotAsked))
            if isinstance(proof, ProvedAbsent | NotListed):
                attempt.absent_at = now
            session.add(attempt)
            if request.state != RequestState.UNCERTAIN:
                return []
            match proof:
                case Filed():
                    self._filed(session, request, attempt, proof, facts, now)
                case ProvedAbsent() if now - attempt.started_at >= self.absence_counts_after:
                    attempt.outcome, request.not_before = AttemptOutcome.PROVED_ABSENT, now
                    advance(session, request, RequestState.APPROVED, BY, "proved not to have been filed", now)
                case TakesItOnce():
                    request.not_before = now + _pause_after(session, request)
                    advance(session, request, RequestState.APPROVED, BY, proof.why, now)
                case CannotTell():
                    attempt.detail = proof.why
            return waiting_replies(session, request)


def _where_to(session: Session, request: ServiceRequest) -> Destination | None:
    """Where its service goes; while an attempt is in doubt, where that one went, or it may be filed in two places."""
    doubtful = first_in_doubt(session, request)
    if doubtful is None and request.answers_city and request.reopens_id:  # to whoever asked, wherever such go by now
        asked = session.get_one(ServiceRequest, request.reopens_id)
        return session.get(Destination, asked.destination_id) if asked.destination_id else None
    if doubtful is None:
        return destination_of(session, request.service_code)
    return session.get(Destination, doubtful.destination_id) if doubtful.destination_id else None


def _jurisdiction(session: Session, request: ServiceRequest, destination: Destination | None) -> str:
    if destination:
        return destination.jurisdiction_id
    service = session.get(Service, request.service_code) if request.service_code else None
    return service.jurisdiction_id if service else ""


def _new_attempt(
    session: Session, request: ServiceRequest, destination: Destination | None, now: datetime
) -> SendAttempt:
    tried = session.exec(select(func.count()).where(SendAttempt.request_id == request.id)).one()
    attempt = SendAttempt(
        request_id=request.id,
        idempotency_key=f"request-{request.id}-{tried + 1}",
        text=description_with(request),
        started_at=now,
        destination_id=destination.id if destination else None,
    )
    session.add(attempt)
    return attempt


def _pause_after(session: Session, request: ServiceRequest) -> timedelta:
    """How long to wait before the same is told again: longer with every attempt in doubt."""
    doubtful = select(func.count()).where(
        SendAttempt.request_id == request.id, SendAttempt.outcome == AttemptOutcome.UNCERTAIN
    )
    tried = max(1, session.exec(doubtful).one())  # one whose sender was killed is in doubt, too, and still pending
    return REPEAT_AFTER[min(tried, len(REPEAT_AFTER)) - 1]
