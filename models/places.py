"""A city's gazetteer: layers of features, each from one of the city's own sources, and what they say about a place.

A layer is one import of one source. Importing the same source again adds a newer layer and retires the old one, which
is kept for going back. A city's gazetteer is its active layers; its version rises with every change.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, json_column, str_enum

FIRST_LINES = 3
"""How many lines are named for each reason why rows of a source were skipped."""


class FeatureKind(StrEnum):
    """What a feature of a gazetteer is."""

    STREET = "street"
    """A street known by name alone, with no geometry."""
    SEGMENT = "segment"
    """A piece of a street, with its line and its house numbers left and right."""
    CROSSING = "crossing"
    """Where two streets meet."""
    HOUSE = "house"
    """One address point."""
    LANDMARK = "landmark"
    STOP = "stop"
    WATERWAY = "waterway"
    AREA = "area"
    """A neighbourhood, district, ward, or the city itself."""
    NICKNAME = "nickname"
    """What people say for something that has another name ("K&A")."""


class AreaKind(StrEnum):
    """What an area decides (`Feature.other` of an AREA)."""

    CITY = "city"
    NEIGHBOURHOOD = "neighbourhood"
    DISTRICT = "district"
    WARD = "ward"
    DEPARTMENT = "department"
    OTHER = "other"


class LayerKind(StrEnum):
    """What a source of places is, which decides how it is read."""

    STREETS = "streets"
    ADDRESSES = "addresses"
    OSM = "osm"
    STOPS = "stops"
    LANDMARKS = "landmarks"
    AREAS = "areas"
    PAST_REQUESTS = "past_requests"
    NICKNAMES = "nicknames"
    STARTER = "starter"
    FEATURES = "features"
    """An export of a gazetteer, read back."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as an importer reads it and the gazetteer holds it.

    lat, lon: degrees WGS 84 of a point on or in it; None where only the name is known. `other`: the second street of a
    CROSSING, what a NICKNAME stands for, the AreaKind of an AREA, the street address of a LANDMARK. House numbers: of a
    SEGMENT, in the direction of its line; of a HOUSE, its number in `left_from`. `shape`: WKB in lon, lat order of a
    SEGMENT's line or an AREA's polygon. `owner`: who keeps the street or answers for the area ("CITY", "STATE", ...).
    `weight`: how many rows of the source speak for it. precision_m: metres. `source`: the LayerKind it was stored in.
    """

    kind: FeatureKind
    name: str
    lat: float | None = None
    lon: float | None = None
    other: str = ""
    left_from: int | None = None
    left_to: int | None = None
    right_from: int | None = None
    right_to: int | None = None
    shape: bytes | None = None
    owner: str = ""
    precision_m: float = 0.0
    weight: int = 1
    source: str = ""


@dataclass(slots=True)
class Skipped:
    """What of a source was left out, counted by reason while it is read. Lines are numbered from 1."""

    rows_read: int = 0
    reasons: dict[str, list[int]] = field(default_factory=dict)
    """Reason -> [rows, and the first lines they were on]."""

    def add(self, reason: str, line: int | None = None) -> None:
        """Count one row; remember its line where it is among the first."""
        counted = self.reasons.setdefault(reason, [0])
        counted[0] += 1
        if line is not None and len(counted) <= FIRST_LINES:
            counted.append(line)

    @property
    def counts(self) -> dict[str, int]:
        """Reason -> rows, most first."""
        return dict(sorted(((why, one[0]) for why, one in self.reasons.items()), key=lambda one: -one[1]))

    @property
    def rows(self) -> int:
        """How many rows were left out."""
        return sum(one[0] for one in self.reasons.values())


class Candidate(BaseModel):
    """One answer to "where is it?".

    kind: address, block, intersection, landmark, stop, street, area, pin or photo. lat, lon: degrees WGS 84, None where
    the place is known by name alone. precision_m: metres. `source`: "pin", "photo", "text" (in no list), a geocoder, or
    the kinds of the layers that know it, joined by ", ".
    score: 0 to 1. start, end: code points of the post's text it was read from (equal for a pin or photo). `estimated`:
    the house number is outside every known range. `outside`: not in the city.
    """

    kind: str
    name: str
    lat: float | None = None
    lon: float | None = None
    precision_m: float = 0.0
    source: str = ""
    score: float = 1.0
    start: int = 0
    end: int = 0
    post_id: int | None = None
    estimated: bool = False
    outside: bool = False
    note: str = ""


class PlaceLayer(SQLModel, table=True):
    """One import of one source of places for one city."""

    __tablename__ = "place_layer"
    __table_args__ = (Index("ix_place_layer_city", "city", "retired_at"),)

    id: int | None = Field(default=None, primary_key=True)
    city: str
    kind: LayerKind = Field(sa_type=str_enum(LayerKind))
    name: str = Field(description="names the source; a newer layer of the same name retires this one")
    sha256: str = ""
    attribution: str = ""
    licence: str = ""
    rows_read: int = 0
    features: int = 0
    skipped: dict[str, Any] = Field(default_factory=dict, sa_type=json_column(), description="reason -> rows")
    complete: bool = Field(default=True, description="false while it is being imported, or where that was cut short")
    imported_at: datetime = Field(sa_type=UTCDateTime)
    changed_at: datetime = Field(sa_type=UTCDateTime, description="imported, retired or restored; rises in a city")
    retired_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class PlaceFeature(SQLModel, table=True):
    """A stored Feature with its bounding box (degrees), which a spatial index covers.

    SQLite: the R*Tree `place_feature_box`, kept by triggers. PostgreSQL: a GiST index over box(...).
    """

    __tablename__ = "place_feature"
    __table_args__ = (Index("ix_place_feature_layer", "layer_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    layer_id: int = Field(foreign_key="place_layer.id")
    kind: FeatureKind = Field(sa_type=str_enum(FeatureKind))
    name: str
    other: str = ""
    lat: float | None = None
    lon: float | None = None
    left_from: int | None = None
    left_to: int | None = None
    right_from: int | None = None
    right_to: int | None = None
    shape: bytes | None = Field(default=None, sa_type=LargeBinary)
    owner: str = ""
    precision_m: float = 0.0
    weight: int = 1
    min_lat: float | None = None
    min_lon: float | None = None
    max_lat: float | None = None
    max_lon: float | None = None
