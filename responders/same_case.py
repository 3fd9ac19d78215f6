"""Is it this one? Asked in a private chat where a whole report may be an open request near there; a person joins.

What is offered is fit for the public: the service, the block, and for how long it has been open; nothing of its author.
An answer that picks one is a suggestion to join. One that does not, or none, and it goes on as a report of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    AskedQuestion,
    AskedState,
    Mention,
    NeighbourRelation,
    NeighbourSuggestion,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    record,
)
from models.commands import NEW
from models.joined import head_of
from models.requests import Need
from models.said_plainly import says_yes
from responders.asking_status import StatusAnswers
from responders.cases import Listing
from responders.claims import open_request
from responders.counting import apart, days_words
from responders.dialogue import BY, Talk, asked_before, asks_already, open_list
from responders.drafting import DraftedReply, Key, plain_reply, problem_words
from responders.picking import PICKED, choice_of
from responders.quoting import sayable_place
from responders.template_keys import FILED
from responders.wording import WordingError, filled

ABOUT = "same"
"""AskedQuestion.about of this question."""
MOST = 3
WHY = "They were asked, and said that it is this one."
READ_BY_A_PERSON = (
    RequestState.APPROVED,
    RequestState.SUBMITTING,
    RequestState.SUBMITTED,
    RequestState.TOKEN_PENDING,
    RequestState.UNCERTAIN,
)
"""A draft that nobody has looked at yet is offered to nobody: its place may be a resident's home."""


@dataclass(frozen=True, slots=True)
class _Offer:
    mention_id: int
    line: str


def ask_if_same(session: Session, talk: Talk, drafted: DraftedReply, status: StatusAnswers) -> DraftedReply | None:
    """The question instead of `drafted`, where that would file a whole report and something like it is open near there.

    None: nothing is asked. Nobody is asked twice; a question that was not answered by now is not waited for any more.
    """
    mention, request = talk.mention, open_request(session, talk.mention)
    if not talk.conversation.one_to_one or drafted.template_key not in FILED or request is None:
        return None
    if asked_before(session, mention, Key.ASK_SAME):
        _settle(session, mention, AskedState.NO_ANSWER, status.now)
        return None
    if mention.round > 1 or asks_already(session, talk, status.now):
        return None
    try:
        shape = plain_reply(status.context, Key.ASK_SAME)
        offers = _offers(session, request, status, status.listing(shape.language))
        last = plain_reply(status.context, Key.CASE_NEW).text
    except WordingError:  # a city that has not taken over these wordings yet
        return None
    if not offers:
        return None
    lines = [f"{number}) {line}" for number, line in enumerate([*(one.line for one in offers), last], start=1)]
    talk.conversation.offered = [one.mention_id for one in offers]
    session.add(talk.conversation)
    return replace(shape, text="\n".join([shape.text, *lines]), closed="", about=ABOUT)


def hear_if_same(session: Session, talk: Talk, now: datetime) -> bool:
    """Take the newest post as the answer to that question, if it is one. True: it picks a request that is still open.

    That request is suggested to whoever works on it. "Something new" leaves the report to go on by itself.
    """
    question, conversation = open_list(session, talk, Key.ASK_SAME), talk.conversation
    if question is None or not conversation.offered:
        return False
    problems = _problems(session, conversation.offered, question.language)
    choice = choice_of(question.sent_text, problems, talk.newest.text)
    if choice is None and len(problems) == 1 and (said := says_yes(talk.newest.text)) is not None:
        choice = 1 if said else NEW
    if choice is None:
        return False
    head = _head(session, conversation.offered[choice - 1]) if choice != NEW else None
    conversation.offered, talk.newest.command = None, PICKED
    session.add_all([conversation, talk.newest])
    _settle(session, talk.mention, AskedState.READ, now)
    if head is None or not _is_open(head) or head.mention_id == talk.mention.id:
        talk.mention.version += 1
        talk.mention.needs_understanding = True  # the number is no word of the report
        session.add(talk.mention)
        return False
    _suggest(session, talk.mention, head, now)
    return True


def says_it_is_this_one(session: Session, mention: Mention, newest: Post | None) -> bool:
    """Whether what was written last picked the request that stands suggested now."""
    if newest is None or newest.command != PICKED:
        return False
    suggested = session.exec(select(NeighbourSuggestion).where(NeighbourSuggestion.mention_id == mention.id)).all()
    return any(WHY in one.reasons for one in suggested)


