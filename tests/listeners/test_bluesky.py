"""The Bluesky listener against the simulator: what only this channel does."""

import json
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.sessions import KeptSession
from hark311.simulator import RunningSimulator, SimulatorSettings
from listeners.bluesky import READ_SECONDS, BlueskyListener
from listeners.errors import ChannelUnavailable, CredentialsRejected, RateLimited
from listeners.protocol import Batch, ChecksAccount, FetchesThreads, FindsDeleted
from models.bluesky_fields import in_full, moment
from models.bluesky_posts import names, read_news, read_post, speaks_to
from models.posts import IncomingPost, PostKind
from tests.listeners.json_values import SCALARS

PASSWORD = "simu-lato-rapp-pass"
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


class Town:
    """A simulator, and the ears we make for it; `ahead` moves our clock."""

    def __init__(self, simulator: RunningSimulator, data: Path) -> None:
        self.simulator, self.file = simulator, data / "sessions" / "ours"
        self.ahead = timedelta()

    def ear(self, password: str = PASSWORD, operator: str = "") -> BlueskyListener:
        handle, url = self.simulator.settings.bluesky_handle, self.simulator.bluesky_url
        return BlueskyListener(
            handle=handle,
            app_password=password,
            base_url=url,
            kept=KeptSession(self.file, handle, password, url),
            operator=operator,
            clock=lambda: datetime.now(UTC) + self.ahead,
        )

    def post_as_us(self, text: str) -> str:
        """A post of our own account; its address."""
        settings, at = self.simulator.settings, f"{self.simulator.bluesky_url}/xrpc/com.atproto"
        who = {"identifier": settings.bluesky_handle, "password": settings.bluesky_password}
        session = httpx.post(f"{at}.server.createSession", json=who).json()
        said = {"repo": session["did"], "collection": "app.bsky.feed.post"}
        said["record"] = {"text": text, "createdAt": datetime.now(UTC).isoformat()}
        token = {"authorization": f"Bearer {session['accessJwt']}"}
        return str(httpx.post(f"{at}.repo.createRecord", json=said, headers=token).json()["uri"])

    def signed_in(self) -> int:
        return len(self.simulator.calls(channel="bluesky", operation="createSession"))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as simulator:
        yield Town(simulator, tmp_path)


async def _all(ear: BlueskyListener, cursor: str | None = None) -> tuple[list[IncomingPost], str | None]:
    posts: list[IncomingPost] = []
    batch = Batch((), cursor, more=True)
    while batch.more:
        batch = await ear.fetch(batch.cursor)
        posts += batch.posts
    return posts, batch.cursor


async def test_a_name_typed_without_its_facet_is_found_by_search(town: Town) -> None:
    async with town.ear() as ear:
        _, cursor = await _all(ear)
        bare = town.simulator.say_on_bluesky("a hole", facet=False)
        town.simulator.say_on_bluesky("see philly311demo.test and @philly311demo.testing", mention=False, facet=False)
        assert await _all(ear, cursor) == ([], cursor)
        town.ahead = timedelta(seconds=61)
        found, cursor = await _all(ear, cursor)
        assert [(post.post_id, post.kind, post.addressed) for post in found] == [(bare, PostKind.MENTION, True)]
        town.ahead = timedelta(seconds=122)
        assert (await _all(ear, cursor))[0] == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [("status", {}), ("rate_limit", {}), ("status", {"status": 403, "body": {"error": "Forbidden"}}), ("bad_key", {})],
    ids=["outage", "rate", "forbidden", "key"],
)
async def test_a_search_that_fails_stops_no_notification_and_is_made_good(
    town: Town, kind: str, more: Mapping[str, Any]
) -> None:
    async with town.ear() as ear:
        _, cursor = await _all(ear)
        bare = town.simulator.say_on_bluesky("a hole", facet=False)
        town.simulator.fault("bluesky", kind, "searchPosts", times=None, **more)
        heard: list[str] = []
        named: list[str] = []
        for minute in range(30):
            town.ahead = timedelta(minutes=minute, seconds=1)
            named.append(town.simulator.say_on_bluesky(f"gas leak {minute}"))
            for _ in range(2):
                batch = await ear.fetch(cursor)
                cursor, heard = batch.cursor, [*heard, *(post.post_id for post in batch.posts)]
        assert heard == named
        assert town.signed_in() <= 5  # 300 a day are allowed
        town.simulator.clear_faults()
        town.ahead = timedelta(hours=1)
        assert bare in {post.post_id for post in (await _all(ear, cursor))[0]}


