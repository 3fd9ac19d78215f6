"""Understood mentions get their reply draft here, or are set aside where there is nothing to say."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Conversation,
    Intent,
    Mention,
    MentionState,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    ServiceAttribute,
    ServiceRequest,
    Understanding,
    advance,
    record,
    utc_now,
)
from models.channels import InPrivate
from models.database import Database
from models.private_moves import move_to
from responders.asking_back import ask_here_after_all, hear_answers, note_question, room_to_ask_in
from responders.asking_private import go_on
from responders.asking_status import StatusAnswers, asks_by_number
from responders.assigning import assign_by_rules
from responders.chats.entries import Boards
from responders.chats.reading import BoardReader
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
from responders.drafting import DraftedReply, ReplyContext, draft_reply
from responders.fixed import answers_only, close_if_fixed, fixed_reply, hear_fixed
from responders.known import (
    Known,
    choices_of,
    earlier_request,
    known_of,
    known_request_of,
    newest_posts_of,
)
from responders.may_reply import Speaking, must_name, speaking_of
from responders.me_too import suggest_joining
from responders.next_question import ASKS_IN_PRIVATE, so_far, to_ask
from responders.not_ours import referred_to
from responders.objections import FindPrivate
from responders.passing_on import Describe, hear_for_city, passed_on_reply, waits_to_be_passed_on
from responders.picking import follow_pick
from responders.review import LengthOf
from responders.said_before import set_apart
from responders.same_case import ask_if_same, hear_if_same, only_asked_so_far, says_it_is_this_one
from responders.standing import Standing
from responders.status_notices import give_way
from responders.warned import was_warned
from responders.wording import WordingError

log = logging.getLogger(__name__)

BY = "drafting"
UTC = ZoneInfo("UTC")
CHATTER_THRESHOLD = 0.8
ABOUT_THE_PROBLEM = (Intent.SERVICE_REQUEST, Intent.COMPLAINT, Intent.STATUS_ENQUIRY, None)
NO_REPORT = (Intent.CHATTER, Intent.QUESTION, Intent.STATUS_ENQUIRY)
NOTHING_ELSE = (Intent.CHATTER, None)
ADDS_NOTHING = (Intent.CHATTER, Intent.STATUS_ENQUIRY)
SIGN_OFF_ROOM = 5
"""What the approver's initials take, in characters."""


