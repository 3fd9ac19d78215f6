"""Ask the channel now and then how many posts it holds for us, so that the ledger can be held against it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlmodel import Session, col, select

from listeners.errors import ListenerError
from listeners.hearing import Hearing
from listeners.protocol import CountsMentions
from models import Account, IntakeDay

ASK_EVERY = timedelta(hours=4)


async def compare_with_channel(hearing: Hearing) -> None:
    """Note the channel's own count for yesterday and today, at most every ASK_EVERY, also where it does not tell.

    Raises ListenerError.
    """
    if not isinstance(hearing.listener, CountsMentions):
        return
    now = hearing.clock().astimezone(UTC)
    if not await asyncio.to_thread(_due, hearing, now):
        return
    for day in (now.date() - timedelta(days=1), now.date()):
        try:
            found = await hearing.listener.count_mentions(day)
        except ListenerError:
            await asyncio.to_thread(hearing.under_lease, partial(_note_asked, day))
            raise
        await asyncio.to_thread(hearing.under_lease, partial(_note, day, found))


def _due(hearing: Hearing, now: datetime) -> bool:
    with hearing.database.read() as session:
        asked = session.exec(
            select(IntakeDay.platform_asked_at)
            .join(Account, col(Account.id) == IntakeDay.account_id)
            .where(Account.name == hearing.account_name, col(IntakeDay.platform_asked_at).is_not(None))
            .order_by(col(IntakeDay.platform_asked_at).desc())
            .limit(1)
        ).first()
    return asked is None or now - asked >= ASK_EVERY


def _note(day: date, found: int | None, session: Session, account: Account, now: datetime) -> None:
    row = _day(session, account, day)
    row.platform_count, row.platform_asked_at = found, now
    session.add(row)


def _note_asked(day: date, session: Session, account: Account, now: datetime) -> None:
    """Asked in vain: what it counted before stays, and it is not asked again with every page."""
    row = _day(session, account, day)
    row.platform_asked_at = now
    session.add(row)


def _day(session: Session, account: Account, day: date) -> IntakeDay:
    return session.exec(
        select(IntakeDay).where(IntakeDay.account_id == account.id, IntakeDay.day == day).with_for_update()
    ).first() or IntakeDay(account_id=account.id or 0, day=day)