async def test_a_search_whose_page_is_refused_begins_anew_and_loses_nothing(town: Town) -> None:
    async with town.ear() as ear:
        _, cursor = await _all(ear)
        many = town.simulator.say_many_on_bluesky([{"text": f"leaves {n}", "facet": False} for n in range(130)])
        town.ahead = timedelta(seconds=61)
        cursor = (await ear.fetch(cursor)).cursor
        first = await ear.fetch(cursor)
        assert (len(first.posts), first.more) == (100, True)
        town.simulator.fault("bluesky", "status", "searchPosts", status=400, body={"error": "InvalidRequest"})
        broken = await ear.fetch(first.cursor)
        assert (broken.posts, broken.more) == ((), False)
        town.ahead = timedelta(seconds=150)
        rest, _ = await _all(ear, broken.cursor)
        assert {post.post_id for post in (*first.posts, *rest)} == {one["uri"] for one in many}


async def test_what_was_told_is_not_told_again_and_a_crash_goes_on_where_it_was(town: Town) -> None:
    said = [one["uri"] for one in town.simulator.say_many_on_bluesky([{"text": f"leaves {n}"} for n in range(130)])]
    async with town.ear() as ear:
        first = await ear.fetch(None)
        assert first.more
        floor = moment(json.loads(first.cursor or "")["notified"]["floor"])
        assert floor is not None
        assert floor < datetime.now(UTC) - timedelta(days=6)
    later = town.simulator.say_on_bluesky("after the crash")
    async with town.ear() as ear:
        rest, cursor = await _all(ear, first.cursor)
        assert [post.post_id for post in [*rest, *first.posts]] == said
        again, cursor = await _all(ear, cursor)
        assert later in [post.post_id for post in again]
        town.simulator.delete_on_bluesky(later)
        assert later not in [post.post_id for post in (await _all(ear, cursor))[0]]


@pytest.mark.parametrize("struck", [1, 2], ids=["the first look", "the second look"])
@pytest.mark.parametrize("before", [0, 2, 150])
async def test_an_old_page_that_comes_again_ends_no_catch_up(town: Town, before: int, struck: int) -> None:
    """The answer that comes again is the newest that was read without a fault: here one from before the catch-up."""
    town.simulator.say_many_on_bluesky([{"text": f"old leaves {n}"} for n in range(before)])
    async with town.ear() as ear:
        _, cursor = await _all(ear)
        said = {one["uri"] for one in town.simulator.say_many_on_bluesky([{"text": f"leaves {n}"} for n in range(350)])}
        town.simulator.fault("bluesky", "slow", "listNotifications", seconds=0)
        first = await ear.fetch(cursor)
        assert first.more
        heard = {post.post_id for post in first.posts}
        if struck == 2:
            town.simulator.fault("bluesky", "slow", "listNotifications", seconds=0)
        town.simulator.fault("bluesky", "repeat", "listNotifications")
        with suppress(ChannelUnavailable):
            batch = await ear.fetch(first.cursor)
            first, heard = batch, heard | {post.post_id for post in batch.posts}
        rest, _ = await _all(ear, first.cursor)
        assert {post.post_id for post in rest} | heard >= said
        assert not town.simulator.faults()