@dataclass(frozen=True, slots=True)
class Drafter:
    """Writes the reply draft of one mention; moves no state, and leaves a person's words alone."""

    length_of: LengthOf
    find_private: FindPrivate
    zone: ZoneInfo = UTC
    speaking: Mapping[str, Speaking] = field(default_factory=dict)

    def draft_anew(self, session: Session, mention: Mention, now: datetime, why: str = "the place changed") -> bool:
        """Draft again after the request changed. True: the reply reads otherwise now."""
        return mention.id in self.draft_all_anew(session, [mention], now, why)

    def draft_all_anew(self, session: Session, mentions: Sequence[Mention], now: datetime, why: str) -> set[int | None]:
        """Draft many again; returns the ids of those whose reply reads otherwise now."""
        newest = newest_posts_of(session, mentions)
        known, changed = known_of(session, mentions, newest), set[int | None]()
        for mention in mentions:
            reply = known.replies.get(mention.id)
            if reply is not None and not _is_untouched(reply):
                continue
            before = reply.text if reply else ""
            try:
                drafted = self.draft(session, mention, known, talk_of(session, mention, newest.get(mention.id)), now)
            except WordingError as error:
                log.warning("mention %s: no reply could be drafted anew (%s)", mention.id, error)
                continue
            if drafted is not None:
                reply = drafted[1]
            elif reply is not None:
                reply.text = ""  # there is nothing to say any more
                session.add(reply)
            if reply is not None and reply.text != before:
                record(session, "Reply", reply.id or 0, BY, f"drafted anew: {why}", now)
                changed.add(mention.id)
        return changed

    def draft(
        self, session: Session, mention: Mention, known: Known, talk: Talk | None, now: datetime
    ) -> tuple[DraftedReply, Reply] | None:
        """The draft and the reply it stands in; None where there is nothing to say, or a person has written already.

        Raises WordingError where no wording fits; nothing is changed then.
        """
        if not CHANNELS[known.accounts[mention.account_id].channel].speaks:
            return None
        understanding, earlier = known.understandings.get(mention.id), known.filed.get(mention.id)
        asks = understanding is not None and understanding.intent == Intent.STATUS_ENQUIRY
        if asks and earlier is None and not _waits_unanswered(known.requests.get(mention.id)):
            earlier = earlier_request(session, mention)
        context = self._context(session, mention, understanding, earlier, known, talk, now)
        context = replace(context, not_ours=referred_to(session, mention, known, context.language, now))
        about = earlier.id if earlier else None
        drafted: DraftedReply | None = None
        if talk and talk.asked and not mention.danger:
            spoken = understanding.language if understanding else "und"
            context = replace(context, language=language_of(session, talk, spoken, known.templates.languages))
        rules = speaking_of(self.speaking, known.accounts[mention.account_id].name)
        status = StatusAnswers(session, mention, context, self.zone, now, rules)
        answering = Answering(session, talk, context, status) if talk else None
        own, newest = known.filed.get(mention.id), known.newest_posts.get(mention.id)
        if context.danger:
            drafted = draft_reply(context)
        elif answered := (
            fixed_reply(session, mention, context, known)
            or passed_on_reply(session, mention, context, newest)
            or (answering and answering.answer())
            or status.in_words(newest.text if newest else "", own)
        ):
            drafted, about = answered
        else:
            followed = mention.id in known.requests and own is not None
            followed = followed and known.requests[mention.id].state == RequestState.JOINED
            followed = followed and (mention.round == 1 or only_asked_so_far(session, mention))
            drafted, about = status.of_own(own, followed=followed) or (draft_reply(context), about)
            drafted = (answering and drafted and answering.offer(drafted)) or drafted
            drafted = (talk and drafted and ask_if_same(session, talk, drafted, status)) or drafted
        room: Conversation | None = None
        if drafted and drafted.template_key in ASKS_IN_PRIVATE:
            room = room_to_ask_in(session, mention, now)
            drafted = draft_reply(replace(context, private=True)) if room else drafted
        else:
            ask_here_after_all(session, mention)
        if drafted and (page := must_name(session, mention, self.speaking, room.id if room else None)):
            drafted = replace(drafted, text=f"{drafted.text}\n{page}")
        if drafted:
            fits = partial(_fits, context)
            drafted = set_apart(session, mention, drafted, fits, private=context.private or room is not None)
        reply = _store(session, mention, drafted, about, known, now) if drafted else None
        if drafted and reply:
            reply.conversation_id = room.id if room else None
            code = context.service.service_code if context.service else None
            note_question(session, reply, drafted, code, reminder=context.asked.reminds)
        return (drafted, reply) if drafted and reply else None

    def _context(
        self,
        session: Session,
        mention: Mention,
        understanding: Understanding | None,
        earlier: ServiceRequest | None,
        known: Known,
        talk: Talk | None,
        now: datetime,
    ) -> ReplyContext:
        channel, request = known.accounts[mention.account_id].channel, known.requests.get(mention.id)
        intent = understanding.intent if understanding else None
        warned = mention.danger and was_warned(session, mention, understanding)
        if warned and intent is Intent.EMERGENCY:
            intent = Intent.SERVICE_REQUEST
        sure = understanding is not None and understanding.intent_probability == 1.0  # a person said so
        if mention.id in known.filed and intent in ABOUT_THE_PROBLEM:
            intent = Intent.STATUS_ENQUIRY  # it is filed already: what they can want to hear is how it stands
        elif request is not None and request.state == RequestState.JOINED and intent in ABOUT_THE_PROBLEM:
            intent = Intent.SERVICE_REQUEST  # a person says it is the same problem as another report
        elif intent in ADDS_NOTHING and _waits_unanswered(request) and not sure:
            intent = Intent.SERVICE_REQUEST  # they wrote on before anybody answered: the report is what waits
        elif request is not None and mention.start_link_id is not None and intent in NO_REPORT:
            intent = Intent.SERVICE_REQUEST  # the link they came by says what they report
        elif request is not None and request.service_code and mention.id in known.asked and intent in NOTHING_ELSE:
            intent = Intent.SERVICE_REQUEST  # an answer alone says nothing of what they want
        private = talk is not None and talk.conversation.one_to_one
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
            choices=choices_of(understanding),
            missing=request.missing if request else [],
            name=known.authors[mention.author_id].display_name,
            danger=mention.danger and not warned,
            known_request=known_request_of(earlier, known.services, now),
            hears_private=not CHANNELS[channel].public or CHANNELS[channel].in_private != InPrivate.NOBODY,
            attributes=_still_asked(request, known),
            asked=so_far(known.asked.get(mention.id or 0, [])),
        )


def _waits_unanswered(request: ServiceRequest | None) -> bool:
    """Whether a mention holds a report that nobody has decided about."""
    return request is not None and bool(request.service_code) and request.state in OPEN_REQUESTS


