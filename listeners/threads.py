"""Fetch the whole thread of open work that hangs under something else, so that it is on the desk."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select

from listeners.errors import ChannelUnavailable, ListenerError
from listeners.hearing import Hearing
from listeners.intake import store_posts
from listeners.protocol import FetchesThreads
from models import Account, Channel, Conversation, Mention, MentionState, Post
from models.lifecycle import OPEN_MENTIONS
from models.posts import IncomingPost, PostKind

log = logging.getLogger(__name__)

THREADS_A_ROUND, MOST_TROUBLES = 20, 3
"""So many threads at most are fetched for one account in one round: new mentions need the channel's limits more."""


async def fetch_threads(ctx: dict[str, Any]) -> int:
    """Fetch threads of open mentions that are not on the desk yet; returns how many. Safe to repeat."""
    hearings: list[Hearing] = ctx["hearings"]
    return sum([await fetch_threads_of(hearing) for hearing in hearings])


async def fetch_threads_of(hearing: Hearing) -> int:
    """The same for one account; none once its money for the month is spent."""
    return await fetch_those(hearing, _incomplete) if hearing.affords() else 0


async def fetch_those(hearing: Hearing, due: Callable[[Hearing], Sequence[tuple[int, str, str]]]) -> int:
    """Fetch and store the threads that `due` names (conversation, its id on the channel, a post in it).

    Returns how many. A thread that the channel does not give is passed over, so that it holds up no other one; more
    trouble ends the round. What is left waits for the next one.
    """
    if not isinstance(hearing.listener, FetchesThreads):
        return 0
    fetched = troubles = 0
    for conversation_id, channel_id, post_id in await asyncio.to_thread(due, hearing):
        try:
            posts = await hearing.listener.thread(channel_id, post_id)
        except ListenerError as error:
            log.info("%s: a thread could not be fetched (%s)", hearing.account_name, error)
            troubles += 1
            if troubles == MOST_TROUBLES or not isinstance(error, ChannelUnavailable):
                return fetched
            continue
        await asyncio.to_thread(_store, hearing, conversation_id, posts)
        fetched += 1
    return fetched


def _incomplete(hearing: Hearing) -> Sequence[tuple[int, str, str]]:
    """(conversation, its id on the channel, the newest post it is fetched for) of open mentions.

    That post hangs under what we lack; or, on X, nobody looked yet what else was said there. X brings along what a
    mention answers, so that nothing seems to be missing.
    """
    parent, never = aliased(Post), col(Conversation.fetched_at).is_(None)
    with hearing.database.read() as session:
        rows = session.exec(
            select(Conversation.id, Conversation.channel_conversation_id, func.max(Post.id))
            .join(Account, col(Account.id) == Conversation.account_id)
            .join(Mention, col(Mention.conversation_id) == Conversation.id)
            .join(Post, col(Post.conversation_id) == Conversation.id)
            .join(
                parent,
                (col(parent.account_id) == col(Post.account_id))
                & (col(parent.channel_post_id) == col(Post.in_reply_to)),
                isouter=True,
            )
            .where(
                Account.name == hearing.account_name,
                col(Conversation.private).is_(False),
                col(Mention.state).in_(OPEN_MENTIONS),
                or_(Mention.state != MentionState.RECEIVED, col(Mention.needs_understanding)),  # Mention.waits
                col(Post.in_reply_to).is_not(None),
                col(Post.deleted_at).is_(None),
                or_(
                    and_(col(parent.id).is_(None), or_(never, col(Conversation.fetched_at) < col(Mention.received_at))),
                    and_(Account.channel == Channel.X, Post.kind == PostKind.MENTION, never),
                ),
            )
            .group_by(col(Conversation.id), col(Conversation.channel_conversation_id))
            .order_by(col(Conversation.id).desc())
            .limit(THREADS_A_ROUND)
        ).all()
        return [
            (room_id or 0, channel_id, session.get_one(Post, newest).channel_post_id)
            for room_id, channel_id, newest in rows
        ]


def _store(hearing: Hearing, conversation_id: int, posts: Sequence[IncomingPost]) -> None:
    with hearing.database.write() as session:
        now = hearing.clock()
        account = session.exec(select(Account).where(Account.name == hearing.account_name).with_for_update()).one()
        store_posts(session, account, posts, now)
        conversation = session.get_one(Conversation, conversation_id)
        conversation.fetched_at = now
        session.add(conversation)
