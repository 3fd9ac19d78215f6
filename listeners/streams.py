"""A stream beside polling, which only wakes us: what is stored always comes by the page."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from listeners.errors import ListenerError


class WakingStream:
    """A stream that an SDK runs in a thread of its own, connecting again by itself (Mastodon.py's handle is such)."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._wake: Callable[[], None] | None = None
        self._running: Any = None
        self._taken_back: list[str] = []

    def wake_by(self, wake: Callable[[], None]) -> None:
        """From the next `keep` on, call `wake` in that event loop when something is there."""
        self._wake = wake if self._wanted else None

    async def keep(self, begin: Callable[[Callable[[Any], None], Callable[[Any], None]], Awaitable[Any]]) -> None:
        """Begin to stream, once: `begin` takes what hears of news and of deleted ids, and gives the stream."""
        if (wake := self._wake) is None or (self._running and self._running.is_alive()):
            return
        loop = asyncio.get_running_loop()

        def heard(_: Any) -> None:
            loop.call_soon_threadsafe(wake)

        def deleted(status_id: Any) -> None:
            self._taken_back.append(str(status_id))
            heard(status_id)

        with suppress(ListenerError):  # polling goes on, and the next page tries again
            self._running = await begin(heard, deleted)

    def taken_back(self) -> list[str]:
        """Ids the stream told were deleted, each once."""
        return [self._taken_back.pop() for _ in self._taken_back[:]]

    def receives(self) -> bool | None:
        """Whether it gives signs of life; None where no stream is wanted."""
        return bool(self._running and self._running.is_receiving()) if self._wake else None

    async def close(self) -> None:
        """End the stream's thread."""
        if self._running:
            await asyncio.to_thread(_end, self._running)


def _end(stream: Any) -> None:
    """It may be waiting for the next byte, and then only the socket wakes it."""
    stream.closed = True
    if stream.connection is not None:
        with suppress(OSError, AttributeError, ValueError, RuntimeError):  # the last: it has ended by itself
            stream.connection.raw.shutdown()
    stream.join(2)
    stream.close()
