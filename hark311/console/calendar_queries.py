"""The calendars as their pages show them: who answers now, the week as a chart, the days that are not like others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from hark311.console.calendar_words import WEEKDAYS, hours_words
from hark311.console.times import CityTime
from models import Calendar, CalendarDay, CalendarDesk, CalendarOpening, ServicePromise, Stoppage, Timetable
from models.answering_desks import Desk, Watch, desks_of, watch_now, watches
from models.business_time import NeverOpen, Span, next_open, open_spans
from models.calendars import calendars, timetables, week_of

WEEK = 7
DAYS_AHEAD = timedelta(days=400)
STOPPAGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of one day, in hundredths of it; `words` is the same for whoever does not see the chart."""

    begins: float
    length: float
    words: str


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One line of the week: when it is open, or when a desk answers. `days`: a list of bars for each day."""

    name: str
    days: list[list[Bar]]
    desk: bool = True


@dataclass(frozen=True, slots=True)
class CalendarCard:
    """A calendar at a glance. `now_at` is where today's line stands, in hundredths of the day."""

    calendar: Calendar
    first: bool
    opens: str
    answers: str
    days: list[date]
    today: date
    now_at: float
    rows: list[ChartRow]
    stopped: str
    promises: int


@dataclass(frozen=True, slots=True)
class DeskForm:
    """A desk with its hours as somebody writes them, for each weekday."""

    row: CalendarDesk
    hours: list[str]

    @property
    def said(self) -> str:
        """ "Monday to Friday 08:00-16:00; Sunday 10:00-14:00"; "" where it has no hours."""
        runs: list[tuple[str, list[int]]] = []
        for day, hours in enumerate(self.hours):
            if runs and runs[-1][0] == hours:
                runs[-1][1].append(day)
            else:
                runs.append((hours, [day]))
        return "; ".join(f"{_days_words(days)} {hours}" for hours, days in runs if hours)


@dataclass(frozen=True, slots=True)
class Details:
    """What can be changed in a calendar."""

    hours: list[str]
    desks: list[DeskForm]
    days: list[tuple[CalendarDay, str]]
    stoppages: Sequence[tuple[Stoppage, str, bool]]


def cards(session: Session, now: datetime) -> list[CalendarCard]:
    """Every calendar at a glance, the city's own first."""
    tables = timetables(session)
    promised = list(session.exec(select(ServicePromise.calendar_id)).all())
    return [
        _card(session, one, tables[one.id or 0], now, promised.count(one.id or 0), first=not place)
        for place, one in enumerate(calendars(session))
    ]


def _card(
    session: Session, calendar: Calendar, hours: Timetable, now: datetime, promises: int, *, first: bool
) -> CalendarCard:
    time, desks = CityTime(hours.zone), desks_of(session, calendar)
    today = hours.local_day(now)
    days = [today - timedelta(days=today.weekday()) + timedelta(days=number) for number in range(WEEK)]
    begins, ends = hours.starts(days[0]), hours.starts(days[-1] + timedelta(days=1))
    rows = [ChartRow("Open", _bars(hours, days, list(open_spans(hours, begins, ends))), desk=False)]
    watched = watches(desks, begins, ends)
    for desk in desks:
        theirs = [(one.since, one.until or ends) for one in watched if one.desk == desk]
        rows.append(ChartRow(desk.name, _bars(hours, days, theirs)))
    stopped = next((one for one in _stoppages(session, calendar) if _lasts(one, now)), None)
    return CalendarCard(
        calendar=calendar,
        first=first,
        opens=opens_words(hours, now),
        answers=answers_words(watch_now(desks, now), time, now) if desks else "",
        days=days,
        today=today,
        now_at=_share(hours, today, now),
        rows=rows,
        stopped=_stoppage_words(stopped, time, now) if stopped else "",
        promises=promises,
    )


def details(session: Session, calendar: Calendar, now: datetime) -> Details:
    """The hours, desks, days to come and stoppages of a calendar, as its forms hold them."""
    openings = session.exec(select(CalendarOpening).where(CalendarOpening.calendar_id == calendar.id)).all()
    desks = session.exec(
        select(CalendarDesk)
        .where(CalendarDesk.calendar_id == calendar.id)
        .order_by(col(CalendarDesk.rank), col(CalendarDesk.id))
    ).all()
    time = CityTime(ZoneInfo(calendar.time_zone))
    today = time.today(now)
    days = session.exec(
        select(CalendarDay)
        .where(CalendarDay.calendar_id == calendar.id, CalendarDay.day >= today, CalendarDay.day <= today + DAYS_AHEAD)
        .order_by(col(CalendarDay.day), col(CalendarDay.own))
    ).all()
    return Details(
        hours=_written(one for one in openings if one.desk_id is None),
        desks=[DeskForm(desk, _written(one for one in openings if one.desk_id == desk.id)) for desk in desks],
        days=[(one, hours_words(one.openings)) for one in days],
        stoppages=[
            (one, _stoppage_words(one, time, now), one.ends_at is None or one.ends_at > now)
            for one in _stoppages(session, calendar)
        ],
    )


