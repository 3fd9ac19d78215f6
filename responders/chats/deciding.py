"""What a person decides about a reply, where it may be a post of a chat: what it answers, and who may decide."""

from collections.abc import Mapping

from sqlmodel import Session

from models import Account, ChatEntry, ChatPost, Mention, MentionState, Post, Reply, StaffUser
from models.chat_answers import answered_entry
from responders.chats.people import require_approver
from responders.claims import active_staff
from responders.deciding import locked_mention
from responders.may_reply import MayReply, Speaking, may_answer, may_speak


def mention_of(session: Session, reply: Reply) -> Mention | None:
    """The mention that a reply answers, locked; None for a post of a chat. Raises NotFound."""
    return locked_mention(session, reply.mention_id) if reply.mention_id is not None else None


def who_decides(session: Session, reply: Reply, staff_id: int) -> StaffUser:
    """Whoever decides about it: an approver; about what a chat says also whoever runs that. Raises NotYours."""
    if reply.chat_post_id is not None:
        return require_approver(session, session.get_one(ChatPost, reply.chat_post_id).chat_id, staff_id)
    entry = answered_entry(session, reply)
    return require_approver(session, entry.chat_id, staff_id) if entry else active_staff(session, staff_id)


def is_gone(session: Session, reply: Reply, mention: Mention | None) -> bool:
    """Whether the author deleted what a reply answers: its mention, or the entry that a numbered post is for."""
    if mention is not None:
        return mention.state == MentionState.WITHDRAWN
    entry_id = session.get_one(ChatPost, reply.chat_post_id).entry_id
    entry = session.get(ChatEntry, entry_id) if entry_id is not None else None
    return entry is not None and session.get_one(Post, entry.post_id).deleted_at is not None


def may_leave(session: Session, reply: Reply, mention: Mention | None, speaking: Mapping[str, Speaking]) -> MayReply:
    """Whether a reply may go by the API, whatever it answers."""
    if mention is not None:
        return may_answer(session, mention, reply, speaking)
    return may_speak(session.get_one(Account, reply.account_id), speaking)
