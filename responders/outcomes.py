"""What came of an attempt, written down: on the attempt, on the reply, and on whatever else it says something about."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import Account, AttemptOutcome, Author, Mention, Reply, ReplyState, SendAttempt, advance
from models.closing import close_if_settled
from models.moving import move_conversation
from models.own_posts import seen_while_leaving
from models.posts import SentPost
from models.private_moves import asked_with
from models.status_changes import QUESTIONS
from responders.chats.asked import note_asked
from responders.errors import ConversationMoved, SendDeferred, SendError, SendRefused
from responders.fixed import ask_if_fixed
from responders.protocol import CannotTell, Proof, ProvedAbsent, Sent
from responders.repeating import KEY_AGAIN, first_in_doubt, may_still_land, newest_attempt, tried_again
from responders.settling import give_back_reply, note_first_contact, remember_own_post, room_of
from responders.status_notices import told

BY = "outbox"


def write_down(
    session: Session, reply: Reply, attempt: SendAttempt, outcome: SentPost | SendError, now: datetime
) -> None:
    """Settle a reply that is sending or uncertain by how its call ended."""
    match outcome:
        case SentPost() if of_another_reply(session, reply, outcome.post_id):
            why = SendRefused("These words stand in the thread already, from an earlier reply of ours.")
            _refused(session, reply, attempt, why, now)
        case SentPost():
            sent(session, reply, attempt, outcome, "the channel confirmed it", now)
        case SendDeferred() | SendRefused(credentials=True):
            _deferred(session, reply, attempt, outcome, now)
        case SendRefused():
            _refused(session, reply, attempt, outcome, now)
        case _:
            attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, str(outcome)
            if reply.state == ReplyState.SENDING:
                advance(session, reply, ReplyState.UNCERTAIN, BY, str(outcome), now)


def proved(session: Session, reply: Reply, attempt: SendAttempt, proof: Proof, now: datetime) -> bool:
    """Settle an uncertain reply by what was found; False where that leaves it to a later look, or to a person."""
    match proof:
        case Sent() if of_another_reply(session, reply, proof.post.post_id):
            attempt.outcome = AttemptOutcome.UNCERTAIN
            attempt.detail = "these words stand in the thread, but from an earlier reply of ours"
            return False
        case Sent():
            sent(session, reply, attempt, proof.post, "found in the thread", now)
        case ProvedAbsent() if may_still_land(session, reply, now) or tried_again(session, attempt):
            attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, "our call may still be on its way"
            return False
        case ProvedAbsent():
            attempt.outcome = AttemptOutcome.PROVED_ABSENT
            reply.not_before = now
            advance(session, reply, ReplyState.APPROVED, BY, "proved not to have been posted", now)
        case CannotTell():
            attempt.outcome, attempt.detail = AttemptOutcome.UNCERTAIN, proof.why
            return False
    return True


def seen_in_thread(session: Session, reply: Reply, now: datetime) -> bool:
    """Settle an uncertain reply by our own post that was heard while it was being sent; nobody need be asked then."""
    first, attempt = first_in_doubt(session, reply), newest_attempt(session, reply)
    post = seen_while_leaving(session, reply, first) if first else None
    if post is None or attempt is None:
        return False
    found = SentPost(post.channel_post_id, post.created_at, post.url)
    sent(session, reply, attempt, found, "our own post was seen in the thread", now)
    return True


def sent(session: Session, reply: Reply, attempt: SendAttempt, post: SentPost, why: str, now: datetime) -> None:
    """The reply stands in the thread as `post`; a post of a chat begins a thread of its own, but in a group."""
    attempt.outcome, attempt.finished_at = AttemptOutcome.DONE, now
    reply.sent_text, reply.sent_post_id, reply.sent_url = attempt.text, post.post_id, post.url
    reply.sent_at, reply.lease_until, reply.held_because = post.sent_at, None, ""
    advance(session, reply, ReplyState.SENT, BY, why, now)
    account = session.get_one(Account, reply.account_id)
    mention = session.get_one(Mention, reply.mention_id) if reply.mention_id is not None else None
    if mention is not None:
        room = reply.conversation_id or mention.conversation_id
    else:
        room = room_of(session, reply.account_id, attempt.conversation_id or post.post_id)
    remember_own_post(session, reply, room, now)
    note_first_contact(session, room, post.sent_at)
    ask_if_fixed(session, reply, now)
    if reply.template_key.startswith(QUESTIONS):
        asked_with(session, reply)
    if account.refused_since and attempt.started_at > account.refused_since:
        account.takes_words()  # the key is good: what else waits may go
        session.add(account)
    told(session, reply, now)
    if mention is not None:
        close_if_settled(session, mention.id or 0, now)
    else:
        note_asked(session, reply)


def _deferred(
    session: Session, reply: Reply, attempt: SendAttempt, outcome: SendDeferred | SendRefused, now: datetime
) -> None:
    attempt.outcome, attempt.detail = AttemptOutcome.DEFERRED, outcome.reason
    reply.not_before = outcome.retry_at if isinstance(outcome, SendDeferred) else now + KEY_AGAIN
    reply.lease_until, reply.held_because = None, outcome.reason
    advance(session, reply, ReplyState.APPROVED, BY, outcome.reason, now)
    if isinstance(outcome, ConversationMoved):
        move_conversation(session, reply.account_id, attempt.conversation_id, outcome.new_conversation_id)
    if isinstance(outcome, SendRefused):
        account = session.get_one(Account, reply.account_id)
        account.refused_since, account.refused_because = account.refused_since or now, outcome.reason
        session.add(account)


def _refused(session: Session, reply: Reply, attempt: SendAttempt, outcome: SendRefused, now: datetime) -> None:
    attempt.outcome, attempt.detail = AttemptOutcome.REFUSED, outcome.reason
    reply.lease_until = None
    if reply.state == ReplyState.UNCERTAIN:
        return  # the lease had run out and a person is already looking; the attempt says what came of it
    advance(session, reply, ReplyState.FAILED, BY, outcome.reason, now)
    if outcome.author_blocks_us and reply.mention_id is not None:
        author = session.get_one(Author, session.get_one(Mention, reply.mention_id).author_id)
        author.blocked_us_at = now
        session.add(author)
    give_back_reply(session, reply, outcome.reason, now)


def of_another_reply(session: Session, reply: Reply, post_id: str) -> bool:
    """Whether a post is known to be another reply of ours: then it proves nothing about this one."""
    known = session.exec(
        select(Reply.id).where(
            Reply.account_id == reply.account_id, Reply.sent_post_id == post_id, col(Reply.id) != reply.id
        )
    ).first()
    return known is not None
