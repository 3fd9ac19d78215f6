"""Look in the thread for what a person was given to post by hand; our own post there settles the reply.

The first look comes a minute after it was handed over, each further one after twice as long, for a week.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from listeners.hearing import Hearing
from listeners.threads import fetch_those
from models import Account, Conversation, Mention, Reply, ReplyState

FIRST_LOOK, LAST_LOOK = timedelta(minutes=1), timedelta(days=7)
LOOKS_A_ROUND = 5


async def look_for_posts_by_hand(ctx: dict[str, Any]) -> int:
    """One round over every account; returns how many threads were looked at. Safe to repeat."""
    hearings: list[Hearing] = ctx["hearings"]
    return sum([await fetch_those(hearing, _due) for hearing in hearings])


def _due(hearing: Hearing) -> list[tuple[int, str, str]]:
    """(conversation, its id on the channel, the post that is answered) of what was handed over, the oldest first."""
    now = hearing.clock()
    with hearing.database.read() as session:
        rows = session.exec(
            select(Reply, Conversation)
            .join(Account, col(Account.id) == Reply.account_id)
            .join(Mention, col(Mention.id) == Reply.mention_id)
            .join(Conversation, col(Conversation.id) == Mention.conversation_id)
            .where(
                Account.name == hearing.account_name,
                Reply.state == ReplyState.HANDED_OVER,
                col(Reply.handed_over_at) > now - LAST_LOOK,
                col(Conversation.private).is_(False),
            )
            .order_by(col(Reply.handed_over_at))
        ).all()
        due = [
            (room.id or 0, room.channel_conversation_id, reply.in_reply_to)
            for reply, room in rows
            if reply.in_reply_to and reply.handed_over_at and _is_due(reply.handed_over_at, room.fetched_at, now)
        ]
    return due[:LOOKS_A_ROUND]


def _is_due(handed_over_at: datetime, fetched_at: datetime | None, now: datetime) -> bool:
    looked_at = max(fetched_at or handed_over_at, handed_over_at)
    return now - looked_at >= max(FIRST_LOOK, looked_at - handed_over_at)
