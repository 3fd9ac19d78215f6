"""Faults on demand: which call of which channel goes wrong, how, how often. Kept in memory; a restart clears them."""

import random
from itertools import count
from typing import Literal

from pydantic import Field

from hark311.simulator.spoken import Json, Spoken

Channel = Literal["x", "telegram", "mastodon", "bluesky", "open311"]
Kind = Literal[
    "status",
    "rate_limit",
    "html_error",
    "slow",
    "slow_after",
    "drop_before",
    "drop_after",
    "garbage",
    "half_closed",
    "repeat",
    "reorder",
    "bad_key",
]


class Fault(Spoken):
    """One kind of trouble for one channel and operation.

    `drop_before` closes the connection without acting; `drop_after` and `garbage` act and commit, then close the
    connection or answer broken JSON; `half_closed` acts, sends half of the answer and closes. `slow` waits before
    acting, `slow_after` after acting (seconds). `repeat` gives the last good answer of the call once more, `reorder`
    gives a list backwards. `reset_in` is seconds. `times` None means until cleared.
    """

    channel: Channel
    operation: str = "*"
    kind: Kind
    status: int = Field(503, ge=100, le=599)
    body: str | Json | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    reset_in: float = Field(5, ge=0)
    seconds: float = Field(1, ge=0, le=600)
    times: int | None = Field(1, ge=1)
    probability: float = Field(1, ge=0, le=1)
    seed: int | None = None


class _Armed:
    """A fault with its number, what is left of it and its own dice."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.left = fault.times
        self.struck = 0
        self._dice = random.Random(fault.seed)  # noqa: S311 - dice for a test fault, not a secret

    def strikes(self, channel: str, operation: str) -> bool:
        fault = self.fault
        if fault.channel != channel or fault.operation.lower() not in ("*", operation.lower()):
            return False
        if self.left == 0 or (fault.probability < 1 and self._dice.random() >= fault.probability):
            return False
        if self.left is not None:
            self.left -= 1
        self.struck += 1
        return True

    def shape(self) -> Json:
        return {**self.fault.model_dump(), "id": self.number, "left": self.left, "struck": self.struck}


class FaultBook:
    """All faults now armed, in the order they were set."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> int:
        """Set a fault and return its number."""
        armed = _Armed(next(self._numbers), fault)
        self._armed.append(armed)
        return armed.number

    def take(self, channel: str, operation: str) -> Fault | None:
        """The first fault that strikes this call, used up by one; None when the call goes well."""
        struck = next((armed for armed in self._armed if armed.strikes(channel, operation)), None)
        self._armed = [armed for armed in self._armed if armed.left != 0]
        return struck.fault if struck else None

    def shapes(self) -> list[Json]:
        """The armed faults as JSON objects with `id`, `left` and `struck`."""
        return [armed.shape() for armed in self._armed]

    def clear(self, number: int | None = None) -> None:
        """Disarm one fault by number, or all of them."""
        self._armed = [armed for armed in self._armed if number is not None and armed.number != number]