async def test_a_reply_and_a_quote_of_ours_are_heard_without_our_name(town: Town) -> None:
    ours = town.post_as_us("Trash day moves to Friday.")
    reply = town.simulator.say_on_bluesky("not on my block", mention=False, in_reply_to=ours, lang="es")
    below = town.simulator.say_on_bluesky("nor mine", author="bo", mention=False, in_reply_to=reply)
    quote = town.simulator.say_on_bluesky("look at this", mention=False, quote_of=ours)
    town.simulator.say_on_bluesky("nothing to do with us", mention=False)
    async with town.ear() as ear:
        posts = {post.post_id: post for post in (await _all(ear))[0]}
        assert list(posts) == [reply, below, quote]
        assert {post.kind for post in posts.values()} == {PostKind.MENTION}
        assert (posts[below].conversation_id, posts[below].in_reply_to) == (ours, reply)
        assert posts[below].reply_with["root_uri"] == ours
        assert posts[reply].language_hint == "es"
        thread = await ear.thread(ours, below)
        assert [(post.post_id, post.kind) for post in thread] == [(ours, PostKind.OWN), (reply, PostKind.CONTEXT)]
        assert await ear.thread(ours, "at://did:plc:nobody/app.bsky.feed.post/3n2vaaaaaaa22") == ()


async def test_a_photo_comes_with_its_address_and_description(town: Town) -> None:
    town.simulator.say_on_bluesky("look", photos=[{"alt": "a deep hole"}])
    async with town.ear() as ear:
        ((post,), _) = await _all(ear)
    (photo,) = post.attachments
    assert photo.alt_text == "a deep hole"
    assert photo.url.startswith(town.simulator.url)


async def test_who_limits_replies_or_blocks_us_may_not_be_answered(town: Town) -> None:
    closed = town.simulator.say_on_bluesky("only friends answer", replies="nobody")
    below = town.simulator.say_on_bluesky("me too", in_reply_to=closed)
    async with town.ear() as ear:
        posts = {post.post_id: post for post in (await _all(ear))[0]}
    for uri in (closed, below):
        assert (posts[uri].may_reply, posts[uri].may_reply_reason) == (False, "the author limited who may reply")
    raw = dict(posts[closed].raw) | {"viewer": {}}
    for viewer, reason in (({"blockedBy": True}, "blocked us"), ({"blocking": "at://x"}, "we have blocked")):
        post = read_post(raw | {"author": dict(raw["author"]) | {"viewer": viewer}}, "did:plc:us")
        assert not post.may_reply
        assert reason in post.may_reply_reason


async def test_deleted_is_gone_and_who_blocks_us_is_not(town: Town) -> None:
    kept, gone, hidden = (town.simulator.say_on_bluesky("a hole", author=who) for who in ("ann", "bo", "cy"))
    town.simulator.delete_on_bluesky(gone)
    town.simulator.change_on_bluesky("cy", blocks_us=True)
    unknown = "at://did:plc:nobody/app.bsky.feed.post/3n2vaaaaaaa22"
    async with town.ear() as ear:
        assert isinstance(ear, FindsDeleted | FetchesThreads | ChecksAccount)
        asked = [kept, gone, hidden, unknown, f"{kept}#bafy"]
        assert await ear.deleted(asked * 12) == [gone, unknown] * 12


@pytest.mark.parametrize("with_photo", [False, True])
async def test_the_words_of_what_is_quoted_are_not_kept_under_the_post_that_quotes_it(
    town: Town, with_photo: bool
) -> None:
    town.simulator.say_on_bluesky("look at this")
    async with town.ear() as ear:
        us = (await ear.whoami()).channel_account_id
        ((said,), _) = await _all(ear)
    view = {"record": {"uri": "at://did:plc:bo/app.bsky.feed.post/3k", "value": {"text": "zanzibar"}, "embeds": []}}
    photo = {"images": [{"fullsize": "https://cdn.test/hole.jpg", "alt": "a hole"}]}
    quoted = {"uri": f"at://{us}/app.bsky.feed.post/3k", "cid": "bafy"}
    raw = dict(said.raw) | {
        "record": dict(said.raw["record"]) | {"embed": {"record": {"record": quoted} if with_photo else quoted}},
        "embed": {"record": view, "media": photo} if with_photo else view,
    }
    post = read_post(raw, us)
    assert "zanzibar" not in str(post.raw)
    assert [one.alt_text for one in post.attachments] == (["a hole"] if with_photo else [])
    assert speaks_to(post.raw, us, "nobody.test"), "whom it quotes is known all the same"
    _, (broken,), _ = read_news([raw | {"cid": ""}], {}, (), us)
    assert "zanzibar" not in broken.raw


