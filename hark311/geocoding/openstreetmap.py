"""Nominatim, Photon and Pelias through geopy: OpenStreetMap's places, on their public servers or the city's own.

One question is one request: geopy's own retries are off, and the product's limit is kept in the database
(`hark311.geocoding.asking`), where every worker sees it; geopy's RateLimiter knows one process only.
Source: operations.osmfoundation.org/policies/nominatim; geopy 2.5.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import cos, hypot, radians
from typing import Any
from urllib.parse import urlsplit

from geopy.adapters import URLLibAdapter
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderParseError,
    GeocoderQueryError,
    GeocoderRateLimited,
    GeocoderServiceError,
    GeocoderTimedOut,
)
from geopy.geocoders import Nominatim, Pelias, Photon

from hark311.geocoding.naming import written
from hark311.geocoding.protocol import (
    ANSWER_SECONDS,
    MOST_CANDIDATES,
    CannotAsk,
    Provider,
    misunderstood,
    no_answer,
    placed,
    refused,
    too_many,
    unreachable,
    unreadable,
)
from hark311.geocoding.web import user_agent
from models import Candidate
from models.shapes import Box

METRES_OF_A_DEGREE = 111_320.0
LEAST_METRES = 15.0
METRES = {"address": 20.0, "landmark": 60.0, "intersection": 20.0, "street": 300.0, "area": 800.0}


def _where(url: str, contact: str) -> dict[str, Any]:
    """How geopy is told where to ask, as whom, and to use no proxy of the machine's environment."""
    asked = urlsplit(url)
    return {
        "domain": asked.netloc + asked.path,
        "scheme": asked.scheme,
        "user_agent": user_agent(contact),
        "timeout": ANSWER_SECONDS,
        "proxies": {},
        "adapter_factory": URLLibAdapter,
    }


class _ThroughGeopy(ABC):
    """What the three share: failures in our words, and no answer trusted to have the right shape."""

    provider: Provider
    _geopy: Any

    def find(self, words: str, box: Box | None) -> list[Candidate]:
        """Candidates of one search. Raises CannotAsk."""
        try:
            found = self._ask(words, box) or []
            read = [self._candidate(one.raw) for one in found[:MOST_CANDIDATES]]
        except GeocoderServiceError as error:
            raise _in_our_words(error, self.provider.source) from None  # its text holds the question
        except (LookupError, TypeError, ValueError, AttributeError):
            raise unreadable(self.provider.source) from None
        return [placed(one, box) for one in read]

    @abstractmethod
    def _ask(self, words: str, box: Box | None) -> Sequence[Any] | None: ...

    @abstractmethod
    def _candidate(self, raw: Mapping[str, Any]) -> Candidate: ...

    def _of(self, kind: str, name: str, lon: Any, lat: Any, extent: Box | None, score: float = 0.5) -> Candidate:
        return Candidate(
            kind=kind,
            name=written(name) if kind in ("address", "street", "intersection") else name,
            lat=float(lat),
            lon=float(lon),
            precision_m=_half_across(extent) if extent else METRES[kind],
            source=self.provider.source,
            score=score,
            note=self.provider.attribution,
        )

    def close(self) -> None:
        """Lets go of open connections."""
        self._geopy.__exit__(None, None, None)


class NominatimHere(_ThroughGeopy):
    """Nominatim."""

    def __init__(self, provider: Provider, url: str, contact: str) -> None:
        self.provider = provider
        self._geopy = Nominatim(**_where(url, contact))

    def _ask(self, words: str, box: Box | None) -> Sequence[Any] | None:
        found: Sequence[Any] | None = self._geopy.geocode(
            words,
            exactly_one=False,
            limit=MOST_CANDIDATES,
            addressdetails=True,
            viewbox=_corners(box),
            bounded=box is not None,
        )
        return found

    def _candidate(self, raw: Mapping[str, Any]) -> Candidate:
        parts = raw.get("address", {})
        road, house = parts.get("road", ""), parts.get("house_number", "")
        kind = _kind(raw.get("class", raw.get("category", "")), raw.get("type", ""), bool(house and road))
        first = str(raw["display_name"]).partition(",")[0]
        name = f"{house} {road}" if kind == "address" and road else road if kind == "street" and road else first
        south, north, west, east = map(float, raw["boundingbox"])
        return self._of(kind, name, raw["lon"], raw["lat"], Box(west, south, east, north))


