"""X's filtered stream through tweepy: the posts of live chats, brought in the moment they are posted.

Nothing rests on it: recent search finds the same posts, and they are stored once. One connection an app; its rules are
the app's as well, so that only those with our own mark are changed. Source: X API v2, filtered stream.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import requests
import tweepy

from listeners.errors import ListenerError
from listeners.protocol import Batch, OurAccount, SearchRule
from listeners.x.calls import FIELDS, XCalls
from listeners.x.reading import read_page
from listeners.x.search import found_by, written
from models.posts import IncomingPost, UnreadableItem

log = logging.getLogger(__name__)

MARK = "hark311-rule-"
"""What our rules' tags begin with, before ListeningRule.id."""
KEPT = 2000
"""So many posts wait to be stored; the search finds what is beyond."""
AGAIN_SECONDS = 30.0
"""After a connection broke, or was refused. Source: X lets us connect 50 times in 15 minutes."""
WAKE_SECONDS = 1.0
"""A flood wakes us no more often."""


class _Client(tweepy.StreamingClient):  # type: ignore[misc]  # tweepy ships no types
    """tweepy's client, which ends at the first trouble: we connect again ourselves, and the search goes on."""

    def __init__(self, bearer_token: str, session: requests.Session, brought: Callable[[bytes], None]) -> None:
        super().__init__(bearer_token, return_type=dict, daemon=True, max_retries=0)
        self.session = session
        self.open = False
        self._brought = brought
        self._answer: requests.Response | None = None
        session.hooks["response"].append(self._keep)

    def _keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        if answer.url.partition("?")[0].endswith("/stream"):
            self._answer = answer

    @property
    def lives(self) -> bool:
        """Whether its thread goes on."""
        return self.thread is not None and self.thread.is_alive()

    def on_connect(self) -> None:
        self.open = True

    def on_data(self, raw_data: bytes) -> None:
        self._brought(raw_data)

    def on_request_error(self, status_code: int) -> None:
        log.info("X refuses the stream (%d); the search goes on", status_code)
        self.running = False

    def on_connection_error(self) -> None:
        self.running = False

    def on_exception(self, exception: Exception) -> None:
        self.running = False

    def on_closed(self, response: requests.Response) -> None:
        self.open = False

    def on_disconnect(self) -> None:
        self.open = False

    def end(self) -> None:
        """End the stream and its thread; it may be waiting for the next byte, and then only the socket wakes it."""
        self.disconnect()
        if self._answer is not None:
            with suppress(OSError, AttributeError, ValueError, RuntimeError):
                self._answer.raw.shutdown()
        if self.thread is not None:
            self.thread.join(2)


class XStream:
    """The stream of one account. `session`: a connection of its own; None: the account's tier has no stream."""

    def __init__(self, calls: XCalls, bearer_token: str, session: requests.Session | None) -> None:
        self._calls, self._bearer_token, self._session = calls, bearer_token, session
        self._client: _Client | None = None
        self._lines: deque[bytes] = deque(maxlen=KEPT)
        self._kept: dict[str, str] = {}
        self._again = 0.0
        self._woke, self._rings = 0.0, False
        self._wake: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it brings what is posted now."""
        return self._client is not None and self._client.lives and self._client.open

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the event loop once something was brought."""
        self._wake = wake

    async def brought(self, rules: Sequence[SearchRule]) -> Batch:
        """What came since the last call; keeps the stream open for these rules, and closed without. ListenerError."""
        if self._session is None:
            return Batch((), None)
        if not rules:
            if self._client is not None:
                await self._end()
            return Batch((), None)
        us = await self._calls.whoami()
        wanted = {f"{MARK}{one.id}": written(one, us) for one in rules}
        if self._client is None or not self._client.lives:
            if monotonic() >= self._again:
                self._again = monotonic() + AGAIN_SECONDS
                await self._begin(wanted)
        elif wanted != self._kept:
            await self._keep_rules(self._client, wanted)
        return self._read(us)

    async def close(self) -> None:
        """End the stream. Its rules stay with X until the next time; they cost nothing while nobody listens."""
        if self._client is not None:
            await asyncio.to_thread(self._client.end)
            self._client = None

    async def _begin(self, wanted: Mapping[str, str]) -> None:
        """Connect anew; X takes no connection without a rule, so those come first. Raises ListenerError."""
        assert self._session is not None  # noqa: S101 - brought() has looked
        await self.close()
        loop = asyncio.get_running_loop()

        def brought(line: bytes) -> None:
            self._lines.append(line)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._ring)

        self._session.hooks["response"].clear()
        client = _Client(self._bearer_token, self._session, brought)
        await self._keep_rules(client, wanted)
        client.filter(threaded=True, **FIELDS)
        self._client = client

    def _ring(self) -> None:
        """Wake who waits for posts: at once, or WAKE_SECONDS after the last time. In the event loop."""
        if self._wake is None or self._rings:
            return
        self._rings = True
        wait = max(0.0, self._woke + WAKE_SECONDS - monotonic())
        asyncio.get_running_loop().call_later(wait, self._rang)

    def _rang(self) -> None:
        self._rings, self._woke = False, monotonic()
        if self._wake is not None:
            self._wake()

    async def _keep_rules(self, client: "_Client", wanted: Mapping[str, str]) -> None:
        """Let X know these rules of ours and no others. Raises ListenerError."""
        self._kept = {}
        listed = await self._calls.ask(client.get_rules)
        known = {str(one.get("tag", "")): (str(one.get("value", "")), str(one["id"])) for one in _rules_in(listed)}
        ours = {tag: rule for tag, rule in known.items() if tag.startswith(MARK)}
        if gone := [number for tag, (value, number) in ours.items() if wanted.get(tag) != value]:
            await self._calls.ask(client.delete_rules, ids=gone)
        if new := [tweepy.StreamRule(value, tag) for tag, value in wanted.items() if ours.get(tag, ("",))[0] != value]:
            await self._calls.ask(client.add_rules, add=new)
        self._kept = dict(wanted)

    async def _end(self) -> None:
        if self._client is not None:
            with suppress(ListenerError):
                await self._keep_rules(self._client, {})
        await self.close()
        self._lines.clear()
        self._again = 0.0

    def _read(self, us: OurAccount) -> Batch:
        posts: dict[str, IncomingPost] = {}
        unreadable: list[UnreadableItem] = []
        for line in [self._lines.popleft() for _ in range(len(self._lines))]:
            brought = _object_in(line)
            if not isinstance(brought.get("data"), Mapping):
                continue  # a sign of trouble at X, which ends the stream as well
            rule_id = _rule_in(brought)
            read, broken = read_page({"data": [brought["data"]], "includes": brought.get("includes") or {}}, us)
            unreadable += broken
            posts |= {one.post_id: found_by(one, rule_id) if rule_id else one for one in read}
        return Batch(sorted(posts.values(), key=lambda one: int(one.post_id)), None, unreadable)


def _rules_in(listed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = listed.get("data")
    return [one for one in (found if isinstance(found, list) else ()) if isinstance(one, Mapping) and "id" in one]


def _object_in(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _rule_in(brought: Mapping[str, Any]) -> int | None:
    """The rule of ours that a post matched first."""
    rules = brought.get("matching_rules")
    for one in rules if isinstance(rules, list) else ():
        tag = str(one.get("tag", "")) if isinstance(one, Mapping) else ""
        if tag.startswith(MARK) and tag.removeprefix(MARK).isdecimal():
            return int(tag.removeprefix(MARK))
    return None
