"""Streets, crossings, house numbers and parts of the city, learnt from the addresses of a city's past requests.

Every 311 centre has them. Some are wrong, so a row counts only where the others do not speak against it.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from shapely import MultiPoint, to_wkb

from classifier.places.addresses import Address, known_tails, read_address
from classifier.places.names import StreetName, read_street_name
from classifier.places.spots import METRES_PER_DEGREE, metres, middle
from models.places import AreaKind, Feature, FeatureKind, Skipped

_FARTHEST_M = 60_000.0
"""No city reaches farther from its middle."""
_FAR_OFF = 8.0
"""Median distances from the middle beyond which a point is not in this city."""
_DEFAULT_STREETS = 4
"""So many streets at the very same point: it is where a geocoder puts what it cannot find."""
_SAME_M = 150.0
_PRECISION_M = 25.0
_AREA_ROWS = 6
_A_PART = 0.6
"""What reaches farther than this share of the whole city is its name, or no place at all."""
_SAME_STREET_M = 500.0


@dataclass(frozen=True, slots=True)
class PastRequest:
    """One row of what a city knows: an address as its system writes it, and its point in degrees."""

    address: str | None
    lat: float | None
    lon: float | None


@dataclass(slots=True)
class Learnt:
    """What the rows say. `skipped` counts, by reason, the rows that say nothing or are wrong."""

    features: list[Feature]
    skipped: Skipped = field(default_factory=Skipped)


@dataclass(slots=True)
class _Row:
    line: int
    address: Address
    lat: float
    lon: float

    @property
    def point(self) -> tuple[float, float]:
        return self.lat, self.lon


def learn(rows: Iterable[PastRequest]) -> Learnt:
    """Learns a gazetteer from past requests. Never raises for a row; every row left out is counted by reason."""
    skipped = Skipped()
    read = _without_defaults(_without_far_off(_read(rows, skipped), skipped), skipped)
    kept = _with_street_words(read)
    named = {row.address.area for row in kept}
    features = [
        *_areas(kept),
        *_crossings(kept),
        *_houses(kept, skipped),
        *_streets(kept),
        *_landmarks(kept, named, skipped),
    ]
    return Learnt(features, skipped)


def _read(rows: Iterable[PastRequest], skipped: Skipped) -> list[_Row]:
    usable: list[tuple[int, str, float, float]] = []
    for line, row in enumerate(rows, start=1):
        skipped.rows_read += 1
        if not row.address or not row.address.strip():
            skipped.add("no address", line)
        elif not _is_point(row.lat, row.lon):
            skipped.add("no point", line)
        else:
            usable.append((line, row.address, float(row.lat or 0), float(row.lon or 0)))
    tails = known_tails(address for _, address, _, _ in usable)
    return [_Row(line, read_address(address, tails), lat, lon) for line, address, lat, lon in usable]


def _is_point(lat: float | None, lon: float | None) -> bool:
    return bool(lat and lon and math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 180 and abs(lon) <= 180)


def _without_far_off(rows: Sequence[_Row], skipped: Skipped) -> list[_Row]:
    """Latitude and longitude the wrong way round are turned; what then is far from all others is left out."""
    if not rows:
        return []
    lat, lon = middle([row.point for row in rows])
    limit = min(_FARTHEST_M, _FAR_OFF * max(1000.0, median(metres(lat, lon, row.lat, row.lon) for row in rows)))
    kept = []
    for row in rows:
        if metres(lat, lon, row.lat, row.lon) > limit and metres(lat, lon, row.lon, row.lat) <= limit:
            row.lat, row.lon = row.lon, row.lat
        if metres(lat, lon, row.lat, row.lon) <= limit:
            kept.append(row)
        else:
            skipped.add("far from all others", row.line)
    return kept


def _without_defaults(rows: Sequence[_Row], skipped: Skipped) -> list[_Row]:
    streets: dict[tuple[float, float], set[str]] = defaultdict(set)
    for row in rows:
        streets[row.point].add(read_street_name(row.address.street).key)
    kept = []
    for row in rows:
        if len(streets[row.point]) >= _DEFAULT_STREETS and not row.address.other:
            skipped.add("a point given to many streets", row.line)
        else:
            kept.append(row)
    return kept


def _with_street_words(rows: Sequence[_Row]) -> list[_Row]:
    """ "1020 Chapel" is on the Chapel St that is nearest, where there is one."""
    whole: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for street in filter(None, (row.address.street, row.address.other)):
            if (name := read_street_name(street)).suffix:
                whole[name.direction, name.key][street].append(row.point)
    return [_completed(row, whole) for row in rows]


def _completed(row: _Row, whole: Mapping[tuple[str, str], Mapping[str, Sequence[tuple[float, float]]]]) -> _Row:
    def complete(street: str) -> str:
        name = read_street_name(street)
        alone = row.address.named and not (row.address.low or row.address.other)
        if not street or name.suffix or alone:
            return street
        near = [
            (min(metres(row.lat, row.lon, *point) for point in points), full)
            for full, points in whole.get((name.direction, name.key), {}).items()
        ]
        best = min(near, default=(math.inf, street))
        return best[1] if best[0] <= _SAME_STREET_M else street

    one = row.address
    address = replace(one, street=complete(one.street), other=complete(one.other))
    return replace(row, address=address)


def _areas(rows: Sequence[_Row]) -> Iterator[Feature]:
    """A part of the city, or a postal code, covers where nine in ten of its addresses are."""
    by_area: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        for area in filter(None, (row.address.area, row.address.postcode)):
            by_area[area].append(row.point)
    whole = _most_of([row.point for row in rows]) if rows else []
    for area, points in by_area.items():
        near = _most_of(points)
        lat, lon = middle(points)
        if len(points) < _AREA_ROWS or metres(lat, lon, *near[-1]) > _A_PART * metres(*middle(whole), *whole[-1]):
            continue
        shape = MultiPoint([(lon, lat) for lat, lon in near]).convex_hull.buffer(_SAME_M / METRES_PER_DEGREE)
        yield Feature(
            FeatureKind.AREA,
            area.title(),
            lat,
            lon,
            other=AreaKind.OTHER if area.isdigit() else AreaKind.NEIGHBOURHOOD,
            shape=to_wkb(shape),
            precision_m=round(metres(lat, lon, *near[-1]), 1),
            weight=len(points),
        )


def _most_of(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The nine in ten nearest to their middle, nearest first."""
    lat, lon = middle(points)
    return sorted(points, key=lambda point: metres(lat, lon, *point))[: math.ceil(len(points) * 0.9)]


