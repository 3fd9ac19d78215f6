"""Quiet hours by the clock of the city, with the nights in which clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from responders.quiet import Quiet

ZONE = "America/New_York"
NIGHT = Quiet(time(21), time(8), ZoneInfo(ZONE))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NIGHT.zone).astimezone(UTC)


def test_the_night_ends_in_the_morning_of_the_city() -> None:
    assert Quiet.of("21:00-08:00", ZONE) == NIGHT
    assert NIGHT.over_at(at("2026-11-20T20:59")) is None
    assert NIGHT.over_at(at("2026-11-20T21:00")) == at("2026-11-21T08:00")
    assert NIGHT.over_at(at("2026-11-21T03:00")) == at("2026-11-21T08:00")
    assert NIGHT.over_at(at("2026-11-21T08:00")) is None


def test_quiet_hours_within_a_day_end_that_day() -> None:
    noon = Quiet.of("12:00-13:30", ZONE)
    assert noon is not None
    assert noon.over_at(at("2026-11-20T12:15")) == at("2026-11-20T13:30")
    assert noon.over_at(at("2026-11-20T11:59")) is None


def test_there_may_be_none() -> None:
    assert Quiet.of("", ZONE) is None
    assert Quiet.of("08:00-08:00", ZONE) is None


@given(
    st.integers(0, 2 * 366 * 24 * 60).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.times().map(lambda one: one.strftime("%H:%M")),
    st.times().map(lambda one: one.strftime("%H:%M")),
)
def test_the_end_is_near_and_nothing_is_quiet_then(now: datetime, begins: str, ends: str) -> None:
    quiet = Quiet.of(f"{begins}-{ends}", ZONE)
    if quiet is None:
        return
    until = quiet.over_at(now)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert quiet.over_at(until) is None or until.astimezone(quiet.zone).fold == 1
