"""Time as a city's offices count it: when they are open, how long they were, and when a promise is due.

Pure: a `Timetable` in, moments out. Weekly hours are wall clock times of a zone, so that a day on which the clocks are
changed is longer or shorter as it is in life; everything reckoned with is in UTC. A wall clock time that the change
leaves out is read as PEP 495 has it (fold 0): 02:30 of that night is 03:30.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
LATEST_MINUTE = 2 * DAY_MINUTES
FURTHEST = timedelta(days=3 * 366)
"""No office is looked after for longer than this; a promise that needs more is none."""
_ONE_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]
"""From (included) to (not included), aware UTC."""


class NeverOpen(ValueError):
    """Within FURTHEST the office is not open for long enough, so that no moment can be named."""


class PromiseUnit(StrEnum):
    """What a promise counts in."""

    BUSINESS_DAYS = "business_days"
    BUSINESS_HOURS = "business_hours"
    CALENDAR_DAYS = "calendar_days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Promise:
    """How soon something is done. `amount` is not negative."""

    amount: int
    unit: PromiseUnit


@dataclass(frozen=True, slots=True)
class Opening:
    """Minutes from midnight of the day on which it begins, `to` above `begins` and, past midnight, above 1440."""

    begins: int
    ends: int

    def __post_init__(self) -> None:
        if not (0 <= self.begins < DAY_MINUTES and self.begins < self.ends <= LATEST_MINUTE):
            raise ValueError(f"no opening: from minute {self.begins} to minute {self.ends}")


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """When an office is open.

    `week`: weekday (0 is Monday) -> openings that begin on it. `days`: what counts instead on one date; () is closed,
    as on a holiday. An opening past midnight belongs to the day on which it begins, also into a closed day.
    `stoppages`: spans in which the clock stands still (a strike), rising; the end may be None: nobody knows yet.
    """

    zone: ZoneInfo
    week: Mapping[int, Sequence[Opening]]
    days: Mapping[date, Sequence[Opening]] = field(default_factory=dict)
    stoppages: Sequence[tuple[datetime, datetime | None]] = ()
    _of_day: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def always(cls, zone: ZoneInfo) -> "Timetable":
        """Open at any time."""
        return cls(zone, {day: (Opening(0, DAY_MINUTES),) for day in range(7)})

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def starts(self, day: date) -> datetime:
        """The first moment of a day of the zone."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def of_day(self, day: date) -> tuple[Span, ...]:
        """The openings that begin on a day, without what a stoppage takes, rising and apart."""
        if day not in self._of_day:
            openings = self.days.get(day, self.week.get(day.weekday(), ()))
            self._of_day[day] = tuple(self._working(_merged(self._span(day, one) for one in openings)))
        return self._of_day[day]

    def _span(self, day: date, opening: Opening) -> Span:
        return self._moment(day, opening.begins), self._moment(day, opening.ends)

    def _moment(self, day: date, minute: int) -> datetime:
        later, rest = divmod(minute, DAY_MINUTES)
        at = datetime.combine(day + timedelta(days=later), time(rest // 60, rest % 60), self.zone)
        return at.astimezone(UTC)

    def _working(self, spans: Iterator[Span]) -> Iterator[Span]:
        for begins, ends in spans:
            for stopped, again in self.stoppages:
                if stopped >= ends or (again is not None and again <= begins):
                    continue
                if begins < stopped:
                    yield begins, stopped
                begins = ends if again is None else max(begins, min(again, ends))
            if begins < ends:
                yield begins, ends


def open_spans(timetable: Timetable, begins: datetime, ends: datetime) -> Iterator[Span]:
    """When it is open between two moments, rising, none in the next."""
    reached, ends = begins.astimezone(UTC), ends.astimezone(UTC)
    day = timetable.local_day(begins) - _ONE_DAY
    while timetable.starts(day) < ends:
        for opens, closes in timetable.of_day(day):
            opens, closes = max(opens, reached), min(closes, ends)
            if opens < closes:
                yield opens, closes
                reached = closes
        day += _ONE_DAY


def open_between(timetable: Timetable, begins: datetime, ends: datetime) -> timedelta:
    """How long it was open between two moments; nothing where the second is not the later one."""
    return sum((closes - opens for opens, closes in open_spans(timetable, begins, ends)), timedelta())


def next_open(timetable: Timetable, at: datetime) -> datetime:
    """The moment itself where it is open then, else when it opens next. Raises NeverOpen."""
    at = at.astimezone(UTC)
    for opens, _ in open_spans(timetable, at, at + FURTHEST):
        return opens
    raise NeverOpen("This calendar does not open again.")


def due_at(timetable: Timetable, start: datetime, promise: Promise) -> datetime:
    """When a promise given at `start` is due. Raises NeverOpen.

    Business hours are counted while it is open. The day of the start does not count as a business or calendar day, as
    in Federal Rule of Civil Procedure 6(a)(1): it is due when the last day counted closes, and a day that goes past
    midnight counts to midnight. Nothing at all is due as soon as it is open, by days before that day closes.
    """
    if promise.amount < 0:
        raise ValueError("a promise cannot be due before it is given")
    start = start.astimezone(UTC)
    match promise.unit:
        case PromiseUnit.HOURS:
            return start + timedelta(hours=promise.amount)
        case PromiseUnit.CALENDAR_DAYS:
            return _last_second(timetable, timetable.local_day(start) + timedelta(days=promise.amount))
        case PromiseUnit.BUSINESS_HOURS:
            return _after_open_time(timetable, start, timedelta(hours=promise.amount))
        case PromiseUnit.BUSINESS_DAYS:
            return _close_of_business_day(timetable, start, promise.amount)


def end_of_business_day(timetable: Timetable, at: datetime, number: int) -> datetime:
    """The first moment after the day that is so many business days after that of `at`; 0 is that day itself.

    Raises NeverOpen.
    """
    day = timetable.local_day(at) if number == 0 else _business_day(timetable, timetable.local_day(at), number)
    return timetable.starts(day + _ONE_DAY)


def _after_open_time(timetable: Timetable, start: datetime, left: timedelta) -> datetime:
    if not left:
        return next_open(timetable, start)
    for opens, closes in open_spans(timetable, start, start + FURTHEST):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise NeverOpen("This calendar is not open for as long as is promised.")


def _close_of_business_day(timetable: Timetable, start: datetime, number: int) -> datetime:
    today = timetable.local_day(start)
    if number == 0:
        closes = _closes(timetable, today)
        if closes is not None and closes >= start:
            return closes
    found = _closes(timetable, _business_day(timetable, today, max(number, 1)))
    assert found is not None  # noqa: S101 - a business day closes
    return found


def _business_day(timetable: Timetable, day: date, number: int) -> date:
    """The business day that is so many after a day; number is 1 or more."""
    last = day + FURTHEST
    while day < last:
        day += _ONE_DAY
        number -= _closes(timetable, day) is not None
        if not number:
            return day
    raise NeverOpen("This calendar has not as many days as are promised.")


def _closes(timetable: Timetable, day: date) -> datetime | None:
    """When a day closes, at midnight's last second at the latest; None where it is no business day."""
    last = _last_second(timetable, day)
    return max((min(closes, last) for opens, closes in timetable.of_day(day) if opens <= last), default=None)


def _last_second(timetable: Timetable, day: date) -> datetime:
    return timetable.starts(day + _ONE_DAY) - timedelta(seconds=1)


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    """Spans as they are, in their order and apart; what a change of the clocks turned around is none."""
    reached: Span | None = None
    for begins, ends in sorted(spans):
        if ends <= begins:
            continue
        if reached and begins <= reached[1]:
            reached = reached[0], max(reached[1], ends)
            continue
        if reached:
            yield reached
        reached = begins, ends
    if reached:
        yield reached
