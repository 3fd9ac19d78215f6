"""What the city's stored map says of a point: its areas, who keeps the road there, and whether it is in the city."""

import math
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection
from sqlmodel import text

from models.places import AreaKind
from models.shapes import holds, lines_of

ROAD_WITHIN_M = 40.0
"""Metres from the point to the middle of the road, as in `classifier.places.responsibility`."""
_METRES = 111_195.0
"""Metres in a degree of latitude."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Of one point. `road_owner`: the code in the street data, "" where they say none; `outside`: not in the city."""

    areas: tuple[str, ...] = ()
    road_owner: str = ""
    outside: bool = False


_FEATURES = (
    "SELECT place_feature.kind, place_feature.name, place_feature.other, place_feature.owner, place_feature.shape"
    " FROM place_feature JOIN place_layer ON place_layer.id = place_feature.layer_id"
    " AND place_layer.retired_at IS NULL"
    " WHERE {around} AND place_feature.kind IN ('area', 'segment') AND place_feature.shape IS NOT NULL"
)
_SQLITE = text(
    _FEATURES.format(
        around="place_feature.id IN (SELECT id FROM place_feature_box"
        " WHERE max_lon >= :west AND min_lon <= :east AND max_lat >= :south AND min_lat <= :north)"
    )
)
_POSTGRESQL = text(
    _FEATURES.format(
        around="box(point(place_feature.min_lon, place_feature.min_lat),"
        " point(place_feature.max_lon, place_feature.max_lat)) && box(point(:west, :south), point(:east, :north))"
    )
)
_CITY = text(
    "SELECT count(*) FROM place_feature JOIN place_layer ON place_layer.id = place_feature.layer_id"
    " AND place_layer.retired_at IS NULL"
    " WHERE place_feature.kind = 'area' AND place_feature.other = 'city' AND place_feature.shape IS NOT NULL"
)


def ground_at(connection: Connection, lat: float, lon: float) -> Ground:
    """What is known of a point, degrees WGS 84. Where no outline of the city is stored, nothing lies outside."""
    up, across = ROAD_WITHIN_M / _METRES, ROAD_WITHIN_M / (_METRES * max(0.01, math.cos(math.radians(lat))))
    box = {"west": lon - across, "east": lon + across, "south": lat - up, "north": lat + up}
    areas: list[str] = []
    roads: list[tuple[float, str]] = []
    inside = False
    asked = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    for kind, name, other, owner, shape in connection.execute(asked, box):
        if kind == "area" and holds(bytes(shape), lon, lat):
            areas.append(str(name))
            inside = inside or other == AreaKind.CITY
        elif kind == "segment":
            roads.append((_metres_to(bytes(shape), lat, lon), str(owner)))
    near = min(roads, default=(math.inf, ""))
    outside = not inside and bool(connection.execute(_CITY).scalar_one())
    return Ground(tuple(sorted(set(areas))), near[1] if near[0] <= ROAD_WITHIN_M else "", outside)


def _metres_to(shape: bytes, lat: float, lon: float) -> float:
    """From a point to a line. Over a few streets the earth is flat."""
    east, north = _METRES * math.cos(math.radians(lat)), _METRES
    return min(
        (
            _to_piece(((x - lon) * east, (y - lat) * north), ((u - lon) * east, (v - lat) * north))
            for line in lines_of(shape)
            for (x, y), (u, v) in pairwise(line)
        ),
        default=math.inf,
    )


def _to_piece(one: tuple[float, float], other: tuple[float, float]) -> float:
    """From the origin to a straight piece, in metres."""
    dx, dy = other[0] - one[0], other[1] - one[1]
    long = dx * dx + dy * dy
    along = 0.0 if not long else max(0.0, min(1.0, -(one[0] * dx + one[1] * dy) / long))
    return math.hypot(one[0] + along * dx, one[1] + along * dy)
