"""Every call is counted where it leaves, priced by the dated table, and held while its limit is known to be used up."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from sqlmodel import select

from hark311 import metering, wiring
from hark311.bills import Call
from hark311.metering import Meter
from hark311.outgoing import plain_session
from hark311.prices import load_prices
from hark311.rates import Rates, Window
from hark311.simulated import accounts_of
from hark311.spending import Budget, budget_left, dollars, spent_in
from hark311.tolls import Tolls
from listeners.errors import RateLimited
from models import Account, Channel, Database, utc_now
from models.ledger import Spend
from models.posts import IncomingAuthor, IncomingPost, OutgoingPost
from responders.errors import SendDeferred, SendUncertain
from tests.hark311.turned_clock import TurnedClock
from tests.rows import an_account
from tests.running import free_port, wait_until
from tests.town import Town

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = NOON.date()
PAGE = {"data": [{"id": "1"}, {"id": "2"}], "includes": {"users": [{"id": "7"}]}}
MENTIONS = Call("GET", "/2/users/311/mentions", own_keys=True)
REPLY = Call("POST", "/2/tweets", b'{"text": "Thank you.", "reply": {"in_reply_to_tweet_id": "1"}}', own_keys=True)
NAME = f"test-{Channel.X}"


def rows(database: Database) -> dict[str, tuple[int, int, int, int]]:
    """endpoint -> calls, refused, units, millionths of a dollar."""
    with database.read() as session:
        found = session.exec(select(Spend).order_by(Spend.endpoint)).all()
    return {one.endpoint: (one.calls, one.refused, one.units, one.microdollars) for one in found}


@pytest.fixture
def account(either_database: Database) -> Database:
    with either_database.write() as session:
        an_account(session)
    return either_database


def test_calls_of_two_processes_add_up_in_one_row_a_day(account: Database) -> None:
    clock = TurnedClock(NOON)
    one, other = (Meter(account, load_prices(), clock=clock) for _ in range(2))
    for meter in (one, other, one):
        meter.note(NAME, Channel.X, MENTIONS, 200, PAGE)
        meter.note(NAME, Channel.X, REPLY, 201, {"data": {"id": "9"}})
        meter.write()
    one.note(NAME, Channel.X, REPLY, 429, None)
    one.note("nobody", Channel.X, REPLY, 201, {})
    one.write()
    assert rows(account) == {
        "create_post": (4, 1, 3, 30_000),
        "mentions": (3, 0, 6, 6_000),
        "people_in_answers": (0, 0, 3, 30_000),
    }
    clock.forward(days=1)
    one.note(NAME, Channel.X, REPLY, 201, {})
    one.write()
    with account.read() as session:
        assert {one.day for one in session.exec(select(Spend)).all()} == {TODAY, TODAY + timedelta(days=1)}
        assert spent_in(session, date(2026, 11, 1)) == {NAME: 76_000}


def test_what_could_not_be_written_is_kept_for_the_next_time(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    meter = Meter(database, load_prices(), clock=TurnedClock(NOON))
    meter.note(NAME, Channel.X, REPLY, 201, {})
    with database.write() as session:
        an_account(session)
        session.connection().exec_driver_sql("ALTER TABLE spend RENAME TO elsewhere")
    with caplog.at_level(logging.WARNING):
        meter.write()
    assert "they are kept" in caplog.text
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO spend")
    meter.write()
    meter.write()
    assert rows(database) == {"create_post": (1, 0, 1, 10_000)}


def test_the_month_so_far_counts_what_is_not_written_yet_and_what_others_wrote(database: Database) -> None:
    clock = TurnedClock(NOON)
    ours, theirs = (Meter(database, load_prices(), clock=clock) for _ in range(2))
    with database.write() as session:
        an_account(session)
    theirs.note(NAME, Channel.X, REPLY, 201, {})
    theirs.write()
    ours.note(NAME, Channel.X, REPLY, 201, {})
    assert ours.spent_this_month(NAME) == 10_000
    ours.write()
    assert ours.spent_this_month(NAME) == 20_000
    clock.forward(days=10)
    assert ours.spent_this_month(NAME) == 0


async def test_a_meter_writes_by_itself_and_once_more_at_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "FLUSH_SECONDS", 0.01)
    meter = Meter(database, load_prices(), clock=TurnedClock(NOON))
    with database.write() as session:
        an_account(session)
    async with meter.writing():
        meter.note(NAME, Channel.X, REPLY, 201, {})
        await asyncio.to_thread(wait_until, lambda: bool(rows(database)), 5)
        meter.note(NAME, Channel.X, REPLY, 201, {})
    assert rows(database) == {"create_post": (2, 0, 2, 20_000)}


@dataclass
class Counted:
    """A town whose calls are counted."""

    town: Town
    tolls: Tolls

    def rows(self) -> dict[str, tuple[int, int, int, int]]:
        self.tolls.meter.write()
        return rows(self.town.database)


@pytest.fixture
def counted(town: Town, redis_at: str) -> Iterator[Counted]:
    rates = Rates(redis_at)
    yield Counted(town, Tolls(Meter(town.database, load_prices(), rates), rates))
    rates.close()


def _reply(to: str, text: str = "Thank you. Request 14000231.") -> OutgoingPost:
    return OutgoingPost(1, text, to, to, "en", "reply-1-1", utc_now())


async def test_listening_and_replying_on_x_is_metered_by_endpoint(counted: Counted) -> None:
    said = counted.town.simulator.say_on_x("@Philly311Demo a hole", author="dee_215")
    listener = wiring.listeners_of(counted.town.settings, counted.tolls)["x"][1]
    async with listener:
        await listener.fetch(None)
        await listener.fetch(None)
    async with wiring.responders_of(counted.town.settings, counted.tolls)["x"] as responder:
        await responder.send(_reply(said))
        await responder.send(_reply(said, "See phila.gov/311 for more."))
    found = counted.rows()
    calls = counted.town.simulator.calls(channel="x")
    assert sum(one[0] for one in found.values()) == len(calls)
    assert found["create_post"] == (2, 0, 2, 210_000)
    assert found["mentions"][:3] == (2, 0, 1), "the same post read twice in one day is billed once"
    assert found["people_in_answers"][3] % 10_000 == 0


async def test_calls_that_cost_nothing_are_counted_too_and_name_no_token(counted: Counted) -> None:
    said = counted.town.simulator.say_on_telegram("a hole")
    quick = {"telegram": accounts_of(counted.town.settings)["telegram"].model_copy(update={"long_poll_seconds": 0})}
    settings = counted.town.settings.model_copy(update={"accounts": quick})
    async with wiring.listeners_of(settings, counted.tolls)["telegram"][1] as listener:
        await listener.whoami()
        await listener.fetch(None)
    chat, post_id = str(said["chat_id"]), f"{said['chat_id']}:{said['message_id']}"
    async with wiring.responders_of(settings, counted.tolls)["telegram"] as responder:
        await responder.send(OutgoingPost(1, "Thank you.", chat, post_id, "en", "reply-1-1", utc_now()))
    found = counted.rows()
    assert found["sendMessage"] == (1, 0, 0, 0)
    assert found["getupdates"][0] >= 1
    assert sum(one[0] for one in found.values()) == len(counted.town.simulator.calls(channel="telegram"))
    secret = counted.town.simulator.settings.telegram_token
    assert not any(secret in name or "bot" in name for name in found)


def test_what_a_channel_brings_by_webhook_is_reckoned_as_read(database: Database) -> None:
    author = IncomingAuthor("7", "dee", "Dee")
    posts = [
        IncomingPost(str(number), str(number), str(number), author, "a hole", NOON, private=number == 3)
        for number in range(1, 4)
    ]
    with database.write() as session:
        metering.note_events(session, an_account(session), posts, load_prices(), NOON)
        metering.note_events(session, an_account(session, Channel.TELEGRAM), posts, load_prices(), NOON)
    with database.read() as session:
        found = session.exec(select(Spend.calls, Spend.units, Spend.microdollars)).all()
    assert sorted(found) == [(1, 0, 0), (1, 3, 20_000)]


async def test_a_window_that_one_worker_used_up_holds_the_other_back_without_a_call(counted: Counted) -> None:
    simulator = counted.town.simulator
    said = simulator.say_on_x("@Philly311Demo a hole", author="dee_215")
    simulator.limits(operation="create_post", limit=1, window=600, sign_in="user")
    one, other = (wiring.responders_of(counted.town.settings, counted.tolls)["x"] for _ in range(2))
    async with one, other:
        await one.send(_reply(said))
        with pytest.raises(SendDeferred) as held:
            await other.send(_reply(said, "Something else."))
    assert timedelta(minutes=9) < held.value.retry_at - utc_now() < timedelta(minutes=11)
    assert len(simulator.calls(channel="x", operation="create_post")) == 1
    assert counted.rows()["create_post"] == (1, 0, 1, 10_000)


async def test_listening_is_held_back_as_long_as_the_channel_said(counted: Counted) -> None:
    counted.town.simulator.fault("x", "rate_limit", "mentions", reset_in=300)
    listener = wiring.listeners_of(counted.town.settings, counted.tolls)["x"][1]
    async with listener:
        told = []
        for _ in range(2):
            with pytest.raises(RateLimited) as limited:
                await listener.fetch(None)
            told.append(limited.value.retry_at)
    assert told[0] == told[1]
    assert len(counted.town.simulator.calls(channel="x", operation="mentions")) == 1
    assert counted.rows()["mentions"] == (1, 1, 0, 0)


async def test_a_call_whose_answer_never_came_is_counted_and_not_billed(counted: Counted) -> None:
    said = counted.town.simulator.say_on_x("@Philly311Demo a hole", author="dee_215")
    counted.town.simulator.fault("x", "drop_after", "create_post")
    async with wiring.responders_of(counted.town.settings, counted.tolls)["x"] as responder:
        with pytest.raises(SendUncertain):
            await responder.send(_reply(said))
    assert counted.rows()["create_post"] == (1, 1, 0, 0)


async def test_a_fault_in_our_books_never_looks_like_a_fault_of_the_call(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the meter broke")

    monkeypatch.setattr(counted.tolls.meter, "note", broken)
    said = counted.town.simulator.say_on_x("@Philly311Demo a hole", author="dee_215")
    async with wiring.responders_of(counted.town.settings, counted.tolls)["x"] as responder:
        assert (await responder.send(_reply(said))).post_id
    assert "was not counted" in caplog.text


def test_an_sdk_with_its_own_host_is_held_and_counted_by_the_same_session(database: Database, redis_at: str) -> None:
    rates = Rates(redis_at)
    toll = Tolls(Meter(database, load_prices(), rates), rates).of("town", Channel.MASTODON)
    reset = datetime.now(UTC) + timedelta(minutes=5)
    rates.note("town", Window("GET /api/v1/notifications", 300, 0, reset))
    with plain_session(toll) as session:
        answer = session.get("https://social.example/api/v1/notifications")
        assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (429, "0")
        assert answer.json()["error"]
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://127.0.0.1:{free_port()}/api/v1/statuses")
    rates.close()


@pytest.mark.parametrize(
    ("budget", "reached", "words"),
    [
        (Budget(1_000_000, 0), False, "no ceiling"),
        (
            Budget(5_000_000, 10_000_000, 9_000_000),
            False,
            "$5.00 of $10.00 spent; at this pace the month comes to $9.00",
        ),
        (Budget(5_000_000, 10_000_000, 12_000_000), False, "$12.00, above the ceiling"),
        (Budget(10_000_000, 10_000_000, 12_000_000), True, "still heard"),
    ],
)
def test_a_budget_says_how_it_stands(budget: Budget, reached: bool, words: str) -> None:
    assert budget.reached == reached
    assert words in budget.says


def test_the_forecast_takes_the_pace_of_the_last_week_to_the_end_of_the_month(database: Database) -> None:
    with database.write() as session:
        account = an_account(session)
        for back, cost in ((0, 1_000_000), (6, 5_500_000), (7, 90_000_000)):
            day = TODAY - timedelta(days=back)
            session.add(Spend(account_id=account.id or 0, day=day, endpoint="search", microdollars=cost))
        other = Account(name="other", channel=Channel.TELEGRAM)
        session.add(other)
    with database.read() as session:
        found = budget_left(session, NAME, 200, NOON)
        assert found.spent == 96_500_000
        assert found.forecast == 96_500_000 + 8_500_000, "a million a day over 6.5 days, and 8.5 days to come"
        assert budget_left(session, "other", 200, NOON) == Budget(0, 200_000_000, 0)


@pytest.mark.parametrize(
    ("micro", "written"),
    [
        (0, "$0.00"),
        (1_000, "$0.001"),
        (10_000, "$0.01"),
        (15_000, "$0.015"),
        (200_000, "$0.20"),
        (1_234_567_891, "$1,234.57"),
    ],
)
def test_money_is_written_as_people_read_it(micro: int, written: str) -> None:
    assert dollars(micro) == written
