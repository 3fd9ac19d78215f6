"""What a geocoder is: a place phrase in, candidates out. Sync; run it in a thread."""

from dataclasses import dataclass
from typing import Protocol

from models import Candidate
from models.shapes import Box

ANSWER_SECONDS = 10.0
"""How long we wait for an answer."""
MOST_CANDIDATES = 5
AGAIN_SECONDS = 60.0
MISUNDERSTOOD_AGAIN_SECONDS = 2.0
REFUSED_AGAIN_SECONDS = 600.0
"""A refused key or a broken rule is mended by a person; asking on would make it worse."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What never changes about a provider.

    `source` names it in candidates, `attribution` is shown with each of them. `url`: where it is asked unless the
    settings say otherwise, "" where there is no public one. `seconds`: between two questions of the whole product.
    """

    name: str
    source: str
    attribution: str
    url: str
    seconds: float
    needs_key: bool = False
    needs_contact: bool = False


class CannotAsk(Exception):
    """The provider gave no answer; the text is a sentence staff can read.

    again_seconds: how long to leave it alone. `tries`: after so many in a row the question may be at fault itself, and
    the next one has its turn; 0: it never is.
    """

    def __init__(self, why: str, again_seconds: float = AGAIN_SECONDS, *, tries: int = 3) -> None:
        super().__init__(why)
        self.again_seconds = again_seconds
        self.tries = tries


class Geocoder(Protocol):
    """One provider."""

    @property
    def provider(self) -> Provider: ...

    def find(self, words: str, box: Box | None) -> list[Candidate]:
        """At most MOST_CANDIDATES, best first; those outside the box (the city) are marked. Raises CannotAsk."""
        ...

    def close(self) -> None:
        """Lets go of open connections."""
        ...


def refused(source: str) -> CannotAsk:
    """It does not let us in."""
    why = f"{source} refuses us: the key is wrong, or its terms of use are not kept."
    return CannotAsk(why, REFUSED_AGAIN_SECONDS, tries=0)


def too_many(source: str, retry_after: float | None) -> CannotAsk:
    """It wants to be asked less often."""
    seconds = min(max(retry_after or AGAIN_SECONDS, 1.0), 86_400.0)
    return CannotAsk(f"{source} wants to be asked less often.", seconds, tries=0)


def no_answer(source: str) -> CannotAsk:
    """Nothing came in time."""
    return CannotAsk(f"{source} did not answer within {ANSWER_SECONDS:.0f} seconds.")


def unreachable(source: str) -> CannotAsk:
    """There was no connection, or the provider is in trouble itself."""
    return CannotAsk(f"{source} could not be reached.")


def unreadable(source: str) -> CannotAsk:
    """Its answer makes no sense."""
    return CannotAsk(f"{source} answered something we cannot read.")


def misunderstood(source: str) -> CannotAsk:
    """It can make nothing of this one question."""
    return CannotAsk(f"{source} did not understand a question.", MISUNDERSTOOD_AGAIN_SECONDS, tries=1)


def placed(candidate: Candidate, box: Box | None) -> Candidate:
    """The candidate, marked where it lies outside the box."""
    lat, lon = candidate.lat, candidate.lon
    if box is None or lat is None or lon is None:
        return candidate
    inside = box.min_lat <= lat <= box.max_lat and box.min_lon <= lon <= box.max_lon
    return candidate.model_copy(update={"outside": not inside})
