"""How often we look: never out of earshot, and slower only for a reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.cadence import BUSY, FLOOR, LIVE, QUIET_FETCHES, next_pause, while_live

USUAL = timedelta(seconds=15)
NOON, NIGHT = 12, 3
QUIET = [0] * QUIET_FETCHES

bases = st.timedeltas(min_value=timedelta(milliseconds=10), max_value=timedelta(hours=1))
recents = st.lists(st.integers(min_value=0, max_value=500), max_size=QUIET_FETCHES)
hours = st.integers(min_value=0, max_value=23)


@pytest.mark.parametrize(
    ("recent", "used", "hour", "seconds"),
    [
        ([], 0.0, NOON, 15),
        ([0, 0, 1], 0.0, NOON, 15),
        ([0, BUSY], 0.0, NOON, 7.5),
        ([BUSY, 0], 0.0, NOON, 15),
        (QUIET, 0.0, NOON, 30),
        (QUIET, 0.0, NIGHT, 60),
        ([*QUIET[1:], 1], 0.0, NIGHT, 15),
        ([1], 0.7, NOON, 30),
        ([1], 0.85, NOON, 60),
        ([1], 0.95, NOON, 120),
        ([BUSY], 0.95, NOON, 60),
        ([1], 1.0, NOON, 900),
        ([BUSY], 3.0, NOON, 900),
    ],
)
def test_the_pause_follows_what_comes_the_hour_and_the_money(
    recent: list[int], used: float, hour: int, seconds: float
) -> None:
    assert next_pause(USUAL, recent, used, hour) == timedelta(seconds=seconds)


@given(base=bases, recent=recents, used=st.floats(min_value=0, max_value=5), hour=hours)
def test_a_pause_is_never_shorter_than_half_the_usual_nor_longer_than_the_floor(
    base: timedelta, recent: list[int], used: float, hour: int
) -> None:
    assert base / 2 <= next_pause(base, recent, used, hour) <= max(base, FLOOR)


@given(base=bases, recent=recents, hour=hours, shares=st.tuples(*[st.floats(min_value=0, max_value=2)] * 2))
def test_the_more_is_spent_the_longer_the_pause(
    base: timedelta, recent: list[int], hour: int, shares: tuple[float, float]
) -> None:
    less, more = sorted(shares)
    assert next_pause(base, recent, less, hour) <= next_pause(base, recent, more, hour)


@given(base=bases, recent=recents, used=st.floats(min_value=0, max_value=2), hour=hours)
def test_a_live_chat_is_never_looked_at_more_seldom_nor_beyond_the_months_money(
    base: timedelta, recent: list[int], used: float, hour: int
) -> None:
    usual = next_pause(base, recent, used, hour)
    live = while_live(usual, base)
    assert live <= usual or live == min(LIVE, base)
    if used >= 1:
        assert live >= FLOOR
    elif usual < FLOOR:
        assert live >= min(LIVE, base)
