"""Understood mentions get their reply draft here, or are set aside where there is nothing to say."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Author,
    Conversation,
    Intent,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Service,
    ServiceRequest,
    Understanding,
    advance,
    record,
    utc_now,
)
from models.database import Database
from models.joined import head_of
from models.posts import PostKind
from models.threads import newest_versions
from responders.claims import OPEN_REQUESTS
from responders.dialogue import (
    Answering,
    Talk,
    do_what_is_asked,
    drop_request,
    language_of,
    take_from_link,
    talk_of,
)
from responders.drafting import DraftedReply, KnownRequest, ReplyContext, TemplateBook, draft_reply
from responders.may_reply import Speaking, must_name
from responders.objections import FindPrivate
from responders.picking import follow_pick
from responders.review import LengthOf
from responders.standing import Standing
from responders.wording import WordingError

log = logging.getLogger(__name__)

BY = "drafting"
UTC = ZoneInfo("UTC")
CHATTER_THRESHOLD = 0.8
ABOUT_THE_PROBLEM = (Intent.SERVICE_REQUEST, Intent.COMPLAINT, Intent.STATUS_ENQUIRY, None)
NO_REPORT = (Intent.CHATTER, Intent.QUESTION, Intent.STATUS_ENQUIRY)
TOLD = (*OPEN_REQUESTS, RequestState.JOINED)
SIGN_OFF_ROOM = 5
"""What the approver's initials take, in characters."""


@dataclass(frozen=True, slots=True)
class Drafter:
    """Writes the reply draft of one mention; moves no state, and leaves a person's words alone."""

    length_of: LengthOf
    find_private: FindPrivate
    zone: ZoneInfo = UTC
    speaking: Mapping[str, Speaking] = field(default_factory=dict)

    def draft_anew(self, session: Session, mention: Mention, now: datetime) -> bool:
        """Draft again after the request changed. True: the reply reads otherwise now."""
        newest = _newest_posts(session, [mention])
        known = _known(session, [mention], newest)
        reply = known.replies.get(mention.id)
        if reply is None or not _is_untouched(reply):
            return False
        before, talk = reply.text, talk_of(session, mention, newest.get(mention.id))
        try:
            self.draft(session, mention, known, talk, now)
        except WordingError as error:
            log.warning("mention %s: no reply could be drafted anew (%s)", mention.id, error)
        if reply.text != before:
            record(session, "Reply", reply.id or 0, BY, "drafted anew: the place changed", now)
        return reply.text != before

    def draft(
        self, session: Session, mention: Mention, known: "_Known", talk: Talk | None, now: datetime
    ) -> tuple[DraftedReply, Reply] | None:
        """The draft and the reply it stands in; None where there is nothing to say, or a person has written already.

        Raises WordingError where no wording fits; nothing is changed then.
        """
        understanding, earlier = known.understandings.get(mention.id), known.filed.get(mention.id)
        if earlier is None and understanding and understanding.intent == Intent.STATUS_ENQUIRY:
            earlier = earlier_request(session, mention)
        context = self._context(mention, understanding, earlier, known, talk, now)
        about = earlier.id if earlier else None
        drafted: DraftedReply | None = None
        if talk and not mention.danger:
            if talk.asked:
                spoken = understanding.language if understanding else "und"
                context = replace(context, language=language_of(session, talk, spoken, known.templates.languages))
            answering = Answering(session, talk, context, self.zone, now)
            asks_status = context.intent == Intent.STATUS_ENQUIRY and mention.id not in known.filed
            if answered := answering.answer() or (answering.named() if asks_status else None):
                drafted, about = answered
            elif drafted := draft_reply(context):
                drafted = answering.offer(drafted) or drafted
        else:
            drafted = draft_reply(context)
        if drafted and (page := must_name(session, mention, self.speaking)):
            drafted = replace(drafted, text=f"{drafted.text}\n{page}")
        reply = _store(session, mention, drafted, about, known, now) if drafted else None
        return (drafted, reply) if drafted and reply else None

    def _context(
        self,
        mention: Mention,
        understanding: Understanding | None,
        earlier: ServiceRequest | None,
        known: "_Known",
        talk: Talk | None,
        now: datetime,
    ) -> ReplyContext:
        channel, request = known.accounts[mention.account_id].channel, known.requests.get(mention.id)
        intent = understanding.intent if understanding else None
        if mention.id in known.filed and intent in ABOUT_THE_PROBLEM:
            intent = Intent.STATUS_ENQUIRY  # it is filed already: what they can want to hear is how it stands
        elif request is not None and mention.start_link_id is not None and intent in NO_REPORT:
            intent = Intent.SERVICE_REQUEST  # the link they came by says what they report
        private = talk is not None and talk.conversation.private
        return ReplyContext(
            intent=intent,
            language=understanding.language if understanding else "en",
            channel=channel,
            templates=known.templates,
            length=lambda text: self.length_of(channel, text),
            limit=CHANNELS[channel].limit(private=private) - SIGN_OFF_ROOM,
            find_private=self.find_private,
            private=private,
            service=known.services.get((request.service_code if request else None) or ""),
            place=request.address_string if request else "",
            choices=_choices(understanding),
            missing=request.missing if request else [],
            name=known.authors[mention.author_id].display_name,
            danger=mention.danger,
            known_request=_known_request(earlier, known.services, now),
            hears_private=not CHANNELS[channel].public,
        )


