"""arq jobs of the listeners. Listening itself is no job: it is a task of the worker, one per account, under a lease."""

from typing import Any

from listeners.compliance import check_compliance
from listeners.hearing import Hearing
from listeners.posted_by_hand import look_for_posts_by_hand
from listeners.threads import fetch_threads


async def forget_deleted_posts(ctx: dict[str, Any]) -> int:
    """Purge what residents deleted, of the work that is still open; returns how many posts."""
    hearings: list[Hearing] = ctx["hearings"]
    return sum([await hearing.forget_deleted() for hearing in hearings])


ROUNDS = [(forget_deleted_posts, 600), (fetch_threads, 60), (look_for_posts_by_hand, 60), (check_compliance, 600)]
"""What runs by itself: (job, every so many seconds)."""
