"""The clocks of a rehearsal, one for every process that shares it: it stands until it is turned, or runs at a pace."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from models.database import set_clock

PROCESSES = multiprocessing.get_context("spawn")
A_READING = 1e-6
"""Seconds that pass with every reading, the least that a stored time can tell apart."""


class SharedClock:
    """Callable: the time now, aware and in UTC. Given to a spawned process, both see the same.

    No two readings tell the same time, as of no real clock: with each it goes on by a microsecond until it is turned.
    """

    def __init__(self, start: datetime) -> None:
        self._seconds, self._readings = PROCESSES.Value("d", start.timestamp()), PROCESSES.Value("q", 0, lock=False)
        """What it was last turned to, and how often it was read since; the lock of the first is that of both."""

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """Seconds since 1970."""
        with self._seconds.get_lock():
            now: float = self._seconds.value + self._readings.value * A_READING
            self._readings.value += 1
            return now

    def turned_to(self) -> float:
        """Seconds since 1970 at which it was last turned on: the same however often it was read since."""
        turned: float = self._seconds.value
        return turned

    def forward(self, span: timedelta) -> None:
        """Turn it on; never back behind what was read."""
        with self._seconds.get_lock():
            self._seconds.value += max(span.total_seconds(), self._readings.value * A_READING)
            self._readings.value = 0

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """While inside, it is the clock of this process."""
        set_clock(self)
        try:
            yield
        finally:
            set_clock(None)


class PacedClock(SharedClock):
    """A clock that runs so many times faster than the wall's. It stands until `run`; its pace may be changed."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._set_at, self._pace = PROCESSES.Value("d", time.monotonic()), PROCESSES.Value("d", 0.0)
        """When it was last set, by the machine's own clock, which all its processes share; and its pace since."""

    def seconds(self) -> float:
        """Seconds since 1970."""
        with self._seconds.get_lock():
            now: float = self._seconds.value + (time.monotonic() - self._set_at.value) * self._pace.value
            return now

    def turned_to(self) -> float:
        """Seconds since 1970: it turns by itself."""
        return self.seconds()

    def run(self, pace: float) -> None:
        """From now on run `pace` times as fast as the wall's clock; 0: stand."""
        with self._seconds.get_lock():
            self._seconds.value, self._set_at.value = self.seconds(), time.monotonic()
            self._pace.value = pace

    @property
    def pace(self) -> float:
        """How many times as fast as the wall's clock it runs."""
        found: float = self._pace.value
        return found
