"""Asking back: what an answer of a resident means, what of it goes into the request, and where the next question goes.

All it knows stands in rows (`AskedQuestion`, our replies, the posts), so that a talk goes on after a restart and on
another day. Nothing is sent from here.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import (
    AskedQuestion,
    AskedState,
    Conversation,
    Mention,
    Post,
    PrivateMove,
    Reply,
    ReplyState,
    RequestState,
    ServiceAttribute,
    ServiceRequest,
    record,
)
from models.asking import questions_of
from models.attributes import Datatype
from models.commands import asked
from models.private_moves import HOLDS, has_left, move_from
from models.said_plainly import UNKNOWN, Meant, read_said, says_unknown
from models.sorting import sort_mention
from models.threads import posts_of
from responders.asking_private import Way, begin_chat, city_asked, way_of
from responders.claims import open_request
from responders.drafting import DraftedReply, Missing

BY = "drafting"
ANSWER = "answer"
"""Post.command of a post that is nothing but the answer to a question about an attribute."""
SHORT = 60
"""Code points of what can be nothing but a choice, a number or a day."""
FREE_WORDS = (Datatype.STRING, Datatype.TEXT)


def hear_answers(session: Session, mentions: Sequence[Mention], zone: ZoneInfo, now: datetime) -> None:
    """Settle the open questions of mentions by what their authors have written since, and fill their requests."""
    asked_about = questions_of(session, [mention.id or 0 for mention in mentions])
    for mention in mentions:
        if questions := asked_about.get(mention.id or 0):
            _hear(session, mention, questions, zone, now)


def _hear(
    session: Session, mention: Mention, questions: Sequence[AskedQuestion], zone: ZoneInfo, now: datetime
) -> None:
    posts = _said_in(session, mention)
    request = _untouched_request(session, mention)
    if request is not None:
        _carry_over(session, questions, request)
    for question in questions:
        if question.state == AskedState.OPEN and (answers := _answers(session, question, posts)):
            _settle(session, mention, question, answers, request, zone, now)
    if request is not None:
        _fill(session, mention, questions, request, zone)
        session.add(request)
        sort_mention(session, mention)


def is_answered(session: Session, question: AskedQuestion, mention: Mention) -> bool:
    """Whether its author has written something since we asked; what it means is read when the mention is drafted."""
    return bool(_answers(session, question, _said_in(session, mention)))


def _said_in(session: Session, mention: Mention) -> list[Post]:
    return [post for post in posts_of(session, mention.id or 0) if not _is_command(post)]


def _answers(session: Session, question: AskedQuestion, posts: Sequence[Post]) -> list[Post]:
    """What the author wrote after our question had left."""
    reply = session.get_one(Reply, question.reply_id)
    if reply.state != ReplyState.SENT:
        return []
    return [post for post in posts if (post.id or 0) > (reply.seen_post_id or 0)]


def _settle(
    session: Session,
    mention: Mention,
    question: AskedQuestion,
    answers: Sequence[Post],
    request: ServiceRequest | None,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    question.answer_post_id, question.settled_at = answers[-1].id, now
    session.add(question)
    if question.attribute:
        attribute = session.get(ServiceAttribute, (question.service_code, question.attribute))
        read = ((post, read_answer(attribute, post, mention.language, zone)) for post in answers if attribute)
        found = next(((post, meant) for post, meant in read if meant), None)
        if found is None:
            question.state = AskedState.UNREAD
            return
        post, meant = found
        question.answer_post_id = post.id
        question.state = AskedState.UNKNOWN if meant == UNKNOWN else AskedState.READ
        if not mention.danger and attribute and _is_only_an_answer(post, attribute, meant):
            post.command = ANSWER  # it is no word of the report
            mention.version += 1
            mention.needs_understanding = True
            session.add_all([post, mention])
    elif any(says_unknown(post.text) for post in answers):
        question.state = AskedState.UNKNOWN
    elif request is None or question.about not in request.missing:
        question.state = AskedState.READ
    else:
        question.state = AskedState.UNREAD


def read_answer(attribute: ServiceAttribute, post: Post, language: str, zone: ZoneInfo) -> Meant | None:
    """What a post means as the answer to an attribute's question; None where it cannot be read."""
    return read_said(attribute, post.text, post.created_at.astimezone(zone).date(), language)


def _is_only_an_answer(post: Post, attribute: ServiceAttribute, meant: Meant) -> bool:
    """Whether nothing else is said in it, so far as we can tell."""
    free = attribute.datatype in FREE_WORDS and meant != UNKNOWN
    return post.lat is None and not free and len(post.text) <= SHORT


