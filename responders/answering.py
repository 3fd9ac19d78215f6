"""Putting a text of ours into the reply that somebody works on: a card's answer, or a wording for an outcome.

It becomes the draft's words and nothing more: a person still reads and approves them.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    AnswerLength,
    Conversation,
    KnowledgeAnswer,
    KnowledgeCard,
    Mention,
    Power,
    Reply,
    ReplyTemplate,
    Service,
    ServiceRequest,
    record,
)
from models.joined import head_of
from responders.claims import active_staff, open_reply, require_claim
from responders.counting import apart, days_words
from responders.deciding import locked_mention
from responders.drafting import NAMES, Key, TemplateBook, language_of_reply, problem_words
from responders.edits import filed_request, keep_words
from responders.may_reply import must_name
from responders.quoting import sayable_place
from responders.review import Desk, NotApproved
from responders.wording import filled, placeholders, widest
from responders.wordings import SHORTER, SIGN_OFF_ROOM

TYPED = ("reason", "agency", "question", "contact")
"""The placeholders that only a person can fill."""


def put_answer(desk: Desk, mention_id: int, staff_id: int, card_id: int, language: str, today: date) -> str:
    """Let a card's answer be the reply; returns the language it is in. Raises NotYours or NotApproved.

    The long answer where it fits the channel, in the resident's language where the card has it, else in English.
    """
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        staff = active_staff(session, staff_id, Power.DRAFT)
        require_claim(session, mention, staff, now)
        reply, card = open_reply(session, mention), session.get(KnowledgeCard, card_id)
        if reply is None or card is None or not card.active:
            raise NotApproved(["There is no such card any more, or nothing to reply with it to."])
        if card.expires_on and card.expires_on < today:
            raise NotApproved([f"This card is out of date since {card.expires_on}. Ask {card.owner}."])
        answer = best_answer(session, desk, mention, card_id, language)
        if answer is None:
            raise NotApproved(["The card has no answer in this language, and none in English."])
        _put(session, desk, mention, reply, answer.text, answer.language, staff.id, now)
        reply.card_id, reply.template_key, reply.template_version = card_id, "", 0
        record(session, "Reply", reply.id or 0, f"staff:{staff_id}", f"answered from card {card_id}", now)
        return answer.language


def best_answer(session: Session, desk: Desk, mention: Mention, card_id: int, language: str) -> KnowledgeAnswer | None:
    """What a card says to a mention: in its language or in English, the longest that fits; else the shortest."""
    found = session.exec(select(KnowledgeAnswer).where(KnowledgeAnswer.card_id == card_id)).all()
    spoken = language_of_reply(language, {one.language for one in found})
    theirs = sorted((one for one in found if one.language == spoken), key=lambda one: one.length != AnswerLength.LONG)
    fitting = (one for one in theirs if _fits(session, desk, mention, one.text))
    return next(fitting, theirs[-1] if theirs else None)


def put_wording(desk: Desk, mention_id: int, staff_id: int, key: Key, language: str, typed: Mapping[str, str]) -> None:
    """Let one of our wordings be the reply, or the shorter one where it does not fit. Raises NotYours or NotApproved.

    `typed`: what only a person knows.
    """
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        staff = active_staff(session, staff_id, Power.DRAFT)
        require_claim(session, mention, staff, now)
        reply = open_reply(session, mention)
        template = _template(session, key, language)
        if reply is None or template is None:
            raise NotApproved(["There is no such text any more, or nothing to reply with it to."])
        words = _words(session, desk, mention, reply, template.language, typed)
        while True:
            missing = sorted(placeholders(template.body) - words.keys())
            if missing:
                raise NotApproved([_ASK_FOR[one] for one in missing])
            text, shorter = filled(template.body, words), SHORTER.get(Key(template.key))
            shorter_one = _template(session, shorter, language) if shorter else None
            if shorter_one is None or _fits(session, desk, mention, widest(text, template.language)):
                break
            template = shorter_one
        _put(session, desk, mention, reply, text, template.language, staff.id, now)
        reply.card_id, reply.template_key, reply.template_version = None, template.key, template.version
        session.add(reply)


def _fits(session: Session, desk: Desk, mention: Mention, text: str) -> bool:
    """Whether a reply to this mention may be so long, with room for a sign-off."""
    channel = session.get_one(Account, mention.account_id).channel
    private = session.get_one(Conversation, mention.conversation_id).one_to_one
    return desk.length_of(channel, text) <= CHANNELS[channel].limit(private=private) - SIGN_OFF_ROOM


def needs_typed(key: Key) -> list[str]:
    """What a person has to say before a wording can be used."""
    return [name for name in TYPED if name in NAMES[key]]


def _template(session: Session, key: Key, language: str) -> ReplyTemplate | None:
    found = session.exec(
        select(ReplyTemplate).where(ReplyTemplate.key == key.value, col(ReplyTemplate.active).is_(True))
    ).all()
    book = TemplateBook(found)
    return book.newest(key, language_of_reply(language, book.languages))


def _words(
    session: Session, desk: Desk, mention: Mention, reply: Reply, language: str, typed: Mapping[str, str]
) -> dict[str, str]:
    """What fills the placeholders; what nobody knows is left out."""
    told = filed_request(session, mention) or (
        session.get(ServiceRequest, reply.request_id) if reply.request_id else None
    )
    request = told or _own_request(session, mention)
    service = session.get(Service, request.service_code) if request and request.service_code else None
    account = session.get_one(Account, mention.account_id)
    private = session.get_one(Conversation, mention.conversation_id).one_to_one
    place = sayable_place(
        request.address_string if request else "",
        language,
        public=CHANNELS[account.channel].public and not private,
        at_home=service is not None and service.needs == "address",
        find_private=desk.find_private,
    )
    words = {"problem": apart(problem_words(service, language), language), "place": place}
    words |= {name: apart(_tidy(name, typed.get(name, "")), language) for name in TYPED}
    if told and told.promised_datetime and (late := (desk.clock() - told.promised_datetime).days) > 0:
        words["days"] = days_words(late, language)
    return {name: said for name, said in words.items() if said}


def _own_request(session: Session, mention: Mention) -> ServiceRequest | None:
    found = session.exec(
        select(ServiceRequest).where(ServiceRequest.mention_id == mention.id).order_by(col(ServiceRequest.id).desc())
    ).first()
    return head_of(session, found) if found else None


def _tidy(name: str, said: str) -> str:
    """Free words as they stand inside a sentence of ours: without slots, and a question ends as one."""
    said = " ".join(said.split()).translate(str.maketrans("{}[]", "()()"))
    if name != "question":
        return said.rstrip(" .。")
    return said if not said or said.endswith(("?", "？", "؟", ".")) else f"{said}?"


def _put(
    session: Session,
    desk: Desk,
    mention: Mention,
    reply: Reply,
    text: str,
    language: str,
    by: int | None,
    now: datetime,
) -> None:
    if page := must_name(session, mention, desk.speaking):
        text = f"{text}\n{page}"
    keep_words(session, reply, text, language, by, now)
    mention.claimed_until = now + desk.lease
    session.add_all([mention, reply])


_ASK_FOR = {
    "problem": "Choose the service of the request first: the text names the problem.",
    "place": "The request has no place that may be said here.",
    "first": "It may be one of two places only while drafting asks.",
    "second": "Choose the place of the request first.",
    "name": "A greeting alone is no reply.",
    "reason": "Say the reason that the city gave.",
    "agency": "Say who takes care of it now.",
    "question": "Say what the city wants to know.",
    "contact": "Say how to reach them: a number or an address.",
    "days": "The city's promised day is not over, or there is none.",
}
