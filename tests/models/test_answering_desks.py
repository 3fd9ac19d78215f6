"""Which desk answers: day shifts, the police desk at night, an answering service for whatever is left."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from models import Calendar, CalendarDay, CalendarDesk, CalendarOpening, Database
from models.answering_desks import Desk, answering, desks_of, watch_now, watches
from models.business_time import Opening, Timetable

CHICAGO = ZoneInfo("America/Chicago")
SHIFTS = [
    ("Early desk", False, {**dict.fromkeys(range(6), (7 * 60, 15 * 60)), 6: (9 * 60, 13 * 60)}),
    ("Late desk", False, dict.fromkeys(range(6), (15 * 60, 23 * 60))),
    ("Police desk", True, dict.fromkeys(range(6), (23 * 60, 29 * 60))),
    ("Answering service", True, {}),
]
"""name, whether it answers on holidays, weekday -> (from, to) in minutes."""


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=CHICAGO).astimezone(UTC)  # type: ignore[arg-type,misc]  # year, month, day ...


def riverton(session: Session) -> list[Desk]:
    calendar = Calendar(name="Riverton", time_zone="America/Chicago")
    session.add(calendar)
    session.flush()
    for rank, (name, on_closed_days, week) in enumerate(SHIFTS):
        desk = CalendarDesk(calendar_id=calendar.id or 0, name=name, rank=rank, on_closed_days=on_closed_days)
        session.add(desk)
        session.flush()
        for weekday, (begins, ends) in week.items():
            session.add(
                CalendarOpening(
                    calendar_id=calendar.id or 0, desk_id=desk.id, weekday=weekday, from_minute=begins, to_minute=ends
                )
            )
    session.add(CalendarDay(calendar_id=calendar.id or 0, day=date(2026, 11, 26), name="Thanksgiving Day", own=False))
    session.flush()
    return desks_of(session, calendar)


def test_somebody_answers_round_the_clock_and_each_hands_over_to_the_next(database: Database) -> None:
    with database.write() as session:
        desks = riverton(session)
    found = watches(desks, at(2026, 11, 20, 12), at(2026, 11, 22, 12))
    said = [(one.desk.name if one.desk else "", one.since.astimezone(CHICAGO).strftime("%a %H:%M")) for one in found]
    assert said == [
        ("Early desk", "Fri 12:00"),
        ("Late desk", "Fri 15:00"),
        ("Police desk", "Fri 23:00"),
        ("Answering service", "Sat 05:00"),
        ("Early desk", "Sat 07:00"),
        ("Late desk", "Sat 15:00"),
        ("Police desk", "Sat 23:00"),
        ("Answering service", "Sun 05:00"),
        ("Early desk", "Sun 09:00"),
    ]
    assert [one.until for one in found[:-1]] == [one.since for one in found[1:]]
    assert [one.then for one in found[:-1]] == [one.desk for one in found[1:]]


def test_on_a_holiday_the_day_desks_are_off_and_the_night_answers_as_ever(database: Database) -> None:
    with database.write() as session:
        desks = riverton(session)
    morning = watch_now(desks, at(2026, 11, 26, 8))
    assert morning.desk
    assert morning.then
    assert (morning.desk.name, morning.until, morning.then.name) == (
        "Answering service",
        at(2026, 11, 26, 23),
        "Police desk",
    )


def test_a_shift_at_night_is_as_long_as_the_night_of_the_clock_change(database: Database) -> None:
    with database.write() as session:
        desks = riverton(session)
    night = watch_now(desks, at(2026, 10, 31, 23, 30))
    assert night.desk
    assert night.desk.name == "Police desk"
    assert night.until == at(2026, 11, 1, 5)
    assert night.until - night.since == timedelta(hours=6, minutes=30)


def test_without_desks_nobody_answers_and_a_lone_one_never_hands_over() -> None:
    assert watch_now([], at(2026, 11, 20)).desk is None
    always = watch_now([Desk(1, "Answering service")], at(2026, 11, 20))
    assert (always.desk, always.until) == (Desk(1, "Answering service"), None)


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 23), st.integers(1, 30)), max_size=6), st.integers(0, 20_000)
)
def test_whoever_watches_at_a_moment_is_who_answers_then(shifts: list[tuple[int, int, int]], minutes: int) -> None:
    desks = [
        Desk(number, f"desk {number}", hours=Timetable(CHICAGO, {day: (Opening(60 * hour, 60 * (hour + length)),)}))
        for number, (day, hour, length) in enumerate(shifts)
        if hour + length <= 48
    ]
    begins = at(2026, 10, 26)
    moment = begins + timedelta(minutes=minutes)
    found = watches(desks, begins, begins + timedelta(days=15))
    assert next(one for one in reversed(found) if one.since <= moment).desk == answering(desks, moment)
