"""What holds for every channel that calls us: the whole desk answers, real adapters read, a real database stores."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from hark311 import wiring
from hark311.console import create_app
from hark311.console.guard import BODY_LIMIT
from hark311.logs import WithoutSecrets, secrets_in
from hark311.settings import Open311Settings, Settings, load
from hark311.simulator import RunningSimulator
from listeners.registry import WEBHOOKS
from models import Account, Channel, Database, Mention, Post, UnreadablePost
from models.job_names import UNDERSTAND
from models.posts import PostKind
from tests.contracts.bringing import BRINGERS, Bringer, Brought
from tests.contracts.stages import STAGES, simulator_settings
from tests.contracts.test_listener_contract import WORDS

GARBAGE = [b"", b"null", b"5", b'"x"', b"[]", b"[5]", b"{", b'{"data": 5}', b'{"data": {}}', b"\xff\xfe", b"[" * 5000]
NAME = "ours"


async def nobody(*_: object) -> None:
    """A nudge that wakes nobody."""


@dataclass
class Called:
    """A desk that a channel can call, and what it stored."""

    bringer: Bringer
    client: httpx.AsyncClient
    database: Database
    settings: Settings
    nudges: list[str] = field(default_factory=list)

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None, name: str = NAME) -> httpx.Response:
        given = self.bringer.signed(body) if headers is None else headers
        raw = [(header.encode(), value.encode()) for header, value in given.items()]
        return await self.client.post(f"/webhooks/{name}", content=body, headers=raw)

    async def take(self, brought: Brought) -> None:
        answer = await self.post(brought.body)
        assert answer.status_code == 200, answer.text

    async def poll(self) -> None:
        """Hear the channel by polling, as an account without webhooks does."""
        account = self.bringer.account().model_copy(update={"webhooks": False})
        settings = self.settings.model_copy(update={"accounts": {NAME: account}})
        (hearing,) = wiring.hearings_of(settings, self.database, nobody, "polling")
        async with hearing.listener:
            while await hearing.listen_once() == 0:
                pass

    def posts(self) -> dict[str, str]:
        with self.database.read() as session:
            rows = session.exec(select(Post).where(Post.kind == PostKind.MENTION).order_by(col(Post.id))).all()
            return {row.channel_post_id: row.text for row in rows}

    def unreadable(self) -> list[UnreadablePost]:
        with self.database.read() as session:
            return list(session.exec(select(UnreadablePost)).all())

    def account(self) -> Account:
        with self.database.read() as session:
            return session.exec(select(Account).where(Account.name == NAME)).one()


@pytest.fixture(params=list(WEBHOOKS), ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


@pytest.fixture
def bringer(channel: Channel, tmp_path: Path) -> Iterator[Bringer]:
    settings = simulator_settings(tmp_path / "city.db")
    with RunningSimulator(settings.database, settings) as simulator:
        yield BRINGERS[channel](simulator)


@pytest.fixture
async def called(bringer: Bringer, tmp_path: Path, migrated_file: Path) -> AsyncIterator[Called]:
    """The desk with one account whose channel calls it, after the worker has been in contact once."""
    shutil.copy(migrated_file, tmp_path / "hark.db")
    settings = load(
        tmp_path,
        accounts={NAME: bringer.account()},
        open311=Open311Settings(base_url="http://127.0.0.1:9"),
        public_url="http://127.0.0.1:8311",
    )
    nudges: list[str] = []

    async def nudge(job_name: str, *_ids: int) -> None:
        nudges.append(job_name)

    product = wiring.product_of(settings, nudge)
    us = STAGES[bringer.channel](bringer.simulator).us  # type: ignore[attr-defined]  # every bringer has one
    with product.database.write() as session:
        session.add(
            Account(name=NAME, channel=bringer.channel, handle=us.handle, channel_account_id=us.channel_account_id)
        )
    transport = httpx.ASGITransport(app=create_app(product))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield Called(bringer, client, product.database, settings, nudges)
    product.database.dispose()


async def test_a_signed_call_is_stored_acknowledged_and_understood_soon(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    await called.take(brought)
    assert called.posts() == {brought.post_id: brought.text}
    assert called.nudges == [UNDERSTAND]
    with called.database.read() as session:
        mention = session.exec(select(Mention)).one()
        assert (mention.needs_understanding, mention.may_reply) == (True, True)


async def test_a_call_with_a_wrong_signature_or_none_is_refused_and_nothing_is_kept(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    other = called.bringer.bring("a hole on Spruce Street")
    forged = [{}, called.bringer.wrongly_signed(brought.body)]
    forged += [dict.fromkeys(called.bringer.signed(brought.body), value) for value in ("", "sha256=", "ü", "x" * 5000)]
    if called.bringer.signs_the_body:
        forged.append(called.bringer.signed(other.body))
        forged.append(called.bringer.signed(brought.body + b" "))
    for headers in forged:
        assert (await called.post(brought.body, headers)).status_code == 403
    assert (called.posts(), called.unreadable(), called.nudges) == ({}, [], [])


async def test_the_same_call_again_and_the_same_post_by_polling_are_one_post(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    for _ in range(3):
        await called.take(brought)
    await asyncio.gather(*(called.take(brought) for _ in range(5)))
    assert called.posts() == {brought.post_id: brought.text}
    await called.poll()
    assert called.posts() == {brought.post_id: brought.text}
    late = called.bringer.bring("a hole on Spruce Street")
    await called.poll()
    assert late.post_id in called.posts(), "polling hears what was not brought"
    await called.take(late)
    assert list(called.posts()) == [brought.post_id, late.post_id]


async def test_calls_out_of_order_are_all_stored(called: Called) -> None:
    brought = [called.bringer.bring(f"hole number {number}") for number in range(4)]
    for one in reversed(brought):
        await called.take(one)
    assert called.posts() == {one.post_id: one.text for one in brought}


async def test_a_call_does_not_move_the_place_where_polling_stands(called: Called) -> None:
    await called.poll()
    before = called.account().cursor
    await called.take(called.bringer.bring("a hole on Locust Street"))
    account = called.account()
    assert account.cursor == before
    assert account.heard_at is not None


async def test_ten_thousand_characters_arrive_whole(called: Called) -> None:
    brought = called.bringer.bring("a hole, and another. " * 500)
    await called.take(brought)
    assert len(brought.text) > 10_000
    assert called.posts()[brought.post_id] == brought.text


async def test_every_script_arrives_intact(called: Called) -> None:
    for words in WORDS.values():
        brought = called.bringer.bring(words)
        await called.take(brought)
        assert called.posts()[brought.post_id] == brought.text


async def test_what_is_signed_and_makes_no_sense_is_kept_raw_and_acknowledged(called: Called) -> None:
    """Refused, it would come again and again, and hold back what stands behind it."""
    for body in GARBAGE:
        assert (await called.post(body)).status_code in (200, 403), body
    taken = [body for body in GARBAGE if (await called.post(body)).status_code == 200]
    assert len(taken) >= len(GARBAGE) - 3
    kept = called.unreadable()
    assert len(kept) == len(taken), "each once, though each came twice"
    assert all(one.reason for one in kept)
    assert called.posts() == {}
    brought = called.bringer.bring("a hole on Locust Street")
    await called.take(brought)
    assert called.posts() == {brought.post_id: brought.text}


async def test_a_broken_post_is_kept_with_its_reason(called: Called) -> None:
    body = called.bringer.bring("a hole on Locust Street").body
    spoilt = body.replace(b'"created_at": "', b'"created_at": "x').replace(b'"date": ', b'"dote": ')
    assert spoilt != body
    assert (await called.post(spoilt)).status_code == 200
    (kept,) = called.unreadable()
    assert "Locust" in kept.raw
    assert "Locust" not in kept.reason


async def test_nobody_else_is_answered(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    assert (await called.post(brought.body, name="somebody-else")).status_code == 404
    huge = brought.body + b" " * BODY_LIMIT
    assert (await called.post(huge)).status_code == 413
    elsewhere = await called.client.post(
        f"/webhooks/{NAME}",
        content=brought.body,
        headers={**called.bringer.signed(brought.body), "host": "elsewhere.example"},
    )
    assert elsewhere.status_code == 400
    assert (await called.client.put(f"/webhooks/{NAME}", content=brought.body)).status_code in (404, 405)
    assert called.posts() == {}


async def test_before_the_worker_knows_who_we_are_the_call_has_to_come_again(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    with called.database.write() as session:
        account = session.exec(select(Account).where(Account.name == NAME)).one()
        known, account.channel_account_id = account.channel_account_id, ""
    assert (await called.post(brought.body)).status_code == 503
    with called.database.write() as session:
        session.exec(select(Account).where(Account.name == NAME)).one().channel_account_id = known
    await called.take(brought)
    assert called.posts() == {brought.post_id: brought.text}


async def test_what_could_not_be_stored_has_to_come_again(called: Called) -> None:
    brought = called.bringer.bring("a hole on Locust Street")
    with called.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE post RENAME TO post_away")
    assert (await called.post(brought.body)).status_code == 503
    with called.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE post_away RENAME TO post")
    await called.take(brought)
    assert called.posts() == {brought.post_id: brought.text}


async def test_no_secret_and_no_words_of_a_resident_reach_a_log_or_an_answer(
    called: Called, caplog: pytest.LogCaptureFixture
) -> None:
    keys = secrets_in(called.bringer.account())
    caplog.handler.addFilter(WithoutSecrets(keys))
    brought, told = called.bringer.bring("a hole on Locust Street"), []
    with caplog.at_level(logging.DEBUG, logger="hark311"), caplog.at_level(logging.DEBUG, logger="listeners"):
        for headers in (None, called.bringer.wrongly_signed(brought.body), {}):
            answer = await called.post(brought.body, headers)
            told.append(f"{answer.text} {dict(answer.headers)}")
        told.append((await called.post(GARBAGE[6])).text)
    ours = [
        f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records if one.name.startswith(("hark", "list"))
    ]
    assert ours, "a refused call is told in the log"
    for line in [*ours, *told]:
        assert "Locust" not in line
        assert not [key for key in keys if key in line], "a key of ours"


def test_every_channel_that_calls_us_is_held_to_this() -> None:
    assert set(BRINGERS) == set(WEBHOOKS)
