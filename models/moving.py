"""A conversation gets another id on its channel, as when a Telegram group becomes a supergroup; its history stays."""

from sqlmodel import Session, col, select, update

from models.chats import ChatNetwork
from models.mentions import Mention, Post
from models.people import Conversation


def move_conversation(session: Session, account_id: int, old: str, new: str) -> bool:
    """Let a conversation go on under the id `new`, with all that was said in it; False where we do not know it.

    What came in under the new id before we heard of the move is put into the same thread. A tweet chat in that group
    goes on there, whether or not anything was said in it yet.
    """
    session.exec(
        update(ChatNetwork)
        .where(col(ChatNetwork.account_id) == account_id, col(ChatNetwork.conversation_id) == old)
        .values(conversation_id=new)
    )
    here = _conversation(session, account_id, old)
    if here is None:
        return False
    there = _conversation(session, account_id, new)
    if there is not None:
        session.exec(update(Post).where(col(Post.conversation_id) == there.id).values(conversation_id=here.id))
        session.exec(update(Mention).where(col(Mention.conversation_id) == there.id).values(conversation_id=here.id))
        _take_over(here, there)
        session.delete(there)
        session.flush()
    here.channel_conversation_id = new
    session.add(here)
    session.flush()
    return True


def _take_over(here: Conversation, there: Conversation) -> None:
    """What is known of a thread under its new id holds for all of it."""
    asked = [at for at in (here.person_asked_at, there.person_asked_at) if at]
    contact = [at for at in (here.first_contact_at, there.first_contact_at) if at]
    here.person_asked_at = max(asked, default=None)
    here.first_contact_at = min(contact, default=None)
    here.offered = there.offered or here.offered


def _conversation(session: Session, account_id: int, channel_id: str) -> Conversation | None:
    return session.exec(
        select(Conversation).where(
            Conversation.account_id == account_id, Conversation.channel_conversation_id == channel_id
        )
    ).first()