@dataclass(slots=True)
class Suggester:
    """Drafts replies in batches. Sync; run it in a thread."""

    database: Database
    length_of: LengthOf
    find_private: FindPrivate
    clock: Callable[[], datetime] = utc_now
    batch: int = 64
    zone: ZoneInfo = UTC
    speaking: Mapping[str, Speaking] = field(default_factory=dict)

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
            newest = _newest_posts(session, mentions)
            talks = {one.id: talk_of(session, one, newest.get(one.id)) for one in mentions}
            for talk in filter(None, talks.values()):
                _hear(session, talk, now)
            left = [mention for mention in mentions if mention.state == MentionState.UNDERSTOOD]
            known = _known(session, left, newest)
            for mention in left:
                self._suggest_one(session, mention, known, talks[mention.id], now)
            return [mention.id or 0 for mention in mentions]

    def _suggest_one(
        self, session: Session, mention: Mention, known: "_Known", talk: Talk | None, now: datetime
    ) -> None:
        understanding = known.understandings.get(mention.id)
        asked = talk is not None and talk.only_asks is not None
        if understanding and not asked and mention.start_link_id is None and _is_chatter(understanding):
            advance(session, mention, MentionState.SET_ASIDE, BY, "chatter: nothing to answer", now)
            return
        why, drafted = "request and reply are drafted", None
        try:
            drafter = Drafter(self.length_of, self.find_private, self.zone, self.speaking)
            drafted = drafter.draft(session, mention, known, talk, now)
        except WordingError as error:
            log.warning("mention %s: no reply could be drafted (%s)", mention.id, error)
            why = "no wording fits: a person writes the reply"
        advance(session, mention, MentionState.DRAFTED, BY, why, now)
        if drafted:
            Standing(self.length_of, self.speaking).let_go(
                session, mention, drafted[1], drafted[0], asked=asked, now=now
            )


def _hear(session: Session, talk: Talk, now: datetime) -> None:
    """What a talk brings before anything is drafted: an answer to which case it is, a command, a link's place."""
    if talk.mention.state != MentionState.UNDERSTOOD or follow_pick(session, talk, now):
        return  # an earlier one of this batch has asked us to forget it; or it goes on about another case
    do_what_is_asked(session, talk, now)
    drop_request(session, talk, now)
    take_from_link(session, talk, now)


@dataclass(frozen=True, slots=True)
class _Known:
    """All that a batch of drafts needs, read in a few queries. Keyed by mention id where not said otherwise."""

    accounts: dict[int | None, Account]
    authors: dict[int | None, Author]
    understandings: dict[int | None, Understanding]
    requests: dict[int | None, ServiceRequest]
    filed: dict[int | None, ServiceRequest]
    replies: dict[int | None, Reply]
    newest_posts: dict[int | None, Post]
    templates: TemplateBook
    services: dict[str, Service]