def answering_now(session: Session, now: datetime) -> str:
    """Who answers by the city's own calendar, and when they hand over; "" where it has no desks."""
    calendar = next(iter(calendars(session)), None)
    desks: list[Desk] = desks_of(session, calendar) if calendar else []
    if calendar is None or not desks:
        return ""
    return answers_words(watch_now(desks, now), CityTime(ZoneInfo(calendar.time_zone)), now)


def answers_words(watch: Watch, time: CityTime, now: datetime) -> str:
    """ "Day desk until today 4:00 pm, then Police desk"."""
    said = watch.desk.name if watch.desk else "Nobody"
    if watch.until is None:
        return said
    return f"{said} until {moment(time, watch.until, now)}, then {watch.then.name if watch.then else 'nobody'}"


def opens_words(hours: Timetable, now: datetime) -> str:
    """Whether it is open, until when, or when it opens next."""
    time = CityTime(hours.zone)
    try:
        opens = next_open(hours, now)
    except NeverOpen:
        return "Closed, and no hours are set that end it"
    if opens > now:
        return f"Closed; opens {moment(time, opens, now)}"
    closes = now
    for begins, ends in open_spans(hours, now, now + timedelta(days=WEEK)):
        if begins > closes:
            return f"Open until {moment(time, closes, now)}"
        closes = ends
    return "Open around the clock"


def moment(time: CityTime, at: datetime, now: datetime) -> str:
    """Day and time, also of what is to come: "tomorrow 9:00 am"."""
    days = (time.today(at) - time.today(now)).days
    return f"tomorrow {time.clock(at)}" if days == 1 else time.moment(at, now)


def _days_words(days: Sequence[int]) -> str:
    first, last = WEEKDAYS[days[0]], WEEKDAYS[days[-1]]
    return first if len(days) == 1 else f"{first} to {last}"


def _stoppages(session: Session, calendar: Calendar) -> Sequence[Stoppage]:
    newest = select(Stoppage).where(Stoppage.calendar_id == calendar.id).order_by(col(Stoppage.begins_at).desc())
    return session.exec(newest.limit(STOPPAGES_SHOWN)).all()


def _lasts(stoppage: Stoppage, now: datetime) -> bool:
    return stoppage.begins_at <= now and (stoppage.ends_at is None or stoppage.ends_at > now)


def _stoppage_words(stoppage: Stoppage, time: CityTime, now: datetime) -> str:
    until = f"until {moment(time, stoppage.ends_at, now)}" if stoppage.ends_at else "with no end set"
    return f"from {moment(time, stoppage.begins_at, now)} {until}"


def _written(rows: Iterable[CalendarOpening]) -> list[str]:
    week = week_of(rows)
    return [hours_words(tuple(week.get(day, ()))) for day in range(WEEK)]


def _bars(hours: Timetable, days: Sequence[date], spans: Sequence[Span]) -> list[list[Bar]]:
    return [list(_bars_of_day(hours, day, spans)) for day in days]


def _bars_of_day(hours: Timetable, day: date, spans: Sequence[Span]) -> Iterable[Bar]:
    begins, ends = hours.starts(day), hours.starts(day + timedelta(days=1))
    for opens, closes in _joined(spans):
        opens, closes = max(opens, begins), min(closes, ends)
        if opens < closes:
            at = _share(hours, day, opens)
            local = [f"{one.astimezone(hours.zone):%H:%M}" for one in (opens, closes)]
            words = f"{local[0]} to {'24:00' if closes == ends else local[1]}"
            yield Bar(at, round(_share(hours, day, closes) - at, 2), words)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same with those that touch as one."""
    found: list[Span] = []
    for begins, ends in spans:
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ends)
        else:
            found.append((begins, ends))
    return found


def _share(hours: Timetable, day: date, at: datetime) -> float:
    begins, ends = hours.starts(day), hours.starts(day + timedelta(days=1))
    return round(100 * ((at - begins) / (ends - begins)), 2)
