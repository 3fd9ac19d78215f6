"""How often one account is looked at: listeners.cadence, fed by what its fetches bring and by its month's money."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hark311.metering import Meter
from hark311.prices import MICRO
from listeners.cadence import QUIET_FETCHES, next_pause
from models import utc_now


class Polling:
    """Callable: (usual pause, new posts of the last fetch) -> pause. `ceiling`: dollars a month, 0 for none."""

    def __init__(
        self, account: str, meter: Meter, ceiling: float, zone: ZoneInfo, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._account, self._meter, self._ceiling, self._zone, self._clock = account, meter, ceiling, zone, clock
        self._recent: deque[int] = deque(maxlen=QUIET_FETCHES)

    def __call__(self, usual: timedelta, new_posts: int) -> timedelta:
        self._recent.append(new_posts)
        return next_pause(usual, self._recent, self._used(), self._clock().astimezone(self._zone).hour)

    def affords(self) -> bool:
        """Whether the ceiling is not reached."""
        return self._used() < 1

    def _used(self) -> float:
        return self._meter.spent_this_month(self._account) / (self._ceiling * MICRO) if self._ceiling else 0.0