def _crossings(rows: Sequence[_Row]) -> Iterator[Feature]:
    groups: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row.address.other and _is_name(row.address.street) and _is_name(row.address.other):
            first, second = sorted((row.address.street, row.address.other))
            groups[first, second].append(row.point)
    for (first, second), points in groups.items():
        for lat, lon, weight in _places(points):
            yield Feature(FeatureKind.CROSSING, first, lat, lon, second, precision_m=_PRECISION_M, weight=weight)


def _houses(rows: Sequence[_Row], skipped: Skipped) -> Iterator[Feature]:
    groups: dict[tuple[str, int, int], list[_Row]] = defaultdict(list)
    for row in rows:
        if row.address.low and _is_name(row.address.street):
            groups[row.address.street, row.address.low, row.address.high].append(row)
    for (street, low, high), found in groups.items():
        found = _without_strays(found, skipped)
        for lat, lon, weight in _places([row.point for row in found]):
            yield Feature(
                FeatureKind.HOUSE,
                street,
                lat,
                lon,
                left_from=low,
                left_to=high,
                precision_m=_PRECISION_M,
                weight=weight,
            )


def _without_strays(rows: Sequence[_Row], skipped: Skipped) -> list[_Row]:
    """Of rows with the same house number in the same part of the city, those near most of them."""
    by_area: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_area[row.address.area].append(row)
    kept = []
    for same in by_area.values():
        lat, lon = middle([row.point for row in same])
        for row in same:
            if len(same) < 3 or metres(lat, lon, row.lat, row.lon) <= _SAME_M:
                kept.append(row)
            else:
                skipped.add("far from its own house number", row.line)
    return kept


def _streets(rows: Sequence[_Row]) -> Iterator[Feature]:
    """Streets named alone: a point somewhere on them."""
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        one = row.address
        if not (one.low or one.other or one.named) and _is_name(one.street):
            groups[one.street].append(row.point)
    for street, points in groups.items():
        for lat, lon, weight in _places(points):
            yield Feature(FeatureKind.STREET, street, lat, lon, precision_m=_SAME_M, weight=weight)


def _landmarks(rows: Sequence[_Row], areas: Collection[str], skipped: Skipped) -> Iterator[Feature]:
    """Names that are no street, where at least two rows agree on the place."""
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.address.named and not (row.address.low or row.address.other):
            groups[row.address.street].append(row)
    for name, found in groups.items():
        places = _places([row.point for row in found])
        if len(found) >= 2 and len(places) == 1 and len(name) > 4 and name.casefold() not in areas:
            lat, lon, weight = places[0]
            yield Feature(FeatureKind.LANDMARK, name, lat, lon, precision_m=_SAME_M, weight=weight)
        else:
            for row in found:
                skipped.add("no street and no place twice named", row.line)


def _is_name(street: str) -> bool:
    name: StreetName = read_street_name(street)
    return len(name.key) > 1 or bool(name.suffix)


def _places(points: Sequence[tuple[float, float]]) -> list[tuple[float, float, int]]:
    """The middle and the size of each group of points that lie together, the largest first."""
    groups: list[list[tuple[float, float]]] = []
    for point in points:
        near = next((group for group in groups if metres(*group[0], *point) <= _SAME_M), None)
        if near is None:
            groups.append([point])
        else:
            near.append(point)
    groups.sort(key=len, reverse=True)
    return [(*middle(group), len(group)) for group in groups]