def _is_command(post: Post) -> bool:
    if post.command == ANSWER:
        return False
    return bool(post.command) or asked(post.text, private=True) is not None


def _untouched_request(session: Session, mention: Mention) -> ServiceRequest | None:
    """The request draft that nobody has worked on yet, as it was drafted anew from all that was said."""
    request = open_request(session, mention)
    return request if request and request.state == RequestState.DRAFT and request.revision == 1 else None


def _carry_over(session: Session, questions: Sequence[AskedQuestion], request: ServiceRequest) -> None:
    """What a person had put into the request is not lost: that draft was put away when we asked back."""
    before = session.exec(
        select(ServiceRequest)
        .where(
            col(ServiceRequest.mention_id).in_({one.mention_id for one in questions}),
            ServiceRequest.part == 1,
            ServiceRequest.state == RequestState.CANCELLED,
            col(ServiceRequest.id) < (request.id or 0),
        )
        .order_by(col(ServiceRequest.id).desc())
        .limit(1)
    ).first()
    if before is None:
        return
    request.attribute = {**before.attribute, **request.attribute}
    if before.revision > 1 and before.service_code:
        request.service_code = before.service_code
        request.missing = [one for one in request.missing if one != Missing.SERVICE]
    if before.revision > 1 and request.lat is None and before.lat is not None:
        request.address_string, request.lat, request.long = before.address_string, before.lat, before.long
        request.missing = [one for one in request.missing if one == Missing.SERVICE]


def _fill(
    session: Session,
    mention: Mention,
    questions: Sequence[AskedQuestion],
    request: ServiceRequest,
    zone: ZoneInfo,
) -> None:
    """Write the answers that were read into the request; what stands there already stays."""
    told = dict(request.attribute)
    for question in questions:
        if question.state != AskedState.READ or question.service_code != request.service_code:
            continue
        attribute = session.get(ServiceAttribute, (question.service_code, question.attribute))
        post = session.get(Post, question.answer_post_id) if question.answer_post_id else None
        if attribute is None or post is None or post.deleted_at is not None:
            continue
        meant = read_answer(attribute, post, mention.language, zone)
        if meant is not None and meant.value is not None:
            told.setdefault(attribute.code, meant.value)
    request.attribute = told


def note_question(
    session: Session, reply: Reply, drafted: DraftedReply, service_code: str | None, *, reminder: bool
) -> None:
    """Keep what a draft asks for, so that the answer can be read; a draft that asks nothing leaves nothing behind."""
    known = session.exec(select(AskedQuestion).where(AskedQuestion.reply_id == reply.id)).first()
    if not drafted.about or reply.mention_id is None:
        if known is not None:
            session.delete(known)
        return
    question = known or AskedQuestion(reply_id=reply.id or 0, mention_id=reply.mention_id, about=drafted.about)
    question.about, question.service_code, question.reminder = drafted.about, service_code or "", reminder
    session.add(question)


def room_to_ask_in(session: Session, mention: Mention, now: datetime) -> Conversation | None:
    """Note that the author is asked in private; the chat to ask in, where this channel lets us write there first.

    None: we ask them in public to write to us.
    """
    found = way_of(session, mention)
    move = move_from(session, mention.id or 0)
    if move is None and found.open:
        move = PrivateMove(
            mention_id=mention.id or 0, author_id=mention.author_id, account_id=mention.account_id, asked_at=now
        )
        session.add(move)
        session.flush()
        record(session, "Mention", mention.id or 0, BY, "asks its author to go on in private", now)
    elif move is not None and move.arrived_mention_id is None and found.open and move.asked_at < now - HOLDS:
        move.asked_at = now  # the first asking is over, and its answer would not be known for one
        session.add(move)
    return (found.room or begin_chat(session, mention)) if found.way is Way.DIRECT else None


def take_back_asking(session: Session, mention: Mention) -> None:
    """An asking of ours that has not left is dropped: something else is said in its place."""
    move = move_from(session, mention.id or 0)
    if move is not None and move.asked_by is None and move.arrived_mention_id is None and not has_left(session, move):
        session.delete(move)


def ask_here_after_all(session: Session, mention: Mention) -> None:
    """The draft asks for nothing private any more: an asking of ours that nobody followed is dropped.

    What the city asked in private, and we have told, is still to be answered there.
    """
    move = move_from(session, mention.id or 0)
    if move is None or move.asked_by is not None or move.arrived_mention_id is not None:
        return
    if not city_asked(session, move):
        session.delete(move)
