"""What waits and since when, and what holds it: reads for the supervisor's page, each answered by an index.

Counts of requests stop at COUNTED_TO. `scope` is what the person may see, as conditions on Mention.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, literal
from sqlmodel import Session, col, func, select

from hark311.console.queries import names_of_staff
from models import (
    Account,
    Label,
    LabelSource,
    LabelTask,
    Mention,
    Reply,
    ReplyState,
    ServiceRequest,
)
from models.mentions import WAITS_FOR_A_PERSON
from models.requests import OPEN_AT_CITY

COUNTED_TO = 10_000
LISTED = 50
OVERRIDES_OF = timedelta(days=30)
AGES = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
SOON = (timedelta(days=1), timedelta(days=7))
NAMED = (LabelTask.CATEGORY, LabelTask.INTENT, LabelTask.LANGUAGE)
"""Suggestions told one by one. Of the others only how often any was changed: a place may be somebody's home."""

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits on one account for one person (None: for nobody in particular). `first`: without any reply of ours."""

    account_id: int
    staff_id: int | None
    waiting: int
    oldest: datetime
    first: int
    oldest_first: datetime | None


@dataclass(frozen=True, slots=True)
class Clock:
    """One stretch of a clock, and how many stand in it; `more`: there are more than were counted."""

    word: str
    number: int
    more: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A mention that waits for another person. `key`: it has its first key; else somebody without a key drafted it."""

    mention_id: int
    who: str
    since: datetime
    danger: bool
    key: bool


@dataclass(frozen=True, slots=True)
class Overridden:
    """How often one suggestion was left and how often changed or refused. `suggested` is "" for any of its task."""

    task: LabelTask
    suggested: str
    confirmed: int
    corrected: int

    @property
    def decided(self) -> int:
        return self.confirmed + self.corrected

    @property
    def rate(self) -> float:
        return self.corrected / self.decided


@dataclass(frozen=True, slots=True)
class Held:
    """Why approved replies do not leave, and how many of them."""

    why: str
    number: int
    since: datetime


def desks(session: Session, scope: Conditions = ()) -> list[Desk]:
    """What waits for a person, by account and whom it is assigned to; who has waited longest first."""
    unanswered = case((col(Mention.round) == 1, literal(1)), else_=literal(0))
    first_at = case((col(Mention.round) == 1, col(Mention.received_at)), else_=None)
    rows = session.exec(
        select(  # type: ignore[call-overload]  # six columns
            Mention.account_id,
            Mention.assigned_to,
            func.count(),
            func.min(Mention.received_at),
            func.sum(unanswered),
            func.min(first_at),
        )
        .where(WAITS_FOR_A_PERSON, *scope)
        .group_by(col(Mention.account_id), col(Mention.assigned_to))
    ).all()
    return sorted((Desk(*row) for row in rows), key=lambda desk: desk.oldest)


def first_reply_clock(session: Session, now: datetime, scope: Conditions = ()) -> list[Clock]:
    """How long people who wait for their first reply have waited."""
    edges = [now, *(now - age for age in AGES)]
    stretches = [
        func.sum(case((col(Mention.received_at) > edges[place + 1], literal(1)), else_=literal(0)))
        for place in range(len(AGES))
    ]
    query = select(func.count(), *stretches).where(WAITS_FOR_A_PERSON, col(Mention.round) == 1, *scope)
    counted: Sequence[int | None] = session.execute(query).one()
    total, hour, four, day = (one or 0 for one in counted)
    return [
        Clock("under 1 hour", hour),
        Clock("1 to 4 hours", four - hour),
        Clock("4 to 24 hours", day - four),
        Clock("over 24 hours", total - day, late=total > day),
    ]


def outcome_clock(session: Session, now: datetime) -> list[Clock]:
    """How the requests that the city has open stand against its own promises."""
    due = col(ServiceRequest.promised_datetime)
    stretches: Sequence[tuple[str, Conditions, bool]] = (
        ("promise is over", [due < now], True),
        ("due in 24 hours", [due >= now, due < now + SOON[0]], False),
        ("due in 7 days", [due >= now + SOON[0], due < now + SOON[1]], False),
        ("due later", [due >= now + SOON[1]], False),
        ("no promise known", [due.is_(None)], False),
    )
    return [_counted(session, word, where, late) for word, where, late in stretches]


def _counted(session: Session, word: str, where: Conditions, late: bool) -> Clock:
    some = select(ServiceRequest.id).where(OPEN_AT_CITY, *where).limit(COUNTED_TO + 1)
    number = session.exec(select(func.count()).select_from(some.subquery())).one()
    return Clock(word, min(number, COUNTED_TO), number > COUNTED_TO, late and number > 0)


def pending(session: Session, scope: Conditions = ()) -> list[Pending]:
    """What waits for a second key, or for anybody with a key; danger first, then who has waited longest."""
    rows = session.exec(
        select(Mention)
        .where(col(Mention.handed_on_at).is_not(None), *scope)
        .order_by(col(Mention.danger).desc(), col(Mention.handed_on_at))
        .limit(LISTED)
    ).all()
    people = names_of_staff(session, [one.handed_on_by for one in rows])
    return [
        Pending(
            one.id or 0,
            people.get(one.handed_on_by or 0, "somebody"),
            one.handed_on_at or one.changed_at,
            one.danger,
            one.second_key,
        )
        for one in rows
    ]


def overrides(session: Session, now: datetime) -> list[Overridden]:
    """How often people changed each suggestion in the last 30 days, by what it was about; most changes first."""
    found: dict[tuple[LabelTask, str], list[int]] = defaultdict(lambda: [0, 0])
    for task in LabelTask:
        rows = session.exec(
            select(Label.suggested, Label.source, func.count())
            .where(Label.task == task, Label.at >= now - OVERRIDES_OF, Label.suggested != "")
            .where(Label.source != LabelSource.IMPORTED)
            .group_by(col(Label.suggested), col(Label.source))
        ).all()
        for suggested, source, number in rows:
            found[task, suggested if task in NAMED else ""][source != LabelSource.CONFIRMED] += number
    made = [Overridden(task, suggested, *counts) for (task, suggested), counts in found.items()]
    return sorted(made, key=lambda one: (one.task, -one.corrected, -one.decided, one.suggested))


def held(session: Session) -> list[Held]:
    """Why approved replies wait though their time has come."""
    rows = session.exec(
        select(Reply.held_because, func.count(), func.min(Reply.changed_at))
        .where(Reply.state == ReplyState.APPROVED, Reply.held_because != "")
        .group_by(col(Reply.held_because))
        .order_by(func.count().desc())
        .limit(LISTED)
    ).all()
    return [Held(why, number, since) for why, number, since in rows]


def accounts_by_id(session: Session) -> Mapping[int, Account]:
    return {one.id or 0: one for one in session.exec(select(Account)).all()}
