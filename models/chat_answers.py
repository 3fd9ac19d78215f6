"""What a reply means for the posts on the board of a chat that it answers."""

from datetime import datetime

from sqlmodel import Session, col, select

from models.chats import AnsweredHow, ChatEntry, ChatPost, ChatPostKind
from models.lifecycle import ReplyState
from models.replies import Purpose, Reply

ASK_TO_TAG = "chat_ask_to_tag"
"""Reply.template_key of a post that asks somebody to name our account, so that they can be answered in the thread."""
FROM_BANK = "chat_bank"
"""Reply.template_key of words from the chat's bank; `template_version` is the ChatAnswer.id."""

ON_ITS_WAY = (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.HANDED_OVER, ReplyState.UNCERTAIN)
_COMES_BACK = (ReplyState.IN_REVIEW, ReplyState.DRAFT, ReplyState.FAILED, ReplyState.CANCELLED)


def answered_entry(session: Session, reply: Reply) -> ChatEntry | None:
    """The post on a board that a reply is the answer to. None: it is another kind of reply."""
    if reply.mention_id is not None and reply.purpose == Purpose.CHAT:
        return _entry_in_thread(session, reply)
    if reply.chat_post_id is None or reply.template_key == ASK_TO_TAG:
        return None
    post = session.get(ChatPost, reply.chat_post_id)
    if post is None or post.kind != ChatPostKind.ANSWER or post.entry_id is None:
        return None
    return session.get(ChatEntry, post.entry_id)


def _entry_in_thread(session: Session, reply: Reply) -> ChatEntry | None:
    """The post it was approved for; of several in one thread else the newest that waits."""
    of_it = select(ChatEntry).where(ChatEntry.mention_id == reply.mention_id).order_by(col(ChatEntry.id).desc())
    entries = session.exec(of_it).all()
    for fits in (
        lambda one: one.answered_by == reply.id,
        lambda one: one.answered_by is None and one.answered_at is None,
    ):
        if found := next(filter(fits, entries), None):
            return found
    return entries[0] if entries else None


def follow_reply(session: Session, reply: Reply, now: datetime) -> None:
    """After a reply changed its state: whoever it answers has an answer on its way, has it, or waits again.

    An entry with `answered_by` and no `answered_at` has its answer on its way; `answered_at` is set once it stands.
    """
    if reply.state == ReplyState.SENDING or (reply.purpose != Purpose.CHAT and reply.chat_post_id is None):
        return
    entry = answered_entry(session, reply)
    if entry is None:
        return
    if reply.state in ON_ITS_WAY:
        entry.version += entry.answered_by != reply.id
        if entry.answered_how == AnsweredHow.NOT_NEEDED:
            entry.answered_at = None  # it gets an answer after all
        entry.answered_by, entry.answered_how = reply.id, _how(reply)
        session.add(entry)
        return
    told = select(ChatEntry).where(ChatEntry.chat_id == entry.chat_id, ChatEntry.answered_by == reply.id)
    for one in session.exec(told).all():
        if reply.state == ReplyState.SENT and one.answered_at is None:
            one.answered_at = now
        elif reply.state in _COMES_BACK and one.answered_at is None:
            one.answered_by = one.answered_how = None
        one.version += 1
        session.add(one)


def _how(reply: Reply) -> AnsweredHow:
    if reply.state == ReplyState.HANDED_OVER:
        return AnsweredHow.BY_HAND
    return AnsweredHow.NUMBERED if reply.chat_post_id is not None else AnsweredHow.REPLY
