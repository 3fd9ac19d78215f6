""" "Ask in private": the conversation goes on where nobody else reads along, and stays one case.

What is written here is a draft; a person approves it as any other. Where a channel lets us write in private first, the
draft is that message; elsewhere it is a public pointer, and the resident writes. Their private message is then tied to
the public mention (models.private_moves).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, or_, select

from models import (
    CHANNELS,
    Account,
    Conversation,
    Mention,
    MentionState,
    Power,
    Reply,
    ReplyTemplate,
    RequestState,
    Service,
    ServiceRequest,
    advance,
    record,
)
from models.channels import InPrivate
from models.joined import head_of
from models.private_moves import TOLD, PrivateMove, ask_in_private, move_from, tie_private
from models.requests import new_reference
from models.status_changes import CLOSED, QUESTIONS
from responders.claims import active_staff, claim, open_reply, open_request
from responders.deciding import NotApproved, locked_mention
from responders.drafting import Key, Missing, TemplateBook, language_of_reply, problem_words
from responders.edits import keep_words
from responders.fixed import hear_in_private
from responders.may_reply import must_name
from responders.review import Desk
from responders.wording import filled

BY = "dialogue"
NEWEST_THREADS = 200
"""Of one author; a private chat among older ones only is not looked for."""
LIVE = frozenset(RequestState) - {RequestState.CANCELLED, RequestState.REFUSED}


class Way(StrEnum):
    """How somebody can be asked in private."""

    DIRECT = "direct"
    POINTER = "pointer"
    NONE = "none"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class PrivateWay:
    """`says`: a sentence for the person at the desk. `room`: the private chat that is there already, if one is."""

    way: Way
    says: str
    room: Conversation | None = None

    @property
    def open(self) -> bool:
        return self.way in (Way.DIRECT, Way.POINTER)


def way_of(session: Session, mention: Mention) -> PrivateWay:
    """How the author of a mention can be asked in private on the channel they wrote on."""
    account = session.get_one(Account, mention.account_id)
    if session.get_one(Conversation, mention.conversation_id).one_to_one:
        return PrivateWay(Way.THERE, "This is a private chat already.")
    room, facts = _chat_with(session, mention), CHANNELS[account.channel]
    match facts.in_private:
        case InPrivate.NOBODY:
            return PrivateWay(
                Way.NONE,
                f"We can neither read nor send private messages on {facts.label}. Ask for the block instead of the "
                "house number, or give them the number to call.",
            )
        case InPrivate.WHO_NAMED_US:
            return PrivateWay(Way.DIRECT, "Only they can read it: a post for who is named in it.", room)
        case InPrivate.WHO_WROTE if room is not None:
            return PrivateWay(Way.DIRECT, "They have written to us in private before, so we may write there.", room)
        case InPrivate.WHO_WROTE:
            said = f"{facts.label} lets us write in private only to who has written to us: we ask them to."
            return PrivateWay(Way.POINTER, said)
        case InPrivate.WHO_BEGAN_WITH_BOT:
            said = "A bot may not begin a private chat: we ask them here to write to the bot."
            return PrivateWay(Way.POINTER, said)


def ask(desk: Desk, mention_id: int, staff_id: int) -> None:
    """Draft the words that ask in private, and remember that we did. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        claim(session, mention, active_staff(session, staff_id, Power.DRAFT), now, desk.lease)
        found, reply = way_of(session, mention), open_reply(session, mention)
        if reply is None or not found.open:
            raise NotApproved([found.says])
        key, text, language, version = _words(session, mention, reply, found)
        reply.conversation_id = None
        if found.way is Way.DIRECT:
            reply.conversation_id = (found.room or begin_chat(session, mention)).id
            page = must_name(session, mention, desk.speaking, reply.conversation_id)
            text = f"{text}\n{page}" if page else text
        keep_words(session, reply, text, language, None, now)
        reply.template_key, reply.template_version = key, version
        session.add(reply)
        ask_in_private(session, mention, staff_id, now)


def answer_in_public(desk: Desk, mention_id: int, staff_id: int) -> None:
    """Let the reply stand in public after all; its words stay as they are. Raises NotYours."""
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        claim(session, mention, active_staff(session, staff_id, Power.DRAFT), now, desk.lease)
        reply, move = open_reply(session, mention), move_from(session, mention_id)
        if reply is not None and reply.conversation_id is not None:
            reply.conversation_id = None
            session.add(reply)
        if move is not None and move.arrived_mention_id is None:
            session.delete(move)
            record(session, "Mention", mention_id, f"staff:{staff_id}", "answered in public after all", now)


