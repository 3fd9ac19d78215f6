"""Riverton's own hours for tests: a promise clock, four desks round the clock, a day off and a strike."""

from datetime import date, timedelta

from sqlmodel import Session

from models import Calendar, CalendarDay, CalendarDesk, CalendarOpening, Stoppage
from tests.hark311.console.conftest import NOON

WEEKDAYS = range(5)
DESKS: tuple[tuple[str, bool, dict[int, tuple[int, int]]], ...] = (
    ("Early desk", False, dict.fromkeys(range(6), (7 * 60, 15 * 60))),
    ("Late desk", False, dict.fromkeys(range(6), (15 * 60, 23 * 60))),
    ("Police desk", True, dict.fromkeys(range(6), (23 * 60, 29 * 60))),
    ("Answering service", True, {}),
)
"""name, whether it answers on closed days, weekday -> (from, to) in minutes."""


def make_office(session: Session) -> Calendar:
    """A calendar with hours, desks and days of its own; the strike is over."""
    office = Calendar(name="City Hall", time_zone="America/New_York", country="US", subdivision="PA")
    session.add(office)
    session.flush()
    number = office.id or 0
    for weekday in WEEKDAYS:
        for begins, ends in ((8 * 60, 12 * 60), (13 * 60, 17 * 60)):
            session.add(CalendarOpening(calendar_id=number, weekday=weekday, from_minute=begins, to_minute=ends))
    for rank, (name, on_closed_days, week) in enumerate(DESKS):
        desk = CalendarDesk(calendar_id=number, name=name, contact="555-0142", rank=rank, on_closed_days=on_closed_days)
        session.add(desk)
        session.flush()
        for weekday, (begins, ends) in week.items():
            session.add(
                CalendarOpening(
                    calendar_id=number, desk_id=desk.id, weekday=weekday, from_minute=begins, to_minute=ends
                )
            )
    session.add(CalendarDay(calendar_id=number, day=date(2026, 5, 25), name="Memorial Day", own=False))
    session.add(CalendarDay(calendar_id=number, day=date(2026, 3, 13), name="Training of all staff"))
    session.add(
        Stoppage(
            calendar_id=number,
            begins_at=NOON - timedelta(days=20),
            ends_at=NOON - timedelta(days=18),
            reason="Strike of the crews",
        )
    )
    session.flush()
    return office
