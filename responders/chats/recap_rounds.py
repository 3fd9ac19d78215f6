"""The round that drafts the recap of a chat soon after its end, and keeps what it left to do in step."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from models import ChatRecap, ChatState, Database, TweetChat, utc_now
from responders.chats.recap_publishing import write_recaps
from responders.chats.tasks import settle_tasks


@dataclass(slots=True)
class Recaps:
    """Writes the recaps of chats that have ended, and keeps the tasks that they left in step; to be asked often."""

    database: Database
    clock: Callable[[], datetime] = utc_now

    def write(self) -> int:
        """Draft what is missing; returns of how many chats."""
        with self.database.write() as session:
            settle_tasks(session, self.clock())
            chats = session.exec(_unwritten().with_for_update(skip_locked=True)).all()
            for chat in chats:
                write_recaps(session, chat, self.clock())
            return len(chats)


def _unwritten() -> SelectOfScalar[TweetChat]:
    """Chats that have ended and whose recap is missing, or older than their last end."""
    newer = select(ChatRecap.id).where(
        ChatRecap.chat_id == TweetChat.id, col(ChatRecap.written_at) >= col(TweetChat.ended_at)
    )
    return select(TweetChat).where(
        TweetChat.state == ChatState.ENDED, col(TweetChat.ended_at).is_not(None), ~newer.exists()
    )


async def write_due_recaps(ctx: dict[str, Any]) -> int:
    """Draft the recaps of chats that have ended; returns of how many."""
    recaps: Recaps = ctx["recaps"]
    return await asyncio.to_thread(recaps.write)


ROUNDS = [(write_due_recaps, 30)]
