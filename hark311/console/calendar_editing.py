"""What supervisors change in a calendar, out of its forms. Each raises Unclear with every reason, and keeps nothing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

from sqlmodel import Session, col, delete, select

from hark311.console.calendar_words import WEEKDAYS, HoursUnclear, read_hours, read_week
from hark311.holidays_of import countries, put_in_holidays
from models import Calendar, CalendarDay, CalendarDesk, CalendarOpening, Stoppage
from models.business_time import Opening

LONGEST_NAME = 60
LONGEST_REASON = 200
HIGHEST_RANK = 99

Fields = Mapping[str, str]


class Unclear(Exception):
    """A form that cannot be kept as it is; `reasons` say why."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def keep_calendar(session: Session, calendar: Calendar, fields: Fields, now: datetime) -> None:
    """Its name, its zone, and whose holidays it keeps; those are put in at once."""
    name, zone = _name(fields), fields.get("time_zone", "").strip()
    country = fields.get("country", "").strip().upper()
    part = fields.get("subdivision", "").strip().upper() if country else ""
    reasons = []
    if not name:
        reasons.append("Give it a name.")
    elif session.exec(select(Calendar.id).where(Calendar.name == name, Calendar.id != calendar.id)).first():
        reasons.append("Another calendar has this name.")
    if zone not in available_timezones():
        reasons.append("Give a time zone such as America/New_York.")
    if country and country not in countries():
        reasons.append("Choose a country from the list.")
    elif part and part not in countries()[country]:
        reasons.append(f"Parts of {country} with holidays of their own: {', '.join(countries()[country]) or 'none'}.")
    if reasons:
        raise Unclear(*reasons)
    calendar.name, calendar.time_zone, calendar.country, calendar.subdivision = name, zone, country, part
    session.add(calendar)
    session.flush()
    put_in_holidays(session, calendar, now)


def keep_hours(session: Session, calendar: Calendar, fields: Fields) -> None:
    """When its clock runs, for each weekday."""
    week, reasons = read_week(dict(fields))
    if reasons:
        raise Unclear(*reasons)
    _keep_week(session, calendar, None, week)


def keep_desk(session: Session, calendar: Calendar, desk: CalendarDesk, fields: Fields) -> None:
    """Who a desk is and when it answers; without hours, whenever no other does."""
    name, rank = _name(fields), fields.get("rank", "").strip()
    week, reasons = read_week(dict(fields))
    if not name:
        reasons.append("Give the desk a name.")
    if rank and not (rank.isascii() and rank.isdecimal() and int(rank[:9]) <= HIGHEST_RANK):
        reasons.append(f"The order is a number from 0 to {HIGHEST_RANK}.")
    if reasons:
        raise Unclear(*reasons)
    desk.name, desk.contact = name, fields.get("contact", "").strip()[:LONGEST_REASON]
    desk.rank = int(rank or 0)
    desk.on_closed_days = fields.get("on_closed_days") == "yes"
    session.add(desk)
    session.flush()
    _keep_week(session, calendar, desk.id, week)


def remove_desk(session: Session, desk: CalendarDesk) -> None:
    session.exec(delete(CalendarOpening).where(col(CalendarOpening.desk_id) == desk.id))
    session.delete(desk)


def add_day(session: Session, calendar: Calendar, fields: Fields) -> CalendarDay:
    """A date that the city closes, or opens at hours of its own; it stands above a holiday."""
    day, name = _date(fields.get("day", "")), _name(fields)
    reasons = [] if day else ["Give a date."]
    if not name:
        reasons.append("Say what day it is.")
    try:
        openings = read_hours(fields.get("hours", ""))
    except HoursUnclear as error:
        raise Unclear(*reasons, str(error)) from error
    if len(openings) > 1:
        reasons.append("One stretch is enough for a single day.")
    if day is None or reasons:
        raise Unclear(*reasons)
    earlier = session.exec(
        select(CalendarDay).where(
            CalendarDay.calendar_id == calendar.id, CalendarDay.day == day, col(CalendarDay.own).is_(True)
        )
    ).first()
    row = earlier or CalendarDay(calendar_id=calendar.id or 0, day=day, name=name)
    opening = openings[0] if openings else None
    row.name, row.from_minute = name, opening.begins if opening else None
    row.to_minute = opening.ends if opening else None
    session.add(row)
    session.flush()
    return row


def add_stoppage(session: Session, calendar: Calendar, fields: Fields) -> Stoppage:
    """A time in which the promise clock stands still, and why."""
    zone, reason = ZoneInfo(calendar.time_zone), fields.get("reason", "").strip()[:LONGEST_REASON]
    begins, ends = _moment(fields.get("begins", ""), zone), _moment(fields.get("ends", ""), zone)
    reasons = [] if begins else ["Say when it begins."]
    if fields.get("ends", "").strip() and (ends is None or (begins and ends <= begins)):
        reasons.append("Its end must be after it begins; leave it empty where nobody knows.")
    if not reason:
        reasons.append("Say why, such as: strike.")
    if begins is None or reasons:
        raise Unclear(*reasons)
    row = Stoppage(calendar_id=calendar.id or 0, begins_at=begins, ends_at=ends, reason=reason)
    session.add(row)
    session.flush()
    return row


def end_stoppage(session: Session, stoppage: Stoppage, now: datetime) -> None:
    """It is over; one that has not begun never was."""
    if stoppage.begins_at >= now:
        session.delete(stoppage)
    elif stoppage.ends_at is None or stoppage.ends_at > now:
        stoppage.ends_at = now
        session.add(stoppage)


def _keep_week(
    session: Session, calendar: Calendar, desk_id: int | None, week: Mapping[int, tuple[Opening, ...]]
) -> None:
    theirs = col(CalendarOpening.desk_id).is_(None) if desk_id is None else col(CalendarOpening.desk_id) == desk_id
    session.exec(delete(CalendarOpening).where(col(CalendarOpening.calendar_id) == calendar.id, theirs))
    for weekday in range(len(WEEKDAYS)):
        for one in week.get(weekday, ()):
            session.add(
                CalendarOpening(
                    calendar_id=calendar.id or 0,
                    desk_id=desk_id,
                    weekday=weekday,
                    from_minute=one.begins,
                    to_minute=one.ends,
                )
            )
    session.flush()


def _name(fields: Fields) -> str:
    return " ".join(fields.get("name", "").split())[:LONGEST_NAME]


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def _moment(written: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromisoformat(written.strip()).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # no year that UTC does not know
        return None
