"""Bluesky: muting and blocking an account. Nobody else's post can be hidden. Each call is safe to repeat.

A mute is private to us; a block is a record in our repository, which anybody can read. Source: lexicons
app.bsky.graph.muteActor, app.bsky.graph.block and com.atproto.repo.
"""

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any

from responders.errors import SendError, SendUncertain

BLOCK = "app.bsky.graph.block"
PAGES = 50


class Moderates:
    """What BlueskyResponder can do beside sending."""

    _client: Any
    _session: Any
    _clock: Callable[[], datetime]

    @abstractmethod
    async def _query(self, nsid: str, **asked: Any) -> Any: ...

    @abstractmethod
    async def _procedure(self, nsid: str, said: dict[str, Any]) -> Any: ...

    @abstractmethod
    def _as_send_error(self, error: Exception, *, posting: bool) -> SendError: ...

    async def mute(self, author_id: str) -> None:
        """Mute an account for ours. Raises what `send` raises."""
        await self._change("app.bsky.graph.muteActor", {"actor": author_id})

    async def unmute(self, author_id: str) -> None:
        """End the mute. Raises what `send` raises."""
        await self._change("app.bsky.graph.unmuteActor", {"actor": author_id})

    async def block(self, author_id: str) -> None:
        """Write a block into our repository, unless there is one. Raises what `send` raises."""
        if not await self._blocks_of(author_id):
            at = self._clock().isoformat().replace("+00:00", "Z")
            record = {"$type": BLOCK, "subject": author_id, "createdAt": at}
            await self._change(
                "com.atproto.repo.createRecord", {"repo": self._session.did, "collection": BLOCK, "record": record}
            )

    async def unblock(self, author_id: str) -> None:
        """Take every block of the account out of our repository. Raises what `send` raises."""
        for key in await self._blocks_of(author_id):
            await self._change(
                "com.atproto.repo.deleteRecord", {"repo": self._session.did, "collection": BLOCK, "rkey": key}
            )

    async def _blocks_of(self, author_id: str) -> list[str]:
        """The record keys of our blocks of an account."""
        keys, cursor = list[str](), dict[str, str]()
        try:
            await self._session.open(self._client.login)
            for _ in range(PAGES):
                page = await self._query(
                    "com.atproto.repo.listRecords", repo=self._session.did, collection=BLOCK, limit=100, **cursor
                )
                found = page["records"]
                keys += [str(one["uri"]).rpartition("/")[2] for one in found if one["value"]["subject"] == author_id]
                if not found or not page.get("cursor"):
                    return keys
                cursor = {"cursor": str(page["cursor"])}
        except Exception as error:
            raise self._as_send_error(error, posting=False) from error
        raise SendUncertain("there are more blocks than we can look through")

    async def _change(self, nsid: str, said: dict[str, Any]) -> None:
        try:
            await self._session.open(self._client.login)
            await self._procedure(nsid, said)
        except Exception as error:
            raise self._as_send_error(error, posting=True) from error
