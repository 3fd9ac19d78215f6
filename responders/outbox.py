"""The outbox: approved words leave here, each at most one unproven time (invariants 3, 4 and 5).

A reply is claimed in one short transaction that also commits the SendAttempt; then comes exactly one call, with no
transaction open; then a second transaction settles what came of it. A process that dies in between leaves a lease that
runs out, and the reply becomes uncertain: proof or a person decides, never another try.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models import (
    CHANNELS,
    Account,
    AccountHealth,
    AttemptOutcome,
    Author,
    Conversation,
    Database,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    ServiceRequest,
    advance,
    utc_now,
)
from models.posts import OutgoingPost, SentPost
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.protocol import CannotTell, ProvedAbsent, Responder, Sent
from responders.settling import close_if_settled, give_back, overtaken, remember_own_post
from responders.wording import NUMBER_WIDEST, WordingError, fill

log = logging.getLogger(__name__)

BY = "outbox"
LEASE = timedelta(seconds=90)
KEY_AGAIN = timedelta(minutes=1)
LOOKS = (timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""When after an uncertain attempt proof is looked for; after the last look a person has to."""


@dataclass(frozen=True, slots=True)
class Claimed:
    attempt_id: int
    account_name: str
    post: OutgoingPost


@dataclass(slots=True)
class Outbox:
    """Sends approved replies. `responders` by account name; `answer_within` is how long a reply waits for the city."""

    database: Database
    responders: Mapping[str, Responder]
    zone: ZoneInfo
    answer_within: timedelta = timedelta(seconds=60)
    clock: Callable[[], datetime] = utc_now
    looks: tuple[timedelta, ...] = field(default=LOOKS)

    async def send(self, reply_id: int) -> None:
        """Send one reply if it is due. Safe to repeat, and to call for a reply that is not due."""
        claimed = await asyncio.to_thread(self._claim, reply_id)
        if claimed is None:
            return
        outcome = await self._attempt(claimed)
        await asyncio.to_thread(self._settle, reply_id, claimed.attempt_id, outcome)

    async def _attempt(self, claimed: Claimed) -> SentPost | SendError:
        responder = self.responders.get(claimed.account_name)
        if responder is None:
            return SendDeferred(self.clock() + KEY_AGAIN, f"The account {claimed.account_name} is not set up here.")
        try:
            return await responder.send(claimed.post)
        except SendError as error:
            return error
        except Exception as error:
            log.exception("reply %s: the responder broke; it counts as uncertain", claimed.post.reply_id)
            return SendUncertain(f"The connection broke while we were sending ({type(error).__name__}).")

    def due(self, limit: int = 50) -> list[int]:
        """Ids of replies whose time has come; what a lost nudge left behind is found here."""
        with self.database.read() as session:
            return list(
                session.exec(
                    select(Reply.id)  # type: ignore[arg-type]  # id is set on every stored row
                    .where(Reply.state == ReplyState.APPROVED, col(Reply.not_before) <= self.clock())
                    .order_by(col(Reply.not_before))
                    .limit(limit)
                ).all()
            )

    def _claim(self, reply_id: int) -> Claimed | None:
        with self.database.write() as session:
            now = self.clock()
            reply = session.exec(select(Reply).where(Reply.id == reply_id).with_for_update(skip_locked=True)).first()
            if reply is None or reply.state != ReplyState.APPROVED or (reply.not_before and reply.not_before > now):
                return None
            mention = session.get_one(Mention, reply.mention_id)
            if mention.state == MentionState.WITHDRAWN:
                advance(session, reply, ReplyState.CANCELLED, BY, "its author deleted the post", now)
                return None
            if overtaken(session, mention, reply.seen_post_id):
                give_back(session, reply.mention_id, "the author wrote again before it left", now)
                return None
            text = self._final_text(session, reply, now)
            return self._write_attempt(session, reply, mention, text, now) if text is not None else None

    def _final_text(self, session: Session, reply: Reply, now: datetime) -> str | None:
        """The words to send now; None while they have to wait, or went back to a person."""
        request = session.get(ServiceRequest, reply.request_id) if reply.request_id else None
        if request is None:
            return reply.approved_text
        if request.state in (RequestState.REFUSED, RequestState.CANCELLED, RequestState.IN_REVIEW, RequestState.DRAFT):
            give_back(session, reply.mention_id, "its request did not reach the city", now)
            return None
        number = request.service_request_id or ""
        if request.state == RequestState.SUBMITTED and 0 < len(number) <= len(NUMBER_WIDEST):
            promised = request.expected_datetime
            try:
                day = promised.astimezone(self.zone).date() if promised else None
                return fill(reply.approved_text, reply.language, number, day)
            except WordingError as error:
                log.warning("reply %s: the city's answer does not fit its slots (%s)", reply.id, error)
                return reply.approved_fallback
        waited = now - (reply.approved_at or now)
        if request.state == RequestState.SUBMITTED or waited >= self.answer_within:
            return reply.approved_fallback
        reply.not_before = now + timedelta(seconds=2)
        session.add(reply)
        return None

    def _write_attempt(self, session: Session, reply: Reply, mention: Mention, text: str, now: datetime) -> Claimed:
        account = session.get_one(Account, reply.account_id)
        conversation = session.get_one(Conversation, mention.conversation_id)
        tried = session.exec(select(func.count()).where(SendAttempt.reply_id == reply.id)).one()
        attempt = SendAttempt(
            reply_id=reply.id,
            idempotency_key=f"reply-{reply.id}-{tried + 1}",
            text=text,
            conversation_id=conversation.channel_conversation_id,
            in_reply_to=reply.in_reply_to,
            started_at=now,
        )
        session.add(attempt)
        reply.lease_until = now + LEASE
        advance(session, reply, ReplyState.SENDING, BY, "claimed for sending", now)
        session.flush()
        return Claimed(
            attempt.id or 0,
            account.name,
            OutgoingPost(
                reply_id=reply.id or 0,
                text=text,
                conversation_id=attempt.conversation_id,
                in_reply_to=attempt.in_reply_to,
                language=reply.language,
                idempotency_key=attempt.idempotency_key,
                started_at=attempt.started_at,
                author_id=session.get_one(Author, mention.author_id).channel_author_id,
                private=conversation.private,
                reply_with=_reply_with(session, reply),
            ),
        )

    def _settle(self, reply_id: int, attempt_id: int, outcome: SentPost | SendError) -> None:
        with self.database.write() as session:
            now = self.clock()
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, attempt_id)
            attempt.finished_at = now
            session.add(attempt)
            if reply.state not in (ReplyState.SENDING, ReplyState.UNCERTAIN):
                return  # a person decided while the call was out
            match outcome:
                case SentPost() if _of_another_reply(session, reply, outcome.post_id):
                    refused = SendRefused("These words stand in the thread already, from an earlier reply of ours.")
                    self._refused(session, reply, attempt, refused, now)
                case SentPost():
                    self._sent(session, reply, attempt, outcome, "the channel confirmed it", now)
                case SendDeferred() | SendRefused(credentials=True):
                    self._deferred(session, reply, attempt, outcome, now)
                case SendRefused():
                    self._refused(session, reply, attempt, outcome, now)
                case _:
                    attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, str(outcome)
                    if reply.state == ReplyState.SENDING:
                        advance(session, reply, ReplyState.UNCERTAIN, BY, str(outcome), now)

    def _sent(
        self, session: Session, reply: Reply, attempt: SendAttempt, sent: SentPost, why: str, now: datetime
    ) -> None:
        attempt.outcome, attempt.finished_at = AttemptOutcome.DONE, now
        reply.sent_text, reply.sent_post_id, reply.sent_url = attempt.text, sent.post_id, sent.url
        reply.sent_at, reply.lease_until = sent.sent_at, None
        advance(session, reply, ReplyState.SENT, BY, why, now)
        remember_own_post(session, reply, session.get_one(Mention, reply.mention_id), now)
        close_if_settled(session, reply.mention_id, now)

    def _deferred(
        self, session: Session, reply: Reply, attempt: SendAttempt, outcome: SendDeferred | SendRefused, now: datetime
    ) -> None:
        attempt.outcome, attempt.detail = AttemptOutcome.DEFERRED, outcome.reason
        reply.not_before = outcome.retry_at if isinstance(outcome, SendDeferred) else now + KEY_AGAIN
        reply.lease_until = None
        advance(session, reply, ReplyState.APPROVED, BY, outcome.reason, now)
        if isinstance(outcome, SendRefused):
            account = session.get_one(Account, reply.account_id)
            account.health, account.trouble = AccountHealth.CREDENTIALS_REJECTED, outcome.reason
            session.add(account)

    def _refused(
        self, session: Session, reply: Reply, attempt: SendAttempt, outcome: SendRefused, now: datetime
    ) -> None:
        attempt.outcome, attempt.detail = AttemptOutcome.REFUSED, outcome.reason
        reply.lease_until = None
        if reply.state == ReplyState.UNCERTAIN:
            return  # the lease had run out and a person is already looking; the attempt says what came of it
        advance(session, reply, ReplyState.FAILED, BY, outcome.reason, now)
        if outcome.author_blocks_us:
            author = session.get_one(Author, session.get_one(Mention, reply.mention_id).author_id)
            author.blocked_us_at = now
            session.add(author)
        give_back(session, reply.mention_id, outcome.reason, now)

    def expire_leases(self, limit: int = 100) -> int:
        """Replies whose sender died become uncertain; returns how many."""
        with self.database.write() as session:
            now = self.clock()
            expired = session.exec(
                select(Reply)
                .where(Reply.state == ReplyState.SENDING, col(Reply.lease_until) < now)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for reply in expired:
                reply.lease_until = None
                why = "we stopped while sending it: it may have been posted"
                advance(session, reply, ReplyState.UNCERTAIN, BY, why, now)
            return len(expired)

    async def prove(self) -> int:
        """Look for proof of uncertain replies; returns how many were settled. What cannot be told goes to a person."""
        settled = 0
        for reply_id, attempt, account_name in await asyncio.to_thread(self._to_prove):
            responder = self.responders.get(account_name)
            if responder is None:
                continue
            try:
                proof = await responder.find_sent(attempt)
            except Exception as error:
                log.warning("reply %s: proof could not be looked for (%s)", reply_id, type(error).__name__)
                proof = CannotTell("the channel could not be asked")
            settled += await asyncio.to_thread(self._settle_proof, reply_id, attempt.id or 0, proof)
        return settled

    def _to_prove(self) -> list[tuple[int, SendAttempt, str]]:
        with self.database.read() as session:
            now = self.clock()
            rows = session.exec(
                select(Reply, SendAttempt, Account)
                .join(SendAttempt, col(SendAttempt.reply_id) == Reply.id)
                .join(Account, col(Account.id) == Reply.account_id)
                .where(
                    Reply.state == ReplyState.UNCERTAIN,
                    col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
                    SendAttempt.looks < len(self.looks),
                )
                .limit(50)
            ).all()
            return [
                (reply.id or 0, attempt, account.name)
                for reply, attempt, account in rows
                if now >= attempt.started_at + self.looks[attempt.looks]
                and (attempt.looks == 0 or CHANNELS[account.channel].can_prove_sent)
            ]

    def _settle_proof(self, reply_id: int, attempt_id: int, proof: Sent | ProvedAbsent | CannotTell) -> int:
        with self.database.write() as session:
            now = self.clock()
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, attempt_id)
            attempt.looks, attempt.looked_at = attempt.looks + 1, now
            session.add(attempt)
            if reply.state != ReplyState.UNCERTAIN:
                return 0
            match proof:
                case Sent() if _of_another_reply(session, reply, proof.post.post_id):
                    attempt.outcome = AttemptOutcome.UNCERTAIN
                    attempt.detail = "these words stand in the thread, but from an earlier reply of ours"
                    return 0
                case Sent():
                    self._sent(session, reply, attempt, proof.post, "found in the thread", now)
                case ProvedAbsent():
                    attempt.outcome = AttemptOutcome.PROVED_ABSENT
                    reply.not_before = now
                    advance(session, reply, ReplyState.APPROVED, BY, "proved not to have been posted", now)
                case CannotTell():
                    attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, proof.why
                    return 0
            return 1


def _reply_with(session: Session, reply: Reply) -> Mapping[str, str]:
    """What the post we answer came with, for its channel."""
    found = session.exec(
        select(Post.reply_with).where(Post.account_id == reply.account_id, Post.channel_post_id == reply.in_reply_to)
    ).first()
    return found or {}


def _of_another_reply(session: Session, reply: Reply, post_id: str) -> bool:
    """Whether a post is known to be another reply of ours: then it proves nothing about this one."""
    known = session.exec(
        select(Reply.id).where(
            Reply.account_id == reply.account_id, Reply.sent_post_id == post_id, col(Reply.id) != reply.id
        )
    ).first()
    return known is not None