HOSTILE: list[Mapping[str, Any]] = [
    {"createdAt": "yesterday"},
    {"createdAt": "0001-01-01T00:00:00+14:00"},
    {"createdAt": "9999-12-31T23:59:59-14:00"},
    {"text": "x" * 10_000},
    {"facets": [{"index": {"byteStart": -5, "byteEnd": 10**9}, "features": [{"uri": "https://a.test"}]}, 5, "x"]},
    {"langs": 5},
    {"langs": [None]},
    {"reply": "x"},
    {"reply": {"root": {"uri": 5}, "parent": None}},
    {"embed": {"$type": "app.bsky.embed.record", "record": 5}},
]
BROKEN: list[Mapping[str, Any]] = [{"text": 5}, {"text": None}]


async def test_hostile_records_are_harmless_or_kept_as_unreadable(town: Town) -> None:
    mention = {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"did": "US"}]}
    async with town.ear() as ear:
        us = (await ear.whoami()).channel_account_id
        mention["features"][0]["did"] = us  # type: ignore[index]
        said = [
            town.simulator.say_on_bluesky(
                "a hole",
                record={"facets": [mention], **one}
                | ({"facets": [*one["facets"], mention]} if "facets" in one else {}),
            )
            for one in [*HOSTILE, *BROKEN]
        ]
        batch = await ear.fetch(None)
    assert [post.post_id for post in batch.posts] == said[: len(HOSTILE)]
    assert [one.channel_post_id for one in batch.unreadable] == list(reversed(said[len(HOSTILE) :]))
    assert all(post.created_at <= datetime.now(UTC) + timedelta(seconds=5) for post in batch.posts)


@given(JSON)
def test_no_shape_breaks_the_reader(value: object) -> None:
    """What is read is a post; anything else is a ValueError."""
    good = {"uri": "at://did:plc:a/app.bsky.feed.post/1", "cid": "b", "author": {"did": "did:plc:a"}}
    good |= {"indexedAt": "2026-11-22T08:00:00Z", "record": {"text": "a hole"}}
    for name in (*good, "embed", "viewer"):
        with suppress(ValueError):
            assert read_post(good | {name: value}, "did:plc:us").post_id
    for name in ("createdAt", "langs", "facets", "reply"):
        read_post(good | {"record": {"text": "a hole", name: value}}, "did:plc:us")
    names(value, "city.test")


def _link(text: str, shown: str, uri: str) -> Mapping[str, Any]:
    start = len(text[: text.index(shown)].encode())
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    return {"index": {"byteStart": start, "byteEnd": start + len(shown.encode())}, "features": [feature]}


def test_links_are_read_in_full_by_bytes() -> None:
    text = "Lỗ hổng 🕳 ở maps.example.org/pin/39.9... và đây"
    facets = [
        _link(text, "maps.example.org/pin/39.9...", "https://maps.example.org/pin/39.95,-75.16"),
        _link(text, "đây", "https://b.test/x"),
    ]
    whole = "Lỗ hổng 🕳 ở https://maps.example.org/pin/39.95,-75.16 và đây (https://b.test/x)"
    assert in_full(text, facets) == whole
    assert in_full(text, list(reversed(facets))) == whole
    cut = {"index": {"byteStart": 2, "byteEnd": 4}, "features": [{"uri": "https://b.test"}]}
    assert in_full(text, [cut, {**cut, "features": [{"uri": "javascript:x"}]}]) == text


