"""Understood mentions get their reply draft here, or are set aside where there is nothing to say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Author,
    Intent,
    Mention,
    MentionState,
    Purpose,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Service,
    ServiceRequest,
    Understanding,
    advance,
    utc_now,
)
from models.database import Database
from models.threads import posts_of
from responders.claims import open_request
from responders.drafting import DraftedReply, KnownRequest, ReplyContext, draft_reply
from responders.objections import FindPrivate
from responders.review import LengthOf

BY = "drafting"
CHATTER_THRESHOLD = 0.8
SIGN_OFF_ROOM = 5
"""What the approver's initials take, in characters."""


@dataclass(slots=True)
class Suggester:
    """Drafts replies in batches. Sync; run it in a thread."""

    database: Database
    length_of: LengthOf
    find_private: FindPrivate
    clock: Callable[[], datetime] = utc_now
    batch: int = 64

    def suggest(self) -> list[int]:
        """Draft replies for the next batch of understood mentions; returns their ids."""
        with self.database.write() as session:
            now = self.clock()
            mentions = session.exec(
                select(Mention)
                .where(Mention.state == MentionState.UNDERSTOOD)
                .order_by(col(Mention.danger).desc(), col(Mention.received_at))
                .limit(self.batch)
                .with_for_update(skip_locked=True)
            ).all()
            if not mentions:
                return []
            templates = list(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all())
            services = {one.service_code: one for one in session.exec(select(Service)).all()}
            for mention in mentions:
                self._suggest_one(session, mention, templates, services, now)
            return [mention.id or 0 for mention in mentions]

    def _suggest_one(
        self,
        session: Session,
        mention: Mention,
        templates: list[ReplyTemplate],
        services: dict[str, Service],
        now: datetime,
    ) -> None:
        understanding = session.exec(
            select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
        ).first()
        if understanding and _is_chatter(understanding):
            advance(session, mention, MentionState.SET_ASIDE, BY, "chatter: nothing to answer", now)
            return
        request = open_request(session, mention)
        drafted = draft_reply(self._context(session, mention, understanding, request, templates, services, now))
        if drafted:
            _store(session, mention, drafted, now)
        advance(session, mention, MentionState.DRAFTED, BY, "request and reply are drafted", now)

    def _context(
        self,
        session: Session,
        mention: Mention,
        understanding: Understanding | None,
        request: ServiceRequest | None,
        templates: list[ReplyTemplate],
        services: dict[str, Service],
        now: datetime,
    ) -> ReplyContext:
        account = session.get_one(Account, mention.account_id)
        earlier = earlier_request(session, mention)
        author = session.get_one(Author, mention.author_id)
        return ReplyContext(
            intent=understanding.intent if understanding else None,
            language=understanding.language if understanding else "en",
            channel=account.channel,
            templates=templates,
            length=lambda text: self.length_of(account.channel, text),
            limit=CHANNELS[account.channel].reply_limit - SIGN_OFF_ROOM,
            find_private=self.find_private,
            service=services.get((request.service_code if request else None) or ""),
            place=request.address_string if request else "",
            missing=request.missing if request else [],
            name=author.display_name,
            danger=mention.danger,
            known_request=_known_request(earlier, services, now),
            hears_private=not CHANNELS[account.channel].public,
        )


def _is_chatter(understanding: Understanding) -> bool:
    return (
        understanding.intent == Intent.CHATTER
        and understanding.intent_probability >= CHATTER_THRESHOLD
        and not (understanding.danger or understanding.abstained or understanding.failure)
    )


def earlier_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The newest request of the same person that the city has."""
    return session.exec(
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            Mention.author_id == mention.author_id,
            ServiceRequest.state == RequestState.SUBMITTED,
            col(ServiceRequest.service_request_id).is_not(None),
        )
        .order_by(col(ServiceRequest.id).desc())
        .limit(1)
    ).first()


def _known_request(request: ServiceRequest | None, services: dict[str, Service], now: datetime) -> KnownRequest | None:
    service = services.get(request.service_code or "") if request else None
    if request is None or service is None:
        return None
    promised = request.expected_datetime
    return KnownRequest(
        service=service,
        closed=request.status == "closed",
        date_passed=promised is not None and promised < now,
    )


def _store(session: Session, mention: Mention, drafted: DraftedReply, now: datetime) -> None:
    reply = session.exec(
        select(Reply).where(
            Reply.mention_id == mention.id, Reply.round == mention.round, Reply.state != ReplyState.CANCELLED
        )
    ).first()
    if reply is None:
        reply = Reply(mention_id=mention.id or 0, account_id=mention.account_id, round=mention.round, changed_at=now)
    elif reply.state != ReplyState.DRAFT or reply.revision > 1:
        return  # a person has worked on it: their words stay
    posts = posts_of(session, mention.id or 0)
    reply.purpose = drafted.purpose
    if drafted.purpose == Purpose.STATUS and (known := earlier_request(session, mention)):
        reply.request_id = known.id
    reply.text, reply.language = drafted.text, drafted.language
    reply.template_key, reply.template_version = drafted.template_key, drafted.template_version
    reply.in_reply_to = posts[-1].channel_post_id if posts else None
    session.add(reply)
