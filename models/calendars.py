"""The city's calendars: when a service's clock runs, which days are closed, who answers, and what is promised."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from models.business_time import Opening, Promise, PromiseUnit, Timetable
from models.database import UTCDateTime, str_enum


class Calendar(SQLModel, table=True):
    """Hours of a week in a time zone. The first one made is the city's own: it counts where no other is named.

    `country` and `subdivision` (ISO 3166, as US and PA) say whose public holidays are closed; empty: none are.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    time_zone: str
    country: str = ""
    subdivision: str = ""


class CalendarDesk(SQLModel, table=True):
    """Who answers at some hours: a day shift, the police desk at night, an answering service.

    The lowest `rank` whose hours it is answers. One without hours answers whenever no other does. `contact` is how
    colleagues reach it; it is never shown to residents.
    """

    __tablename__ = "calendar_desk"

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id", index=True)
    name: str
    contact: str = ""
    rank: int = 0
    on_closed_days: bool = Field(default=False, description="answers on holidays as well")


class CalendarOpening(SQLModel, table=True):
    """One stretch of every week, in minutes from midnight; `to_minute` is above 1440 where it goes past midnight.

    Without a desk it is a stretch in which the promise clock runs, else one in which that desk answers.
    """

    __tablename__ = "calendar_opening"

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id", index=True)
    desk_id: int | None = Field(default=None, foreign_key="calendar_desk.id")
    weekday: int = Field(description="0 is Monday")
    from_minute: int
    to_minute: int


class CalendarDay(SQLModel, table=True):
    """One date that is not like its weekday: a public holiday, or a day the city itself closes or opens.

    Without minutes it is closed. What the city says of a date (`own`) beats the holiday on it.
    """

    __tablename__ = "calendar_day"
    __table_args__ = (UniqueConstraint("calendar_id", "day", "own"),)

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id", index=True)
    day: date
    name: str
    own: bool = True
    from_minute: int | None = None
    to_minute: int | None = None

    @property
    def openings(self) -> tuple[Opening, ...]:
        """When it is open on that date; () where it is closed."""
        if self.from_minute is None or self.to_minute is None:
            return ()
        return (Opening(self.from_minute, self.to_minute),)


class Stoppage(SQLModel, table=True):
    """A time in which nothing is worked on, such as a strike: the promise clock stands still. `ends_at` None: open."""

    __table_args__ = (Index("ix_stoppage_calendar", "calendar_id", "begins_at"),)

    id: int | None = Field(default=None, primary_key=True)
    calendar_id: int = Field(foreign_key="calendar.id")
    begins_at: datetime = Field(sa_type=UTCDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    reason: str


class ServicePromise(SQLModel, table=True):
    """How soon the city promises to have done what a service is about. A service without one promises nothing."""

    __tablename__ = "service_promise"

    service_code: str = Field(primary_key=True, foreign_key="service.service_code")
    amount: int
    unit: PromiseUnit = Field(sa_type=str_enum(PromiseUnit))
    calendar_id: int = Field(foreign_key="calendar.id", index=True)

    @property
    def promise(self) -> Promise:
        return Promise(self.amount, self.unit)


def calendars(session: Session) -> list[Calendar]:
    """Every calendar, the city's own first."""
    return list(session.exec(select(Calendar).order_by(col(Calendar.id))).all())


def timetables(session: Session) -> dict[int, Timetable]:
    """When the promise clock of each calendar runs, by Calendar.id, the city's own first."""
    openings = session.exec(select(CalendarOpening).where(col(CalendarOpening.desk_id).is_(None))).all()
    days = session.exec(select(CalendarDay)).all()
    stoppages = session.exec(select(Stoppage).order_by(col(Stoppage.begins_at))).all()
    return {
        one.id or 0: Timetable(
            zone=ZoneInfo(one.time_zone),
            week=week_of(row for row in openings if row.calendar_id == one.id),
            days=days_of(row for row in days if row.calendar_id == one.id),
            stoppages=[(row.begins_at, row.ends_at) for row in stoppages if row.calendar_id == one.id],
        )
        for one in calendars(session)
    }


def week_of(rows: Iterable[CalendarOpening]) -> dict[int, Sequence[Opening]]:
    """The openings of these rows by weekday, in their order."""
    week: dict[int, list[Opening]] = {}
    for row in sorted(rows, key=lambda one: (one.weekday, one.from_minute)):
        week.setdefault(row.weekday, []).append(Opening(row.from_minute, row.to_minute))
    return {day: tuple(openings) for day, openings in week.items()}


def days_of(rows: Iterable[CalendarDay]) -> Mapping[date, Sequence[Opening]]:
    """What counts on each date that is not like its weekday; the city's own word last, so that it stands."""
    return {row.day: row.openings for row in sorted(rows, key=lambda one: one.own)}
