"""Every call to a channel, counted and priced, written to the ledger every few seconds.

Counting costs no transaction: the counts gather in memory and are added to the day's rows by one statement each. A
process that is killed loses at most the counts of its last seconds (FLUSH_SECONDS), never more.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from hark311.bills import Call, bill_of, endpoint_of
from hark311.prices import Prices
from hark311.rates import Rates
from hark311.spending import month_of, spent_in
from models import Account, Channel, Database, utc_now
from models.ledger import count_spend
from models.posts import IncomingPost

log = logging.getLogger(__name__)

FLUSH_SECONDS = 3.0
EVENTS = "events"
"""What a channel brings us by webhook, in the books."""


@dataclass(slots=True)
class Counted:
    """What gathered for one account, day and endpoint. Fields as in models.ledger.Spend."""

    calls: int = 0
    refused: int = 0
    units: int = 0
    microdollars: int = 0

    def add(self, other: "Counted") -> None:
        self.calls += other.calls
        self.refused += other.refused
        self.units += other.units
        self.microdollars += other.microdollars


class Meter:
    """Counts the calls of all accounts of this process. Safe to call from any thread."""

    def __init__(
        self, database: Database, prices: Prices, rates: Rates | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._rates, self._clock = database, rates, clock
        self.prices = prices
        self._lock = threading.Lock()
        self._gathered: dict[tuple[str, date, str], Counted] = {}
        self._spent: Mapping[str, int] = {}
        self._month = month_of(clock().date())

    def note(self, account: str, channel: Channel, call: Call, status: int, answer: object) -> None:
        """Count one call that was answered. `answer`: its JSON. An answer of 400 and above is not billed."""
        endpoint, today = endpoint_of(channel, call), self._clock().date()
        if status >= 400:
            self._gather(account, today, endpoint, Counted(calls=1, refused=1))
            return
        self._gather(account, today, endpoint, Counted(calls=1))
        for line in bill_of(endpoint, call, answer) if channel == Channel.X else ():
            units = line.units + self._first_today(account, today, line.ids)
            cost = units * self.prices.of(channel, line.price)
            if units:
                self._gather(account, today, line.endpoint, Counted(units=units, microdollars=cost))

    def spent_this_month(self, account: str) -> int:
        """Millionths of a dollar as of the last writing, plus what gathered here since. No call to the database."""
        month = month_of(self._clock().date())
        with self._lock:
            before = self._spent.get(account, 0) if month == self._month else 0
            return before + sum(
                counted.microdollars
                for (name, day, _), counted in self._gathered.items()
                if name == account and month_of(day) == month
            )

    def write(self) -> None:
        """Write what gathered, and read what all processes spent this month. Kept for the next time on failure."""
        with self._lock:
            taken, self._gathered = self._gathered, {}
        try:
            month = month_of(self._clock().date())
            if taken:
                self._add(taken)
                taken = {}
            with self._database.read() as session:
                spent = spent_in(session, month)
            with self._lock:
                self._spent, self._month = spent, month
        except SQLAlchemyError as error:
            log.warning("calls could not be written to the ledger (%s); they are kept", type(error).__name__)
            for (account, day, endpoint), counted in taken.items():
                self._gather(account, day, endpoint, counted)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write every few seconds while inside, and once more on the way out."""
        task = asyncio.create_task(self._keep_writing())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(self.write)

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.to_thread(self.write)
            await asyncio.sleep(FLUSH_SECONDS)

    def _add(self, taken: Mapping[tuple[str, date, str], Counted]) -> None:
        with self._database.write() as session:
            ids = {name: row_id or 0 for name, row_id in session.exec(select(Account.name, Account.id)).all()}
            for account, day, endpoint in sorted(taken):
                if account in ids:
                    counted = taken[account, day, endpoint]
                    count_spend(
                        session,
                        ids[account],
                        day,
                        endpoint,
                        calls=counted.calls,
                        refused=counted.refused,
                        units=counted.units,
                        microdollars=counted.microdollars,
                    )

    def _gather(self, account: str, day: date, endpoint: str, counted: Counted) -> None:
        with self._lock:
            self._gathered.setdefault((account, day, endpoint), Counted()).add(counted)

    def _first_today(self, account: str, day: date, ids: tuple[str, ...]) -> int:
        return self._rates.first_today(account, day, ids) if self._rates else len(ids)


def note_events(
    session: Session, account: Account, posts: Sequence[IncomingPost], prices: Prices, now: datetime
) -> None:
    """Count one call of a channel to us, in the transaction that stores what it brought; to be called last in it.

    A post is reckoned as read, and again when polling reads it too: X says both that it bills it and that it does not.
    """
    private = sum(post.private for post in posts)
    cost = (len(posts) - private) * prices.of(account.channel, "post_read")
    cost += private * prices.of(account.channel, "message_read")
    count_spend(
        session,
        account.id or 0,
        now.date(),
        EVENTS,
        calls=1,
        units=len(posts) if cost else 0,
        microdollars=cost,
    )
