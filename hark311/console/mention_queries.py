"""One mention with all that stands around it: its thread, what we make of it, and what became of our answer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.evidence import Card, card_of
from hark311.console.queries import latest_understandings, names_of_staff
from hark311.console.thread_queries import ThreadPost, thread_of
from hark311.console.views import WAITING
from models import (
    CHANNELS,
    Account,
    Alarm,
    Author,
    ChannelFacts,
    Conversation,
    HandOff,
    Label,
    LabelTask,
    Mention,
    MentionState,
    Referral,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    Service,
    ServiceRequest,
    Understanding,
)
from models.joined import head_of
from models.labels import said_of
from models.referrals import family_of
from models.threads import newest_inbound, posts_of
from models.thumbnails import thumbnail_sizes
from responders.may_reply import MayReply, Speaking, may_answer


class NoSuchMention(Exception):
    """There is no mention with this id."""


@dataclass(frozen=True, slots=True)
class News:
    """What changed about a mention while somebody looked at it; "" and False where nothing did."""

    mention_id: int
    wrote: bool
    decided: str
    holder: str


@dataclass(frozen=True, slots=True)
class MentionPage:
    """Everything the mention page shows."""

    mention: Mention
    facts: ChannelFacts
    account: Account
    author: Author
    private: bool
    one_to_one: bool
    person_asked_at: datetime | None
    sign: words.Sign
    holder: str
    alarm: Alarm | None
    acknowledged_by: str
    thumbnails: dict[int, tuple[int, int]]
    """Width and height of the photos we have a small copy of, by attachment."""
    thread: list[ThreadPost]
    thread_cut: bool
    seen_post_id: int | None
    understanding: Understanding | None
    said: dict[LabelTask, Label]
    """What a person said about the suggestions, by what it is about."""
    card: Card | None
    referral: Referral | None
    service_names: dict[str, str]
    services: list[Service]
    draft: Reply | None
    draft_request: ServiceRequest | None
    asked_about: ServiceRequest | None
    head: ServiceRequest | None
    replies: list[Reply]
    requests: list[ServiceRequest]
    attempts: dict[str, list[SendAttempt]]
    may: MayReply
    hand_off: HandOff | None = None
    """Whose it is instead, as it was noted when the reply was drafted."""

    @property
    def written_at(self) -> datetime | None:
        """When the newest post of this mention that is left was written."""
        theirs = [post.at for post in self.thread if post.about_this and not post.ours and not post.deleted]
        return max(theirs, default=None)

    @property
    def open(self) -> bool:
        """Whether it waits for a decision."""
        return self.mention.state in WAITING

    @property
    def answers(self) -> list[Reply]:
        """Replies that were decided about, newest first."""
        return [one for one in reversed(self.replies) if one.approved_at is not None]

    @property
    def reports(self) -> list[ServiceRequest]:
        """Requests that were decided about, newest first."""
        return [one for one in reversed(self.requests) if one.approved_at is not None or one.state not in _NOT_FILED]

    @property
    def can_be_taken_back(self) -> bool:
        """Whether everything that was approved still waits here."""
        states: set[str] = {one.state for one in self.answers} | {one.state for one in self.reports}
        leaving: set[str] = {ReplyState.SENDING, *_LEAVING}
        waiting = ReplyState.APPROVED in states or RequestState.APPROVED in states
        return self.mention.state == MentionState.APPROVED and waiting and not states & leaving

    def held_seconds(self, now: datetime) -> int:
        """How long the hold still lasts, rounded up; 0 when it is over or nothing is held."""
        held = [one.not_before for one in self.answers if one.state == ReplyState.APPROVED and not one.held_because]
        held += [one.not_before for one in self.reports if one.state == RequestState.APPROVED]
        return max(0, *(math.ceil((at - now).total_seconds()) for at in held if at), 0) if held else 0

    @property
    def hold_seconds(self) -> int:
        """How long the hold is in all, of what waits now; a rule may make it longer than the settings do."""
        held = [(one.approved_at, one.not_before) for one in self.answers if one.state == ReplyState.APPROVED]
        held += [(one.approved_at, one.not_before) for one in self.reports if one.state == RequestState.APPROVED]
        return max((math.ceil((until - since).total_seconds()) for since, until in held if since and until), default=0)

    @property
    def waits_because(self) -> str:
        """Why what was approved does not leave though its hold is over; "" where nothing keeps it."""
        return next((one.held_because for one in self.answers if one.state == ReplyState.APPROVED), "")

    @property
    def waits_for_head(self) -> bool:
        """Whether it follows a request that nobody has approved yet: it has no number to tell before."""
        return self.head is not None and self.head.state in _OPEN_REQUESTS

    @property
    def first_request(self) -> ServiceRequest | None:
        """What the mention is about first, as it stands: not cancelled, and not one that a person added."""
        return next((one for one in self.requests if one.part == 1 and one.state != RequestState.CANCELLED), None)

    @property
    def more_requests(self) -> list[ServiceRequest]:
        """What a person added beside it, cancelled ones left out."""
        return sorted(
            (one for one in self.requests if one.part > 1 and one.state != RequestState.CANCELLED),
            key=lambda one: one.part,
        )

    @property
    def filed(self) -> ServiceRequest | None:
        """The newest request that the city has, or is being given."""
        return next((one for one in reversed(self.requests) if one.part == 1 and one.state not in _NOT_FILED), None)


_NOT_FILED = (RequestState.CANCELLED, RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)
_LEAVING = (RequestState.SUBMITTING, RequestState.UNCERTAIN, RequestState.TOKEN_PENDING)
_OPEN_REPLIES = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED)
_OPEN_REQUESTS = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)


def mention_page(
    session: Session, mention_id: int, now: datetime, speaking: Mapping[str, Speaking] | None = None
) -> MentionPage:
    """`speaking`: what each account may say, by its name. Raises NoSuchMention."""
    mention = session.get(Mention, mention_id)
    if mention is None:
        raise NoSuchMention
    account = session.get_one(Account, mention.account_id)
    understanding = latest_understandings(session, [mention_id]).get(mention_id)
    services = list(session.exec(select(Service).order_by(Service.service_name)).all())
    names = {service.service_code: service.service_name for service in services}
    replies = list(session.exec(select(Reply).where(Reply.mention_id == mention_id).order_by(col(Reply.id))).all())
    requests = list(
        session.exec(
            select(ServiceRequest).where(ServiceRequest.mention_id == mention_id).order_by(col(ServiceRequest.id))
        ).all()
    )
    joined = next((one for one in requests if one.state == RequestState.JOINED), None)
    alarm = session.exec(select(Alarm).where(Alarm.mention_id == mention_id)).first()
    held = bool(mention.claimed_until and mention.claimed_until > now)
    people = names_of_staff(session, [mention.claimed_by if held else None, alarm.acknowledged_by if alarm else None])
    draft = next((one for one in replies if one.round == mention.round and one.state in _OPEN_REPLIES), None)
    thread, cut = thread_of(session, mention, account, understanding, replies, now)
    conversation = session.get_one(Conversation, mention.conversation_id)
    return MentionPage(
        mention=mention,
        facts=CHANNELS[account.channel],
        account=account,
        author=session.get_one(Author, mention.author_id),
        private=conversation.private,
        one_to_one=conversation.one_to_one,
        person_asked_at=conversation.person_asked_at,
        sign=words.MENTION[mention.state],
        holder=people.get(mention.claimed_by or 0, "") if held else "",
        alarm=alarm,
        acknowledged_by=people.get(alarm.acknowledged_by or 0, "") if alarm else "",
        thumbnails=thumbnail_sizes(session, [one.id or 0 for post in thread for one in post.attachments]),
        thread=thread,
        thread_cut=cut,
        seen_post_id=newest_inbound(session, mention),
        understanding=understanding,
        said=said_of(session, [mention_id]).get(mention_id, {}),
        card=card_of(mention, understanding, posts_of(session, mention_id), names) if understanding else None,
        referral=session.get(Referral, family_of(alarm.rule)) if alarm else None,
        service_names=names,
        services=[service for service in services if service.active],
        draft=draft,
        draft_request=next((one for one in requests if one.part == 1 and one.state in _OPEN_REQUESTS), None),
        asked_about=session.get(ServiceRequest, draft.request_id) if draft and draft.request_id else None,
        head=head_of(session, joined) if joined else None,
        replies=replies,
        requests=requests,
        attempts=_attempts(session, replies, requests),
        may=may_answer(session, mention, draft, speaking or {}),
        hand_off=session.get(HandOff, mention_id),
    )


def news(session: Session, mention_id: int, now: datetime, seen: tuple[int, int, int], me: int = 0) -> News:
    """What changed since a page with `seen` = (version, newest inbound post, holder; 0 for none) was made.

    That `me` holds it now is no news: whoever types takes it.
    """
    mention = session.get(Mention, mention_id)
    if mention is None:
        raise NoSuchMention
    version, post_id, holder_id = seen
    held = mention.claimed_by if mention.claimed_until and mention.claimed_until > now else None
    names = names_of_staff(session, [held])
    return News(
        mention_id=mention_id,
        wrote=(mention.version, newest_inbound(session, mention) or 0) != (version, post_id),
        decided="" if mention.state in WAITING else words.MENTION[mention.state].word,
        holder=names.get(held or 0, "") if held not in (holder_id or None, me or None) else "",
    )


def _attempts(
    session: Session, replies: Sequence[Reply], requests: Sequence[ServiceRequest]
) -> dict[str, list[SendAttempt]]:
    """Attempts by "reply:ID" and "request:ID", oldest first."""
    reply_ids, request_ids = [one.id for one in replies], [one.id for one in requests]
    found = [
        *_attempts_where(session, col(SendAttempt.reply_id).in_(reply_ids), reply_ids),
        *_attempts_where(session, col(SendAttempt.request_id).in_(request_ids), request_ids),
    ]
    by_thing: dict[str, list[SendAttempt]] = {}
    for attempt in found:
        key = f"reply:{attempt.reply_id}" if attempt.reply_id else f"request:{attempt.request_id}"
        by_thing.setdefault(key, []).append(attempt)
    return by_thing


def _attempts_where(session: Session, where: ColumnElement[bool], ids: Sequence[int | None]) -> Sequence[SendAttempt]:
    return session.exec(select(SendAttempt).where(where).order_by(col(SendAttempt.id))).all() if ids else []