class PhotonHere(_ThroughGeopy):
    """Photon."""

    def __init__(self, provider: Provider, url: str, contact: str) -> None:
        self.provider = provider
        self._geopy = Photon(**_where(url, contact))

    def _ask(self, words: str, box: Box | None) -> Sequence[Any] | None:
        found: Sequence[Any] | None = self._geopy.geocode(
            words, exactly_one=False, limit=MOST_CANDIDATES, bbox=_corners(box)
        )
        return found

    def _candidate(self, raw: Mapping[str, Any]) -> Candidate:
        about = raw["properties"]
        street, house = about.get("street", ""), about.get("housenumber", "")
        kind = _kind(about.get("osm_key", ""), about.get("osm_value", ""), bool(house and street))
        name = f"{house} {street}" if kind == "address" and street else about.get("name", street)
        lon, lat = raw["geometry"]["coordinates"][:2]
        extent = about.get("extent")
        return self._of(kind, name, lon, lat, _of_corners(*extent) if extent else None)


class PeliasHere(_ThroughGeopy):
    """Pelias."""

    KINDS = {"address": "address", "street": "street", "intersection": "intersection", "venue": "landmark"}  # noqa: RUF012

    def __init__(self, provider: Provider, url: str, contact: str, key: str) -> None:
        self.provider = provider
        self._geopy = Pelias(api_key=key or None, **_where(url, contact))

    def _ask(self, words: str, box: Box | None) -> Sequence[Any] | None:
        found: Sequence[Any] | None = self._geopy.geocode(words, exactly_one=False, boundary_rect=_corners(box))
        return found

    def _candidate(self, raw: Mapping[str, Any]) -> Candidate:
        about = raw["properties"]
        kind = self.KINDS.get(about.get("layer", ""), "area")
        lon, lat = raw["geometry"]["coordinates"][:2]
        extent = Box(*map(float, raw["bbox"])) if raw.get("bbox") else None
        sure = float(about.get("confidence", 0.5))
        return self._of(kind, about["name"], lon, lat, extent, min(max(sure, 0.0), 1.0))


def _kind(key: str, value: str, has_house: bool) -> str:
    """Our kind of place by OpenStreetMap's main tag."""
    if has_house and key in ("place", "building", ""):
        return "address"
    if key == "highway":
        return "street"
    if key in ("place", "boundary") and value != "house":
        return "area"
    return "landmark"


def _corners(box: Box | None) -> list[tuple[float, float]] | None:
    """Two corners, (lat, lon) each, as geopy wants a box."""
    return None if box is None else [(box.min_lat, box.min_lon), (box.max_lat, box.max_lon)]


def _of_corners(lon: float, lat: float, other_lon: float, other_lat: float) -> Box:
    """A box from any two opposite corners."""
    return Box(min(lon, other_lon), min(lat, other_lat), max(lon, other_lon), max(lat, other_lat))


def _half_across(box: Box) -> float:
    """Metres from the middle of a box to its corner."""
    high = (box.max_lat - box.min_lat) * METRES_OF_A_DEGREE
    wide = (box.max_lon - box.min_lon) * METRES_OF_A_DEGREE * cos(radians(box.min_lat))
    return max(round(hypot(high, wide) / 2, 1), LEAST_METRES)


def _in_our_words(error: GeocoderServiceError, source: str) -> CannotAsk:
    match error:
        case GeocoderAuthenticationFailure() | GeocoderInsufficientPrivileges():
            return refused(source)
        case GeocoderRateLimited():
            return too_many(source, error.retry_after)
        case GeocoderTimedOut():
            return no_answer(source)
        case GeocoderParseError():
            return unreadable(source)
        case GeocoderQueryError():
            return misunderstood(source)
    return unreachable(source)
