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

from sqlalchemy import false
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, func, or_, select

from models import (
    CHANNELS,
    Account,
    AttemptOutcome,
    Author,
    Conversation,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    SendAttempt,
    advance,
    utc_now,
)
from models.freezes import freeze_over, keep_freezes_still, not_frozen, said_of_freeze
from models.pictures import outgoing_pictures
from models.posts import OutgoingPost, SentPost
from responders.answer_buttons import choices_of
from responders.chats.leaving import keep_chat_still, place_of, stand_of
from responders.errors import SendError, SendUncertain
from responders.final_words import DID_NOT_REACH_THE_CITY, words_now
from responders.leaving import came_too_late, held_up
from responders.may_reply import Speaking, may_answer, may_speak, speaking_of
from responders.outcomes import BY, proved, seen_in_thread, sent, write_down
from responders.pacing import Leaving, Pacing
from responders.protocol import NotAsked, Proof, Responder
from responders.quiet import quiet_until
from responders.repeating import (
    KEY_AGAIN,
    LOOKS,
    as_sent,
    count_look,
    first_in_doubt,
    look_is_due,
    newest_attempt,
    stands_already,
)
from responders.settling import give_back_reply, hold_back, reply_with_of
from responders.several import is_being_mended, told_by

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
ASKS_WHERE = frozenset(
    {"ask_place", "ask_block", "ask_address", "ask_address_private", "ask_cross_street", "ask_which", "ask_place_again"}
)
"""The wordings whose answer can be a place on the map (responders.drafting.Key)."""


@dataclass(frozen=True, slots=True)
class Claimed:
    attempt_id: int
    account_name: str
    post: OutgoingPost


