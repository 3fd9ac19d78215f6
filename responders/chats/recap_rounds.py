"""The round that drafts the recap of a chat soon after its end, and keeps what it left to do in step."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from models import ChatRecap, ChatState, Database, TweetChat, utc_now
from responders.chats.recap_publishing import write_recaps
from responders.chats.tasks import settle_tasks, write_unanswered

LOOKED_THROUGH = timedelta(days=30)
"""So long after the end of a chat its board is looked through for questions that wait: some are heard late."""


@dataclass(slots=True)
class Recaps:
    """Writes the recaps of chats that have ended, and keeps the tasks that they left in step; to be asked often."""

    database: Database
    clock: Callable[[], datetime] = utc_now

    def write(self) -> int:
        """Draft what is missing; returns of how many chats."""
        with self.database.write() as session:
            now = self.clock()
            settled = settle_tasks(session, now)
            chats = session.exec(_unwritten().with_for_update(skip_locked=True)).all()
            for chat in chats:
                write_recaps(session, chat, now)
            for chat in session.exec(_looked_through(settled, now).with_for_update(skip_locked=True)).all():
                write_unanswered(session, chat, now)
            return len(chats)


def _unwritten() -> SelectOfScalar[TweetChat]:
    """Chats that have ended and whose recap is missing, or older than their last end."""
    newer = select(ChatRecap.id).where(
        ChatRecap.chat_id == TweetChat.id, col(ChatRecap.written_at) >= col(TweetChat.ended_at)
    )
    return select(TweetChat).where(
        TweetChat.state == ChatState.ENDED, col(TweetChat.ended_at).is_not(None), ~newer.exists()
    )


def _looked_through(settled: Collection[int], now: datetime) -> SelectOfScalar[TweetChat]:
    """Chats that ended lately, and those where a task was settled: some who asked the same may be left over."""
    lately = col(TweetChat.ended_at) > now - LOOKED_THROUGH
    return select(TweetChat).where(TweetChat.state == ChatState.ENDED, or_(lately, col(TweetChat.id).in_(settled)))


async def write_due_recaps(ctx: dict[str, Any]) -> int:
    """Draft the recaps of chats that have ended; returns of how many."""
    recaps: Recaps = ctx["recaps"]
    return await asyncio.to_thread(recaps.write)


ROUNDS = [(write_due_recaps, 30)]
