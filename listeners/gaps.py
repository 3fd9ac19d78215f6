"""Fill again what we missed, page by page, after everything that is new, under the account's lease."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sqlmodel import Session, col, select

from listeners.hearing import Hearing
from listeners.intake import store_page
from listeners.protocol import Batch, RefillsGaps
from models import CHANNELS, Account, Gap, record
from models.ledger import count_intake

BY = "listener"


async def refill_a_page(hearing: Hearing) -> None:
    """Fetch one page of the oldest gap that can be filled again, if there is one. Raises ListenerError."""
    gap = await asyncio.to_thread(_next_gap, hearing)
    if gap is None:
        return
    if not isinstance(hearing.listener, RefillsGaps):
        await asyncio.to_thread(hearing.under_lease, partial(_cannot, gap.id or 0))
        return
    batch = await hearing.listener.refill(gap.after_post_id, gap.before_post_id, gap.refill_cursor)
    stored = await asyncio.to_thread(hearing.under_lease, partial(_store, gap.id or 0, batch))
    if stored:
        await hearing.heard()


def close_gap(session: Session, gap: Gap, by: str, why: str, now: datetime) -> None:
    """Close a gap and count it in the ledger; closing it twice changes nothing."""
    if gap.closed_at is not None:
        return
    gap.closed_at, gap.closed_by = now, by
    session.add(gap)
    record(session, "Gap", gap.id or 0, by, why, now)
    count_intake(session, gap.account_id, now.astimezone(UTC).date(), gaps_closed=1)


def _next_gap(hearing: Hearing) -> Gap | None:
    """One with two open ends is no stretch: the listening itself reads again what the channel still shows."""
    with hearing.database.read() as session:
        return session.exec(
            select(Gap)
            .join(Account, col(Account.id) == Gap.account_id)
            .where(
                Account.name == hearing.account_name,
                col(Gap.closed_at).is_(None),
                col(Gap.refilled_at).is_(None),
                Gap.trouble == "",
                (Gap.after_post_id != "") | (Gap.before_post_id != ""),
            )
            .order_by(col(Gap.id))
            .limit(1)
        ).first()


def _store(gap_id: int, batch: Batch, session: Session, account: Account, now: datetime) -> bool:
    """Posts and the place in the gap in one transaction; whether there is something to understand."""
    gap = session.get_one(Gap, gap_id, with_for_update=True)
    stored = store_page(session, account, replace(batch, gap=None), now)
    gap.refilled += stored.new_posts
    gap.refill_cursor = batch.cursor
    if batch.gap:
        gap.trouble = f"{batch.gap.reason}. What the channel still shows of it is stored."
    if not batch.more:
        gap.refilled_at, gap.refill_cursor = now, None
    session.add(gap)
    if gap.refilled_at and not gap.trouble:
        close_gap(session, gap, BY, f"filled again with {gap.refilled} posts", now)
    return bool(stored.to_understand)


def _cannot(gap_id: int, session: Session, account: Account, _now: datetime) -> None:
    gap = session.get_one(Gap, gap_id, with_for_update=True)
    gap.trouble = f"{CHANNELS[account.channel].label} does not show a stretch of the past again"
    session.add(gap)
