"""The ledger: what each account took in, day by day, and what its calls cost. Counts only, no words of anybody."""

import datetime as dates
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

from models.database import UTCDateTime, str_enum


class IntakeDay(SQLModel, table=True):
    """One account's intake on one UTC day, counted in the transactions that store it.

    Every post a channel delivered is exactly one of: mentions, own, reposts, context, repeated, unreadable.
    `waiting`: of the mentions, those older than our beginning, which wait for a person to take them in.
    `platform_count` is the channel's own count of mentions that day, where it can be had.
    """

    __tablename__ = "intake_day"
    __table_args__ = (UniqueConstraint("account_id", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    day: dates.date
    delivered: int = 0
    mentions: int = 0
    own: int = 0
    reposts: int = 0
    context: int = 0
    repeated: int = 0
    unreadable: int = 0
    deleted: int = 0
    waiting: int = 0
    gaps_opened: int = 0
    gaps_closed: int = 0
    platform_count: int | None = None
    platform_asked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


KINDS = ("mentions", "own", "reposts", "context", "repeated", "unreadable")
"""What a delivered post can be; each is one of them."""

COUNTERS = ("delivered", *KINDS, "deleted", "waiting", "gaps_opened", "gaps_closed")


def count_intake(session: Session, account_id: int, day: dates.date, **counts: int) -> None:
    """Add `counts` (names of COUNTERS; what was delivered adds up by itself) to an account's day, in one statement.

    To be called last in a transaction: it holds the day's row until the commit.
    """
    if not any(counts.values()):
        return
    session.flush()
    added = dict.fromkeys(COUNTERS, 0) | counts
    added["delivered"] = sum(added[kind] for kind in KINDS)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(IntakeDay).values(account_id=account_id, day=day, **added)
    session.exec(
        statement.on_conflict_do_update(
            index_elements=["account_id", "day"],
            set_={name: getattr(IntakeDay, name) + value for name, value in added.items() if value},
        )
    )


class Spend(SQLModel, table=True):
    """Calls of one kind by one account on one UTC day, and what they cost. Money in millionths of a US dollar."""

    __table_args__ = (UniqueConstraint("account_id", "day", "endpoint"), Index("ix_spend_day", "day"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    day: dates.date
    endpoint: str = Field(description="as the price table names it")
    calls: int = 0
    refused: int = Field(default=0, description="calls answered with an error, which are not billed")
    units: int = Field(default=0, description="what is billed: posts read, people read, posts made")
    microdollars: int = 0


def count_spend(session: Session, account_id: int, day: dates.date, endpoint: str, **counts: int) -> None:
    """Add `counts` (calls, refused, units, microdollars) to an account's day and endpoint, in one statement."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Spend).values(account_id=account_id, day=day, endpoint=endpoint, **counts)
    session.exec(
        statement.on_conflict_do_update(
            index_elements=["account_id", "day", "endpoint"],
            set_={name: getattr(Spend, name) + value for name, value in counts.items()},
        )
    )


class ComplianceState(StrEnum):
    CREATED = "created"
    UPLOADED = "uploaded"
    DONE = "done"
    FAILED = "failed"


class ComplianceJob(SQLModel, table=True):
    """One question to a channel which of our stored posts are gone. Source: X API v2, compliance jobs."""

    __tablename__ = "compliance_job"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    channel_job_id: str = ""
    state: ComplianceState = Field(default=ComplianceState.CREATED, sa_type=str_enum(ComplianceState))
    after_post_id: int = Field(default=0, description="Post.id: those behind it were asked about")
    upto_post_id: int = 0
    asked: int = 0
    gone: int = 0
    trouble: str = ""
    started_at: datetime = Field(sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
