"""A person looks where no proof could be had, and says what became of a reply or a request."""

from sqlmodel import Session, col, select

from models import Decision, MentionState, Purpose, Reply, ReplyState, RequestState, ServiceRequest, advance
from models.closing import close_if_settled
from models.deletion import forget_reply
from responders.chats.deciding import is_gone, mention_of, who_decides
from responders.chats.resting import rest_unanswered
from responders.claims import active_staff, claim
from responders.deciding import NotApproved, NotFound, in_state, locked_mention, note_decision
from responders.repeating import newest_attempt
from responders.review import Desk
from responders.several import SAID


def says_sent(desk: Desk, reply_id: int, staff_id: int) -> None:
    """A person looked: the uncertain reply stands in the thread. Raises NotApproved."""
    _resolve(desk, reply_id, staff_id, ReplyState.SENT, Decision.SAYS_SENT, "a person saw it in the thread")


def says_not_sent(desk: Desk, reply_id: int, staff_id: int) -> None:
    """A person looked: the uncertain reply is not there, send it again. Raises NotApproved."""
    _resolve(desk, reply_id, staff_id, ReplyState.APPROVED, Decision.SAYS_NOT_SENT, "a person saw it is not there")


def give_up(desk: Desk, reply_id: int, staff_id: int) -> None:
    """Give up an uncertain reply. Raises NotApproved."""
    _resolve(desk, reply_id, staff_id, ReplyState.CANCELLED, Decision.DROPPED, "a person dropped it")


def _resolve(desk: Desk, reply_id: int, staff_id: int, to: ReplyState, decision: Decision, why: str) -> None:
    with desk.database.write() as session:
        reply = session.get(Reply, reply_id, with_for_update=True)
        if reply is None:
            raise NotFound(f"There is no reply {reply_id}.")
        if reply.state != ReplyState.UNCERTAIN:
            raise NotApproved([f"The reply is {reply.state.replace('_', ' ')} now; there is nothing to decide."])
        mention, now = mention_of(session, reply), desk.clock()
        staff, gone = who_decides(session, reply, staff_id), is_gone(session, reply, mention)
        if to == ReplyState.APPROVED and gone:
            raise NotApproved(["The author deleted the post, so it cannot be sent again. Drop it instead."])
        if to == ReplyState.SENT:
            attempt = newest_attempt(session, reply)
            reply.sent_at, reply.sent_text = now, attempt.text if attempt else reply.approved_text
        reply.not_before = now
        advance(session, reply, to, f"staff:{staff_id}", why, now)
        note_decision(session, mention, staff, decision, now, reply=reply)
        if to == ReplyState.CANCELLED and gone:
            forget_reply(session, reply)  # its post went while nobody could say what had become of it
        if mention is None:
            return
        dropped = to == ReplyState.CANCELLED and reply.purpose == Purpose.CHAT
        if not (dropped and rest_unanswered(session, mention, f"staff:{staff_id}", "its answer was dropped", now)):
            close_if_settled(session, mention.id or 0, now)


def decide_uncertain_request(desk: Desk, request_id: int, staff_id: int) -> None:
    """Take up a request that may have been filed: it comes back to the queue. Raises NotApproved."""
    with desk.database.write() as session:
        request = _uncertain(session, request_id)
        now, by, why = desk.clock(), f"staff:{staff_id}", "its request was taken up again"
        mention = locked_mention(session, request.mention_id)
        if mention.state != MentionState.APPROVED:
            raise NotApproved([f"The mention is {mention.state.replace('_', ' ')} now."])
        advance(session, request, RequestState.IN_REVIEW, by, "taken up again", now)
        for reply in in_state(session, Reply, mention, ReplyState.APPROVED):
            reply.revision += 1
            advance(session, reply, ReplyState.IN_REVIEW, by, why, now)
        of_this_round = select(Reply.id).where(Reply.mention_id == mention.id, Reply.round == mention.round)
        if session.exec(of_this_round.where(col(Reply.state).in_(SAID))).first() is not None:
            mention.round += 1  # our reply has left, and there is one per round and purpose
        advance(session, mention, MentionState.DRAFTED, by, why, now)
        claim(session, mention, active_staff(session, staff_id), now, desk.lease)


def _uncertain(session: Session, request_id: int) -> ServiceRequest:
    request = session.get(ServiceRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound(f"There is no request {request_id}.")
    if request.state != RequestState.UNCERTAIN:
        raise NotApproved([f"The request is {request.state.replace('_', ' ')} now; there is nothing to decide."])
    return request
