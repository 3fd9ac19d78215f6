"""Who may send now: money, limits and pace, for all workers, and dangers before all else."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from hark311.bills import Call
from hark311.metering import Meter
from hark311.polling import Polling
from hark311.prices import load_prices
from hark311.rates import Rates, Window
from hark311.turns import Turns
from listeners.cadence import FLOOR
from models import Channel, Database, ReplyState, SendAttempt
from responders.pacing import Leaving
from tests.hark311.turned_clock import TurnedClock
from tests.town import Town

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REPLY = Call("POST", "/2/tweets", b'{"text": "See phila.gov/311", "reply": {"in_reply_to_tweet_id": "1"}}')
TO_X = Leaving("x", Channel.X, "17", private=False, urgent=False)
TO_CHAT = Leaving("bot", Channel.TELEGRAM, "5", private=True, urgent=False)
TO_GROUP = Leaving("bot", Channel.TELEGRAM, "-100", private=False, urgent=False)


@pytest.fixture
def turned() -> TurnedClock:
    return TurnedClock(NOON)


@pytest.fixture
def rates(redis_at: str, turned: TurnedClock) -> Rates:
    return Rates(redis_at, turned)


@pytest.fixture
def meter(database: Database, rates: Rates, turned: TurnedClock) -> Meter:
    return Meter(database, load_prices(), rates, turned)


@pytest.fixture
def turns(meter: Meter, rates: Rates, turned: TurnedClock) -> Turns:
    return Turns(meter, rates, {"x": 1.0}, turned)


def _spend(meter: Meter, replies: int) -> None:
    for _ in range(replies):
        meter.note("x", Channel.X, REPLY, 201, {})


async def test_at_the_ceiling_replies_wait_with_the_reason_and_dangers_do_not(turns: Turns, meter: Meter) -> None:
    _spend(meter, 4)
    assert await turns.turn(TO_X) is None
    _spend(meter, 1)
    wait = await turns.turn(TO_X)
    assert wait is not None
    assert wait.until == NOON + timedelta(minutes=10)
    assert "$1.00 of this month's $1.00 are spent" in wait.why
    assert await turns.turn(replace(TO_X, urgent=True)) is None
    assert await turns.turn(replace(TO_X, account_name="other")) is None


async def test_a_new_month_has_new_money(turns: Turns, meter: Meter, turned: TurnedClock) -> None:
    turned.now = datetime(2026, 11, 30, 23, 55, tzinfo=UTC)
    _spend(meter, 6)
    wait = await turns.turn(TO_X)
    assert wait is not None
    assert wait.until == datetime(2026, 12, 1, tzinfo=UTC)
    turned.now = wait.until
    assert await turns.turn(TO_X) is None


@pytest.mark.parametrize(
    ("left", "limit", "urgent", "waits"),
    [
        (6, 100, False, False),
        (5, 100, False, True),
        (5, 100, True, False),
        (1, 100, True, False),
        (0, 100, True, True),
        (1, 10, False, True),
        (2, 10, False, False),
        (1, 3, False, False),
    ],
)
async def test_the_last_calls_of_a_window_are_left_to_dangers(
    turns: Turns, rates: Rates, left: int, limit: int, urgent: bool, waits: bool
) -> None:
    reset = NOON + timedelta(minutes=12)
    rates.note("x", Window("create_post", limit, left, reset))
    wait = await turns.turn(replace(TO_X, urgent=urgent))
    assert (wait is not None) == waits
    if wait:
        assert wait.until == reset
        assert f"X takes {limit} replies" in wait.why
    assert await turns.turn(replace(TO_X, private=True)) is None


async def test_telegram_gets_one_a_second_in_a_chat_from_two_workers_together(
    database: Database, redis_at: str, turned: TurnedClock
) -> None:
    workers = [
        Turns(Meter(database, load_prices(), clock=turned), Rates(redis_at, turned), {}, turned) for _ in range(2)
    ]
    gone: list[datetime] = []
    for tenth in range(31):
        turned.now = NOON + timedelta(seconds=tenth / 10)
        turns = [await worker.turn(TO_CHAT) for worker in workers]
        gone += [turned.now] * turns.count(None)
    assert gone == [NOON + timedelta(seconds=second) for second in range(4)]


async def test_a_topic_shares_the_pace_of_its_group_and_another_chat_has_its_own(turns: Turns) -> None:
    assert await turns.turn(replace(TO_GROUP, conversation_id="-100/7")) is None
    wait = await turns.turn(replace(TO_GROUP, conversation_id="-100/8"))
    assert wait is not None
    assert wait.until == NOON + timedelta(seconds=1)
    assert await turns.turn(TO_CHAT) is None


async def test_a_bot_sends_no_more_than_thirty_a_second_in_all(turns: Turns) -> None:
    waits = [await turns.turn(replace(TO_CHAT, conversation_id=str(chat))) for chat in range(40)]
    assert [wait is None for wait in waits] == [True] * 30 + [False] * 10


def test_the_pause_of_an_account_follows_its_fetches_and_its_money(meter: Meter, turned: TurnedClock) -> None:
    polling = Polling("x", meter, 1.0, ZoneInfo("America/New_York"), turned)
    usual = timedelta(seconds=15)
    assert polling(usual, 1) == usual
    assert polling(usual, 50) == usual / 2
    _spend(meter, 4)
    assert polling(usual, 1) == 2 * usual
    assert polling.affords()
    _spend(meter, 1)
    assert polling(usual, 1) == FLOOR
    assert not polling.affords()
    free = Polling("x", meter, 0, ZoneInfo("America/New_York"), turned)
    assert [free(usual, 0) for _ in range(20)][-1] == 2 * usual
    assert free.affords()


async def _send_all(town: Town, turns: Turns) -> None:
    async with AsyncExitStack() as stack:
        _, outbox = await town.delivery(stack)
        outbox.pacing = turns
        for reply_id in outbox.due():
            await outbox.send(reply_id)


def test_a_reply_whose_turn_has_not_come_is_held_with_the_reason_and_leaves_no_attempt(
    town: Town, redis_at: str
) -> None:
    rates = Rates(redis_at, town.clock)
    meter = Meter(town.database, load_prices(), rates, town.clock)
    _spend(meter, 5)
    post_id = town.simulator.say_on_x("@Philly311Demo a deep pothole at 5th and Market St", author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, "Thank you.", file_request=False)

    asyncio.run(_send_all(town, Turns(meter, rates, {"x": 1.0}, town.clock)))
    reply = town.reply_to(mention_id)
    assert (reply.state, "are spent" in reply.held_because) == (ReplyState.APPROVED, True)
    assert reply.not_before is not None
    assert reply.not_before > town.clock()
    with town.database.read() as session:
        assert session.exec(select(SendAttempt)).all() == []

    town.clock.advance(minutes=11)
    asyncio.run(_send_all(town, Turns(meter, rates, {"x": 2.0}, town.clock)))
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.held_because) == (ReplyState.SENT, "")
    assert town.our_replies_on_x(post_id)