def go_on(session: Session, mention: Mention, now: datetime) -> PrivateMove | None:
    """Tie a private mention to the public one it answers, so that the two are one case; None where it answers none.

    Where the public one has a request, this one's own follows it and is not filed; where it has none, this one's is the
    case's, and takes over what was known of the problem.
    """
    move = tie_private(session, mention, now)
    if move is None:
        return None
    hear_in_private(session, move)
    known = _newest_request(session, move.mention_id)
    own = open_request(session, mention)
    if known is None or (own is not None and (own.state != RequestState.DRAFT or own.revision > 1)):
        return move
    if own is None and _has_request(session, mention):
        return move
    if own is None:
        own = ServiceRequest(mention_id=mention.id or 0, reference=new_reference(), changed_at=now)
        own.missing = [Missing.SERVICE, Missing.PLACE]
    _take_over(own, known)
    session.add(own)
    session.flush()
    head = head_of(session, known)
    if head.state in LIVE and (head.status != CLOSED or city_asked(session, move)):
        own.joined_to_id = head.id
        why = f"goes on in private about mention {move.mention_id}"
        advance(session, own, RequestState.JOINED, BY, why, now)
    return move


def _take_over(own: ServiceRequest, known: ServiceRequest) -> None:
    """What the public post told, where the private one does not tell it."""
    if own.service_code is None and known.service_code is not None:
        own.service_code = known.service_code
        own.missing = [one for one in own.missing if one != Missing.SERVICE]
    if not own.address_string and own.lat is None and known.lat is not None:
        own.address_string, own.lat, own.long = known.address_string, known.lat, known.long
        own.missing = list(known.missing)
    if known.description and known.description not in own.description:
        own.description = f"{known.description}\n{own.description}".strip()


def city_asked(session: Session, move: PrivateMove) -> bool:
    """Whether it was a question of the city's that was to be answered in private: what is closed is gone on about."""
    told = select(Reply.id).where(
        Reply.mention_id == move.mention_id,
        col(Reply.state).in_(TOLD),
        col(Reply.approved_at) >= move.asked_at,
        or_(*(col(Reply.template_key).startswith(key, autoescape=True) for key in QUESTIONS)),
    )
    return session.exec(told.limit(1)).first() is not None


def _newest_request(session: Session, mention_id: int) -> ServiceRequest | None:
    """The request of a mention, one that lives before one that was dropped."""
    found = session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == mention_id, ServiceRequest.part == 1)
        .order_by(col(ServiceRequest.id).desc())
    ).all()
    return next((one for one in found if one.state in LIVE), found[0] if found else None)


def _has_request(session: Session, mention: Mention) -> bool:
    found = select(ServiceRequest.id).where(
        ServiceRequest.mention_id == mention.id, ServiceRequest.state != RequestState.CANCELLED
    )
    return session.exec(found.limit(1)).first() is not None


def _words(session: Session, mention: Mention, reply: Reply, found: PrivateWay) -> tuple[str, str, str, int]:
    """Template key, text, language and version of what asks in private."""
    book = TemplateBook(session.exec(select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))).all())
    request = open_request(session, mention) or _newest_request(session, mention.id or 0)
    service = session.get(Service, request.service_code) if request and request.service_code else None
    language = language_of_reply(reply.language, book.languages)
    key = Key.PRIVATE_PLEASE
    if found.way is Way.DIRECT:
        key = Key.ASK_ADDRESS if service else Key.ASK_SERVICE
    template = book.newest(key, language) or book.newest(key, "en")
    if template is None:
        raise NotApproved([f"There is no template {key.value!r} in this language. Write the words yourself."])
    text = filled(template.body, {"problem": problem_words(service, template.language)})
    return key.value, text, template.language, template.version


def _chat_with(session: Session, mention: Mention) -> Conversation | None:
    """The private chat of our account with the author of a mention, the newest; they must have written there."""
    theirs = session.exec(
        select(Mention.conversation_id)
        .where(Mention.author_id == mention.author_id, Mention.state != MentionState.WITHDRAWN)
        .order_by(col(Mention.id).desc())
        .limit(NEWEST_THREADS)
    ).all()
    # by their ids alone: SQLite else goes through all conversations of the account
    threads = session.exec(select(Conversation).where(col(Conversation.id).in_(theirs))).all()
    chats = [one for one in threads if one.one_to_one and one.account_id == mention.account_id]
    return min(chats, key=lambda one: theirs.index(one.id or 0), default=None)


def begin_chat(session: Session, mention: Mention) -> Conversation:
    """Mastodon's private side of a public thread, named as the listener names it."""
    public = session.get_one(Conversation, mention.conversation_id)
    name = f"{public.channel_conversation_id}/direct"
    room = session.exec(
        select(Conversation).where(
            Conversation.account_id == mention.account_id, Conversation.channel_conversation_id == name
        )
    ).first() or Conversation(account_id=mention.account_id, channel_conversation_id=name, private=True)
    session.add(room)
    session.flush()
    return room
