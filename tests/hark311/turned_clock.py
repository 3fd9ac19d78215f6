"""A clock that stands until a test turns it."""

from datetime import datetime, timedelta


class TurnedClock:
    """Callable: the time it was last set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        """Turn it on by timedelta's units."""
        self.now += timedelta(**spans)
