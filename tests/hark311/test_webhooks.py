"""Channels call a desk that runs on a real port: challenge, delivery in order, deletions, and what is refused."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from hark311 import wiring
from hark311.adapters import webhook_url
from hark311.console import create_app
from hark311.settings import Open311Settings, Settings, SettingsError, load
from hark311.simulator import RunningSimulator
from hark311.simulator.x_activity import SIGNATURE_HEADER, signature
from listeners.errors import NotFromChannel, UnreadablePost
from listeners.protocol import OurAccount
from listeners.x.activity import XActivity
from models import Account, Channel, Database, Mention, MentionState, Post, Reply, ReplyState, SendAttempt, utc_now
from models.posts import PostKind
from tests.contracts.bringing import BRINGERS, WEBHOOK_SECRET
from tests.contracts.stages import BOT_TOKEN, KEYS, simulator_settings
from tests.listeners.json_values import ANY_JSON, is_well_formed, spoilt
from tests.running import free_port, wait_until

US = OurAccount(str(KEYS.account_id), "Philly311Demo")
CITY = Open311Settings(base_url="http://127.0.0.1:9")


@dataclass
class Desk:
    """A desk on a port of this machine, and the simulated channels that call it."""

    simulator: RunningSimulator
    database: Database
    settings: Settings

    def texts(self) -> list[str]:
        with self.database.read() as session:
            rows = session.exec(select(Post).where(Post.kind == PostKind.MENTION).order_by(col(Post.id))).all()
            return [row.text for row in rows]

    def listener(self, name: str) -> Any:
        return wiring.listeners_of(self.settings)[name][1]


async def _nobody(*_: object) -> None:
    return None


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Iterator[Desk]:
    shutil.copy(migrated_file, tmp_path / "hark.db")
    port, box = free_port(), simulator_settings(tmp_path / "city.db")
    with RunningSimulator(box.database, box) as simulator:
        accounts = {channel.value: BRINGERS[channel](simulator).account() for channel in BRINGERS}
        found = load(tmp_path, accounts=accounts, open311=CITY, port=port, public_url=f"http://127.0.0.1:{port}")
        product = wiring.product_of(found, _nobody)
        with product.database.write() as session:
            for name, handle, number in (
                ("x", US.handle, US.channel_account_id),
                ("telegram", "Philly311DemoBot", BOT_TOKEN.partition(":")[0]),
            ):
                session.add(Account(name=name, channel=Channel(name), handle=handle, channel_account_id=number))
        server = uvicorn.Server(uvicorn.Config(create_app(product), port=port, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        yield Desk(simulator, product.database, found)
        server.should_exit = True
        thread.join(10)
        product.database.dispose()


async def test_telegram_brings_what_is_written_once_the_worker_has_set_the_webhook(desk: Desk) -> None:
    desk.simulator.say_on_telegram("written before")
    async with desk.listener("telegram") as listener:
        await listener.fetch(None)
    desk.simulator.say_many_on_telegram([{"text": "first"}, {"text": "second"}, {"text": "third"}])
    wait_until(lambda: len(desk.texts()) == 4)
    assert desk.texts() == ["written before", "first", "second", "third"]
    wait_until(lambda: desk.simulator.counts()["telegram"]["updates_waiting"] == 0)


def test_x_asks_its_challenge_and_brings_mentions_replies_and_quotes_once_each(desk: Desk) -> None:
    simulator = desk.simulator
    simulator.set_x_webhook(webhook_url(desk.settings, "x"))
    wait_until(lambda: simulator.x_webhook()["valid"])
    first = simulator.say_on_x("a hole on Locust Street", author="dee_215")
    simulator.say_on_x("it is deeper now", author="dee_215", in_reply_to=first)
    simulator.say_on_x("nothing for the city", author="dee_215", mention=False)
    wait_until(lambda: len(desk.texts()) == 2)
    assert desk.texts() == ["@Philly311Demo a hole on Locust Street", "@Philly311Demo it is deeper now"]


def test_a_desk_with_another_secret_does_not_pass_the_challenge(desk: Desk) -> None:
    desk.simulator.set_x_webhook(f"{desk.settings.desk_url}/webhooks/telegram")
    wait_until(lambda: desk.simulator.x_webhook()["error"])
    assert not desk.simulator.x_webhook()["valid"]


@pytest.mark.parametrize(
    "forged", ['{"data": {}}', '{"data":{"event_type":"post.delete"}}', "", "a b", "[1]", "x" * 300]
)
def test_the_challenge_signs_nothing_that_could_pass_for_an_event(desk: Desk, forged: str) -> None:
    """Else anybody could let us sign an event of theirs: challenge and events share one secret."""
    asked = httpx.get(webhook_url(desk.settings, "x"), params={"crc_token": forged}, trust_env=False)
    assert asked.status_code == 400
    assert signature(KEYS.consumer_secret, forged.encode()) not in asked.text


@given(st.from_regex(r"[A-Za-z0-9+/=_-]{1,40}", fullmatch=True))
@settings(max_examples=50, deadline=None)
def test_what_the_challenge_signs_is_never_taken_as_an_event(token: str) -> None:
    reader = XActivity(consumer_secret=KEYS.consumer_secret)
    signed = reader.challenge(token)["response_token"]
    assert signed == signature(KEYS.consumer_secret, token.encode())
    with pytest.raises(NotFromChannel):
        reader.verify({SIGNATURE_HEADER: signed}, token.encode())


def _bring(desk: Desk, event: dict[str, Any]) -> None:
    body = json.dumps(event).encode()
    headers = {SIGNATURE_HEADER: signature(KEYS.consumer_secret, body)}
    answer = httpx.post(webhook_url(desk.settings, "x"), content=body, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text


def _event(kind: str, brought: Any, **more: Any) -> dict[str, Any]:
    return {"data": {"event_uuid": "1", "event_type": kind, "filter": {"user_id": "311"}, "payload": brought, **more}}


@pytest.mark.parametrize("kind", ["post.delete", "PostDelete", "tweet.delete"])
def test_a_deletion_that_x_tells_of_purges_the_post_and_withdraws_its_work(desk: Desk, kind: str) -> None:
    post_id = desk.simulator.say_on_x("a hole on Locust Street", author="dee_215")
    (event,) = desk.simulator.x_events(post_id)
    _bring(desk, event)
    _bring(desk, _event(kind, {"id": post_id}))
    _bring(desk, _event(kind, {"id": post_id}))
    with desk.database.read() as session:
        post, mention = session.exec(select(Post)).one(), session.exec(select(Mention)).one()
    assert (post.text, post.raw, mention.state) == ("", None, MentionState.WITHDRAWN)
    assert post.deleted_at is not None


def test_our_own_post_that_x_brings_settles_a_reply_in_doubt(desk: Desk) -> None:
    post_id = desk.simulator.say_on_x("a hole on Locust Street", author="dee_215")
    _bring(desk, desk.simulator.x_events(post_id)[0])
    with desk.database.write() as session:
        mention = session.exec(select(Mention)).one()
        reply = Reply(
            mention_id=mention.id or 0,
            account_id=mention.account_id,
            changed_at=utc_now(),
            state=ReplyState.UNCERTAIN,
            text="Thank you.",
            in_reply_to=post_id,
        )
        session.add(reply)
        session.flush()
        session.add(
            SendAttempt(
                reply_id=reply.id or 0,
                idempotency_key="k",
                text="Thank you.",
                conversation_id=post_id,
                in_reply_to=post_id,
                started_at=utc_now(),
            )
        )
    own = {
        "id": str(int(post_id) + 1),
        "author_id": US.channel_account_id,
        "text": "Thank you.",
        "conversation_id": post_id,
        "referenced_tweets": [{"type": "replied_to", "id": post_id}],
    }
    _bring(desk, _event("post.create", own))
    with desk.database.read() as session:
        settled = session.exec(select(Reply)).one()
    assert (settled.state, settled.sent_post_id) == (ReplyState.SENT, own["id"])


DM = {
    "id": "1800000000000000001",
    "event_type": "MessageCreate",
    "sender_id": "42",
    "dm_conversation_id": f"42-{US.channel_account_id}",
    "text": "a hole on Locust Street",
    "created_at": "2026-11-20T08:00:00.000Z",
}
OLD_DM = {
    "direct_message_events": [
        {
            "type": "message_create",
            "id": DM["id"],
            "created_timestamp": "1795161600000",
            "message_create": {
                "sender_id": "42",
                "target": {"recipient_id": US.channel_account_id},
                "message_data": {"text": DM["text"]},
            },
        }
    ],
    "users": {"42": {"id": "42", "name": "Dee", "screen_name": "dee_215"}},
}
POST = {
    "id": "1800000000000000002",
    "author_id": "42",
    "text": "look at this",
    "created_at": "2026-11-20T08:00:00.000Z",
    "referenced_tweets": [{"type": "quoted", "id": "1700000000000000000"}],
}
DEE = {"users": [{"id": "42", "username": "dee_215", "name": "Dee"}]}


def _parse(event: Any) -> Any:
    return XActivity(consumer_secret="a secret").parse(json.dumps(event).encode(), US)


@pytest.mark.parametrize("brought", [DM, OLD_DM], ids=["as now", "as before"])
def test_a_direct_message_is_one_private_post_in_either_form(brought: dict[str, Any]) -> None:
    (post,) = _parse(_event("dm.received", brought, includes=DEE)).posts
    assert (post.post_id, post.text, post.private) == (f"dm:{DM['id']}", DM["text"], True)
    assert (post.author.channel_author_id, post.author.handle) == ("42", "dee_215")
    assert post.conversation_id == f"dm:42-{US.channel_account_id}"


def test_a_quote_is_known_by_its_event_where_our_post_does_not_come_along() -> None:
    (post,) = _parse(_event("post.quote.create", POST, includes=DEE)).posts
    assert (post.addressed, post.may_reply, post.may_reply_reason) == (True, True, "the author quoted us")
    (named,) = _parse(_event("PostMentionCreate", POST, includes=DEE)).posts
    assert not named.may_reply


@pytest.mark.parametrize("kind", ["follow.follow", "profile.update.bio", "chat.received", "post.create"])
def test_an_event_we_did_not_ask_for_is_no_post(kind: str) -> None:
    page = _parse(_event(kind, POST, includes=DEE))
    assert (list(page.posts), list(page.unreadable), list(page.deleted)) == ([], [], [])


GOOD = (
    _event("post.mention.create", POST, includes=DEE),
    _event("post.quote.create", POST),
    _event("post.delete", {"id": "1800000000000000002"}),
    _event("dm.received", DM, includes=DEE),
    _event("dm.received", OLD_DM),
)


@settings(max_examples=150, deadline=None)
@given(ANY_JSON | spoilt(*GOOD))
def test_any_json_at_all_from_x_is_read_or_unreadable(event: Any) -> None:
    try:
        page = _parse(event)
    except UnreadablePost:
        return
    assert all(is_well_formed(post) for post in page.posts)
    assert all(item.reason for item in page.unreadable)
    assert all(one.isdecimal() for one in page.deleted)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"webhook_secret": ""}, "webhook_secret"),
        ({"webhook_secret": "too short"}, "webhook_secret"),
        ({"webhook_secret": "with spaces in it, and long enough"}, "webhook_secret"),
    ],
)
def test_a_webhook_without_a_good_secret_is_refused(tmp_path: Path, change: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(tmp_path, accounts={"bot": _bot() | change}, open311=CITY, public_url="https://desk.example")


@pytest.mark.parametrize("public_url", ["", "http://desk.example"])
def test_a_webhook_needs_an_address_that_the_channel_can_reach(tmp_path: Path, public_url: str) -> None:
    with pytest.raises(SettingsError, match="public_url"):
        load(tmp_path, accounts={"bot": _bot()}, open311=CITY, public_url=public_url)


def test_a_channel_that_calls_nobody_has_no_webhook(tmp_path: Path) -> None:
    bluesky = {"channel": "bluesky", "handle": "a.example", "app_password": "x", "webhooks": True}
    with pytest.raises(SettingsError, match="calls nobody"):
        load(tmp_path, accounts={"sky": bluesky}, open311=CITY, public_url="https://desk.example")


def _bot() -> dict[str, Any]:
    return {"channel": "telegram", "token": BOT_TOKEN, "webhooks": True, "webhook_secret": WEBHOOK_SECRET}


def test_polling_beside_webhooks_is_slower(tmp_path: Path, database: Database) -> None:
    def pause(account: dict[str, Any]) -> float:
        found = load(tmp_path, accounts={"bot": account}, open311=CITY, public_url="https://desk.example")
        (hearing,) = wiring.hearings_of(found, database, _nobody, "test")
        return hearing.poll_every.total_seconds()

    assert pause(_bot() | {"webhooks": False}) == 1
    assert pause(_bot()) == wiring.SAFETY_NET_SECONDS
