"""Business time: hours of a week in a zone, across clock changes, holidays, shifts past midnight and strikes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.business_time import (
    NeverOpen,
    Opening,
    Promise,
    PromiseUnit,
    Timetable,
    due_at,
    end_of_business_day,
    next_open,
    open_between,
    open_spans,
)

NEW_YORK = ZoneInfo("America/New_York")
ZONES = ["America/New_York", "America/Sao_Paulo", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
OFFICE = {day: (Opening(9 * 60, 12 * 60), Opening(13 * 60, 17 * 60)) for day in range(5)}
"""Monday to Friday, with a break at noon: seven hours a day."""


def ny(*when: int) -> datetime:
    return datetime(*when, tzinfo=NEW_YORK)  # type: ignore[arg-type,misc]  # year, month, day ...


def office(**more: object) -> Timetable:
    return Timetable(NEW_YORK, OFFICE, **more)  # type: ignore[arg-type]


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    begins = draw(st.integers(0, 1439))
    return Opening(begins, min(2880, begins + draw(st.integers(60, 1440))))


@st.composite
def weeks(draw: st.DrawFn) -> dict[int, tuple[Opening, ...]]:
    week = draw(st.dictionaries(st.integers(0, 6), st.lists(openings(), min_size=1, max_size=3).map(tuple), min_size=1))
    return dict(week)


MOMENTS = st.integers(0, 4 * 366 * 1440).map(
    lambda minute: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
PROMISES = st.builds(Promise, st.integers(0, 30), st.sampled_from(PromiseUnit))
HOLIDAYS = st.sets(st.dates(date(2024, 1, 1), date(2028, 3, 1)), max_size=20)
TABLES = st.builds(
    lambda zone, week, days: Timetable(ZoneInfo(zone), week, dict.fromkeys(days, ())),
    st.sampled_from(ZONES),
    weeks(),
    HOLIDAYS,
)
BUSINESS = (PromiseUnit.BUSINESS_DAYS, PromiseUnit.BUSINESS_HOURS)


@given(TABLES, PROMISES, MOMENTS, st.timedeltas(timedelta(), timedelta(days=20)))
def test_who_asks_later_is_never_promised_an_earlier_day(
    table: Timetable, promise: Promise, start: datetime, later: timedelta
) -> None:
    assert due_at(table, start, promise) <= due_at(table, start + later, promise)


@given(TABLES, PROMISES, MOMENTS)
def test_more_is_never_due_earlier_and_nothing_before_it_was_promised(
    table: Timetable, promise: Promise, start: datetime
) -> None:
    due = due_at(table, start, promise)
    assert start <= due <= due_at(table, start, Promise(promise.amount + 1, promise.unit))


@given(TABLES, st.sampled_from(BUSINESS), st.integers(0, 20), MOMENTS)
def test_business_time_is_never_due_while_it_is_closed(
    table: Timetable, unit: PromiseUnit, amount: int, start: datetime
) -> None:
    due = due_at(table, start, Promise(amount, unit))
    around = open_spans(table, due - timedelta(seconds=1), due + timedelta(seconds=1))
    assert any(opens <= due <= closes for opens, closes in around)


@given(TABLES, PROMISES, MOMENTS, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_one_more_holiday_never_brings_a_promise_forward(
    table: Timetable, promise: Promise, start: datetime, holiday: date
) -> None:
    fewer = Timetable(table.zone, table.week, {**table.days, holiday: ()})
    assert due_at(table, start, promise) <= due_at(fewer, start, promise)


@given(TABLES, PROMISES, MOMENTS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=40)))
def test_a_stoppage_never_brings_a_promise_forward(
    table: Timetable, promise: Promise, start: datetime, stopped: datetime, span: timedelta
) -> None:
    struck = Timetable(table.zone, table.week, table.days, [(stopped, stopped + span)])
    assert due_at(table, start, promise) <= due_at(struck, start, promise)
    assert open_between(struck, stopped, stopped + span) == timedelta()


@given(TABLES, MOMENTS, st.timedeltas(timedelta(), timedelta(days=30)), st.timedeltas(timedelta(), timedelta(days=30)))
def test_open_time_adds_up_and_is_no_longer_than_the_clock_says(
    table: Timetable, first: datetime, one: timedelta, other: timedelta
) -> None:
    middle, last = first + one, first + one + other
    assert open_between(table, first, last) == open_between(table, first, middle) + open_between(table, middle, last)
    assert timedelta() <= open_between(table, first, last) <= last - first


@given(TABLES, st.integers(1, 60), MOMENTS)
def test_the_hours_promised_are_the_hours_it_was_open(table: Timetable, hours: int, start: datetime) -> None:
    due = due_at(table, start, Promise(hours, PromiseUnit.BUSINESS_HOURS))
    assert open_between(table, start, due) == timedelta(hours=hours)


@given(TABLES, MOMENTS)
def test_it_opens_next_where_nothing_was_open_before(table: Timetable, at: datetime) -> None:
    opens = next_open(table, at)
    assert open_between(table, at, opens) == timedelta()
    assert due_at(table, at, Promise(0, PromiseUnit.BUSINESS_HOURS)) == opens


@given(TABLES, MOMENTS, st.integers(1, 8))
def test_the_end_of_a_business_day_holds_what_is_due_on_it(table: Timetable, at: datetime, number: int) -> None:
    due = due_at(table, at, Promise(number, PromiseUnit.BUSINESS_DAYS))
    assert due < end_of_business_day(table, at, number)
    assert table.local_day(due) == table.local_day(end_of_business_day(table, at, number) - timedelta(seconds=1))


def test_business_days_pass_over_the_weekend_and_end_when_the_office_closes() -> None:
    friday = ny(2026, 11, 20, 16, 30)
    assert due_at(office(), friday, Promise(3, PromiseUnit.BUSINESS_DAYS)) == ny(2026, 11, 25, 17)
    assert due_at(office(), ny(2026, 11, 21, 11), Promise(1, PromiseUnit.BUSINESS_DAYS)) == ny(2026, 11, 23, 17)
    holiday = office(days={date(2026, 11, 25): ()})
    assert due_at(holiday, friday, Promise(3, PromiseUnit.BUSINESS_DAYS)) == ny(2026, 11, 26, 17)


def test_a_break_at_noon_is_no_time_and_a_day_may_have_hours_of_its_own() -> None:
    assert open_between(office(), ny(2026, 11, 20), ny(2026, 11, 21)) == timedelta(hours=7)
    saturday = office(days={date(2026, 11, 21): (Opening(10 * 60, 14 * 60),)})
    assert open_between(saturday, ny(2026, 11, 21), ny(2026, 11, 22)) == timedelta(hours=4)
    assert due_at(saturday, ny(2026, 11, 20, 16), Promise(2, PromiseUnit.BUSINESS_HOURS)) == ny(2026, 11, 21, 11)


def test_a_shift_past_midnight_is_as_long_as_the_night_it_goes_through() -> None:
    nights = Timetable(NEW_YORK, {day: (Opening(22 * 60, 30 * 60),) for day in range(7)})
    spring, autumn = ny(2026, 3, 7, 12), ny(2026, 10, 31, 12)
    assert open_between(nights, spring, ny(2026, 3, 8, 12)) == timedelta(hours=7)
    assert open_between(nights, autumn, ny(2026, 11, 1, 12)) == timedelta(hours=9)
    assert next_open(nights, ny(2026, 11, 1, 3)) == ny(2026, 11, 1, 3)
    assert due_at(nights, autumn, Promise(1, PromiseUnit.BUSINESS_DAYS)) == ny(2026, 11, 1, 23, 59, 59)


def test_days_are_counted_by_the_wall_across_a_change_of_the_clocks() -> None:
    saturday = ny(2026, 3, 7, 10)
    assert due_at(office(), saturday, Promise(2, PromiseUnit.CALENDAR_DAYS)) == ny(2026, 3, 9, 23, 59, 59)
    assert due_at(office(), saturday, Promise(48, PromiseUnit.HOURS)) == ny(2026, 3, 9, 11)


def test_during_a_strike_the_clock_stands_still_and_without_an_end_nothing_is_promised() -> None:
    strike = office(stoppages=[(ny(2026, 11, 23, 10), ny(2026, 11, 25, 10))])
    assert due_at(strike, ny(2026, 11, 23, 9), Promise(2, PromiseUnit.BUSINESS_HOURS)) == ny(2026, 11, 25, 11)
    assert due_at(strike, ny(2026, 11, 20, 9), Promise(2, PromiseUnit.BUSINESS_DAYS)) == ny(2026, 11, 25, 17)
    with pytest.raises(NeverOpen):
        due_at(office(stoppages=[(ny(2026, 11, 23), None)]), ny(2026, 11, 20, 9), Promise(9, BUSINESS[0]))
    with pytest.raises(NeverOpen):
        next_open(Timetable(NEW_YORK, {}), ny(2026, 11, 20))


def test_what_ends_before_it_begins_is_no_opening() -> None:
    for begins, ends in ((60, 60), (60, 30), (-1, 10), (1440, 1500), (0, 2881)):
        with pytest.raises(ValueError, match="no opening"):
            Opening(begins, ends)
    with pytest.raises(ValueError, match="before it is given"):
        due_at(office(), ny(2026, 11, 20), Promise(-1, PromiseUnit.HOURS))
