"""What lies at a point, by the city's own gazetteer: a house, a crossing, or a block between two crossings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry
from sqlmodel import Session

from classifier.places.spots import METRES_PER_DEGREE, metres
from hark311.console.map_drawing import street_of
from models import Candidate, FeatureKind, PlaceFeature
from models.place_layers import features_in
from models.shapes import Box

LOOKED_M = 150.0
HOUSE_M, CROSSING_M, STREET_M = 25.0, 12.0, 60.0
"""How far off a house, a crossing or a street still stands for the point."""
MEETS_M = 12.0
"""Ends of streets this near to each other meet."""
MOST_FEATURES = 4_000
FROM_POINT = "point"
"""Candidate.source of a place read at a point."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One stretch of a street around the point, in metres east and north of it."""

    name: str
    shape: BaseGeometry
    row: PlaceFeature

    @property
    def away(self) -> float:
        return float(self.shape.distance(shapely.Point(0, 0)))


def read_point(session: Session, city: str, lat: float, lon: float, *, house: bool = False) -> Candidate:
    """The place at a point (degrees WGS 84). `house`: down to the house, where one is known; else the block has to do.

    Where nothing is known around it, a bare point: its `name` is empty and its kind "pin".
    """
    north = LOOKED_M / METRES_PER_DEGREE
    east = north / max(0.01, math.cos(math.radians(lat)))
    box = Box(lon - east, lat - north, lon + east, lat + north)
    rows = features_in(session, city, box, {FeatureKind.SEGMENT, FeatureKind.HOUSE}, MOST_FEATURES)
    if house and (found := _house(rows, lat, lon)):
        return found
    lines = sorted(_lines(rows, lat, lon), key=lambda one: one.away)
    if not lines or lines[0].away > STREET_M:
        return _at("pin", "", lat, lon, 0.0)
    crossing = list(dict.fromkeys(one.name for one in lines if one.away <= CROSSING_M))
    if len(crossing) > 1:
        return _at("intersection", f"{crossing[0]} & {crossing[1]}", lat, lon, CROSSING_M)
    return _at("block", _block(lines[0], lines), lat, lon, STREET_M)


def _house(rows: Sequence[PlaceFeature], lat: float, lon: float) -> Candidate | None:
    known = [
        (metres(lat, lon, row.lat, row.lon), row)
        for row in rows
        if row.kind == FeatureKind.HOUSE and row.left_from and row.lat is not None and row.lon is not None
    ]
    away, nearest = min(known, key=lambda one: one[0], default=(math.inf, None))
    if nearest is None or away > HOUSE_M:
        return None
    return _at("address", f"{nearest.left_from} {nearest.name}", lat, lon, away)


def _lines(rows: Sequence[PlaceFeature], lat: float, lon: float) -> list[_Line]:
    squeeze = max(0.01, math.cos(math.radians(lat)))
    found = []
    for row in rows:
        street = street_of(row.name, row.shape) if row.kind == FeatureKind.SEGMENT and row.name else None
        if street is not None:
            flat = shapely.transform(
                street.lines,
                lambda x, y: ((x - lon) * METRES_PER_DEGREE * squeeze, (y - lat) * METRES_PER_DEGREE),
                interleaved=False,
            )
            found.append(_Line(street.name, flat, row))
    return found


def _block(here: _Line, lines: Sequence[_Line]) -> str:
    """By its house numbers where they are known, else by the streets at its ends."""
    numbers = (here.row.left_from, here.row.left_to, here.row.right_from, here.row.right_to)
    known = [number for number in numbers if number]
    if known:
        hundred = min(known) // 100 * 100
        return f"{hundred} block of {here.name}" if hundred else f"unit block of {here.name}"
    crossed = [_met(here, end, lines) for end in _ends(here.shape)]
    both = list(dict.fromkeys(one for one in crossed if one))
    if len(both) == 2:
        return f"{here.name} between {both[0]} and {both[1]}"
    return f"{here.name} near {both[0]}" if both else here.name


def _ends(shape: BaseGeometry) -> list[shapely.Point]:
    lines = list(shape.geoms) if isinstance(shape, MultiLineString) else [shape]
    coordinates = [at for line in lines if isinstance(line, LineString) for at in (line.coords[0], line.coords[-1])]
    return [shapely.Point(coordinates[0]), shapely.Point(coordinates[-1])] if coordinates else []


def _met(here: _Line, end: shapely.Point, lines: Sequence[_Line]) -> str:
    near = [(float(one.shape.distance(end)), one.name) for one in lines if one.name != here.name]
    away, name = min(near, default=(math.inf, ""))
    return name if away <= MEETS_M else ""


def _at(kind: str, name: str, lat: float, lon: float, precision: float) -> Candidate:
    return Candidate(kind=kind, name=name, lat=lat, lon=lon, precision_m=round(precision, 1), source=FROM_POINT)
