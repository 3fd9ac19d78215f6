"""The ledger of intake: what was counted as it came in, held against what is stored and what the channel counts.

Days are UTC days. A day balances when every delivered post is accounted for once, each counter equals the rows it
stands for, and the channel counts no more mentions than we hold.
"""

import datetime as dates
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from sqlalchemy import literal_column
from sqlmodel import Session, col, func, select

from listeners import backfill
from models import CHANNELS, Account, Channel, Database, Gap, IntakeDay, Post, Spend, UnreadablePost
from models.ledger import COUNTERS, KINDS
from models.posts import PostKind

DAYS = 14
MICRODOLLARS = 1_000_000
_WORDS = {
    "mentions": "posts to us",
    "own": "posts of ours",
    "reposts": "reposts",
    "context": "posts around them",
    "unreadable": "unreadable posts",
    "deleted": "deletions",
    "gaps_opened": "gaps opened",
    "gaps_closed": "gaps closed",
}


@dataclass(slots=True)
class Day:
    """One account's day: what was counted, what is stored, and what does not agree. Spend in US dollars.

    `sent`: posts we kept as we sent them; `held`: mentions written that day, asked only where the channel counted.
    """

    day: dates.date
    counted: dict[str, int]
    stored: dict[str, int]
    sent: int = 0
    platform_count: int | None = None
    held: int | None = None
    calls: int = 0
    spend: float = 0.0

    @property
    def problems(self) -> list[str]:
        """What does not agree, in sentences; empty when the day balances."""
        found = []
        kinds = sum(self.counted[kind] for kind in KINDS)
        if self.counted["delivered"] != kinds:
            found.append(f"{self.counted['delivered']} posts were delivered and {kinds} are accounted for.")
        found += [
            f"{self.counted[name]} {words} were counted and {self.stored[name]} are stored."
            for name, words in _WORDS.items()
            if self.counted[name] != self.stored[name]
        ]
        if self.platform_count is not None and self.held is not None and self.platform_count > self.held:
            found.append(f"The channel counts {self.platform_count} posts to us written that day, we hold {self.held}.")
        return found

    @property
    def balances(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class AccountLedger:
    """One account, its newest day first. `waiting`: posts from before we began that wait for a person."""

    account_id: int
    name: str
    channel: str
    handle: str
    days: list[Day]
    gaps: list[Gap]
    waiting: int = 0

    @property
    def balances(self) -> bool:
        return all(day.balances for day in self.days)

    def total(self, counter: str) -> int:
        return sum(day.counted[counter] for day in self.days)

    @property
    def spend(self) -> float:
        return sum(day.spend for day in self.days)

    @property
    def stands(self) -> frozenset[str]:
        """The columns in which something stands: counters of COLUMNS, and "gaps", "sent", "channel" and "spend"."""
        others = {
            "gaps": self.total("gaps_opened") or self.total("gaps_closed"),
            "sent": any(day.sent for day in self.days),
            "channel": any(day.platform_count is not None for day in self.days),
            "spend": self.spend,
        }
        counted = {name: name in ("delivered", "mentions") or self.total(name) for name, _ in COLUMNS}
        return frozenset(name for name, there in (counted | others).items() if there)


@dataclass(slots=True)
class Ledger:
    since: dates.date
    accounts: list[AccountLedger] = field(default_factory=list)

    @property
    def balances(self) -> bool:
        return all(account.balances for account in self.accounts)

    def as_dict(self) -> dict[str, Any]:
        """What `hark ledger --json` prints."""
        return {
            "since": self.since.isoformat(),
            "balances": self.balances,
            "accounts": [
                {
                    "account": one.name,
                    "channel": one.channel,
                    "handle": one.handle,
                    "balances": one.balances,
                    "waiting": one.waiting,
                    "open_gaps": [_gap(gap) for gap in one.gaps],
                    "spend_usd": round(one.spend, 6),
                    "totals": {name: one.total(name) for name in COUNTERS},
                    "days": [
                        {
                            "day": day.day.isoformat(),
                            **day.counted,
                            "stored": day.stored,
                            "sent": day.sent,
                            "platform_count": day.platform_count,
                            "held": day.held,
                            "calls": day.calls,
                            "spend_usd": round(day.spend, 6),
                            "balances": day.balances,
                            "problems": day.problems,
                        }
                        for day in one.days
                    ],
                }
                for one in self.accounts
            ],
        }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "reason": gap.reason,
        "noticed_at": gap.noticed_at.isoformat(),
        "after": gap.after_post_id,
        "before": gap.before_post_id,
        "refilled": gap.refilled,
        "trouble": gap.trouble,
    }


