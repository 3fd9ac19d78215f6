"""Our Bluesky adapters against Bluesky's own development network (PDS and AppView), which we did not write.

Runs where HARK_BLUESKY_URL names its PDS; bluesky_network.mjs beside this file starts one and says what it needs.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hark311.sessions import KeptSession
from listeners.bluesky import BlueskyListener
from models import SendAttempt
from models.bluesky_fields import record_key
from models.posts import IncomingPost, OutgoingPost
from responders.bluesky import BlueskyResponder
from responders.errors import SendRefused, SendUncertain
from responders.protocol import ProvedAbsent, Sent

PDS = os.environ.get("HARK_BLUESKY_URL", "").rstrip("/")
pytestmark = [
    pytest.mark.counterpart,
    pytest.mark.skipif(not PDS, reason="HARK_BLUESKY_URL names no PDS (start tests/counterparts/bluesky_network.mjs)"),
    pytest.mark.timeout(120),
]
POST = "app.bsky.feed.post"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
LATER = timedelta(minutes=2)


@dataclass
class Resident:
    """Somebody with an account on the network; `session` is what the PDS answered."""

    name: str
    session: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.handle = f"{self.name}{secrets.token_hex(4)}.test"
        account = {"handle": self.handle, "email": f"{self.handle}@example.org", "password": secrets.token_hex(12)}
        self.session = self.ask("server.createAccount", account, signed=False)
        self.did = str(self.session["did"])

    def ask(self, call: str, said: object = None, *, signed: bool = True, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.session['accessJwt']}"} if signed else {}
        if isinstance(said, bytes):
            more, said = {"content": said, **more}, None
            headers["content-type"] = "image/png"
        answer = httpx.post(f"{PDS}/xrpc/com.atproto.{call}", json=said, headers=headers, **more)
        assert answer.is_success, answer.text
        return answer.json()

    def say(self, text: str, collection: str = POST, **record: Any) -> dict[str, str]:
        """Write a record; its uri and cid."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"$type": collection, "createdAt": now, **({"text": text} if text else {}), **record}
        done: dict[str, str] = self.ask(
            "repo.createRecord", {"repo": self.did, "collection": collection, "record": said}
        )
        return done


@dataclass
class Network:
    city: Resident
    ann: Resident
    password: str
    file: Path
    ahead: timedelta = timedelta()

    def _made_of(self) -> dict[str, Any]:
        kept = KeptSession(self.file, self.city.handle, self.password)
        clock: Callable[[], datetime] = lambda: datetime.now(UTC) + self.ahead  # noqa: E731 - a clock to hand in
        who = {"handle": self.city.handle, "app_password": self.password, "base_url": PDS}
        return {**who, "kept": kept, "clock": clock}

    def ear(self) -> BlueskyListener:
        return BlueskyListener(**self._made_of())

    def voice(self) -> BlueskyResponder:
        return BlueskyResponder(**self._made_of())

    def naming(self) -> dict[str, Any]:
        """The facet of a post that begins with our name."""
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": self.city.did}
        return {"index": {"byteStart": 0, "byteEnd": len(self.city.handle) + 1}, "features": [feature]}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    city, ann = Resident("city"), Resident("ann")
    password = city.ask("server.createAppPassword", {"name": "hark"})["password"]
    return Network(city, ann, str(password), tmp_path / "sessions" / "ours")


async def _heard(ear: BlueskyListener, cursor: str | None, wanted: int) -> tuple[list[IncomingPost], str | None]:
    """Listen until so many posts have come; the AppView takes a moment to see them."""
    posts: list[IncomingPost] = []
    until = time.monotonic() + 30
    while len(posts) < wanted:
        assert time.monotonic() < until, f"heard {len(posts)} of {wanted}"
        batch = await ear.fetch(cursor)
        posts, cursor = posts + list(batch.posts), batch.cursor
        await asyncio.sleep(0 if batch.more else 0.2)
    return posts, cursor


def _reply(post: IncomingPost, text: str, number: int) -> OutgoingPost:
    return OutgoingPost(
        reply_id=number,
        text=text,
        conversation_id=post.conversation_id,
        in_reply_to=post.post_id,
        language="en",
        idempotency_key=f"reply-{number}-1",
        started_at=datetime.now(UTC),
        reply_with=post.reply_with,
    )


def _attempt(post: OutgoingPost) -> SendAttempt:
    return SendAttempt(idempotency_key=post.idempotency_key, text=post.text, started_at=post.started_at, reply_id=1)


