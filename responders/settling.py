"""What happens to a mention when its reply or request arrives, comes back, or is all there was to do."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from models import Conversation, Mention, MentionState, Post, Reply, ReplyState, RequestState, ServiceRequest, advance
from models.posts import PostKind
from models.threads import wrote_since
from responders.chats.resting import back_on_board


def give_back(session: Session, mention_id: int, why: str, now: datetime) -> None:
    """Bring a mention back to the queue, with whatever of it has not left yet.

    Where our reply has left already, another round begins: there is one reply per round and purpose, and what is
    to be said now is another one.
    """
    for reply in session.exec(
        select(Reply).where(Reply.mention_id == mention_id, Reply.state == ReplyState.APPROVED).with_for_update()
    ).all():
        reply.revision += 1
        reply.held_because = ""
        advance(session, reply, ReplyState.IN_REVIEW, "outbox", why, now)
        advance(session, reply, ReplyState.DRAFT, "outbox", why, now)
    for request in session.exec(
        select(ServiceRequest)
        .where(ServiceRequest.mention_id == mention_id, ServiceRequest.state == RequestState.APPROVED)
        .with_for_update()
    ).all():
        advance(session, request, RequestState.IN_REVIEW, "outbox", why, now)
        advance(session, request, RequestState.DRAFT, "outbox", why, now)
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention and mention.state == MentionState.APPROVED:
        mention.version += 1
        mention.needs_understanding = True
        left = (ReplyState.SENDING, ReplyState.SENT, ReplyState.HANDED_OVER, ReplyState.UNCERTAIN)
        if session.exec(
            select(Reply.id).where(
                Reply.mention_id == mention_id, Reply.round == mention.round, col(Reply.state).in_(left)
            )
        ).first():
            mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "outbox", why, now)
        back_on_board(session, mention, "outbox", why, now)


def give_back_reply(session: Session, reply: Reply, why: str, now: datetime) -> None:
    """Bring back to a person what an approved reply was to answer; a post of a chat alone becomes a draft again."""
    if reply.mention_id is not None:
        give_back(session, reply.mention_id, why, now)
    elif reply.state == ReplyState.APPROVED:
        reply.revision += 1
        reply.held_because = ""
        advance(session, reply, ReplyState.IN_REVIEW, "outbox", why, now)
        advance(session, reply, ReplyState.DRAFT, "outbox", why, now)


def bring_back(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    """Bring an answered mention back to the queue, because what it was answered with holds no longer."""
    if mention.state == MentionState.APPROVED:
        give_back(session, mention.id or 0, why, now)
    elif mention.state == MentionState.CLOSED:
        mention.round += 1
        mention.version += 1
        mention.needs_understanding = True
        advance(session, mention, MentionState.DRAFTED, by, why, now)


def hold_back(session: Session, reply: Reply, until: datetime | None, why: str) -> None:
    """Let an approved reply wait; `why` is said on the desk. `until` None: until somebody gives it a time again."""
    reply.not_before, reply.held_because = until, why
    session.add(reply)


def overtaken(session: Session, mention: Mention, seen_post_id: int | None) -> bool:
    """Whether the author has written since the approval (invariant 5)."""
    return wrote_since(session, mention, seen_post_id)


def room_of(session: Session, account_id: int, channel_conversation_id: str) -> int:
    """Conversation.id of a public thread of an account, which is made where we hear of it for the first time."""
    room = session.exec(
        select(Conversation).where(
            Conversation.account_id == account_id, Conversation.channel_conversation_id == channel_conversation_id
        )
    ).first()
    if room is None:
        room = Conversation(account_id=account_id, channel_conversation_id=channel_conversation_id)
        session.add(room)
        session.flush()
    return room.id or 0


def remember_own_post(session: Session, reply: Reply, conversation_id: int, now: datetime) -> None:
    """Keep what we posted as context of the thread, so that the desk shows it and an answer finds it."""
    if not reply.sent_post_id:
        return
    known = session.exec(
        select(Post.id).where(Post.account_id == reply.account_id, Post.channel_post_id == reply.sent_post_id)
    ).first()
    if known is None:
        session.add(
            Post(
                account_id=reply.account_id,
                channel_post_id=reply.sent_post_id,
                edit_chain=reply.sent_post_id,
                conversation_id=conversation_id,
                kind=PostKind.OWN,
                in_reply_to=reply.in_reply_to,
                text=reply.sent_text,
                url=reply.sent_url,
                created_at=reply.sent_at or now,
                received_at=now,
            )
        )


def note_first_contact(session: Session, conversation_id: int, at: datetime) -> None:
    """Remember when we first wrote in a private chat; what we say there first names our privacy page."""
    conversation = session.get_one(Conversation, conversation_id)
    if conversation.private and conversation.first_contact_at is None:
        conversation.first_contact_at = at
        session.add(conversation)


def reply_with_of(session: Session, reply: Reply) -> Mapping[str, str]:
    """What the post we answer came with, for its channel."""
    found = session.exec(
        select(Post.reply_with).where(Post.account_id == reply.account_id, Post.channel_post_id == reply.in_reply_to)
    ).first()
    return found or {}