def ledger_of(database: Database, now: datetime, days: int = DAYS, account: str | None = None) -> Ledger:
    """The last `days` days, of one account (by its name) or of all. Read as of one moment, while listening goes on."""
    since = now.astimezone(UTC).date() - timedelta(days=days - 1)
    with database.read() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        chosen = select(Account).order_by(col(Account.id))
        accounts = session.exec(chosen.where(Account.name == account) if account else chosen).all()
        return Ledger(since, [_account_ledger(session, one, since) for one in accounts])


def _account_ledger(session: Session, account: Account, since: dates.date) -> AccountLedger:
    account_id = account.id or 0
    waits = backfill.waiting(session, account_id)
    stored, sent = _stored(session, account_id, since)
    counted = {
        row.day: row
        for row in session.exec(
            select(IntakeDay).where(IntakeDay.account_id == account_id, IntakeDay.day >= since)
        ).all()
    }
    spent, held = _spent(session, account_id, since), _held(session, account_id, since)
    days = [
        _day(
            day,
            counted.get(day),
            stored.get(day, {}),
            sent=sent.get(day, 0),
            held=held.get(day, 0),
            spent=spent.get(day, (0, 0)),
        )
        for day in sorted({*counted, *stored, *sent, *spent}, reverse=True)
    ]
    gaps = session.exec(
        select(Gap).where(Gap.account_id == account_id, col(Gap.closed_at).is_(None)).order_by(col(Gap.id))
    ).all()
    return AccountLedger(
        account_id=account_id,
        name=account.name,
        channel=str(account.channel),
        handle=account.handle,
        days=days,
        gaps=list(gaps),
        waiting=waits.posts if waits else 0,
    )


def _day(
    day: dates.date,
    counted: IntakeDay | None,
    stored: dict[str, int],
    sent: int,
    held: int,
    spent: tuple[int, int],
) -> Day:
    platform = counted.platform_count if counted else None
    calls, microdollars = spent
    return Day(
        day=day,
        counted={name: getattr(counted, name) if counted else 0 for name in COUNTERS},
        stored={name: stored.get(name, 0) for name in _WORDS},
        sent=sent,
        platform_count=platform,
        held=held + stored.get("unreadable", 0) if platform is not None else None,
        calls=calls,
        spend=microdollars / MICRODOLLARS,
    )


_COUNTER_OF = {
    PostKind.MENTION: "mentions",
    PostKind.OWN: "own",
    PostKind.REPOST: "reposts",
    PostKind.CONTEXT: "context",
}
ByDay = dict[dates.date, dict[str, int]]


def _stored(session: Session, account_id: int, since: dates.date) -> tuple[ByDay, dict[dates.date, int]]:
    """The rows there are, by day and counter, and what we sent ourselves, by day."""
    begins = _midnight(since)
    found: ByDay = {}
    sent: dict[dates.date, int] = {}
    day_of = _utc_day(session, Post.received_at)
    by_kind = select(day_of, Post.kind, func.count(), func.count(col(Post.author_id))).where(
        Post.account_id == account_id, Post.received_at >= begins
    )
    for day, kind, number, delivered in session.exec(by_kind.group_by(day_of, col(Post.kind))).all():
        _add(found, day, _COUNTER_OF[PostKind(kind)], delivered if kind == PostKind.OWN else number)
        if kind == PostKind.OWN and number > delivered:  # kept by the outbox as it left; a channel names the author
            sent[_as_date(day)] = number - delivered
    for counter, table, at in (
        ("unreadable", UnreadablePost, UnreadablePost.received_at),
        ("deleted", Post, Post.deleted_at),
        ("gaps_opened", Gap, Gap.noticed_at),
        ("gaps_closed", Gap, Gap.closed_at),
    ):
        rows = select(_utc_day(session, at), func.count()).where(table.account_id == account_id, col(at) >= begins)
        for day, number in session.exec(rows.group_by(_utc_day(session, at))).all():
            _add(found, day, counter, number)
    return found, sent


