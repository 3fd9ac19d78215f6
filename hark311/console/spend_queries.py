"""What the calls of a month came to: by account, by kind of call, by day."""

import datetime as dates
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from hark311.console.mention_queries import MentionPage
from hark311.product import Product
from hark311.rates import Rates
from hark311.simulated import accounts_of
from hark311.spending import Budget, after, budget_left, dollars, month_of
from models import CHANNELS, Account, Channel
from models.ledger import Spend

CALLS = {
    "mentions": "Mentions",
    "timeline": "Our own posts",
    "search": "Search",
    "lookup": "Posts looked up",
    "quotes": "Quotes of our posts",
    "messages": "Private messages read",
    "posts_in_answers": "Posts that come along",
    "people_in_answers": "People who come along",
    "me": "Who we are",
    "users": "People looked up",
    "counts": "Counts of posts",
    "create_post": "Posts and replies",
    "send_message": "Private messages sent",
    "delete_post": "Posts deleted",
    "hide": "Replies hidden",
    "compliance": "What is gone",
    "webhooks": "Webhooks set up",
    "events": "Brought to us by webhook",
    "upload": "Pictures",
    "other": "Other calls",
}
"""Our names of X's calls, in words. Calls of channels that cost nothing are shown as the channel calls them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of call in one month. Fields as in models.ledger.Spend, summed."""

    name: str
    calls: int = 0
    refused: int = 0
    units: int = 0
    microdollars: int = 0


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """One account's month: `days` holds a sum for each day of it, in order. `budget` is None in an earlier month."""

    name: str
    channel: Channel
    handle: str
    budget: Budget | None
    spent: int
    lines: list[Line]
    days: list[tuple[date, int]]

    @property
    def label(self) -> str:
        return CHANNELS[self.channel].label

    @property
    def billed(self) -> bool:
        """Whether anything of it costs money; calls of other channels are only counted."""
        return any(one.microdollars for one in self.lines)

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.lines)

    @property
    def refused(self) -> int:
        return sum(one.refused for one in self.lines)


def months_of(session: Session, month: date, now: datetime, ceilings: Mapping[str, float]) -> list[AccountMonth]:
    """Every account's month that begins on `month`. `ceilings`: dollars by account name."""
    current = month == month_of(now.date())
    found = []
    for account in session.exec(select(Account).order_by(col(Account.id))).all():
        of_month = col(Spend.day) >= month, col(Spend.day) < after(month)
        rows = session.exec(select(Spend).where(Spend.account_id == account.id, *of_month)).all()
        budget = budget_left(session, account.name, ceilings.get(account.name, 0), now) if current else None
        lines, days = _lines(rows), _days(rows, month)
        spent = sum(one.microdollars for one in lines)
        handle = f"@{account.handle}" if account.handle else account.name
        found.append(AccountMonth(account.name, account.channel, handle, budget, spent, lines, days))
    return found


def _lines(rows: Sequence[Spend]) -> list[Line]:
    summed: dict[str, Line] = {}
    for row in rows:
        so_far = summed.get(row.endpoint, Line(CALLS.get(row.endpoint, row.endpoint)))
        summed[row.endpoint] = Line(
            so_far.name,
            so_far.calls + row.calls,
            so_far.refused + row.refused,
            so_far.units + row.units,
            so_far.microdollars + row.microdollars,
        )
    return sorted(summed.values(), key=lambda one: (-one.microdollars, -one.calls, one.name))


def _days(rows: Sequence[Spend], month: date) -> list[tuple[date, int]]:
    by_day: Counter[date] = Counter()
    for row in rows:
        by_day[row.day] += row.microdollars
    return [(day, by_day[day]) for day in (month + timedelta(number) for number in range((after(month) - month).days))]


def month_named(written: str, now: datetime) -> date:
    """The first day of "2026-11"; this month for anything that is no month of the ledger's time."""
    try:
        month = dates.datetime.strptime(written, "%Y-%m").replace(tzinfo=now.tzinfo).date()
    except ValueError:
        return month_of(now.date())
    return min(month, month_of(now.date()))


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds an account back now: its month's money, and (what, until when) its channel answers no more of."""

    budget: Budget
    used_up: list[tuple[str, datetime]]


def ceilings_of(product: Product) -> Mapping[str, float]:
    """Account name -> its monthly ceiling in dollars, 0 for none."""
    return {name: account.monthly_ceiling for name, account in accounts_of(product.settings).items()}


def held_by_ceiling(session: Session, product: Product, page: MentionPage, now: datetime) -> str:
    """What a reached ceiling means for the reply to a mention, in a sentence; "" while it is not reached."""
    name, label = page.account.name, page.facts.label
    budget = budget_left(session, name, ceilings_of(product).get(name, 0), now)
    if not budget.reached:
        return ""
    if page.mention.danger:
        return f"The month's money for {label} is spent. An answer to a danger goes all the same."
    return (
        f"What is approved waits: {dollars(budget.spent)} of this month's {dollars(budget.ceiling)} for {label} are "
        "spent. It goes when the operator raises the ceiling, or when the month (UTC) is over."
    )


def limits_of(product: Product, now: datetime) -> Mapping[int, Limits]:
    """Account id -> what holds it back. The windows are asked of Redis, with no transaction open."""
    ceilings = ceilings_of(product)
    with product.database.read() as session:
        accounts = [(one.id or 0, one.name) for one in session.exec(select(Account)).all()]
        budgets = {name: budget_left(session, name, ceilings.get(name, 0), now) for _, name in accounts}
    return {account_id: Limits(budgets[name], _used_up(product.rates, name)) for account_id, name in accounts}


def _used_up(rates: Rates | None, account: str) -> list[tuple[str, datetime]]:
    windows = rates.windows(account) if rates else []
    return [(_in_words(one.name), one.reset) for one in windows if one.used_up]


def _in_words(window: str) -> str:
    call = window.removesuffix(" (app)")
    return CALLS.get(call, call)
