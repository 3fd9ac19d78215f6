"""Assisted posts: approved words that a person posts in the network's own window, because the API may not.

What may be posted this way is decided in responders.may_reply; the words are frozen like any other approval's
(invariant 3). Our own post, once the listener sees it, settles the reply.
"""

from sqlmodel import Session

from models import Decision, Mention, MentionState, Reply, ReplyState, advance
from models.closing import close_if_settled
from responders.chats.deciding import may_leave, mention_of, who_decides
from responders.chats.resting import back_on_board
from responders.claims import claim
from responders.deciding import NotApproved, NotFound, hand_over, note_decision
from responders.freezing import why_not_by_hand
from responders.review import Desk


def take_in_hand(desk: Desk, reply_id: int, staff_id: int) -> None:
    """An approved reply that waits is posted by a person instead. Raises NotApproved where it may go by itself."""
    with desk.database.write() as session:
        reply, mention = _reply(session, reply_id, ReplyState.APPROVED)
        staff, now = who_decides(session, reply, staff_id), desk.clock()
        may = may_leave(session, reply, mention, desk.speaking)
        if frozen := why_not_by_hand(session, reply.account_id):
            raise NotApproved(frozen)
        if may.allowed:
            raise NotApproved(["Nothing keeps it from leaving by itself."])
        if not may.by_hand:
            raise NotApproved([f"{may.reason} {may.instead}".rstrip()])
        hand_over(session, reply, staff, now)
        note_decision(session, mention, staff, Decision.HANDED_OVER, now, reply=reply)


def says_posted(desk: Desk, reply_id: int, staff_id: int) -> None:
    """The person who posts by hand says that it is done, where nobody listens who could see it. Raises NotApproved."""
    with desk.database.write() as session:
        reply, mention = _reply(session, reply_id, ReplyState.HANDED_OVER)
        staff, now = who_decides(session, reply, staff_id), desk.clock()
        reply.sent_at = now
        advance(session, reply, ReplyState.SENT, f"staff:{staff_id}", "a person says that they posted it", now)
        note_decision(session, mention, staff, Decision.SAYS_POSTED, now, reply=reply)
        if mention is not None:
            close_if_settled(session, mention.id or 0, now, f"staff:{staff_id}")


def hand_back(desk: Desk, reply_id: int, staff_id: int) -> None:
    """It was not posted: it waits again where it may leave by itself, else it is the desk's. Raises NotApproved."""
    with desk.database.write() as session:
        reply, mention = _reply(session, reply_id, ReplyState.HANDED_OVER)
        staff, now, by = who_decides(session, reply, staff_id), desk.clock(), f"staff:{staff_id}"
        reply.handed_to = reply.handed_over_at = None
        reply.not_before = now
        advance(session, reply, ReplyState.APPROVED, by, "given back unposted", now)
        note_decision(session, mention, staff, Decision.HANDED_BACK, now, reply=reply)
        if mention is None:
            return  # the outbox looks whether a post of a chat may still leave
        if mention.state != MentionState.APPROVED:  # another answer is being worked on, or the post is gone
            advance(session, reply, ReplyState.CANCELLED, by, "given back unposted", now)
        elif desk.may_reply(session, mention, reply).refused:
            reply.revision += 1
            advance(session, reply, ReplyState.IN_REVIEW, by, "given back unposted", now)
            advance(session, mention, MentionState.DRAFTED, by, "its reply was given back unposted", now)
            if not back_on_board(session, mention, by, "its answer was given back unposted", now):
                claim(session, mention, staff, now, desk.lease)


def _reply(session: Session, reply_id: int, state: ReplyState) -> tuple[Reply, Mention | None]:
    reply = session.get(Reply, reply_id, with_for_update=True)
    if reply is None:
        raise NotFound(f"There is no reply {reply_id}.")
    if reply.state != state:
        raise NotApproved([f"The reply is {reply.state.replace('_', ' ')} now; there is nothing to decide."])
    return reply, mention_of(session, reply)
