"""A wait that one worker was told of holds the others back: real SDKs of Telegram and Bluesky, real Redis.

They go by httpx; the sessions of X and Mastodon are in test_metering.py.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311 import wiring
from hark311.metering import Meter
from hark311.prices import load_prices
from hark311.rates import Rates, wait_in
from hark311.simulated import accounts_of
from hark311.tolls import Tolls
from hark311.turns import Turns
from listeners.errors import RateLimited
from models import Channel, utc_now
from models.posts import OutgoingPost
from responders.errors import SendDeferred
from responders.pacing import Leaving
from tests.town import Town

FLOOD = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests: retry after 300",
    "parameters": {"retry_after": 300},
}
"""As Telegram says it: the wait stands in the body, and no header tells of a window."""


@dataclass
class Worker:
    """One of several that share a Redis and nothing else."""

    town: Town
    tolls: Tolls

    def responder(self, account: str) -> Any:
        return wiring.responders_of(self._settings(), self.tolls)[account]

    def listener(self, account: str) -> Any:
        return wiring.listeners_of(self._settings(), self.tolls)[account][1]

    def _settings(self) -> Any:
        accounts = accounts_of(self.town.settings)
        quick = accounts | {"telegram": accounts["telegram"].model_copy(update={"long_poll_seconds": 0})}
        return self.town.settings.model_copy(update={"accounts": quick})


@pytest.fixture
def workers(town: Town, redis_at: str) -> Iterator[tuple[Worker, Worker]]:
    books = [Rates(redis_at), Rates(redis_at)]
    one, other = (Worker(town, Tolls(Meter(town.database, load_prices(), rates), rates)) for rates in books)
    yield one, other
    for rates in books:
        rates.close()


def _to_telegram(town: Town, **more: Any) -> OutgoingPost:
    said = town.simulator.say_on_telegram("a hole")
    chat, post_id = str(said["chat_id"]), f"{said['chat_id']}:{said['message_id']}"
    return OutgoingPost(1, "Thank you.", chat, post_id, "en", "reply-1-1", utc_now(), **more)


def _to_bluesky(town: Town) -> OutgoingPost:
    uri = town.simulator.say_on_bluesky("@hark311.example a hole", author="dee_215")
    (post,) = (one for one in town.simulator.bluesky_posts() if one["uri"] == uri)
    return OutgoingPost(1, "Thank you.", post["root"], uri, "en", "reply-1-1", utc_now())


def _calls(town: Town, channel: str, operation: str) -> int:
    return len(town.simulator.calls(channel=channel, operation=operation))


def _in_five_minutes(at: datetime) -> bool:
    return timedelta(minutes=4) < at - utc_now() < timedelta(minutes=6)


async def test_a_flood_wait_of_telegram_holds_every_worker_back_and_gives_no_turn(
    town: Town, workers: tuple[Worker, Worker]
) -> None:
    one, other = workers
    post = _to_telegram(town)
    town.simulator.fault("telegram", "status", "sendMessage", status=429, body=FLOOD)
    for worker in (one, other):
        async with worker.responder("telegram") as responder:
            with pytest.raises(SendDeferred, match="asks us to wait") as held:
                await responder.send(post)
        assert _in_five_minutes(held.value.retry_at)
    assert _calls(town, "telegram", "sendMessage") == 1
    (window,) = other.tolls.rates.windows("telegram")
    assert (window.name, window.used_up, window.reset) == ("sendMessage", True, held.value.retry_at)
    turns = Turns(other.tolls.meter, other.tolls.rates, {})
    wait = await turns.turn(Leaving("telegram", Channel.TELEGRAM, "5", private=True, urgent=True))
    assert wait is not None
    assert (wait.until, wait.why) == (window.reset, "Telegram asked us to wait before the next reply.")


async def test_listening_on_telegram_is_held_back_as_long_as_it_said(
    town: Town, workers: tuple[Worker, Worker]
) -> None:
    town.simulator.fault("telegram", "status", "getupdates", status=429, body=FLOOD)
    for worker in workers:
        async with worker.listener("telegram") as listener:
            with pytest.raises(RateLimited) as limited:
                await listener.fetch(None)
        assert _in_five_minutes(limited.value.retry_at)
    assert _calls(town, "telegram", "getupdates") == 1


async def test_a_window_of_bluesky_that_is_used_up_holds_listening_and_sending_back(
    town: Town, workers: tuple[Worker, Worker]
) -> None:
    post = _to_bluesky(town)
    for operation in ("listNotifications", "createRecord"):
        town.simulator.fault("bluesky", "rate_limit", operation, reset_in=300)
    for worker in workers:
        async with worker.listener("bluesky") as listener, worker.responder("bluesky") as responder:
            with pytest.raises(RateLimited) as limited:
                await listener.fetch(None)
            with pytest.raises(SendDeferred, match="asks us to wait") as held:
                await responder.send(post)
        assert _in_five_minutes(limited.value.retry_at)
        assert _in_five_minutes(held.value.retry_at)
    assert _calls(town, "bluesky", "listNotifications") == _calls(town, "bluesky", "createRecord") == 1


def test_a_reply_that_a_flood_wait_holds_goes_when_it_is_over(town: Town, workers: tuple[Worker, Worker]) -> None:
    """What was held back is no attempt that may have landed: it is simply sent, once."""
    rates, post = workers[0].tolls.rates, _to_telegram(town)
    rates.note_wait("telegram", "sendMessage", timedelta(seconds=1))

    async def send() -> None:
        async with workers[1].responder("telegram") as responder:
            with pytest.raises(SendDeferred) as held:
                await responder.send(post)
            await asyncio.sleep(max(0, (held.value.retry_at - utc_now()).total_seconds()) + 0.05)
            await responder.send(post)

    asyncio.run(send())
    assert town.our_messages() == ["Thank you."]


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b'{"parameters": 5}', b'{"parameters": {}}']))
def test_no_body_can_break_the_reading_of_a_wait(body: bytes) -> None:
    assert wait_in(body) is None


@pytest.mark.parametrize("seconds", ["-1", "0", "1e400", '"5"', "86401", "[5]", "null"])
def test_a_wait_that_cannot_be_is_not_believed(seconds: str) -> None:
    assert wait_in(b'{"parameters": {"retry_after": %s}}' % seconds.encode()) is None
    assert wait_in(b'{"parameters": {"retry_after": 35}}') == timedelta(seconds=35)