@dataclass(frozen=True, slots=True)
class Room:
    """Where a reply goes and whom it answers, as the channel names them; "": it begins a thread, answers nobody."""

    conversation_id: str
    private: bool = False
    urgent: bool = False
    author_id: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A reply that may leave now, with the words it leaves with."""

    reply: Reply
    account: Account
    room: Room
    text: str


@dataclass(slots=True)
class Outbox:
    """Sends approved replies. `responders` and `speaking` by account name.

    `answer_within` is how long a reply waits for the city; `pacing` gives turns, and None lets everything go at once.
    """

    database: Database
    responders: Mapping[str, Responder]
    zone: ZoneInfo
    speaking: Mapping[str, Speaking] = field(default_factory=dict)
    pacing: Pacing | None = None
    answer_within: timedelta = timedelta(seconds=60)
    clock: Callable[[], datetime] = utc_now
    looks: tuple[timedelta, ...] = field(default=LOOKS)

    async def send(self, reply_id: int) -> None:
        """Send one reply if it is due. Safe to repeat, and to call for a reply that is not due."""
        if self.pacing and not await self._has_turn(self.pacing, reply_id):
            return
        claimed = await asyncio.to_thread(self._claim, reply_id)
        if claimed is None:
            return
        outcome = await self._attempt(claimed)
        await asyncio.to_thread(self._settle, reply_id, claimed.attempt_id, outcome)

    async def _attempt(self, claimed: Claimed) -> SentPost | SendError:
        try:
            return await self.responders[claimed.account_name].send(claimed.post)
        except SendError as error:
            return error
        except Exception as error:
            log.exception("reply %s: the responder broke; it counts as uncertain", claimed.post.reply_id)
            return SendUncertain(f"The connection broke while we were sending ({type(error).__name__}).")

    def due(self, limit: int = 50) -> list[int]:
        """Ids of replies whose time has come: danger first, then posts of a chat, then who waits longest.

        What a lost nudge left behind is found here.
        """
        danger, of_chat = func.coalesce(col(Mention.danger), false()), col(Reply.chat_post_id).is_not(None)
        with self.database.read() as session:
            return list(
                session.exec(
                    select(Reply.id)  # type: ignore[arg-type]  # id is set on every stored row
                    .outerjoin(Mention, col(Mention.id) == Reply.mention_id)
                    .where(
                        Reply.state == ReplyState.APPROVED,
                        col(Reply.not_before) <= self.clock(),
                        not_frozen(Reply.account_id, Reply.released_freeze_id),
                    )
                    .order_by(danger.desc(), of_chat.desc(), col(Mention.received_at), col(Mention.id), col(Reply.id))
                    .limit(limit)
                ).all()
            )

    async def _has_turn(self, pacing: Pacing, reply_id: int) -> bool:
        leaving = await asyncio.to_thread(self._leaving, reply_id)
        wait = await pacing.turn(leaving) if leaving else None
        if wait:
            await asyncio.to_thread(self._wait, reply_id, wait.until, wait.why)
        return leaving is not None and wait is None

    def _leaving(self, reply_id: int) -> Leaving | None:
        with self.database.write() as session:
            ready = self._ready(session, reply_id, self.clock())
            if ready is None:
                return None
            return Leaving(
                account_name=ready.account.name,
                channel=ready.account.channel,
                conversation_id=ready.room.conversation_id,
                private=ready.room.private,
                urgent=ready.room.urgent,
            )

    def _wait(self, reply_id: int, until: datetime, why: str) -> None:
        with self.database.write() as session:
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            if reply.state == ReplyState.APPROVED:
                hold_back(session, reply, until, why)

    def _claim(self, reply_id: int) -> Claimed | None:
        with self.database.write() as session:
            now = self.clock()
            ready = self._ready(session, reply_id, now)
            return self._write_attempt(session, ready, now) if ready else None

    def _ready(self, session: Session, reply_id: int, now: datetime) -> Ready | None:
        """Look once more whether a reply may leave; what may not is held, given back or cancelled here."""
        keep_freezes_still(session)
        keep_chat_still(session, reply_id)
        reply = session.exec(select(Reply).where(Reply.id == reply_id).with_for_update(skip_locked=True)).first()
        if reply is None or reply.state != ReplyState.APPROVED or (reply.not_before and reply.not_before > now):
            return None
        if reply.chat_post_id is not None:
            return self._post_ready(session, reply, now)
        return self._answer_ready(session, reply, session.get_one(Mention, reply.mention_id), now)

    def _answer_ready(self, session: Session, reply: Reply, mention: Mention, now: datetime) -> Ready | None:
        """The same for a reply to a mention."""
        if mention.state == MentionState.WITHDRAWN:
            advance(session, reply, ReplyState.CANCELLED, BY, "its author deleted the post", now)
            return None
        if self._stood_already(session, reply, now):
            return None
        account = session.get_one(Account, reply.account_id)
        rules, verdict = speaking_of(self.speaking, account.name), may_answer(session, mention, reply, self.speaking)
        if why := came_too_late(session, reply, mention, verdict, rules.answer_hours, now):
            give_back_reply(session, reply, why, now)
            return None
        if self._frozen(session, reply):
            return None
        if quiet := quiet_until(session, reply, mention, rules.quiet, now):
            hold_back(session, reply, *quiet)
            return None
        if held := held_up(session, account, verdict, self.responders, now):
            hold_back(session, reply, now + KEY_AGAIN, held)
            return None
        text = self._final_text(session, reply, now)
        if text is None:
            return None
        conversation = session.get_one(Conversation, reply.conversation_id or mention.conversation_id)
        author = session.get_one(Author, mention.author_id).channel_author_id
        room = Room(conversation.channel_conversation_id, conversation.private, mention.danger, author)
        return Ready(reply, account, room, text)

    def _post_ready(self, session: Session, reply: Reply, now: datetime) -> Ready | None:
        """The same for a post of a tweet chat, which answers nobody and is said as it was approved."""
        if self._stood_already(session, reply, now):
            return None
        account, stand = session.get_one(Account, reply.account_id), stand_of(session, reply, now)
        verdict = may_speak(account, self.speaking)
        if why := stand.back or (verdict.reason if verdict.refused else ""):
            give_back_reply(session, reply, why, now)
            return None
        if self._frozen(session, reply):
            return None
        if stand.waits:
            hold_back(session, reply, stand.until, stand.waits)
            return None
        if held := held_up(session, account, verdict, self.responders, now):
            hold_back(session, reply, now + KEY_AGAIN, held)
            return None
        earlier = first_in_doubt(session, reply)
        return Ready(reply, account, Room(place_of(session, reply)), earlier.text if earlier else reply.approved_text)

    def _frozen(self, session: Session, reply: Reply) -> bool:
        freeze = freeze_over(session, reply.account_id, reply.released_freeze_id)
        if freeze is not None:
            reply.held_because = said_of_freeze(session, freeze)  # not before: it is looked at once that is thawed
            session.add(reply)
        return freeze is not None

    def _stood_already(self, session: Session, reply: Reply, now: datetime) -> bool:
        """Settle a reply that our own post in the thread proves, before it is said again."""
        attempt, post = stands_already(session, reply)
        if attempt is None or post is None:
            return False
        advance(session, reply, ReplyState.SENDING, BY, "an earlier attempt is looked at", now)
        found = SentPost(post.channel_post_id, post.created_at, post.url)
        sent(session, reply, attempt, found, "our own post was seen in the thread", now)
        return True

    def _final_text(self, session: Session, reply: Reply, now: datetime) -> str | None:
        """The words to send now; None while they have to wait, or went back to a person."""
        if earlier := first_in_doubt(session, reply):
            return earlier.text  # what may stand already is said in the same words or not at all
        requests = told_by(session, reply)
        if any(one.state in DID_NOT_REACH_THE_CITY for one in requests):
            if all(is_being_mended(session, reply, one) for one in requests if one.state in DID_NOT_REACH_THE_CITY):
                mended = "The city refused the request it follows; that one is mended."
                hold_back(session, reply, now + KEY_AGAIN, mended)
            else:
                give_back_reply(session, reply, "its request did not reach the city", now)
            return None
        text = words_now(reply, requests, self.zone, self.answer_within, now)
        if text is None:
            reply.not_before = now + timedelta(seconds=2)
            session.add(reply)
        return text

    def _write_attempt(self, session: Session, ready: Ready, now: datetime) -> Claimed:
        reply, earlier = ready.reply, first_in_doubt(session, ready.reply)
        tried = session.exec(select(func.count()).where(SendAttempt.reply_id == reply.id)).one()
        attempt = SendAttempt(
            reply_id=reply.id,
            idempotency_key=f"reply-{reply.id}-{tried + 1}",
            text=ready.text,
            conversation_id=ready.room.conversation_id,
            in_reply_to=reply.in_reply_to,
            started_at=now,
        )
        session.add(attempt)
        reply.lease_until, reply.held_because = now + LEASE, ""
        advance(session, reply, ReplyState.SENDING, BY, "claimed for sending", now)
        session.flush()
        told = as_sent(attempt, earlier)
        return Claimed(
            attempt.id or 0,
            ready.account.name,
            OutgoingPost(
                reply_id=reply.id or 0,
                text=told.text,
                conversation_id=told.conversation_id,
                in_reply_to=told.in_reply_to,
                language=reply.language,
                idempotency_key=told.idempotency_key,
                started_at=told.started_at,
                author_id=ready.room.author_id,
                private=ready.room.private,
                in_doubt=earlier is not None,
                asks_location=reply.template_key in ASKS_WHERE,
                choices=choices_of(session, reply, told.text),
                reply_with=reply_with_of(session, reply),
                pictures=outgoing_pictures(session, reply.id or 0),
            ),
        )

    def _settle(self, reply_id: int, attempt_id: int, outcome: SentPost | SendError) -> None:
        """Write down what came of a call. What somebody else wrote at the same moment puts it in no doubt."""
        try:
            self._note(reply_id, attempt_id, outcome)
        except (IntegrityError, OperationalError) as error:
            log.warning("reply %s: what came of it is written down once more (%s)", reply_id, type(error).__name__)
            self._note(reply_id, attempt_id, outcome)

    def _note(self, reply_id: int, attempt_id: int, outcome: SentPost | SendError) -> None:
        with self.database.write() as session:
            now = self.clock()
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, attempt_id)
            attempt.finished_at = now
            session.add(attempt)
            if reply.state not in (ReplyState.SENDING, ReplyState.UNCERTAIN):
                return  # a person decided meanwhile
            if isinstance(outcome, SentPost) or newest_attempt(session, reply) is attempt:  # not what a later one holds
                write_down(session, reply, attempt, outcome, now)

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
            if await asyncio.to_thread(self._settle_seen, reply_id):
                settled += 1
                continue
            responder = self.responders.get(account_name)
            if responder is None:
                continue
            try:
                proof = await responder.find_sent(attempt)
            except Exception as error:
                log.warning("reply %s: proof could not be looked for (%s)", reply_id, type(error).__name__)
                proof = NotAsked("the channel could not be asked")
            settled += await asyncio.to_thread(self._settle_proof, reply_id, attempt, proof)
        return settled

    def _to_prove(self) -> list[tuple[int, SendAttempt, str]]:
        """Those whose next look is due; what nothing can prove any more does not stand before them."""
        tells = [channel for channel, facts in CHANNELS.items() if facts.can_prove_sent]
        with self.database.read() as session:
            rows = session.exec(
                select(Reply, SendAttempt, Account)
                .join(SendAttempt, col(SendAttempt.reply_id) == Reply.id)
                .join(Account, col(Account.id) == Reply.account_id)
                .where(
                    Reply.state == ReplyState.UNCERTAIN,
                    col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
                    look_is_due(self.looks, self.clock()),
                    or_(SendAttempt.looks == 0, col(Account.channel).in_(tells)),
                )
                .order_by(col(SendAttempt.looks), col(SendAttempt.id))
                .limit(50)
            ).all()
            return [
                (reply.id or 0, as_sent(attempt, first_in_doubt(session, reply)), account.name)
                for reply, attempt, account in rows
            ]

    def _settle_seen(self, reply_id: int) -> bool:
        with self.database.write() as session:
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            return reply.state == ReplyState.UNCERTAIN and seen_in_thread(session, reply, self.clock())

    def _settle_proof(self, reply_id: int, looked_at: SendAttempt, proof: Proof) -> int:
        with self.database.write() as session:
            now = self.clock()
            reply = session.get_one(Reply, reply_id, with_for_update=True)
            attempt = session.get_one(SendAttempt, looked_at.id)
            count_look(attempt, looked_at.looks, now, asked=not isinstance(proof, NotAsked))
            session.add(attempt)
            return int(reply.state == ReplyState.UNCERTAIN and proved(session, reply, attempt, proof, now))