@given(st.text(), st.lists(st.tuples(st.integers(-2, 60), st.integers(-2, 60)), max_size=5))
def test_any_offsets_leave_the_words_in_place(text: str, spans: list[tuple[int, int]]) -> None:
    facets = [
        {"index": {"byteStart": start, "byteEnd": end}, "features": [{"uri": "https://phila.gov/é"}]}
        for start, end in spans
    ]
    found = in_full(text, facets)
    assert found == text or "https://phila.gov/é" in found


def test_a_time_is_aware_or_none() -> None:
    assert moment("2026-11-22T08:00:00.123Z") == datetime(2026, 11, 22, 8, 0, 0, 123000, UTC)
    assert moment("2026-11-22T08:00:00") == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert moment("soon") is None


async def test_one_sign_in_serves_every_process_and_every_restart(town: Town) -> None:
    for _ in range(3):
        async with town.ear() as ear, town.ear() as other:
            await ear.fetch(None)
            await other.fetch(None)
    assert town.signed_in() == 1
    assert stat.S_IMODE(town.file.stat().st_mode) == 0o600
    assert PASSWORD not in town.file.read_text()
    town.file.write_text("broken")
    async with town.ear() as ear:
        await ear.fetch(None)
    assert town.signed_in() == 2


async def test_a_wrong_password_is_not_tried_all_the_time(town: Town) -> None:
    async with town.ear("not-the-one") as ear:
        for _ in range(3):
            with pytest.raises(CredentialsRejected):
                await ear.fetch(None)
        assert town.signed_in() == 1
        town.ahead = timedelta(minutes=6)
        with pytest.raises(CredentialsRejected):
            await ear.fetch(None)
    assert town.signed_in() == 2


async def test_a_session_near_its_end_is_renewed_and_kept(tmp_path: Path) -> None:
    settings = SimulatorSettings(tmp_path / "city.db", port=0, clock=lambda: time.time() - 7000)
    with RunningSimulator(settings.database, settings) as simulator:
        town = Town(simulator, tmp_path)
        async with town.ear() as ear:
            await ear.whoami()
            await ear.fetch(None)
        assert town.signed_in() == 1
        assert simulator.calls(channel="bluesky", operation="refreshSession")


async def test_a_session_that_bluesky_no_longer_knows_is_made_anew(town: Town) -> None:
    async with town.ear() as ear:
        await ear.whoami()
        town.simulator.fault("bluesky", "status", "listNotifications", status=400, body={"error": "ExpiredToken"})
        with pytest.raises(ChannelUnavailable):
            await ear.fetch(None)
        await ear.fetch(None)
    assert town.signed_in() == 2


async def test_signing_in_too_often_waits_until_bluesky_says(town: Town) -> None:
    for _ in range(30):
        async with town.ear() as ear:
            await ear.whoami()
        town.file.unlink()
    async with town.ear() as ear:
        with pytest.raises(RateLimited) as limited:
            await ear.whoami()
    assert timedelta(0) < limited.value.retry_at - datetime.now(UTC) <= timedelta(seconds=302)


async def test_the_doctor_is_told_what_is_right_and_what_to_do(town: Town) -> None:
    async with town.ear(operator="Dana Smith") as ear:
        found = {one.what: one for one in await ear.check()}
        assert {name: one.ok for name, one in found.items()} == {
            "sign-in": True,
            "handle": True,
            "app password": True,
            "bot label": True,
            "named operator": False,
            "search": True,
            "clock": True,
        }
        assert all(one.ok or one.advice for one in found.values())
        town.ahead = timedelta(hours=1)
        assert {one.what: one.ok for one in await ear.check()}["clock"] is False
        town.simulator.fault("bluesky", "status", "searchPosts")
        assert {one.what: one.ok for one in await ear.check()}["search"] is False
    async with town.ear("not-the-one") as ear:
        (finding,) = await ear.check()
        assert finding.ok is False
        assert "app password" in finding.advice


def test_an_answer_is_not_waited_for_longer_than_a_lease() -> None:
    assert READ_SECONDS < 30
