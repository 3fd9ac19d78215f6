"""arq jobs of the listeners. Listening itself is no job: it is a task of the worker, one per account, under a lease."""

from typing import Any

from listeners.hearing import Hearing


async def forget_deleted_posts(ctx: dict[str, Any]) -> int:
    """Purge what residents deleted, of the work that is still open; returns how many posts."""
    hearings: list[Hearing] = ctx["hearings"]
    return sum([await hearing.forget_deleted() for hearing in hearings])


ROUNDS = [(forget_deleted_posts, 600)]
"""What runs by itself: (job, every so many seconds)."""
