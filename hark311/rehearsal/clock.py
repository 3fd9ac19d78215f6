"""The clock of a rehearsal: it stands until it is turned, in every process that shares it."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from models.database import set_clock

PROCESSES = multiprocessing.get_context("spawn")


class SharedClock:
    """Callable: the time it was last set to, aware and in UTC. Given to a spawned process, both see the same."""

    def __init__(self, start: datetime) -> None:
        self._seconds = PROCESSES.Value("d", start.timestamp())

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """Seconds since 1970."""
        now: float = self._seconds.value
        return now

    def forward(self, span: timedelta) -> None:
        """Turn it on."""
        with self._seconds.get_lock():
            self._seconds.value += span.total_seconds()

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """While inside, it is the clock of this process."""
        set_clock(self)
        try:
            yield
        finally:
            set_clock(None)
