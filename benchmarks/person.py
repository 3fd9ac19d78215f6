"""Somebody at the desk: approves what is drafted, and looks into the thread before settling a doubt."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    AttemptOutcome,
    Channel,
    Database,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    ServiceRequest,
)
from models.threads import newest_inbound
from responders.claims import OPEN_REQUESTS
from responders.doubts import give_up, says_not_sent, says_sent
from responders.review import Approved, Decided, Desk, NotApproved, NotYours, RequestFields


@dataclass(frozen=True, slots=True)
class Doubt:
    """An uncertain reply that waits for a person, with its newest attempt and what the channel can prove."""

    reply_id: int
    parent: str
    words: str
    provable: bool


@dataclass(slots=True)
class Person:
    """One person at the desk of one database."""

    database: Database
    desk: Desk
    staff_id: int

    def waiting(self, limit: int = 50) -> list[int]:
        """Ids of mentions that wait for somebody, oldest first."""
        with self.database.read() as session:
            rows = session.exec(
                select(Mention.id)
                .where(Mention.state == MentionState.DRAFTED, col(Mention.needs_understanding).is_(False))
                .order_by(col(Mention.id))
                .limit(limit)
            ).all()
            return [one or 0 for one in rows]

    def approve(self, mention_id: int, sign_off: str = "") -> Approved | None:
        """Approve what is drafted, signed off; without the request, or in other words, where the desk objects.

        None when nothing of it can be approved.
        """
        try:
            self.desk.claim(mention_id, self.staff_id)
        except NotYours:
            return None
        for own_words, with_request in ((False, True), (False, False), (True, False)):
            try:
                decided = self._decided(mention_id, sign_off, own_words=own_words, with_request=with_request)
                return self.desk.approve(mention_id, self.staff_id, decided)
            except NotApproved:
                continue
            except NotYours:
                return None
        self.desk.release(mention_id, self.staff_id)
        return None

    def _decided(self, mention_id: int, sign_off: str, *, own_words: bool, with_request: bool) -> Decided:
        with self.database.read() as session:
            mention = session.get_one(Mention, mention_id)
            reply = session.exec(
                select(Reply)
                .where(Reply.mention_id == mention_id, Reply.state == ReplyState.IN_REVIEW)
                .order_by(col(Reply.id).desc())
            ).first()
            drafted = reply.text if reply and reply.text and not own_words else "Thank you, we look into it."
            drafted = drafted.removesuffix(sign_off).rstrip()
            return Decided(
                seen_version=mention.version,
                seen_post_id=newest_inbound(session, mention),
                reply_text=f"{drafted} {sign_off}".strip(),
                language=reply.language if reply else "en",
                request=_request_fields(session, mention_id) if with_request else None,
            )

    def doubts(self, looks: int) -> list[Doubt]:
        """Uncertain replies for which the product has looked for proof as often as it will (`looks` times on X)."""
        return [
            Doubt(reply.id or 0, attempt.in_reply_to or "", attempt.text, CHANNELS[channel].can_prove_sent)
            for reply, attempt, channel in in_doubt(self.database)
            if attempt.looks >= (looks if CHANNELS[channel].can_prove_sent else 1)
        ]

    def settle(self, doubt: Doubt, own_posts: Sequence[tuple[str, str]]) -> bool:
        """Look into the thread, and say whether it is there; drop the reply where its post is deleted."""
        there = stands(own_posts, doubt.parent, doubt.words) > self._said_before(doubt)
        try:
            (says_sent if there else says_not_sent)(self.desk, doubt.reply_id, self.staff_id)
        except NotApproved:
            give_up(self.desk, doubt.reply_id, self.staff_id)
        return there

    def _said_before(self, doubt: Doubt) -> int:
        """How many other replies said the same words in the same place."""
        with self.database.read() as session:
            others = session.exec(
                select(Reply.in_reply_to).where(
                    Reply.state == ReplyState.SENT, Reply.sent_text == doubt.words, col(Reply.id) != doubt.reply_id
                )
            ).all()
        return sum(thread_place(one or "") == thread_place(doubt.parent) for one in others)

    def uncertain_requests(self, looks: int) -> list[int]:
        """Ids of requests for which the product has looked into the city's list as often as it will."""
        with self.database.read() as session:
            rows = session.exec(
                select(ServiceRequest.id)
                .join(SendAttempt, col(SendAttempt.request_id) == ServiceRequest.id)
                .where(ServiceRequest.state == RequestState.UNCERTAIN, SendAttempt.looks >= looks)
                .distinct()
            ).all()
            return [one or 0 for one in rows]


def in_doubt(database: Database) -> list[tuple[Reply, SendAttempt, Channel]]:
    """Every uncertain reply with its newest open attempt."""
    with database.read() as session:
        rows = session.exec(
            select(Reply, SendAttempt, Account)
            .join(SendAttempt, col(SendAttempt.reply_id) == Reply.id)
            .join(Account, col(Account.id) == Reply.account_id)
            .where(
                Reply.state == ReplyState.UNCERTAIN,
                col(SendAttempt.outcome).in_([AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN]),
            )
            .order_by(col(SendAttempt.id))
        ).all()
    return list({reply.id: (reply, attempt, account.channel) for reply, attempt, account in rows}.values())


def stands(own_posts: Sequence[tuple[str, str]], parent: str, words: str, *, parent_stands: bool = False) -> int:
    """How often these words stand under this post in our name. `own_posts`: (channel post id it hangs under, words).

    X and Mastodon put names before a reply, X escapes it; on Telegram a reply to a message that is deleted by then
    stands in the chat alone, unless `parent_stands`: then what stands there alone answered another one.
    """
    place = thread_place(parent)
    first = place.split(":")[0]
    there = (place,) if parent_stands else (place, f"{first}:None", first)
    return sum(under in there and unescape(said).endswith(words.strip()) for under, said in own_posts)


def thread_place(post_id: str) -> str:
    """What a channel post id names on the network: on Telegram chat and message; nowhere which version it is."""
    return post_id.partition("#")[0] if post_id.startswith("at://") else ":".join(post_id.split(":")[:2])


def _request_fields(session: Session, mention_id: int) -> RequestFields | None:
    request = session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == mention_id, col(ServiceRequest.state).in_(OPEN_REQUESTS))
        .order_by(col(ServiceRequest.id).desc())
    ).first()
    if request is None:
        return None
    return RequestFields(request.service_code, request.description, request.address_string, request.lat, request.long)
