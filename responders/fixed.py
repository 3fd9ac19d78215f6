"""Is it fixed? What we asked when the city closed a request, what the resident answers, and what follows from it.

A yes settles the case. A no drafts a request that opens it again, for a person to approve; nothing leaves from here.
What is stored follows the posts: an answer that was edited counts as it reads now, and a deleted one was never given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from models import (
    Conversation,
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    advance,
)
from models.fixed import names
from models.fixed_words import Said, read_answer
from models.joined import head_of
from models.private_moves import PrivateMove, move_from
from models.status_changes import wake_notices
from models.threads import posts_of
from responders.claims import open_reply, open_requests
from responders.drafting import DraftedReply, ReplyContext, plain_reply
from responders.fixed_where import ASKS_WHERE, tells_where
from responders.known import Known
from responders.reopening import UNDECIDED, draft_reopening, drop_reopening, show_more
from responders.status_outcomes import ENDS, is_closing
from responders.template_keys import Key

BY = "fixed"
ASKS = ASKS_WHERE | {Key.STATUS_FIXED, Key.STATUS_CLOSED, Key.STATUS_NO_ACTION, Key.STATUS_NO_ACTION_SHORT}
"""The wordings that end with the question, or with what comes to the same."""
WAITING = (FixedState.OPEN, FixedState.SILENT)
NO_MORE_ASKED = "a later closing is asked about"


def ask_if_fixed(session: Session, reply: Reply, now: datetime) -> FixedQuestion | None:
    """Remember what a reply that was sent has asked; None where it asks nothing. Asked once for each closing.

    A resident who asks again after their silence is asked again. What they have answered already stays answered.
    """
    told = session.get(ServiceRequest, reply.request_id) if reply.template_key in ASKS and reply.request_id else None
    if told is None or reply.mention_id is None or reply.state != ReplyState.SENT:
        return None
    request = head_of(session, told)
    if reply.template_key in ASKS_WHERE and request.status != "closed":
        return None  # said of a request that is open again: there is nothing to reopen
    mention_id = _asked_in(session, reply, reply.mention_id)
    mention, asked_at = session.get_one(Mention, mention_id), reply.sent_at or now
    closing = _closing(session, mention, request)
    known = _asked_before(session, mention, request)
    for earlier, _ in known:
        if earlier.update_id < closing and earlier.state in WAITING:
            advance(session, earlier, FixedState.WITHDRAWN, BY, NO_MORE_ASKED, now)
    room = reply.conversation_id or mention.conversation_id
    now_asked = [one for one, there in known if one.update_id == closing and _is_heard(one, there, mention, room)]
    same = now_asked[0] if now_asked else None
    if same is None:
        same = FixedQuestion(
            mention_id=mention_id,
            request_id=request.id or 0,
            update_id=closing,
            asked_reply_id=reply.id or 0,
            asked_at=asked_at,
            changed_at=now,
            followed_at=now,
        )
        session.add(same)
        session.flush()
    elif same.state in WAITING and same.asked_reply_id != reply.id:
        same.asked_reply_id, same.asked_at, same.closes_at = reply.id or 0, asked_at, None
        if same.state == FixedState.SILENT:
            advance(session, same, FixedState.OPEN, BY, "asked once more", now)
        session.add(same)
    return same


def hear_fixed(session: Session, mentions: Sequence[Mention], now: datetime) -> None:
    """Take what these mentions' posts say now as the answer to what we asked there, if they say yes or no."""
    questions = _questions(session, [one.id or 0 for one in mentions])
    by_mention = {one.id: one for one in mentions}
    for question in questions:
        follow(session, question, by_mention[question.mention_id], questions, now)