def _add(found: ByDay, day: Any, counter: str, number: int) -> None:
    counts = found.setdefault(_as_date(day), {})
    counts[counter] = counts.get(counter, 0) + number


def _held(session: Session, account_id: int, since: dates.date) -> dict[dates.date, int]:
    """Posts to us, by the day they were written on."""
    begins, day_of = _midnight(since), _utc_day(session, Post.created_at)
    written = select(day_of, func.count()).where(
        Post.account_id == account_id,
        Post.kind == PostKind.MENTION,
        Post.received_at >= begins - timedelta(hours=1),
        Post.created_at >= begins,
    )
    return {_as_date(day): number for day, number in session.exec(written.group_by(day_of)).all()}


def _spent(session: Session, account_id: int, since: dates.date) -> dict[dates.date, tuple[int, int]]:
    rows = session.exec(
        select(col(Spend.day), func.sum(col(Spend.calls)), func.sum(col(Spend.microdollars)))
        .where(Spend.account_id == account_id, Spend.day >= since)
        .group_by(col(Spend.day))
    ).all()
    return {day: (int(calls or 0), int(cost or 0)) for day, calls, cost in rows}


def _utc_day(session: Session, at: Any) -> Any:
    postgresql = session.get_bind().dialect.name == "postgresql"
    return func.date(func.timezone(literal_column("'UTC'"), at)) if postgresql else func.date(at)


def _as_date(day: dates.date | str) -> dates.date:
    """SQLite gives a day as text."""
    return dates.date.fromisoformat(day) if isinstance(day, str) else day


def _midnight(day: dates.date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


COLUMNS: Sequence[tuple[str, str]] = (
    ("delivered", "delivered"),
    ("mentions", "to us"),
    ("own", "ours"),
    ("reposts", "reposts"),
    ("context", "around"),
    ("repeated", "repeated"),
    ("unreadable", "unreadable"),
    ("deleted", "deleted"),
)
"""Counter -> what its column is called."""


def rendered(ledger: Ledger) -> RenderableType:
    """The ledger as tables for a person; columns in which nothing stands are left out."""
    return Group(*(_table(account) for account in ledger.accounts), *_problems(ledger))


def _table(account: AccountLedger) -> Table:
    cells: dict[str, list[str]] = {
        words: [str(day.counted[name]) for day in account.days] for name, words in COLUMNS if name in account.stands
    }
    if "gaps" in account.stands:
        cells["gaps"] = [f"+{day.counted['gaps_opened']} -{day.counted['gaps_closed']}" for day in account.days]
    if "sent" in account.stands:
        cells["sent"] = [str(day.sent) for day in account.days]
    if "channel" in account.stands:
        cells["channel"] = ["-" if day.platform_count is None else str(day.platform_count) for day in account.days]
    if "spend" in account.stands:
        cells["USD"] = [f"{day.spend:.2f}" for day in account.days]
    cells["balances"] = ["yes" if day.balances else "NO" for day in account.days]
    table = Table("day", *cells, title=f"{account.name} ({CHANNELS[Channel(account.channel)].label})")
    for day, *row in zip(account.days, *cells.values(), strict=True):
        table.add_row(day.day.isoformat(), *row)
    if account.waiting:
        table.caption = f"{account.waiting} posts from before we began wait at the desk, under Channels."
    return table


def _problems(ledger: Ledger) -> list[str]:
    return [
        f"{account.name}, {day.day.isoformat()}: {problem}"
        for account in ledger.accounts
        for day in account.days
        for problem in day.problems
    ]
