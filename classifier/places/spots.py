"""Points on the city's ground: how far apart, and which of them are one place."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A point a street, crossing or house number leads to. Degrees WGS 84; metres.

    `estimated`: outside every known range. `street`: the gazetteer's number of the street it is on.
    """

    lat: float
    lon: float
    precision_m: float
    estimated: bool = False
    street: int = -1


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The distance between two points of one city; flat, right to 0.1 % within 50 km."""
    north = (lat - other_lat) * METRES_PER_DEGREE
    east = (lon - other_lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(north, east)


def apart(one: Spot, other: Spot) -> float:
    """Metres between two spots."""
    return metres(one.lat, one.lon, other.lat, other.lon)


def distinct(spots: Iterable[Spot], within_m: float) -> list[Spot]:
    """The best spot of each group that lies within this distance: what is known before what is estimated."""
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda one: (one.estimated, one.precision_m)):
        if all(apart(spot, one) > within_m for one in kept):
            kept.append(spot)
    return kept


def middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median latitude and longitude."""
    lats, lons = sorted(point[0] for point in points), sorted(point[1] for point in points)
    half = len(points) // 2
    return lats[half], lons[half]
