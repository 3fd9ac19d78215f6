"""What an account has spent this month, what the month will come to, and whether its ceiling is reached.

A month is a UTC month, because that is how X bills. Money is in millionths of a US dollar.
"""

import calendar
import datetime as dates
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from hark311.prices import MICRO
from models import Account
from models.ledger import Spend

PACE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Budget:
    """One account's month. `ceiling` 0: none is set. `forecast`: the whole month at the pace of the last days."""

    spent: int
    ceiling: int
    forecast: int = 0

    @property
    def reached(self) -> bool:
        return 0 < self.ceiling <= self.spent

    @property
    def used(self) -> float:
        """Share of the ceiling that is spent; 0 without a ceiling."""
        return self.spent / self.ceiling if self.ceiling else 0.0

    @property
    def says(self) -> str:
        """How it stands, in a sentence staff can read."""
        if not self.ceiling:
            return f"{dollars(self.spent)} spent this month; no ceiling is set."
        if self.reached:
            return (
                f"The ceiling of {dollars(self.ceiling)} for this month is reached ({dollars(self.spent)} spent). "
                "Mentions, quotes and messages are still heard, every 15 minutes; search rules rest, except those of a "
                "live chat; replies wait, except to dangers. The operator can raise the ceiling."
            )
        if self.forecast > self.ceiling:
            return (
                f"{dollars(self.spent)} of {dollars(self.ceiling)} spent; at this pace the month comes to "
                f"{dollars(self.forecast)}, above the ceiling. New posts are looked for less often as it nears."
            )
        so_far = f"{dollars(self.spent)} of {dollars(self.ceiling)} spent"
        return f"{so_far}; at this pace the month comes to {dollars(self.forecast)}."


def budget_left(session: Session, account_name: str, ceiling_dollars: float, now: datetime) -> Budget:
    """The budget of one account as the ledger has it; the last seconds of other processes may be missing."""
    spent = spent_in(session, month_of(now.date())).get(account_name, 0)
    pace = _pace(session, account_name, now)
    left = next_month(now) - now
    return Budget(spent, round(ceiling_dollars * MICRO), spent + round(pace * (left / timedelta(days=1))))


def spent_in(session: Session, month: date) -> Mapping[str, int]:
    """Account name -> what it spent in the month that begins on `month`."""
    rows = session.exec(
        select(Account.name, func.sum(Spend.microdollars))
        .join(Spend, col(Spend.account_id) == Account.id)
        .where(col(Spend.day) >= month, col(Spend.day) < after(month))
        .group_by(Account.name)
    ).all()
    return {name: int(spent or 0) for name, spent in rows}


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(now: datetime) -> datetime:
    """When the month of `now` (UTC) is over."""
    return datetime.combine(after(month_of(now.date())), dates.time(), UTC)


def dollars(micro: int) -> str:
    """An amount as people read it: "$12.30"; what is below ten cents in full, "$0.015"."""
    amount = micro / MICRO
    if not 0 < amount < 0.1:
        return f"${amount:,.2f}"
    return f"${amount:.6f}".rstrip("0")


def after(month: date) -> date:
    """The first day of the next month."""
    return month + timedelta(days=calendar.monthrange(month.year, month.month)[1])


def _pace(session: Session, account_name: str, now: datetime) -> float:
    """Millionths of a dollar a day over the last days, or since the first call if that was later."""
    begins = now.date() - timedelta(days=PACE_DAYS - 1)
    spent, first = session.exec(
        select(func.sum(Spend.microdollars), func.min(Spend.day))
        .join(Account, col(Account.id) == Spend.account_id)
        .where(Account.name == account_name, col(Spend.day) >= begins)
    ).one()
    if not spent or first is None:
        return 0.0
    days = (now - datetime.combine(first, dates.time(), UTC)) / timedelta(days=1)
    return float(spent) / max(days, 1.0)
