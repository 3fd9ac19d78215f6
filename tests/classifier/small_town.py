"""Oakvale, an invented town: a grid of numbered streets, north and south of Main St, and two quarters outside of it.

1st to 8th St run north and south, 100 m apart; Main St and its parallels cross them, 100 m apart. A block holds one
hundred house numbers, even ones to the west and south. Mill St is in Harbor and again in Hilltop.
"""

import math

import shapely

from models.places import AreaKind, Feature, FeatureKind

LAT, LON = 40.0, -100.0
PER_DEGREE = 111_195.0
NORTH = ("Main St", "Oak St", "Elm St", "Birch Ave", "Maple St", "Cedar Ave")
SOUTH = ("Main St", "Pine St", "Walnut St", "Spring Garden St", "Quince St", "River Rd")
NUMBERED = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th")


def at(east: float, north: float) -> tuple[float, float]:
    """lat, lon of a point so many metres east and north of 1st St and Main St."""
    return LAT + north / PER_DEGREE, LON + east / (PER_DEGREE * math.cos(math.radians(LAT)))


def line(*places: tuple[float, float]) -> bytes:
    """WKB of a line through points in metres."""
    return bytes(shapely.to_wkb(shapely.LineString([at(*place)[::-1] for place in places]), byte_order=1))


def square(east: float, north: float, size: float) -> bytes:
    """WKB of a square around a point, in metres."""
    (south, west), (top, right) = at(east - size, north - size), at(east + size, north + size)
    return bytes(shapely.to_wkb(shapely.box(west, south, right, top)))


def block(
    name: str, hundred: int, start: tuple[float, float], end: tuple[float, float], owner: str = "CITY"
) -> Feature:
    """One block of a street with its hundred house numbers."""
    return Feature(
        FeatureKind.SEGMENT,
        name,
        left_from=hundred + 2 if hundred == 0 else hundred,
        left_to=hundred + 98,
        right_from=hundred + 1,
        right_to=hundred + 99,
        shape=line(start, end),
        owner=owner,
    )


def town() -> list[Feature]:
    """Everything Oakvale's gazetteer holds."""
    features = []
    for column, number in enumerate(NUMBERED):
        for row in range(5):
            x = 100.0 * column
            features.append(block(f"N {number} St", 100 * row, (x, 100.0 * row), (x, 100.0 * row + 100)))
            features.append(block(f"S {number} St", 100 * row, (x, -100.0 * row), (x, -100.0 * row - 100)))
    for names, sign in ((NORTH, 1), (SOUTH[1:], -1)):
        for row, name in enumerate(names, start=0 if sign == 1 else 1):
            owner = "STATE" if name == "River Rd" else "CITY"
            y = sign * 100.0 * row
            features += [
                block(name, 100 * (column + 1), (100.0 * column, y), (100.0 * column + 100, y), owner)
                for column in range(7)
            ]
    for east in (5000.0, -5000.0):
        features += [block("Mill St", 100 * row, (east, 100.0 * row), (east, 100.0 * row + 100)) for row in range(3)]
        features.append(block("Dock St", 0, (east - 100, 100.0), (east, 100.0)))
    features.append(block("Gull Ln", 300, (5000.0, 300.0), (5100.0, 300.0)))
    for name, east in (("Harbor", 5000.0), ("Hilltop", -5000.0)):
        lat, lon = at(east, 0)
        features.append(
            Feature(FeatureKind.AREA, name, lat, lon, AreaKind.NEIGHBOURHOOD, shape=square(east, 0, 1000), owner=name)
        )
    lat, lon = at(0, 0)
    features.append(Feature(FeatureKind.AREA, "Oakvale", lat, lon, AreaKind.CITY, shape=square(0, 0, 8000)))
    lat, lon = at(350, 350)
    features.append(Feature(FeatureKind.LANDMARK, "Fern Park", lat, lon, precision_m=80))
    features.append(Feature(FeatureKind.LANDMARK, "Town Hall", other="250 Main St"))
    features.append(Feature(FeatureKind.STOP, "Depot Station", *at(10, -10), precision_m=20))
    features.append(Feature(FeatureKind.WATERWAY, "Otter Creek", *at(0, -450), precision_m=900))
    features.append(Feature(FeatureKind.NICKNAME, "the Strip", other="Main St"))
    features.append(Feature(FeatureKind.NICKNAME, "E&4", other="Elm St & 4th St"))
    return features
