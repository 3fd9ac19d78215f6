"""What all workers know of the limits, over a real Redis: shared, expiring, and no loss where Redis is not there."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from hark311.rates import Pace, Rates, Window, window_in
from tests.hark311.turned_clock import TurnedClock
from tests.running import free_port

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHAT = Pace("bot:chat:5", 1, timedelta(seconds=1))
GROUP = Pace("bot:group:5", 20, timedelta(minutes=1))
_marks = count()


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock(NOON)


@pytest.fixture
def two(redis_at: str, clock: TurnedClock) -> Iterator[tuple[Rates, Rates]]:
    """Two workers at one Redis."""
    one, other = Rates(redis_at, clock), Rates(redis_at, clock)
    yield one, other
    one.close()
    other.close()


def _mark() -> str:
    return f"reply-{next(_marks)}"


def test_what_one_worker_learns_of_a_window_the_other_knows(two: tuple[Rates, Rates], clock: TurnedClock) -> None:
    one, other = two
    one.note("x", Window("create_post", 100, 0, NOON + timedelta(minutes=15)))
    one.note("x", Window("mentions", 300, 298, NOON + timedelta(minutes=5)))
    found = other.window("x", "create_post")
    assert found is not None
    assert found.used_up
    assert [one.name for one in other.windows("x")] == ["create_post", "mentions"]
    assert other.windows("telegram") == []
    clock.forward(minutes=10)
    assert [one.name for one in other.windows("x")] == ["create_post"]
    clock.forward(minutes=5)
    assert other.window("x", "create_post") is None


def test_of_answers_that_overtook_each_other_the_fewest_calls_left_are_believed(two: tuple[Rates, Rates]) -> None:
    one, other = two
    reset = NOON + timedelta(minutes=15)
    for left in (7, 5, 6):
        one.note("x", Window("search", 300, left, reset))
    assert [window.left for window in other.windows("x")] == [5]
    other.note("x", Window("search", 300, 299, reset + timedelta(minutes=15)))
    assert [window.left for window in one.windows("x")] == [299]


@pytest.mark.parametrize("reset", [NOON, NOON - timedelta(minutes=1), NOON + timedelta(days=2)])
def test_a_window_that_is_over_or_cannot_be_is_not_believed(two: tuple[Rates, Rates], reset: datetime) -> None:
    two[0].note("x", Window("search", 300, 0, reset))
    assert two[0].windows("x") == []


def test_a_chat_gets_one_turn_a_second_whoever_asks(two: tuple[Rates, Rates], clock: TurnedClock) -> None:
    one, other = two
    assert one.turn([CHAT], _mark()) is None
    free = other.turn([CHAT], _mark())
    assert free == NOON + timedelta(seconds=1)
    clock.now = free
    assert other.turn([CHAT], _mark()) is None


def test_a_group_gets_twenty_a_minute_and_a_turn_not_taken_counts_nowhere(
    two: tuple[Rates, Rates], clock: TurnedClock
) -> None:
    one, other = two
    taken = 0
    for second in range(60):
        clock.now = NOON + timedelta(seconds=second)
        for rates in two:
            taken += rates.turn([CHAT, GROUP], _mark()) is None
    assert taken == 20
    assert one.turn([GROUP], _mark()) == NOON + timedelta(minutes=1)
    clock.now = NOON + timedelta(minutes=1)
    assert other.turn([CHAT, GROUP], _mark()) is None


def test_what_was_billed_today_is_not_billed_again_by_any_worker(two: tuple[Rates, Rates]) -> None:
    one, other = two
    today = date(2026, 11, 22)
    assert one.first_today("x", today, ["post:1", "post:2"]) == 2
    assert other.first_today("x", today, ["post:2", "post:3"]) == 1
    assert other.first_today("x", date(2026, 11, 23), ["post:2"]) == 1
    assert other.first_today("other", today, ["post:2"]) == 1
    assert other.first_today("x", today, []) == 0


def test_every_key_expires(two: tuple[Rates, Rates], redis_at: str) -> None:
    two[0].note("x", Window("search", 300, 5, NOON + timedelta(minutes=15)))
    two[0].turn([CHAT, GROUP], _mark())
    two[0].first_today("x", date(2026, 11, 22), ["post:1"])
    client: Any = redis.Redis.from_url(redis_at)
    keys = client.keys()
    assert len(keys) == 4
    assert all(client.ttl(key) > 0 for key in keys)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", "unix:///nowhere/redis.sock"])
def test_without_redis_everything_goes_on_as_if_nothing_were_known(url: str) -> None:
    rates = Rates(url.format(port=free_port()))
    rates.note("x", Window("search", 300, 0, NOON))
    assert rates.windows("x") == []
    assert rates.window("x", "search") is None
    assert rates.turn([CHAT], _mark()) is None
    assert rates.first_today("x", date(2026, 11, 22), ["post:1", "post:2"]) == 2


def test_a_redis_that_never_answers_holds_nobody_up_for_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        rates = Rates(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        for _ in range(50):
            assert rates.turn([CHAT], _mark()) is None
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "headers",
    [
        {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1795348800"},
        {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-22T12:00:00.000000Z"},
        {"ratelimit-limit": "300", "ratelimit-remaining": "0", "ratelimit-reset": "1795348800"},
    ],
)
def test_the_headers_of_each_channel_are_read(headers: dict[str, str]) -> None:
    assert window_in("search", headers) == Window("search", 300, 0, NOON)


@given(
    st.fixed_dictionaries({f"x-rate-limit-{part}": st.text(max_size=20) for part in ("limit", "remaining", "reset")})
)
def test_no_header_can_break_the_reading(headers: dict[str, str]) -> None:
    found = window_in("search", headers)
    assert found is None or found.limit >= 0
