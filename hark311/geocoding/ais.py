"""The City of Philadelphia's own address service, AIS. Source: github.com/CityOfPhiladelphia/ais, docs/APIUSAGE.md.

Only the search is asked, and of its answer only the address and the point are read: it also names owners.
"""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from hark311.geocoding.naming import written
from hark311.geocoding.protocol import MOST_CANDIDATES, Provider, placed, unreadable
from hark311.geocoding.web import JsonService
from models import Candidate
from models.shapes import Box

KINDS = {"address": "address", "intersection": "intersection", "block": "block", "landmark": "landmark"}
METRES = {"exact": 10.0, "exact_location": 10.0, "has_base": 15.0, "in_range": 40.0, "on_block": 80.0}
UNMATCHED_METRES = 150.0
ESTIMATED = ("unmatched",)
NO_SUCH_PLACE = 404


class _Point(BaseModel):
    coordinates: tuple[float, float]


class _Address(BaseModel):
    street_address: str = ""


class _Feature(BaseModel):
    ais_feature_type: str = "address"
    match_type: str = ""
    properties: _Address = _Address()
    geometry: _Point


class _Answer(BaseModel):
    normalized: list[str] = []
    features: list[_Feature] = []


class CityAddresses:
    """AIS under one key, which travels in a header."""

    def __init__(self, provider: Provider, url: str, key: str, contact: str) -> None:
        self.provider = provider
        self._service = JsonService(
            provider, url, contact, {"Authorization": f"Gatekeeper-Key {key}"}, nothing=NO_SUCH_PLACE
        )

    def find(self, words: str, box: Box | None) -> list[Candidate]:
        """Candidates of one search. Raises CannotAsk."""
        read = self._read(self._service.get(f"/search/{quote(words, safe='')}", {}))
        return [placed(self._candidate(one, read), box) for one in read.features[:MOST_CANDIDATES]]

    def _read(self, raw: Any) -> _Answer:
        try:
            return _Answer.model_validate(raw or {})
        except ValidationError:
            raise unreadable(self.provider.source) from None

    def _candidate(self, feature: _Feature, answer: _Answer) -> Candidate:
        lon, lat = feature.geometry.coordinates
        said = feature.properties.street_address or (answer.normalized[0] if answer.normalized else "")
        return Candidate(
            kind=KINDS.get(feature.ais_feature_type, "address"),
            name=written(said),
            lat=lat,
            lon=lon,
            precision_m=METRES.get(feature.match_type, UNMATCHED_METRES),
            source=self.provider.source,
            score=0.9 if feature.match_type in METRES else 0.5,
            estimated=feature.match_type in ESTIMATED,
            note=self.provider.attribution,
        )

    def close(self) -> None:
        """Lets go of open connections."""
        self._service.close()