def _newest_posts(session: Session, mentions: Sequence[Mention]) -> dict[int | None, Post]:
    """The newest post of each mention, by mention id; their conversations are read with them."""
    rooms = select(Conversation).where(col(Conversation.id).in_({mention.conversation_id for mention in mentions}))
    session.exec(rooms).all()
    posts = (
        select(Post)
        .where(
            col(Post.mention_id).in_([mention.id for mention in mentions]),
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
        )
        .order_by(col(Post.id))
    )
    return {post.mention_id: post for post in newest_versions(session.exec(posts).all())}


def _known(session: Session, mentions: Sequence[Mention], newest: dict[int | None, Post]) -> _Known:
    ids, rounds = [mention.id for mention in mentions], {mention.id: mention.round for mention in mentions}
    authors = select(Author).where(col(Author.id).in_({mention.author_id for mention in mentions}))
    understandings = select(Understanding).where(col(Understanding.mention_id).in_(ids)).order_by(col(Understanding.id))
    requests = select(ServiceRequest).where(
        col(ServiceRequest.mention_id).in_(ids), ServiceRequest.state != RequestState.CANCELLED
    )
    replies = select(Reply).where(col(Reply.mention_id).in_(ids), Reply.state != ReplyState.CANCELLED)
    of_mention = session.exec(requests).all()
    heads = {one.mention_id: head_of(session, one) for one in of_mention}
    return _Known(
        accounts={one.id: one for one in session.exec(select(Account)).all()},
        authors={one.id: one for one in session.exec(authors).all()},
        understandings={one.mention_id: one for one in session.exec(understandings).all()},
        requests={one.mention_id: one for one in of_mention if one.state in TOLD},
        filed={mention_id: head for mention_id, head in heads.items() if head.service_request_id},
        replies={one.mention_id: one for one in session.exec(replies).all() if one.round == rounds[one.mention_id]},
        newest_posts=newest,
        templates=TemplateBook(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all()),
        services={one.service_code: one for one in session.exec(select(Service)).all()},
    )


def _choices(understanding: Understanding | None) -> list[str]:
    """The places it may be, by the words of the post."""
    candidates = understanding.candidates() if understanding else []
    return list(dict.fromkeys(one.name for one in candidates if one.end > one.start))


def _is_chatter(understanding: Understanding) -> bool:
    return (
        understanding.intent == Intent.CHATTER
        and understanding.intent_probability >= CHATTER_THRESHOLD
        and not (understanding.danger or understanding.abstained or understanding.failure)
    )


def earlier_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The newest request of the same person that the city has; in public, none they told us of in private."""
    wanted = (
        select(ServiceRequest)
        .join(Mention, col(Mention.id) == ServiceRequest.mention_id)
        .where(
            Mention.author_id == mention.author_id,
            ServiceRequest.state == RequestState.SUBMITTED,
            col(ServiceRequest.service_request_id).is_not(None),
        )
    )
    if not session.get_one(Conversation, mention.conversation_id).private:
        rooms = col(Conversation.id) == Mention.conversation_id
        wanted = wanted.join(Conversation, rooms).where(col(Conversation.private).is_(False))
    return session.exec(wanted.order_by(col(ServiceRequest.id).desc()).limit(1)).first()


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


def _is_untouched(reply: Reply) -> bool:
    """Whether the words are still ours: nobody has changed or approved them, only perhaps opened the page."""
    waits = reply.state in (ReplyState.DRAFT, ReplyState.IN_REVIEW)
    return waits and reply.revision == 1 and reply.approved_at is None


def _store(
    session: Session,
    mention: Mention,
    drafted: DraftedReply,
    about: int | None,
    known: _Known,
    now: datetime,
) -> Reply | None:
    """Write the draft down; None where a person's words stand there already. `about`: the request it tells of."""
    reply = known.replies.get(mention.id)
    if reply is None:
        reply = Reply(mention_id=mention.id or 0, account_id=mention.account_id, round=mention.round, changed_at=now)
    elif not _is_untouched(reply):
        return None
    newest = known.newest_posts.get(mention.id)
    reply.purpose = drafted.purpose
    reply.text, reply.language = drafted.text, drafted.language
    reply.template_key, reply.template_version = drafted.template_key, drafted.template_version
    reply.in_reply_to = newest.channel_post_id if newest else None
    reply.request_id = about if drafted.purpose == Purpose.STATUS else None
    session.add(reply)
    session.flush()
    return reply