def follow(
    session: Session, question: FixedQuestion, mention: Mention, beside: Iterable[FixedQuestion], now: datetime
) -> None:
    """Bring one question to what its mention's posts say now. `beside`: all questions of the mention."""
    question.followed_at = now
    session.add(question)
    if question.state == FixedState.WITHDRAWN:
        return
    if mention.state == MentionState.WITHDRAWN:
        if question.state in WAITING:
            advance(session, question, FixedState.WITHDRAWN, BY, "its author deleted the post", now)
        return
    alone = sum(one.state in (*WAITING, question.state) for one in beside if one.mention_id == mention.id) == 1
    post, fixed = _answer(session, question, mention, alone=alone)
    if post is None:
        if question.answer_post_id is not None:
            _take_back(session, question, now)
        return
    if question.answered_by is not None and question.answered_at and post.received_at <= question.answered_at:
        return  # a person heard it elsewhere, later than that
    settle(session, question, mention, fixed=fixed, by=BY, now=now, post=post)
    if question.state == FixedState.NO:
        show_more(session, question, mention)


def settle(
    session: Session,
    question: FixedQuestion,
    mention: Mention,
    *,
    fixed: bool,
    by: str,
    now: datetime,
    post: Post | None = None,
) -> bool:
    """Write an answer down and do what follows from it. False: a person has acted on another answer already."""
    to = FixedState.YES if fixed else FixedState.NO
    if question.state != to:
        if fixed and not drop_reopening(session, question, "its author says that it is fixed after all", now):
            return False
        why = "the resident says that it is fixed" if fixed else "the resident says that it is not fixed"
        advance(session, question, to, by, why, now)
        question.answered_at = post.created_at if post else now
        question.told_at = None
        if not fixed:
            draft_reopening(session, question, mention, now)
    question.answer_post_id = post.id if post else None
    session.add(question)
    return True


def _take_back(session: Session, question: FixedQuestion, now: datetime) -> None:
    """The answer is gone, or says something else by now. What was acted on stays."""
    if drop_reopening(session, question, "the answer is gone", now):
        question.answer_post_id = question.answered_at = None
        advance(session, question, FixedState.OPEN, BY, "the answer is gone", now)


def _answer(session: Session, question: FixedQuestion, mention: Mention, *, alone: bool) -> tuple[Post | None, bool]:
    """The newest post that answers a question, and whether it says that it is fixed.

    In public, or with others beside it, only one to us does. Where we asked where it is, a place says that it is there.
    """
    reply = session.get_one(Reply, question.asked_reply_id)
    request = session.get_one(ServiceRequest, question.request_id)
    elsewhere, asks_where = reply.mention_id != mention.id, reply.template_key in ASKS_WHERE
    private = session.get_one(Conversation, mention.conversation_id).one_to_one
    for post in reversed(posts_of(session, mention.id or 0)):
        if (post.id or 0) <= (reply.seen_post_id or 0) or (elsewhere and post.created_at < question.asked_at):
            continue
        said = read_answer(post.text)
        if said is None and asks_where and tells_where(session, post):
            said = Said(fixed=False)
        if said is None or (said.number and not names(request, said.number)):
            continue
        to_us = post.in_reply_to is not None and post.in_reply_to == reply.sent_post_id
        if to_us or (private and (alone or said.number)):
            return post, said.fixed
    return None, False


def fixed_reply(
    session: Session, mention: Mention, context: ReplyContext, known: Known
) -> tuple[DraftedReply, int | None] | None:
    """What to say to an answer nobody has answered yet; None where there is none. Raises WordingError."""
    question = _to_answer(session, mention, known.newest_posts.get(mention.id))
    if question is None or context.danger:
        return None
    asked = session.get_one(Reply, question.asked_reply_id)
    request = session.get_one(ServiceRequest, question.request_id)
    context = replace(context, language=asked.language, service=known.services.get(request.service_code or ""))
    if question.state == FixedState.YES:
        return plain_reply(context, Key.FIXED_THANKS), None
    return plain_reply(context, Key.REOPENED), question.reopening_id


def _to_answer(session: Session, mention: Mention, newest: Post | None) -> FixedQuestion | None:
    """The question of a mention that was answered with what its author wrote last, or that is to be opened again."""
    for question in reversed(_questions(session, [mention.id or 0])):
        if question.state == FixedState.YES and newest and question.answer_post_id == newest.id:
            return question
        reopening = session.get(ServiceRequest, question.reopening_id) if question.reopening_id else None
        if question.state == FixedState.NO and reopening and reopening.state in (*UNDECIDED, RequestState.JOINED):
            return question
    return None


