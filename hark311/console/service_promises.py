"""What each service promises, out of its form: an amount, what it counts in, and by which calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from hark311.console.calendar_words import MOST, promise_words, read_promise
from models import Calendar, ServicePromise, record
from models.calendars import calendars


@dataclass(frozen=True, slots=True)
class Promised:
    """What a service promises, as its row shows it."""

    row: ServicePromise
    words: str


def promised(session: Session) -> dict[str, Promised]:
    """What every service promises, by service_code."""
    names = {one.id: one.name for one in calendars(session)}
    return {
        one.service_code: Promised(one, f"{promise_words(one.promise)} by {names[one.calendar_id]}")
        for one in session.exec(select(ServicePromise)).all()
    }


def keep_promise(
    session: Session, service_code: str, fields: Mapping[str, str], staff_id: int, now: datetime
) -> list[str]:
    """Keep what a service promises, nothing where the amount is empty; returns every reason against it."""
    before = session.get(ServicePromise, service_code, with_for_update=True)
    said = promise_words(before.promise) if before else "nothing"
    if not fields.get("amount", "").strip():
        if before:
            session.delete(before)
            _write_down(session, service_code, said, "nothing", staff_id, now)
        return []
    promise = read_promise(fields["amount"], fields.get("unit", ""))
    number = fields.get("calendar", "")
    calendar = (
        session.get(Calendar, int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    )
    reasons = [] if promise else [f"The promise must be a whole number from 0 to {MOST}, or empty for none."]
    if calendar is None:
        reasons.append("Choose the calendar it is reckoned by.")
    if promise is None or calendar is None:
        return reasons
    row = before or ServicePromise(service_code=service_code, amount=0, unit=promise.unit, calendar_id=0)
    row.amount, row.unit, row.calendar_id = promise.amount, promise.unit, calendar.id or 0
    session.add(row)
    _write_down(session, service_code, said, f"{promise_words(promise)} by calendar {calendar.id}", staff_id, now)
    return []


def _write_down(session: Session, service_code: str, before: str, after: str, staff_id: int, now: datetime) -> None:
    record(session, "ServicePromise", 0, f"staff:{staff_id}", f"what {service_code} promises", now, before, after)
