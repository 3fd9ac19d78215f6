"""Hours as people write them, "8:00-12:00, 13:00-17:00", and as they stand in a calendar; and promises in words."""

import itertools
import re

from models import Promise, PromiseUnit
from models.assignments import clock_of
from models.business_time import DAY_MINUTES, Opening

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = {
    PromiseUnit.BUSINESS_DAYS: ("business day", "business days"),
    PromiseUnit.BUSINESS_HOURS: ("business hour", "business hours"),
    PromiseUnit.CALENDAR_DAYS: ("day", "days"),
    PromiseUnit.HOURS: ("hour", "hours"),
}
MOST = 999
LONGEST_HOURS = 120
_STRETCH = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)


class HoursUnclear(ValueError):
    """The hours cannot be read; the text says which."""


def read_hours(written: str) -> tuple[Opening, ...]:
    """The openings that somebody wrote for a day; () for nothing. An end not after its beginning is the next day's.

    Raises HoursUnclear.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    openings = tuple(sorted((_opening(part) for part in parts), key=lambda one: one.begins))
    for earlier, later in itertools.pairwise(openings):
        if later.begins < earlier.ends:
            raise HoursUnclear(f"{hours_words((earlier,))} and {hours_words((later,))} lie over each other.")
    return openings


def _opening(part: str) -> Opening:
    found = _STRETCH.fullmatch(part)
    if not found:
        raise HoursUnclear(f"“{part[:40]}” is no time like 8:00-17:00.")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    begins, ends = 60 * from_hour + from_minute, 60 * to_hour + to_minute
    if from_minute > 59 or to_minute > 59 or begins >= DAY_MINUTES or ends > DAY_MINUTES:
        raise HoursUnclear(f"“{part}” is no time of a day.")
    return Opening(begins, ends if ends > begins else ends + DAY_MINUTES)


def hours_words(openings: tuple[Opening, ...]) -> str:
    """The same as somebody writes it: "08:00-12:00, 22:00-06:00"; midnight at the end is 24:00."""
    return ", ".join(
        f"{clock_of(one.begins)}-{'24:00' if one.ends == DAY_MINUTES else clock_of(one.ends)}" for one in openings
    )


def read_week(fields: dict[str, str]) -> tuple[dict[int, tuple[Opening, ...]], list[str]]:
    """The openings of each weekday from fields day0 to day6, with every reason against them."""
    week, reasons = {}, []
    for day, name in enumerate(WEEKDAYS):
        try:
            week[day] = read_hours(fields.get(f"day{day}", "")[:LONGEST_HOURS])
        except HoursUnclear as error:
            reasons.append(f"{name}: {error}")
    return week, reasons


def promise_words(promise: Promise) -> str:
    """ "3 business days"."""
    one, several = UNITS[promise.unit]
    return f"{promise.amount} {one if promise.amount == 1 else several}"


def read_promise(amount: str, unit: str) -> Promise | None:
    """The promise a form asks for; None where the number or the unit is none."""
    number = amount.strip()
    if not (number.isascii() and number.isdecimal() and int(number[:9]) <= MOST) or unit not in set(PromiseUnit):
        return None
    return Promise(int(number), PromiseUnit(unit))