def answers_only(session: Session, mention: Mention, newest: Post | None) -> bool:
    """Whether what a mention says last is nothing but an answer to our question, so that it is no chatter."""
    return _to_answer(session, mention, newest) is not None


def close_if_fixed(session: Session, mention: Mention, newest: Post | None, now: datetime) -> bool:
    """Close a drafted mention whose author only said that it is fixed, where nothing else waits in it.

    The thanks that were drafted go only where a supervisor lets them go by themselves.
    """
    question = _to_answer(session, mention, newest)
    if question is None or question.state != FixedState.YES or mention.state != MentionState.DRAFTED:
        return False
    asks_person = session.get_one(Conversation, mention.conversation_id).person_asked_at is not None
    if mention.danger or asks_person or open_requests(session, mention):
        return False
    why = "its author says that it is fixed"
    if reply := open_reply(session, mention):
        if reply.state != ReplyState.DRAFT or reply.revision > 1:
            return False
        advance(session, reply, ReplyState.CANCELLED, BY, why, now)
    advance(session, mention, MentionState.CLOSED, BY, why, now)
    wake_notices(session, mention.id or 0, now)
    return True


def _questions(session: Session, mention_ids: Sequence[int]) -> list[FixedQuestion]:
    found = select(FixedQuestion).where(col(FixedQuestion.mention_id).in_(mention_ids))
    return list(session.exec(found.order_by(col(FixedQuestion.id))).all())


def hear_in_private(session: Session, move: PrivateMove) -> None:
    """Take what a public mention was asked in private, or to answer there, for asked in the private one."""
    if move.arrived_mention_id is None:
        return
    there = {(one.request_id, one.update_id) for one in _questions(session, [move.arrived_mention_id])}
    for question in _questions(session, [move.mention_id]):
        reply = session.get_one(Reply, question.asked_reply_id)
        in_private = reply.conversation_id is not None or reply.template_key == Key.STATUS_COULD_NOT_FIND_PRIVATE
        if in_private and question.state in WAITING and (question.request_id, question.update_id) not in there:
            question.mention_id = move.arrived_mention_id
            session.add(question)
    session.flush()


def _asked_in(session: Session, reply: Reply, mention_id: int) -> int:
    """The mention whose author is asked: where they went on in private, and are told there, the private one."""
    move = move_from(session, mention_id) if reply.conversation_id else None
    return (move.arrived_mention_id if move else None) or mention_id


def _asked_before(session: Session, mention: Mention, request: ServiceRequest) -> list[tuple[FixedQuestion, int]]:
    """What the author of a mention was asked about a request, wherever they wrote, each with where we asked."""
    rows = session.exec(
        select(FixedQuestion, func.coalesce(Reply.conversation_id, Mention.conversation_id))
        .join(Mention, col(Mention.id) == FixedQuestion.mention_id)
        .join(Reply, col(Reply.id) == FixedQuestion.asked_reply_id)
        .where(
            FixedQuestion.request_id == request.id,
            Mention.author_id == mention.author_id,
            or_(Mention.id == mention.id, Mention.state != MentionState.WITHDRAWN),
        )
        .order_by(col(FixedQuestion.id))
    ).all()
    return list(rows)


def _is_heard(question: FixedQuestion, asked_there: int, mention: Mention, room: int) -> bool:
    """Whether a question stands for one more: it is answered, or an answer in this room is heard as its own."""
    return question.mention_id == mention.id or asked_there == room or question.state in (FixedState.YES, FixedState.NO)


def _closing(session: Session, mention: Mention, request: ServiceRequest) -> int:
    """The newest closing of a request that its resident is told of, with any of their posts; 0 where none is known."""
    told = (
        select(StatusNotice.update_id)
        .join(Mention, col(Mention.id) == StatusNotice.mention_id)
        .where(Mention.author_id == mention.author_id)
    )
    updates = session.exec(
        select(StatusUpdate)
        .where(StatusUpdate.request_id == request.id, col(StatusUpdate.id).in_(told))
        .order_by(col(StatusUpdate.id).desc())
    ).all()
    return next((one.id or 0 for one in updates if one.outcome in ENDS or is_closing(one)), 0)