def _still_asked(request: ServiceRequest | None, known: Known) -> list[ServiceAttribute]:
    """What the city requires of a service beside what and where, and the request does not say."""
    if request is None or request.state == RequestState.JOINED:
        return []
    return to_ask(known.attributes.get(request.service_code or "", []), request.attribute.keys())


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
    board_reader: BoardReader | None = None
    """How posts are read for the boards of tweet chats; None: there are no chats."""
    describe: Describe | None = None
    """How an answer to the city's question reads there; None: none is passed on."""

    def suggest(self) -> list[int]:
        """Draft replies for the next batch of understood mentions; returns their ids."""
        with self.database.write() as session:
            now = self.clock()
            boards = Boards(session, self.board_reader, now) if self.board_reader else None
            if boards:
                boards.keep_up()
            mentions = session.exec(
                select(Mention)
                .where(Mention.state == MentionState.UNDERSTOOD)
                .order_by(col(Mention.danger).desc(), col(Mention.received_at), col(Mention.id))
                .limit(self.batch)
                .with_for_update(skip_locked=True)
            ).all()
            if not mentions:
                return []
            newest = newest_posts_of(session, mentions)
            talks = {one.id: talk_of(session, one, newest.get(one.id)) for one in mentions}
            for talk in filter(None, talks.values()):
                _hear(session, talk, now)
            left = [mention for mention in mentions if mention.state == MentionState.UNDERSTOOD]
            hear_fixed(session, left, now)
            if self.describe:
                hear_for_city(session, left, self.describe, now)
            hear_answers(session, left, self.zone, now)
            known = known_of(session, left, newest)
            if boards:
                left = [one for one in left if not boards.take(one, known.understandings.get(one.id))]
            for mention in left:
                self._suggest_one(session, mention, known, talks[mention.id], now)
            assign_by_rules(session, left, self.zone, now)
            return [mention.id or 0 for mention in mentions]

    def _suggest_one(self, session: Session, mention: Mention, known: Known, talk: Talk | None, now: datetime) -> None:
        understanding = known.understandings.get(mention.id)
        newest = known.newest_posts.get(mention.id)
        asked = (talk is not None and talk.only_asks is not None) or answers_only(session, mention, newest)
        asked = asked or asks_by_number(newest, self.speaking, known.accounts[mention.account_id].name)
        reports = mention.start_link_id is not None or mention.id in known.requests  # a person or partner said what
        reports = reports or mention.id in known.asked  # or it is the answer to a question of ours
        same = says_it_is_this_one(session, mention, newest)
        follows = not mention.danger and (same or suggest_joining(session, mention, newest, now))
        reports = reports or waits_to_be_passed_on(session, mention) is not None
        chatter = understanding is not None and not (asked or reports or follows) and _is_chatter(understanding)
        if chatter and move_to(session, mention.id or 0) is None:
            advance(session, mention, MentionState.SET_ASIDE, BY, "chatter: nothing to answer", now)
            return
        why, drafted = "request and reply are drafted", None
        if follows:
            why = "it says the same as another report: a person joins it, and its reply is drafted then"
            advance(session, mention, MentionState.DRAFTED, BY, why, now)
            return
        try:
            drafter = Drafter(self.length_of, self.find_private, self.zone, self.speaking)
            drafted = drafter.draft(session, mention, known, talk, now)
        except WordingError as error:
            log.warning("mention %s: no reply could be drafted (%s)", mention.id, error)
            why = "no wording fits: a person writes the reply"
        advance(session, mention, MentionState.DRAFTED, BY, why, now)
        standing = Standing(self.length_of, self.speaking)
        if drafted:
            standing.let_go(session, mention, drafted[1], drafted[0], asked=asked, now=now)
        close_if_fixed(session, mention, newest, now)


def _hear(session: Session, talk: Talk, now: datetime) -> None:
    """What a talk brings before anything is drafted: an answer to which case it is, a command, a link's place."""
    if talk.mention.state != MentionState.UNDERSTOOD or follow_pick(session, talk, now):
        return  # an earlier one of this batch has asked us to forget it; or it goes on about another case
    if hear_if_same(session, talk, now):
        return
    do_what_is_asked(session, talk, now)
    drop_request(session, talk, now)
    if talk.conversation.one_to_one and not talk.only_asks and talk.mention.state == MentionState.UNDERSTOOD:
        go_on(session, talk.mention, now)
    take_from_link(session, talk, now)


def _is_chatter(understanding: Understanding) -> bool:
    return (
        understanding.intent == Intent.CHATTER
        and understanding.intent_probability >= CHATTER_THRESHOLD
        and not (understanding.danger or understanding.abstained or understanding.failure)
    )


def _is_untouched(reply: Reply) -> bool:
    """Whether the words are still ours: nobody has changed or approved them, only perhaps opened the page.

    A notice of moderation is owed, whatever its author writes meanwhile.
    """
    waits = reply.state in (ReplyState.DRAFT, ReplyState.IN_REVIEW) and reply.purpose != Purpose.NOTICE
    return waits and reply.revision == 1 and reply.approved_at is None


def _fits(context: ReplyContext, text: str) -> bool:
    return context.length(text) <= context.limit


def _store(
    session: Session,
    mention: Mention,
    drafted: DraftedReply,
    about: int | None,
    known: Known,
    now: datetime,
) -> Reply | None:
    """Write the draft down; None where a person's words stand there already. `about`: the request it tells of."""
    reply = known.replies.get(mention.id)
    if reply is None:
        reply = Reply(mention_id=mention.id or 0, account_id=mention.account_id, round=mention.round, changed_at=now)
    elif not _is_untouched(reply):
        return None
    else:
        give_way(session, reply, now)
    newest = known.newest_posts.get(mention.id)
    reply.purpose = drafted.purpose
    reply.text, reply.language = drafted.text, drafted.language
    reply.template_key, reply.template_version = drafted.template_key, drafted.template_version
    reply.in_reply_to = newest.channel_post_id if newest else None
    reply.request_id = about if drafted.purpose == Purpose.STATUS else None
    session.add(reply)
    session.flush()
    return reply
