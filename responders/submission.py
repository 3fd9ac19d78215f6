"""Filing approved requests with the city: the same care as the outbox takes with replies (invariant 4).

Claim and attempt row in one transaction, one POST, then a second transaction for what came of it. Doubt is settled by
the city's own list, which carries our reference, or by a person.
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
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    ServiceRequest,
    advance,
    utc_now,
)
from models.closing import close_if_settled
from models.open311 import RequestShape
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.open311 import CityUnreachable, Filed, Open311City, description_with
from responders.protocol import CannotTell, ProvedAbsent
from responders.settling import give_back, overtaken

log = logging.getLogger(__name__)

BY = "submission"
LEASE = timedelta(seconds=90)
KEY_AGAIN = timedelta(minutes=1)
LOOKS = (timedelta(seconds=2), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
ABSENCE_COUNTS_AFTER = timedelta(seconds=60)
"""The city may still work on a POST whose connection broke: only after this does an empty list prove anything."""
ASK_AGAIN = timedelta(minutes=1)


@dataclass(slots=True)
class Submission:
    """Files approved requests with one city and keeps their status current."""

    database: Database
    city: Open311City
    clock: Callable[[], datetime] = utc_now
    looks: tuple[timedelta, ...] = LOOKS
    absence_counts_after: timedelta = ABSENCE_COUNTS_AFTER

    async def file(self, request_id: int) -> list[int]:
        """File one request if it is due; returns ids of replies that waited for it. Safe to repeat."""
        claimed = await asyncio.to_thread(self._claim, request_id)
        if claimed is None:
            return []
        request, attempt_id = claimed
        outcome = await self._attempt(request)
        facts = await self._facts(outcome.service_request_id) if isinstance(outcome, Filed) else None
        return await asyncio.to_thread(self._settle, request_id, attempt_id, outcome, facts)

    async def _attempt(self, request: ServiceRequest) -> Filed | SendError:
        try:
            return await self.city.file(request)
        except SendError as error:
            return error
        except Exception as error:
            log.exception("request %s: the client broke; it counts as uncertain", request.id)
            return SendUncertain(f"The connection broke while we were filing ({type(error).__name__}).")

    async def _facts(self, number: str) -> RequestShape | None:
        """Promise date and status, which the answer to a POST does not hold."""
        if not number:
            return None
        try:
            return next(iter(await self.city.by_ids([number])), None)
        except CityUnreachable as error:
            log.info("request %s: filed, its date could not be asked yet (%s)", number, error)
            return None

    def due(self, limit: int = 50) -> list[int]:
        """Ids of requests whose time has come."""
        with self.database.read() as session:
            return list(
                session.exec(
                    select(ServiceRequest.id)  # type: ignore[arg-type]  # id is set on every stored row
                    .where(
                        ServiceRequest.state == RequestState.APPROVED, col(ServiceRequest.not_before) <= self.clock()
                    )
                    .order_by(col(ServiceRequest.not_before))
                    .limit(limit)
                ).all()
            )

    def _claim(self, request_id: int) -> tuple[ServiceRequest, int] | None:
        with self.database.write() as session:
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
            tried = session.exec(select(func.count()).where(SendAttempt.request_id == request.id)).one()
            attempt = SendAttempt(
                request_id=request.id,
                idempotency_key=f"request-{request.id}-{tried + 1}",
                text=description_with(request),
                started_at=now,
            )
            session.add(attempt)
            request.lease_until = now + LEASE
            advance(session, request, RequestState.SUBMITTING, BY, "claimed for filing", now)
            session.flush()
            return request, attempt.id or 0

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
            return _waiting_replies(session, request)

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
        request.service_request_id = filed.service_request_id or None
        copy_facts(request, facts, now)
        advance(session, request, RequestState.SUBMITTED, BY, "the city took it", now)
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
        """Look uncertain requests up in the city's list; returns ids of replies that waited for them."""
        freed: list[int] = []
        for request, attempt in await asyncio.to_thread(self._to_prove):
            try:
                proof = await self.city.find_filed(attempt, request)
            except CityUnreachable as error:
                proof = CannotTell(str(error))
            facts = await self._facts(proof.service_request_id) if isinstance(proof, Filed) else None
            freed += await asyncio.to_thread(self._settle_proof, request.id or 0, attempt.id or 0, proof, facts)
        return freed

    def _to_prove(self) -> list[tuple[ServiceRequest, SendAttempt]]:
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest, SendAttempt)
                .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
                .where(
                    ServiceRequest.state == RequestState.UNCERTAIN,
                    col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
                    SendAttempt.looks < len(self.looks),
                )
                .limit(50)
            ).all()
            now = self.clock()
            return [(row, attempt) for row, attempt in rows if now >= attempt.started_at + self.looks[attempt.looks]]

    def _settle_proof(
        self,
        request_id: int,
        attempt_id: int,
        proof: Filed | ProvedAbsent | CannotTell,
        facts: RequestShape | None,
    ) -> list[int]:
        with self.database.write() as session:
            now = self.clock()
            request = session.get_one(ServiceRequest, request_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, attempt_id)
            attempt.looks, attempt.looked_at = attempt.looks + 1, now
            session.add(attempt)
            if request.state != RequestState.UNCERTAIN:
                return []
            match proof:
                case Filed():
                    self._filed(session, request, attempt, proof, facts, now)
                case ProvedAbsent() if now - attempt.started_at >= self.absence_counts_after:
                    attempt.outcome, request.not_before = AttemptOutcome.PROVED_ABSENT, now
                    advance(session, request, RequestState.APPROVED, BY, "proved not to have been filed", now)
                case CannotTell():
                    attempt.detail = proof.why
            return _waiting_replies(session, request)

    async def poll_tokens(self) -> list[int]:
        """Ask what tokens have become; returns ids of replies that waited for a number."""
        freed: list[int] = []
        for request_id, token in await asyncio.to_thread(self._tokens):
            try:
                number = await self.city.by_token(token)
            except CityUnreachable as error:
                log.info("token of request %s: %s", request_id, error)
                continue
            facts = await self._facts(number) if number else None
            freed += await asyncio.to_thread(self._settle_token, request_id, number, facts)
        return freed

    def _tokens(self) -> list[tuple[int, str]]:
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest).where(ServiceRequest.state == RequestState.TOKEN_PENDING).limit(50)
            ).all()
            return [(row.id or 0, row.token or "") for row in rows]

    def _settle_token(self, request_id: int, number: str | None, facts: RequestShape | None) -> list[int]:
        with self.database.write() as session:
            now = self.clock()
            request = session.get_one(ServiceRequest, request_id, with_for_update=True)
            request.checked_at = now
            session.add(request)
            if number is None or request.state != RequestState.TOKEN_PENDING:
                return []
            request.service_request_id = number
            copy_facts(request, facts, now)
            advance(session, request, RequestState.SUBMITTED, BY, "the token became a number", now)
            close_if_settled(session, request.mention_id, now)
            return _waiting_replies(session, request)

    async def refresh(self, limit: int = 50) -> int:
        """Copy what the city says about its open requests, those not asked for longest first; returns how many."""
        numbers = await asyncio.to_thread(self._to_refresh, limit)
        if not numbers:
            return 0
        try:
            shapes = await self.city.by_ids(numbers)
        except CityUnreachable as error:
            log.info("status of requests: %s", error)
            return 0
        await asyncio.to_thread(self._store_facts, numbers, {shape.service_request_id: shape for shape in shapes})
        return len(shapes)

    def _to_refresh(self, limit: int) -> list[str]:
        with self.database.read() as session:
            return [
                number
                for number in session.exec(
                    select(ServiceRequest.service_request_id)
                    .where(
                        ServiceRequest.state == RequestState.SUBMITTED,
                        col(ServiceRequest.service_request_id).is_not(None),
                        func.coalesce(ServiceRequest.status, "open") != "closed",
                        func.coalesce(ServiceRequest.checked_at, ServiceRequest.changed_at) <= self.clock() - ASK_AGAIN,
                    )
                    .order_by(col(ServiceRequest.checked_at))
                    .limit(limit)
                ).all()
                if number
            ]

    def _store_facts(self, numbers: list[str], shapes: dict[str, RequestShape]) -> None:
        with self.database.write() as session:
            now = self.clock()
            for request in session.exec(
                select(ServiceRequest).where(col(ServiceRequest.service_request_id).in_(numbers))
            ).all():
                copy_facts(request, shapes.get(request.service_request_id or ""), now)
                request.checked_at = now
                session.add(request)


def copy_facts(request: ServiceRequest, facts: RequestShape | None, now: datetime) -> None:
    """Take over what the city says; what it leaves out stays as it was."""
    if facts is None:
        return
    request.checked_at = now
    request.status = facts.status or request.status
    request.status_notes = facts.status_notes or request.status_notes
    request.service_notice = facts.service_notice or request.service_notice
    request.agency_responsible = facts.agency_responsible or request.agency_responsible
    request.updated_datetime = facts.updated_datetime or request.updated_datetime
    request.expected_datetime = facts.expected_datetime or request.expected_datetime
    request.requested_datetime = facts.requested_datetime or request.requested_datetime


def _waiting_replies(session: Session, request: ServiceRequest) -> list[int]:
    """Ids of the replies this request holds up, made due if the city has answered: their hold is over, like its own."""
    if request.state != RequestState.SUBMITTED:
        return []
    waiting = session.exec(
        select(Reply).where(Reply.request_id == request.id, Reply.state == ReplyState.APPROVED)
    ).all()
    for reply in waiting:
        reply.not_before = request.changed_at
        session.add(reply)
    return [reply.id or 0 for reply in waiting]
