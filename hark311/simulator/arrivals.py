"""Wakes whoever waits for something to arrive on a simulated channel."""

import asyncio
import threading


class Arrivals:
    """Wakes whoever waits for updates; may be rung from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        """Wake all who wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    def bell(self) -> asyncio.Event:
        """An event that the next ring sets; take it before looking, then wait on it."""
        event = asyncio.Event()
        with self._lock:
            self._waiting.add((asyncio.get_running_loop(), event))
        return event
