"""The answer to somebody who asks how a request stands: by its number, without one, or in plain words.

In private it tells all of it, with the place and the city's own words, which a person reads before they go. In public
it says nothing but closed values, of what was public before: whatever else is asked for there gets one and the same
sentence, so that nobody learns from it which numbers are somebody's private case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Conversation,
    Intent,
    Mention,
    MentionState,
    Outcome,
    Post,
    Purpose,
    Reply,
    ReplyState,
)
from models.case_numbers import OURS, numbers_in, same_number
from models.commands import without_handles
from models.joined import head_of
from models.lifecycle import RequestState
from models.requests import Need, Service, ServiceRequest
from models.status_changes import answered_since
from models.statuses import StatusUpdate, says_how_it_stands
from responders.asked_numbers import city_says
from responders.cases import Case, CaseState, Listing, case_of_request, cases_of
from responders.drafting import DraftedReply, Key, ReplyContext, plain_reply, problem_words
from responders.may_reply import Speaking, speaking_of
from responders.quoting import sayable_place, sayable_words
from responders.status_link_texts import with_link
from responders.wording import WordingError, date_words, filled, without_date_sentence

Answer = tuple[DraftedReply, int | None]
"""A draft, and the id of the request it tells of."""

LONGEST_NUMBER = 24
MOST_NUMBERS = 5
"""Of one post: who writes more is trying them out, and would keep others waiting for the city's answers."""
LONGEST_QUOTED = 300
"""So much of the city's own words is put into a draft; a person may add the rest."""
KEY_OF: dict[Outcome, Key] = {
    Outcome.ACCEPTED: Key.STATUS_ACCEPTED,
    Outcome.SCHEDULED: Key.STATUS_SCHEDULED,
    Outcome.FIXED: Key.STATUS_FIXED,
    Outcome.NO_ACTION: Key.STATUS_NO_ACTION,
    Outcome.REFERRED: Key.STATUS_REFERRED,
    Outcome.COULD_NOT_FIND: Key.STATUS_COULD_NOT_FIND,
    Outcome.NEEDS_INFORMATION: Key.STATUS_NEEDS_INFORMATION,
}
"""The wording of an outcome that has one of its own for whoever asks; others are told as open or closed."""
QUOTES = {Key.STATUS_NO_ACTION: "reason", Key.STATUS_REFERRED: "agency", Key.STATUS_NEEDS_INFORMATION: "question"}
"""The wordings that need the city's own words, and where these stand in them."""
QUESTIONS = frozenset({Outcome.NEEDS_INFORMATION, Outcome.COULD_NOT_FIND})
"""What asks its reader something, once."""
ASKING = "the city is being asked"
ENDS_OPEN = frozenset({Outcome.FIXED, Outcome.NO_ACTION})
"""What cannot be said of a request that is open again."""