async def test_mentions_pictures_changes_and_bare_names_are_heard(network: Network) -> None:
    ann, name = network.ann, f"@{network.city.handle}"
    blob = ann.ask("repo.uploadBlob", PIXEL)["blob"]
    images = {"$type": "app.bsky.embed.images", "images": [{"alt": "a deep pothole", "image": blob}]}
    hole = ann.say(f"{name} 🕳 hole", facets=[network.naming()], embed=images, langs=["en"])
    async with network.ear() as ear:
        (post,), cursor = await _heard(ear, None, 1)
        assert (post.post_id, post.reply_with["cid"]) == (hole["uri"], hole["cid"])
        assert (post.author.handle, post.language_hint) == (ann.handle, "en")
        assert [photo.alt_text for photo in post.attachments] == ["a deep pothole"]
        while (batch := await ear.fetch(cursor)).more:
            cursor = batch.cursor
        changed = {"$type": POST, "text": f"{name} big hole", "createdAt": datetime.now(UTC).isoformat()}
        key = hole["uri"].rpartition("/")[2]
        ann.ask(
            "repo.putRecord",
            {"repo": ann.did, "collection": POST, "rkey": key, "record": {**changed, "facets": [network.naming()]}},
        )
        (again,), cursor = await _heard(ear, batch.cursor, 1)
        assert again.edit_chain == post.post_id != again.post_id
        bare = ann.say(f"there is a hole {name}")
        found: IncomingPost | None = None
        until = time.monotonic() + 30
        while found is None:  # the AppView takes a moment to index it, and we search once a minute
            assert time.monotonic() < until
            network.ahead += LATER
            batch = await ear.fetch(cursor)
            cursor, found = batch.cursor, next(iter(batch.posts), None)
        assert found.post_id == bare["uri"]
        findings = {one.what: one.ok for one in await ear.check()}
        assert findings["app password"] is True
        assert findings["handle"] is True


async def test_a_reply_stands_in_the_thread_and_is_proved_both_ways(network: Network) -> None:
    ann, name = network.ann, f"@{network.city.handle}"
    ann.say(f"{name} hole", facets=[network.naming()])
    async with network.ear() as ear, network.voice() as voice:
        (post,), _ = await _heard(ear, None, 1)
        reply = _reply(post, "Thank you 🕳. See https://phila.gov/311", 1)
        sent = await voice.send(reply)
        assert sent.post_id.endswith(record_key(reply.started_at, reply.idempotency_key))
        with pytest.raises(SendUncertain):
            await voice.send(reply)
        proof = await voice.find_sent(_attempt(reply))
        assert isinstance(proof, Sent)
        assert proof.post.post_id == sent.post_id
        network.ahead = LATER
        assert isinstance(await voice.find_sent(_attempt(_reply(post, "never sent", 2))), ProvedAbsent)
        with pytest.raises(SendRefused, match="too long"):
            await voice.send(_reply(post, "a" * 301, 3))
        with pytest.raises(SendRefused, match="too long"):
            await voice.send(_reply(post, "👩‍👩‍👧‍👦" * 200, 4))
        until = time.monotonic() + 20
        while not (thread := await ear.thread(post.conversation_id, post.post_id)):
            assert time.monotonic() < until
            await asyncio.sleep(0.2)
        assert [(one.post_id, one.in_reply_to) for one in thread] == [(sent.post_id, post.post_id)]


async def test_gone_and_blocked_are_told_apart(network: Network) -> None:
    ann, name = network.ann, f"@{network.city.handle}"
    gone, kept = (ann.say(f"{name} {what}", facets=[network.naming()]) for what in ("hole", "light"))
    async with network.ear() as ear, network.voice() as voice:
        posts, _ = await _heard(ear, None, 2)
        key = gone["uri"].rpartition("/")[2]
        ann.ask("repo.deleteRecord", {"repo": ann.did, "collection": POST, "rkey": key})
        until = time.monotonic() + 20
        while await ear.deleted([gone["uri"], kept["uri"]]) != [gone["uri"]]:
            assert time.monotonic() < until
            await asyncio.sleep(0.2)
        by_uri = {post.post_id: post for post in posts}
        with pytest.raises(SendRefused, match="gone"):
            await voice.send(_reply(by_uri[gone["uri"]], "Thank you.", 1))
        ann.say("", "app.bsky.graph.block", subject=network.city.did)
        until = time.monotonic() + 20
        refused: SendRefused | None = None
        number = 1
        while refused is None:
            assert time.monotonic() < until
            number += 1
            try:
                await voice.send(_reply(by_uri[kept["uri"]], "Thank you.", number))
            except SendRefused as error:
                refused = error
        assert refused.author_blocks_us
        assert await ear.deleted([kept["uri"]]) == []