def only_asked_so_far(session: Session, mention: Mention) -> bool:
    """Whether its author has heard nothing from us about it but questions."""
    sent = session.exec(
        select(Reply.template_key).where(Reply.mention_id == mention.id, Reply.state == ReplyState.SENT)
    ).all()
    return all(key.startswith("ask_") for key in sent)


def _suggest(session: Session, mention: Mention, head: ServiceRequest, now: datetime) -> None:
    suggestion = session.exec(
        select(NeighbourSuggestion).where(
            NeighbourSuggestion.mention_id == mention.id, NeighbourSuggestion.request_id == head.id
        )
    ).first() or NeighbourSuggestion(
        mention_id=mention.id or 0, request_id=head.id or 0, relation=NeighbourRelation.SAME, created_at=now
    )
    suggestion.relation, suggestion.score = NeighbourRelation.SAME, 1.0
    suggestion.reasons = [WHY, *(one for one in suggestion.reasons if one != WHY)]
    session.add(suggestion)
    record(session, "Mention", mention.id or 0, BY, f"its author says that it is the same as request {head.id}", now)
    session.flush()


def _settle(session: Session, mention: Mention, state: AskedState, now: datetime) -> None:
    """The question is over: nobody is reminded of it, and no person is called because of it."""
    for question in session.exec(
        select(AskedQuestion).where(
            AskedQuestion.mention_id == mention.id,
            AskedQuestion.about == ABOUT,
            AskedQuestion.state == AskedState.OPEN,
        )
    ).all():
        question.state, question.settled_at = state, now
        session.add(question)


def _offers(session: Session, request: ServiceRequest, status: StatusAnswers, listing: Listing) -> list[_Offer]:
    """The open requests of the same service near there, the likeliest first, each in words that differ."""
    found: dict[str, _Offer] = {}
    service = session.get(Service, request.service_code or "")
    if service is None or service.needs is Need.ADDRESS:  # that would tell of what is wrong in a neighbour's home
        return []
    suggested = session.exec(
        select(NeighbourSuggestion)
        .where(
            NeighbourSuggestion.mention_id == request.mention_id,
            NeighbourSuggestion.relation != NeighbourRelation.DIFFERENT,
        )
        .order_by(col(NeighbourSuggestion.score).desc(), col(NeighbourSuggestion.id))
    ).all()
    for one in suggested:
        head = head_of(session, session.get_one(ServiceRequest, one.request_id))
        if head.mention_id == request.mention_id or head.part > 1 or not _is_open(head):
            continue
        if head.service_code != request.service_code:
            continue
        line = _line(session, head, service, status, listing)
        found.setdefault(line, _Offer(head.mention_id, line))
        if len(found) == MOST:
            break
    return list(found.values())


def _line(session: Session, head: ServiceRequest, service: Service, status: StatusAnswers, listing: Listing) -> str:
    """What it is, in which block, and for how many days it has been open; a day that has begun counts."""
    language = listing.language
    template = listing.templates.newest(Key.CASE_NEAR, language) or listing.templates.newest(Key.CASE_NEAR, "en")
    if template is None:
        raise WordingError(f"there is no active wording {Key.CASE_NEAR.value!r}")
    problem, place = problem_words(service, language), _block(head, status, language)
    reported = session.get_one(Mention, head.mention_id).received_at.astimezone(listing.zone).date()
    days = max(1, (listing.now.astimezone(listing.zone).date() - reported).days)
    named = f"{problem} ({place})" if place else problem
    return filled(template.body, {"problem": named, "days": apart(days_words(days, language), language)})


def _block(head: ServiceRequest, status: StatusAnswers, language: str) -> str:
    return sayable_place(
        head.address_string, language, public=True, at_home=True, find_private=status.context.find_private
    )


def _is_open(head: ServiceRequest) -> bool:
    return head.state in READ_BY_A_PERSON and head.status != "closed"


def _head(session: Session, mention_id: int) -> ServiceRequest | None:
    """The request that stands for what a mention reports by now."""
    request = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention_id,
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).first()
    return head_of(session, request) if request is not None else None


def _problems(session: Session, mention_ids: Sequence[int], language: str) -> list[str]:
    """What was offered, in its order, as the list calls it."""
    heads = [_head(session, one) for one in mention_ids]
    services = [session.get(Service, one.service_code or "") if one else None for one in heads]
    return [problem_words(one, language) for one in services]
