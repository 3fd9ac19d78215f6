"""Reads a city's starter: small tables written by hand, one folder to a city, and the features they stand for.

The tables of a city: `net`, `across`, `numbered`, `gaps` and `minor` (the grid, see `grid`), `ways` (streets outside
the grid, point by point), `names` (streets known by name alone), `neighbourhoods`, `outline`, `landmarks`, `stops`,
`waterways`, `nicknames`.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from math import cos, radians

from shapely import MultiLineString, Point, Polygon, box, from_wkb, to_wkb
from shapely.ops import nearest_points

from classifier.places.starter.grid import Net, Run, grid_features, segment
from models.places import AreaKind, Feature, FeatureKind

CITIES = ("philadelphia",)
"""The cities that have a starter."""
METRES_PER_DEGREE = 111_195.0
PRECISION_M = {"east": 80.0, "letters": 100.0, "west": 100.0, "southwest": 150.0, "kensington": 150.0}
"""How far off a grid corner of a district may be."""
WAY_M = 150.0
MINOR_M = 150.0
NAMED_M = {FeatureKind.LANDMARK: 200.0, FeatureKind.STOP: 100.0, FeatureKind.WATERWAY: 3000.0}
OUTLINE_M = 500.0
SNAP_M = 300.0
"""How far a street of the grid may lie from the point given for its crossing."""

Row = dict[str, str]


class UnknownCity(LookupError):
    """No starter was written for this city."""


def starter_features(city: str = "philadelphia") -> Iterator[Feature]:
    """Everything the starter of a city knows. Raises UnknownCity at once where there is none."""
    if city not in CITIES:
        raise UnknownCity(f"no starter for {city!r}; there is one for {', '.join(CITIES)}")
    return _features(city)


def _features(city: str) -> Iterator[Feature]:
    grid = list(_grid(city))
    yield from grid
    yield from _ways(city, grid)
    for row in _table(city, "names"):
        yield Feature(FeatureKind.STREET, row["street"])
    yield _outline(city)
    yield from _neighbourhoods(city)
    for name, kind in (
        ("landmarks", FeatureKind.LANDMARK),
        ("stops", FeatureKind.STOP),
        ("waterways", FeatureKind.WATERWAY),
    ):
        for row in _table(city, name):
            lat, lon = _number(row["lat"]), _number(row["lon"])
            yield Feature(kind, row["name"], lat, lon, other=row.get("address", ""), precision_m=NAMED_M[kind])
    for row in _table(city, "nicknames"):
        yield Feature(FeatureKind.NICKNAME, row["name"], other=row["stands_for"])


def _table(city: str, name: str) -> list[Row]:
    with files(__package__).joinpath(city, f"{name}.csv").open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _grid(city: str) -> Iterator[Feature]:
    nets = _nets(city)
    yield from grid_features(
        nets, _runs(city, "across", "row", "column"), _runs(city, "numbered", "column", "row"), PRECISION_M
    )
    for row in _table(city, "minor"):
        low, high = sorted((float(row["row_from"]), float(row["row_to"])), key=abs)
        line = [nets["east"].at(one, float(row["column"])) for one in (low, high)]
        yield segment(row["street"], line, round(abs(low) * 100), round(abs(high) * 100), MINOR_M)


def _nets(city: str) -> dict[str, Net]:
    corners: dict[str, dict[tuple[float, float], tuple[float, float]]] = defaultdict(dict)
    for row in _table(city, "net"):
        corners[row["district"]][float(row["row"]), float(row["column"])] = float(row["lat"]), float(row["lon"])
    return {district: Net.of(known) for district, known in corners.items()}


def _runs(city: str, table: str, line: str, other: str) -> Iterator[Run]:
    """The streets of a table of the grid, in pieces where they are not open. `line`, `other`: row or column."""
    gaps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in _table(city, "gaps"):
        gaps[row["street"]].append((int(row["first"]) // 100, int(row["last"]) // 100 + 1))
    for row in _table(city, table):
        low, high = float(row[f"{other}_from"]), float(row[f"{other}_to"])
        whole = Run(row["district"], row["street"], float(row[line]), low, high, row.get("numbers") != "")
        yield from whole.without(gaps[whole.street])


def _ways(city: str, grid: list[Feature]) -> Iterator[Feature]:
    """Streets point by point. A row without a point is a gap: a river, or house numbers that leap."""
    courses: dict[str, list[bytes]] = defaultdict(list)
    for one in grid:
        if one.shape:
            courses[one.name].append(one.shape)
    corners: dict[frozenset[str], tuple[float, float]] = {}
    before: tuple[str, int | None, tuple[float, float]] | None = None
    for row in _table(city, "ways"):
        street, cross = row["street"], row["cross"]
        if not row["lat"]:
            before = None
            continue
        number = int(row["number"]) if row["number"] else None
        here = _snapped((float(row["lat"]), float(row["lon"])), courses.get(cross, []))
        if cross:
            here = corners.setdefault(frozenset((street, cross)), here)
            yield Feature(FeatureKind.CROSSING, street, *here, other=cross, precision_m=WAY_M)
        if before and before[0] == street:
            _, last, there = before
            (first, start), (end, stop) = sorted(((last or 0, there), (number or 0, here)))
            yield segment(street, [start, stop], first, end if first else 0, WAY_M)
        before = street, number, here


def _snapped(point: tuple[float, float], course: list[bytes]) -> tuple[float, float]:
    """The nearest point of the crossed street's own course, where that is near: two courses, one crossing."""
    if not course:
        return point
    lines = MultiLineString([from_wkb(shape) for shape in course])
    found, _ = nearest_points(lines, Point(point[1], point[0]))
    east = (found.x - point[1]) * cos(radians(point[0]))
    if (east**2 + (found.y - point[0]) ** 2) ** 0.5 * METRES_PER_DEGREE > SNAP_M:
        return point
    return round(found.y, 6), round(found.x, 6)


def _outline(city: str) -> Feature:
    shape = Polygon([(float(row["lon"]), float(row["lat"])) for row in _table(city, "outline")])
    middle = shape.representative_point()
    name = city.replace("-", " ").title()
    return Feature(
        FeatureKind.AREA,
        name,
        middle.y,
        middle.x,
        other=AreaKind.CITY,
        shape=to_wkb(shape),
        owner="CITY",
        precision_m=OUTLINE_M,
    )


def _neighbourhoods(city: str) -> Iterator[Feature]:
    """Each with a rough box around its middle, half as wide and as high as the table says in metres."""
    for row in _table(city, "neighbourhoods"):
        lat, lon = float(row["lat"]), float(row["lon"])
        wide, high = float(row["half_width_m"]), float(row["half_height_m"])
        up, along = high / METRES_PER_DEGREE, wide / (METRES_PER_DEGREE * cos(radians(lat)))
        yield Feature(
            FeatureKind.AREA,
            row["name"],
            lat,
            lon,
            other=AreaKind.NEIGHBOURHOOD,
            shape=to_wkb(box(lon - along, lat - up, lon + along, lat + up)),
            precision_m=max(wide, high),
        )
