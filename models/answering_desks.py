"""Which desk answers at a moment, and when it hands over to whom. Pure but for `desks_of`, which reads the rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models.business_time import Timetable, open_spans
from models.calendars import Calendar, CalendarDay, CalendarDesk, CalendarOpening, days_of, week_of

LOOKED_AHEAD = timedelta(days=15)
"""Two weeks and a day: longer than any holidays between two shifts."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk and its hours; `hours` None: whenever no other answers."""

    id: int
    name: str
    contact: str = ""
    hours: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who answers from a moment on. `desk` None: nobody. `until` None: no change within LOOKED_AHEAD."""

    desk: Desk | None
    since: datetime
    until: datetime | None = None
    then: Desk | None = None


def answering(desks: Sequence[Desk], at: datetime) -> Desk | None:
    """The first desk, in their order, whose hours it is; else the first without hours."""
    moment = at + timedelta(microseconds=1)
    for desk in desks:
        if desk.hours is not None and next(open_spans(desk.hours, at, moment), None):
            return desk
    return next((desk for desk in desks if desk.hours is None), None)


def watches(desks: Sequence[Desk], begins: datetime, ends: datetime) -> list[Watch]:
    """Who answers between two moments, one after the other, each until the next begins."""
    edges = {begins}
    for one in desks:
        for opens, closes in open_spans(one.hours, begins, ends) if one.hours else ():
            edges |= {opens, closes}
    found: list[Watch] = []
    for edge in sorted(one for one in edges if one < ends):
        desk = answering(desks, edge)
        if not found or found[-1].desk != desk:
            if found:
                found[-1] = replace(found[-1], until=edge, then=desk)
            found.append(Watch(desk, edge))
    return found


def watch_now(desks: Sequence[Desk], now: datetime) -> Watch:
    """Who answers now, and the next hand-over."""
    return watches(desks, now, now + LOOKED_AHEAD)[0]


def desks_of(session: Session, calendar: Calendar) -> list[Desk]:
    """The desks of a calendar in the order in which they are asked. Those off on closed days know its days."""
    rows = session.exec(
        select(CalendarDesk)
        .where(CalendarDesk.calendar_id == calendar.id)
        .order_by(col(CalendarDesk.rank), col(CalendarDesk.id))
    ).all()
    if not rows:
        return []
    openings = session.exec(select(CalendarOpening).where(CalendarOpening.calendar_id == calendar.id)).all()
    days = session.exec(select(CalendarDay).where(CalendarDay.calendar_id == calendar.id)).all()
    closed = {day: () for day, open_then in days_of(days).items() if not open_then}
    found = []
    for row in rows:
        week = week_of(one for one in openings if one.desk_id == row.id)
        hours = Timetable(ZoneInfo(calendar.time_zone), week, {} if row.on_closed_days else closed) if week else None
        found.append(Desk(row.id or 0, row.name, row.contact, hours))
    return found
