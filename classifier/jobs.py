"""arq jobs of the classifier. Nudges: the rows that need understanding are the queue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from classifier.reading import Reader
from models import job_names


async def understand_mentions(ctx: dict[str, Any]) -> int:
    """Understand every mention that waits for it; returns how many. Safe to repeat and to run beside itself."""
    reader: Reader = ctx["reader"]
    nudge: Callable[..., Awaitable[None]] = ctx["nudge"]
    count = 0
    while True:
        done = await asyncio.to_thread(reader.read)
        count += len(done.understood)
        for mention_id in done.alarms:
            await nudge(job_names.PAGE_STAFF, mention_id)
        if done.understood:
            await nudge(job_names.DRAFT_REPLIES)
        if not done.more:
            return count


JOBS = [understand_mentions]
