"""Public holidays, put into the calendars as dates: from the `holidays` library (vacanza, MIT), kept a year ahead.

Dates in rows, not asked of the library each time: what was promised yesterday means the same after an upgrade.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlmodel import Session, col, select

from models import Calendar, CalendarDay, Database, utc_now
from models.calendars import calendars

log = logging.getLogger(__name__)

YEARS_AHEAD = 2
"""A promise over the turn of the year needs the next year, and one more while that is being told."""
HOUR = 3600


class NoSuchCountry(ValueError):
    """The library knows no such country, or no such part of it."""


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """ISO 3166 code -> codes of its parts that have holidays of their own."""
    return {code: tuple(parts) for code, parts in sorted(holidays.list_supported_countries().items())}


@lru_cache(maxsize=64)
def holidays_in(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year, with their names; observed days count. Raises NoSuchCountry."""
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except (NotImplementedError, AttributeError) as error:
        raise NoSuchCountry(f"No holidays are known for {country} {subdivision}".rstrip()) from error
    return dict(sorted(found.items()))


def put_in_holidays(session: Session, calendar: Calendar, now: datetime) -> int:
    """Make the holidays of this year and the next ones stand in a calendar; returns how many rows changed.

    Dates of the past stay: what was counted by them was counted.
    """
    today = now.astimezone(ZoneInfo(calendar.time_zone)).date()
    wanted: dict[date, str] = {}
    for year in range(today.year, today.year + YEARS_AHEAD + 1) if calendar.country else ():
        wanted |= holidays_in(calendar.country, calendar.subdivision, year)
    stored = session.exec(
        select(CalendarDay).where(CalendarDay.calendar_id == calendar.id, col(CalendarDay.own).is_(False))
    ).all()
    changed = 0
    for row in stored:
        if wanted.get(row.day) == row.name:
            del wanted[row.day]
        elif row.day >= today:
            session.delete(row)
            changed += 1
        else:
            wanted.pop(row.day, None)
    session.flush()
    for day, name in wanted.items():
        session.add(CalendarDay(calendar_id=calendar.id or 0, day=day, name=name, own=False))
    session.flush()
    return changed + len(wanted)


@dataclass(slots=True)
class Holidays:
    """Keeps every calendar's holidays a year ahead."""

    database: Database
    clock: Callable[[], datetime] = utc_now

    def put_in(self) -> int:
        with self.database.write() as session:
            return sum(self._put_in(session, one) for one in calendars(session))

    def _put_in(self, session: Session, calendar: Calendar) -> int:
        try:
            return put_in_holidays(session, calendar, self.clock())
        except NoSuchCountry as error:
            log.warning("the calendar %s keeps the holidays it has (%s)", calendar.name, error)
            return 0


async def keep_holidays(ctx: dict[str, Any]) -> int:
    """Put the public holidays into the calendars; returns how many dates changed."""
    kept: Holidays = ctx["holidays"]
    return await asyncio.to_thread(kept.put_in)


ROUNDS = [(keep_holidays, HOUR)]
"""What runs by itself: (job, every so many seconds)."""
