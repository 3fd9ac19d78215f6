"""The tray of failed deliveries as the desk shows it: by destination, with what each button will do."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, select

from models import Author, Destination, Service
from responders.tray import LISTED, NEVER_TWICE, Health, Retry, Stuck, Trouble, called, health_of, stuck, what_it_does

BUTTON = {
    Retry.NOW: "Try now",
    Retry.SAME_KEY: "Send again now",
    Retry.ASK: "Ask",
    Retry.ASK_TOKEN: "Ask",
    Retry.AGAIN: "File again",
    Retry.UNLISTED: "File again",
    Retry.BLIND: "Send again",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One request in the tray. `choices`: (what a form sends, its button, what that will do)."""

    one: Stuck
    author: str
    service: str
    choices: Sequence[tuple[str, str, str]]


@dataclass(slots=True)
class Shelf:
    """What one destination did not take. `destination_id` 0 is the city's own system."""

    destination_id: int
    name: str
    active: bool
    health: Health
    lines: list[Line] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Trouble]:
        return Counter(line.one.trouble for line in self.lines)

    @property
    def careful(self) -> int:
        """How many may be retried together, because nothing is filed twice by it."""
        return sum(1 for line in self.lines if line.one.retries and line.one.retries[0] in NEVER_TWICE)


@dataclass(frozen=True, slots=True)
class Tray:
    """Every destination that has taken a request, or failed to; `more`: the list is as long as it is ever shown."""

    shelves: Sequence[Shelf]
    number: int
    more: bool


def tray_of(
    session: Session, now: datetime, clock: Callable[[datetime], str], scope: Sequence[ColumnElement[bool]] = ()
) -> Tray:
    """The tray, a shelf for each destination; those with most in them first."""
    rows = session.exec(select(Destination).order_by(Destination.name)).all()
    shelves = {0: Shelf(0, called(None), True, health_of(session, None))}
    for row in rows:
        shelves[row.id or 0] = Shelf(row.id or 0, row.name, row.active, health_of(session, row.id))
    found = stuck(session, now, scope)
    for one in found:
        shelves[one.where.id or 0 if one.where else 0].lines.append(_line(session, one, clock))
    in_order = sorted(shelves.values(), key=lambda shelf: -len(shelf.lines))
    return Tray(in_order, len(found), len(found) == LISTED)


def _line(session: Session, one: Stuck, clock: Callable[[datetime], str]) -> Line:
    service = session.get(Service, one.request.service_code) if one.request.service_code else None
    return Line(
        one=one,
        author=session.get_one(Author, one.mention.author_id).called,
        service=service.service_name if service else "",
        choices=[(how.value, BUTTON[how], what_it_does(one, how, clock)) for how in one.retries],
    )
