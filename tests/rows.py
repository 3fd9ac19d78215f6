"""Rows for tests: functions, each with the least that makes a valid row."""

import itertools
from datetime import UTC, datetime

from sqlmodel import Session, select

from models import (
    Account,
    Author,
    Channel,
    Conversation,
    Mention,
    Post,
    Reply,
    ServiceRequest,
)
from models.posts import PostKind
from models.requests import new_reference

MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def an_account(session: Session, channel: Channel = Channel.X) -> Account:
    """Our account on a channel; the same one when asked again."""
    account = session.exec(select(Account).where(Account.name == f"test-{channel}")).first()
    if account is None:
        account = Account(name=f"test-{channel}", channel=channel, handle="Philly311Demo", channel_account_id="311")
        session.add(account)
        session.flush()
    return account


def a_mention(session: Session, text: str = "pothole at 5th and Market", channel: Channel = Channel.X) -> Mention:
    """A received mention with its post, author and conversation."""
    number, account = next(_numbers), an_account(session, channel)
    author = Author(channel=channel, channel_author_id=f"author-{number}", handle=f"resident_{number}")
    conversation = Conversation(account_id=account.id or 0, channel_conversation_id=f"thread-{number}")
    session.add_all([author, conversation])
    session.flush()
    mention = Mention(
        account_id=account.id or 0,
        edit_chain=f"{number}",
        conversation_id=conversation.id or 0,
        author_id=author.id or 0,
        received_at=MORNING,
        changed_at=MORNING,
    )
    session.add(mention)
    session.flush()
    session.add(
        Post(
            account_id=account.id or 0,
            channel_post_id=f"{number}",
            edit_chain=f"{number}",
            conversation_id=conversation.id or 0,
            author_id=author.id,
            mention_id=mention.id,
            kind=PostKind.MENTION,
            text=text,
            created_at=MORNING,
            received_at=MORNING,
            raw={"text": text},
        )
    )
    session.flush()
    return mention


def a_reply(session: Session, mention: Mention, text: str = "Thank you.") -> Reply:
    """A drafted reply."""
    reply = Reply(
        mention_id=mention.id or 0, account_id=mention.account_id, changed_at=MORNING, text=text, in_reply_to="1"
    )
    session.add(reply)
    session.flush()
    return reply


def a_request(session: Session, mention: Mention) -> ServiceRequest:
    """A drafted request without a service."""
    request = ServiceRequest(
        mention_id=mention.id or 0, reference=new_reference(), changed_at=MORNING, description="pothole"
    )
    session.add(request)
    session.flush()
    return request
