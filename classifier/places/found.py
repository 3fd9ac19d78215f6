"""What a reading may mean, and which of several places are likely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classifier.places.spots import Spot

_CLOSE_ESTIMATE_M = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """One place a reading may mean. `spot` None: known by name alone. `enough`: a crew can go there.

    `open`: no house numbers are known there, so nothing speaks against it. `source`: who knows it, where no street of
    `streets` says so.
    """

    kind: str
    name: str
    spot: Spot | None
    score: float
    streets: tuple[int, ...] = ()
    enough: bool = True
    note: str = ""
    open: bool = False
    source: str = ""

    @property
    def known(self) -> bool:
        """Has a point that is no estimate."""
        return self.spot is not None and not self.spot.estimated


Fits = Callable[..., bool]
"""Whether a spot is where the post says it is besides, within so many metres."""


def likely(found: Sequence[Found], lesser: Callable[[Found], bool]) -> tuple[Found, ...]:
    """Without what is far less likely than the best: estimates beside what is known, unless they are close.

    `lesser`: whether a place is on a street of a lesser kind than was said.
    """
    if len(found) < 2:
        return tuple(found)
    found = [one for one in found if not lesser(one)] or found
    best = min((one.spot.precision_m for one in found if one.spot), default=0.0)
    limit = _CLOSE_ESTIMATE_M if any(one.known for one in found) else 2 * best + 100
    kept = [one for one in found if one.known or one.open or (one.spot and one.spot.precision_m <= limit)]
    return tuple(kept or found)