@dataclass(frozen=True, slots=True)
class StatusAnswers:
    """Answers in the words of `context`, whose language is the resident's, for the author of one mention."""

    session: Session
    mention: Mention
    context: ReplyContext
    zone: ZoneInfo
    now: datetime
    speaking: Speaking

    @property
    def private(self) -> bool:
        return self._conversation.one_to_one

    def listed(self) -> Answer:
        """Their cases, numbered; in public none is listed."""
        if not self.private:
            return plain_reply(self.context, Key.PRIVATE_PLEASE), None
        found = self._theirs()
        if not found:
            return plain_reply(self.context, Key.CASES_NONE), None
        shape = plain_reply(self.context, Key.CASES_LIST)
        listing = self.listing(shape.language)
        return listing.draft(shape, listing.shown(shape.text, found)), None

    def unnumbered(self) -> Answer:
        """How their one case stands; of several the list, and in public the request to ask for one."""
        found = self._theirs()
        return self.tell(found[0]) if len(found) == 1 else self.listed()

    def numbered(self, said: str) -> Answer:
        """How the request stands that a resident calls by a number of the city's or of ours."""
        numbers = numbers_in(said, self.speaking.number_forms)[:MOST_NUMBERS] or [said]
        theirs = self._theirs(closed_long_ago=True)
        for number in numbers:
            case = next((one for one in theirs if one.is_called(number)), None)
            if case is not None:
                return self.tell(case)
            if case := self._told_in_public(number):
                return self._line(case), None
        asked = [self._of_city(number) for number in numbers if self._is_citys(number)]
        if told := next((one for one in asked if isinstance(one, DraftedReply)), None):
            return told, None
        neutral = plain_reply(self.context, Key.STATUS_NOT_FOUND if self.private else Key.STATUS_PRIVATE)
        return (replace(neutral, closed="") if ASKING in asked else neutral), None

    def named(self, text: str) -> Answer | None:
        """How the case stands whose number stands in a text; None where it names none."""
        numbers = numbers_in(text, self.speaking.number_forms)
        theirs = self._theirs(closed_long_ago=True) if any(sign.isdigit() for sign in text) else []
        called = [one for word in text.split()[:100] for one in theirs if one.is_called(word)]
        if called and not numbers:
            return self.tell(called[0])
        return self.numbered(text) if numbers else None

    def in_words(self, text: str, own: ServiceRequest | None) -> Answer | None:
        """The answer to a question that is no command: about the number in it, or in public about their only case.

        None where it asks nothing of that kind, is a mention with a request of its `own`, or in private names none:
        there they are asked which.
        """
        if not self._asks(text):
            return None
        if (answer := self.named(text)) or own is not None or self.private:
            return answer
        found = self._theirs()
        return self.tell(found[0]) if len(found) == 1 else (plain_reply(self.context, Key.STATUS_UNKNOWN), None)

    def of_own(self, head: ServiceRequest | None, *, followed: bool) -> Answer | None:
        """How a request stands that the mention itself is about, where it asks for that in words that name none.

        `followed`: it was joined to it just now, and its author hears that first.
        """
        case = case_of_request(self.session, head) if head else None
        if case is None or case.state is CaseState.WAITING:
            return None
        if followed and case.state is CaseState.OPEN:
            shape = self._shape(Key.STATUS_DUPLICATE)
            return self._worded(shape, self._body(Key.STATUS_DUPLICATE, shape.language), case, {}), case.request_id
        return (self._told(case), case.request_id) if self.context.intent is Intent.STATUS_ENQUIRY else None

    def tell(self, case: Case) -> Answer:
        """How one case of theirs stands."""
        if case.state is CaseState.WAITING:
            shape = plain_reply(self.context, Key.CASES_LIST)
            return self.listing(shape.language).draft(shape, [case]), None
        return self._with_link(case, self._told(case)), case.request_id

    def listing(self, language: str) -> Listing:
        """How cases are put into words here; in public without their places."""
        context = self.context
        return Listing(
            templates=context.templates,
            language=language,
            zone=self.zone,
            now=self.now,
            say_place=lambda place: self._sayable(place, language),
            length=context.length,
            limit=context.limit,
        )

    def _asks(self, text: str) -> bool:
        return self.context.intent is Intent.STATUS_ENQUIRY or is_only_number(text, self.speaking.number_forms)

    def _told(self, case: Case) -> DraftedReply:
        return self._outcome(case, self._newest_update(case)) or self._plain(case)

    @property
    def _conversation(self) -> Conversation:
        return self.session.get_one(Conversation, self.mention.conversation_id)

    def _theirs(self, *, closed_long_ago: bool = False) -> list[Case]:
        """Their cases; in public those alone that were told of in public."""
        found = cases_of(self.session, self.mention.author_id, self.now, closed_long_ago=closed_long_ago)
        if self.private:
            return [one for one in found if one.mention_id != self.mention.id or one.number]
        public = self.session.exec(
            select(Mention.id)
            .join(Conversation, col(Conversation.id) == Mention.conversation_id)
            .where(col(Mention.id).in_([one.mention_id for one in found]), col(Conversation.private).is_(False))
        ).all()
        return [one for one in found if one.mention_id in public and one.number]

    def _sayable(self, place: str, language: str) -> str:
        if not self.private:
            return ""
        return sayable_place(place, language, public=False, at_home=False, find_private=self.context.find_private)

    def _newest_update(self, case: Case) -> StatusUpdate | None:
        """The newest that has an outcome; that it is late, the calendar said, and it outdates nothing."""
        return self.session.exec(
            select(StatusUpdate)
            .where(
                StatusUpdate.request_id == case.request_id,
                col(StatusUpdate.outcome).is_not(None),
                StatusUpdate.outcome != Outcome.LATE,
                says_how_it_stands(),
            )
            .order_by(col(StatusUpdate.happened_at).desc(), col(StatusUpdate.id).desc())
            .limit(1)
        ).first()

    def _outcome(self, case: Case, update: StatusUpdate | None) -> DraftedReply | None:
        """What came of it, worded by its newest outcome; None where open or closed says as much."""
        key = KEY_OF.get(update.outcome) if update and update.outcome else None
        if key is None or update is None or self._says_too_much(case, key, update):
            return None
        if update.outcome in QUESTIONS and answered_since(self.session, update, self.mention.author_id):
            return None
        shape = self._shape(key)
        body = self._body(key, shape.language)
        if key is Key.STATUS_SCHEDULED and update.planned_for:
            day = update.planned_for.astimezone(self.zone).date()
            body = body.replace("{date}", date_words(day, shape.language))
        elif "{date}" in body and (case.promised is None or case.promised < self.now):
            body = without_date_sentence(body)
        words = {QUOTES[key]: _quoted(_words_for(key, update))} if key in QUOTES else {}
        return self._worded(shape, body, case, words)

    def _says_too_much(self, case: Case, key: Key, update: StatusUpdate) -> bool:
        """Whether an outcome is better told as open or closed: its words are not for the public, or it is over."""
        if update.outcome in ENDS_OPEN and case.state is not CaseState.CLOSED:
            return True
        if key is Key.STATUS_SCHEDULED and (update.planned_for is None or update.planned_for < self.now):
            return True
        if key is Key.STATUS_COULD_NOT_FIND and not self.private and case.service.needs is Need.ADDRESS:
            return True
        if key not in QUOTES:
            return False
        words = _words_for(key, update)
        return not self.private or not words.strip() or bool(self.context.find_private(words))

    def _plain(self, case: Case) -> DraftedReply:
        key = Key.STATUS_CLOSED if case.state is CaseState.CLOSED else Key.STATUS_KNOWN
        shape = self._shape(key)
        body = self._body(key, shape.language)
        if key is Key.STATUS_KNOWN and case.promised is not None and case.promised < self.now:
            body = without_date_sentence(body)
        return self._worded(shape, body, case, {})

    def _worded(self, shape: DraftedReply, body: str, case: Case, words: dict[str, str]) -> DraftedReply:
        """A body with its problem: once with the place beside it, and once with closed values alone."""
        problem, said = problem_words(case.service, shape.language), self._sayable(case.place, shape.language)
        closed = "" if words else filled(body, {"problem": problem})
        text = filled(body, {"problem": f"{problem} ({said})" if said else problem} | words)
        if closed and self.context.length(text) > self.context.limit:
            text = closed
        return replace(shape, text=text, closed=closed, purpose=Purpose.STATUS)

    def _shape(self, key: Key) -> DraftedReply:
        """Language and version of a wording, which is filled here and not by drafting."""
        template = self.context.templates.newest(key, self.context.language)
        template = template or self.context.templates.newest(key, "en")
        if template is None:
            raise WordingError(f"there is no active wording {key.value!r}")
        return DraftedReply("", template.language, key.value, template.version, Purpose.STATUS)

    def _body(self, key: Key, language: str) -> str:
        template = self.context.templates.newest(key, language)
        return template.body if template else ""

    def _is_citys(self, number: str) -> bool:
        return number in numbers_in(number, self.speaking.number_forms) and not number.startswith(OURS[:2])

    def _of_city(self, number: str) -> DraftedReply | str:
        """What the city itself publishes of a number that is none of theirs; ASKING until it has answered."""
        city = city_says(self.session, number, self.mention.id or 0, self.now)
        if city is None or city.checked_at is None:
            return ASKING if city else ""
        service = self.session.get(Service, city.service_code) if city.published else None
        if service is None:
            return ""
        state = CaseState.CLOSED if city.status == "closed" else CaseState.OPEN
        return self._line(Case(0, state, service, number=number, promised=city.expected_datetime))

    def _line(self, case: Case) -> DraftedReply:
        """One line about a request of whomever, in closed values alone."""
        key = Key.CASE_CLOSED if case.state is CaseState.CLOSED else Key.CASE_OPEN
        shape = self._shape(key)
        line = self.listing(shape.language).line(replace(case, place=""))
        return replace(shape, text=line, closed=line, purpose=Purpose.ACKNOWLEDGE)

    def _told_in_public(self, number: str) -> Case | None:
        """A request whose number we have said in public ourselves."""
        request = self.session.exec(
            select(ServiceRequest).where(
                ServiceRequest.service_request_id == number, ServiceRequest.state == RequestState.SUBMITTED
            )
        ).first()
        mention = self.session.get(Mention, request.mention_id) if request else None
        if request is None or mention is None or mention.state == MentionState.WITHDRAWN:
            return None
        account = self.session.get_one(Account, mention.account_id)
        conversation = self.session.get_one(Conversation, mention.conversation_id)
        if conversation.private or not CHANNELS[account.channel].public:
            return None
        sent = self.session.exec(
            select(Reply.sent_text).where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
        ).all()
        if not any(same_number(word, number) for text in sent for word in re.split(r"[^\w/-]+", text or "")):
            return None
        return case_of_request(self.session, head_of(self.session, request))

    def _with_link(self, case: Case, told: DraftedReply) -> DraftedReply:
        if not self.private or self.context.intent is Intent.EMERGENCY:
            return told
        return with_link(self.session, self.mention, case.mention_id, told, self.context, self.speaking, self.now)


def _words_for(key: Key, update: StatusUpdate) -> str:
    """The city's words that a wording quotes: who has it now, where it is about that; else its notes."""
    return (update.agency if key is Key.STATUS_REFERRED else "") or update.status_notes


def _quoted(words: str) -> str:
    """The city's words as a draft may hold them: one line, and nothing that acts as a slot or calls anybody."""
    tidy = sayable_words(words)
    return tidy if len(tidy) <= LONGEST_QUOTED else tidy[: LONGEST_QUOTED - 1].rstrip() + "…"


def asks_by_number(post: Post | None, speaking: Mapping[str, Speaking], account_name: str) -> bool:
    """Whether somebody sent nothing but a number, which asks as plainly as a command."""
    return post is not None and is_only_number(post.text, speaking_of(speaking, account_name).number_forms)


def is_only_number(text: str, forms: Sequence[str]) -> bool:
    """Whether a text is nothing but a request's number: whoever sends one asks how it stands."""
    words = without_handles(text).strip(" #.,;:!?()")
    return bool(words) and len(words) <= LONGEST_NUMBER and len(numbers_in(words, forms)) == 1
