"""Fixed-window rate limits as X counts them, per call and kind of sign-in. Counts are kept in memory.

Source of the numbers: X API v2 rate-limit tables as read for the project's domain notes (August 2026).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

SignIn = Literal["app", "user"]
WINDOW = 900.0
DAY = 86_400.0

X_LIMITS: dict[tuple[str, SignIn], tuple[int, float]] = {
    ("me", "user"): (75, WINDOW),
    ("mentions", "app"): (450, WINDOW),
    ("mentions", "user"): (300, WINDOW),
    ("timeline", "app"): (1500, WINDOW),
    ("timeline", "user"): (900, WINDOW),
    ("lookup", "app"): (3500, WINDOW),
    ("lookup", "user"): (5000, WINDOW),
    ("lookup_one", "app"): (450, WINDOW),
    ("lookup_one", "user"): (900, WINDOW),
    ("search", "app"): (450, WINDOW),
    ("search", "user"): (300, WINDOW),
    ("counts", "app"): (300, WINDOW),
    ("messages", "user"): (15, WINDOW),
    ("create_message", "user"): (15, WINDOW),
    ("create_job", "app"): (150, WINDOW),
    ("jobs", "app"): (150, WINDOW),
    ("job", "app"): (150, WINDOW),
    ("users", "app"): (300, WINDOW),
    ("users", "user"): (900, WINDOW),
    ("create_post", "user"): (100, WINDOW),
    ("delete_post", "user"): (50, WINDOW),
}


@dataclass
class Allowance:
    """What a caller has left: the limit, calls left after this one, when it starts anew (epoch seconds)."""

    limit: int
    remaining: int
    reset: int
    refused: bool

    @property
    def headers(self) -> dict[str, str]:
        """The three x-rate-limit headers."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset),
        }


class RateLimits:
    """Counts calls; `on` False lets everything through and counts nothing."""

    def __init__(self, clock: Callable[[], float], *, on: bool) -> None:
        self._clock = clock
        self.on = on
        self._limits = dict(X_LIMITS)
        self._windows: dict[tuple[str, SignIn], tuple[float, int]] = {}

    def spend(self, operation: str, sign_in: SignIn) -> Allowance:
        """Count one call of an operation and say whether it is refused."""
        limit, window = self._limits.get((operation, sign_in), (900, WINDOW))
        now = self._clock()
        start, used = self._windows.get((operation, sign_in), (now, 0))
        if now - start >= window:
            start, used = now, 0
        refused = self.on and used >= limit
        self._windows[operation, sign_in] = (start, used if refused or not self.on else used + 1)
        return Allowance(limit, max(0, limit - used - 1), int(start + window) + 1, refused)

    def set_limit(self, operation: str, limit: int, window: float, sign_in: SignIn | None) -> None:
        """Set the calls allowed per window (seconds) for one kind of sign-in or both, and start counting anew."""
        kinds: tuple[SignIn, ...] = (sign_in,) if sign_in else ("app", "user")
        for kind in kinds:
            self._limits[operation, kind] = (limit, window)
            self._windows.pop((operation, kind), None)

    def restore(self) -> None:
        """Go back to X's own numbers with nothing counted."""
        self._limits = dict(X_LIMITS)
        self._windows.clear()
