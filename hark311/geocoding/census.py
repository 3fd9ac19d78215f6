"""The US Census Bureau's geocoder: street addresses only, interpolated along their block; no key.

Source: Geocoding Services Web Application Programming Interface (API), locations/onelineaddress.
"""

from typing import Any

from pydantic import BaseModel, ValidationError

from hark311.geocoding.naming import written
from hark311.geocoding.protocol import MOST_CANDIDATES, Provider, placed, unreadable
from hark311.geocoding.web import JsonService
from models import Candidate
from models.shapes import Box

BENCHMARK = "Public_AR_Current"
ALONG_THE_BLOCK_M = 60.0


class _Coordinates(BaseModel):
    x: float
    y: float


class _Match(BaseModel):
    matchedAddress: str  # noqa: N815 - the Bureau's own name
    coordinates: _Coordinates


class _Result(BaseModel):
    addressMatches: list[_Match] = []  # noqa: N815 - the Bureau's own name


class _Answer(BaseModel):
    result: _Result


class Census:
    """One-line addresses, each with its city and state."""

    def __init__(self, provider: Provider, url: str, contact: str) -> None:
        self.provider = provider
        self._service = JsonService(provider, url, contact)

    def find(self, words: str, box: Box | None) -> list[Candidate]:
        """Candidates of one address. Raises CannotAsk."""
        question = {"address": words, "benchmark": BENCHMARK, "format": "json"}
        found = self._read(self._service.get("/locations/onelineaddress", question))
        return [placed(self._candidate(one), box) for one in found[:MOST_CANDIDATES]]

    def _read(self, raw: Any) -> list[_Match]:
        try:
            return _Answer.model_validate(raw).result.addressMatches
        except ValidationError:
            raise unreadable(self.provider.source) from None

    def _candidate(self, match: _Match) -> Candidate:
        return Candidate(
            kind="address",
            name=written(match.matchedAddress.partition(",")[0]),
            lat=match.coordinates.y,
            lon=match.coordinates.x,
            precision_m=ALONG_THE_BLOCK_M,
            source=self.provider.source,
            score=0.8,
            note=self.provider.attribution,
        )

    def close(self) -> None:
        """Lets go of open connections."""
        self._service.close()
