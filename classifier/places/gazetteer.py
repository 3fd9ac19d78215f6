"""A city's streets, crossings, house numbers, named places and areas in memory, built from its features.

Streets are kept in flat arrays: 50,000 of them with 200,000 segments take some 40 MB.
"""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, from_wkb, line_merge, points, to_wkb
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from classifier.places.house_numbers import Anchors, Ranges
from classifier.places.lines import Lines
from classifier.places.names import StreetName, name_key, read_street_name, without_article
from classifier.places.spots import METRES_PER_DEGREE, Spot, distinct, metres
from classifier.places.written import place_key, plain_words_of, short_keys, stop_name, stop_parts
from models.places import Feature, FeatureKind

_LINE = b"\x01\x02\x00\x00\x00"
"""How the WKB of a little-endian line begins."""
_SAME_CROSSING_M = 60.0
_CROSSING_M = 15.0


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the city, or the city itself. `kind`: an AreaKind; `owner`: who answers for it."""

    name: str
    kind: str
    owner: str = ""
    lat: float | None = None
    lon: float | None = None
    precision_m: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A landmark, stop or waterway. `other`: its street address, where known. `source`: as Feature's."""

    kind: FeatureKind
    name: str
    lat: float | None
    lon: float | None
    other: str
    precision_m: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The segment nearest to a point: the street's name, who keeps it, and how far it is in metres."""

    name: str
    owner: str
    metres: float


class Gazetteer:
    """What the resolver looks places up in. Built once by `build`; nothing changes it afterwards."""

    def __init__(self, version: str = "") -> None:
        self.version = version
        self.streets: list[StreetName] = []
        self._by_key: dict[str, list[int]] = {}
        self._ids: dict[StreetName, int] = {}
        self._raw: dict[str, int] = {}
        self._owners: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._street_sources: array[int] = array("I")
        self._named: dict[str, list[Named]] = defaultdict(list)
        self._short: dict[str, list[Named]] = defaultdict(list)
        self._stops: dict[str, list[Named]] = defaultdict(list)
        self.nicknames: dict[str, str] = {}
        self.areas: list[Area] = []
        self._shapes: list[BaseGeometry] = []
        self._shaped: list[int] = []
        self.lines = Lines()
        self._ranges = Ranges()
        self._anchors = Anchors()
        self._given: dict[tuple[int, int], list[Spot]] = defaultdict(list)
        self._met: dict[int, set[int]] = defaultdict(set)
        self._box = array("d", (90.0, 180.0, -90.0, -180.0))

    @classmethod
    def build(cls, features: Iterable[Feature], version: str = "") -> "Gazetteer":
        """Reads every feature once. A shape that cannot be read is passed over; its feature stays by name."""
        made = cls(version)
        for feature in features:
            made._add(feature)
        made._close()
        return made

    @property
    def name_count(self) -> int:
        """How many names it knows: streets, named places, areas and nicknames."""
        return len(self.streets) + len(self._named) + len(self.areas) + len(self.nicknames)

    def _add(self, one: Feature) -> None:
        kind = one.kind
        if kind is FeatureKind.SEGMENT:
            self._add_segment(one)
        elif kind in (FeatureKind.HOUSE, FeatureKind.STREET):
            street = self._street(one.name, one.source)
            if one.lat is not None and one.lon is not None:
                low = one.left_from or 0
                self._anchors.add(street, low, max(low, one.left_to or low), one.lat, one.lon, one.precision_m)
                self._widen(one.lat, one.lon)
        elif kind is FeatureKind.CROSSING:
            self._add_crossing(one)
        elif kind is FeatureKind.AREA:
            self._add_area(one)
        elif kind is FeatureKind.NICKNAME:
            self.nicknames[name_key(without_article(one.name))] = one.other
            self.nicknames.setdefault(place_key(one.name), one.other)
        else:
            self._add_named(Named(kind, one.name, one.lat, one.lon, one.other, one.precision_m or 100.0, one.source))

    def source_of(self, streets: Iterable[int]) -> str:
        """The sources that know these streets, joined by ", " in the order in which they were read."""
        known = 0
        for street in streets:
            known |= self._street_sources[street]
        return ", ".join(source for source, bit in self._sources.items() if source and known & bit)

    def _street(self, name: str, source: str = "") -> int:
        """The number of the street of this name, new where it is new. `source`: who says that there is one."""
        street = self._raw.get(name)
        if street is None:
            read = read_street_name(name)
            street = self._ids.get(read)
            if street is None:
                street = self._ids[read] = len(self.streets)
                self.streets.append(read)
                self._street_sources.append(0)
                self._by_key.setdefault(read.key, []).append(street)
            self._raw[name] = street
        self._street_sources[street] |= self._sources.setdefault(source, 1 << len(self._sources))
        return street

    def _add_segment(self, one: Feature) -> None:
        street = self._street(one.name, one.source)
        shape = _as_line(one.shape)
        if shape is not None:
            self.lines.add(street, shape[9:], self._owners.setdefault(one.owner, len(self._owners)))
        elif one.lat is not None and one.lon is not None:
            point = array("d", (one.lon, one.lat)).tobytes()
            self.lines.add(street, point + point, self._owners.setdefault(one.owner, len(self._owners)))
        else:
            return
        self._ranges.add(one.left_from, one.left_to, one.right_from, one.right_to, one.precision_m)

    def _add_crossing(self, one: Feature) -> None:
        a, b = sorted(self._street(name, one.source) for name in (one.name, one.other))
        self._met[a].add(b)
        self._met[b].add(a)
        if one.lat is None or one.lon is None:
            return
        self._widen(one.lat, one.lon)
        precision = one.precision_m or _CROSSING_M
        self._given[a, b].append(Spot(one.lat, one.lon, precision, street=a))
        for street in (a, b):
            self._anchors.add(street, 0, 0, one.lat, one.lon, precision)

    def _add_area(self, one: Feature) -> None:
        self.areas.append(Area(one.name, one.other, one.owner, one.lat, one.lon, one.precision_m, one.source))
        if one.shape:
            try:
                shape = from_wkb(one.shape)
            except ShapelyError:
                return
            self._shapes.append(shape)
            self._shaped.append(len(self.areas) - 1)

    def _add_named(self, one: Named) -> None:
        self._named[place_key(one.name)].append(one)
        if one.kind is FeatureKind.STOP:
            self._stops["".join(stop_name(plain_words_of(one.name)))].append(one)
            for part in stop_parts(one.name):
                self._short["".join(part)].append(one)
        elif one.kind is FeatureKind.LANDMARK:
            for key in short_keys(one.name):
                self._short[key].append(one)

    def _widen(self, lat: float, lon: float) -> None:
        south, west, north, east = self._box
        self._box = array("d", (min(south, lat), min(west, lon), max(north, lat), max(east, lon)))

    def _close(self) -> None:
        count = len(self.streets)
        order = self.lines.close(count)
        self._ranges.close(order)
        self._anchors.close(count)
        self._raw, self._ids = {}, {}
        if len(order):
            low, high = self.lines.box()
            self._widen(*low)
            self._widen(*high)
        self._tree = STRtree(self._shapes)
        self.owners = list(self._owners)
        self._city = [at for at, area in enumerate(self._shaped) if self.areas[area].kind == "city"]
        self.area_names = {place_key(area.name): area for area in self.areas if area.kind != "city"}
        self._by_first: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
        for key, found in self._named.items():
            if words := plain_words_of(found[0].name):
                self._by_first[words[0]].append((key, words))
        self.crossing_at = lru_cache(maxsize=8192)(self._crossing_at)

    def with_key(self, key: str) -> Sequence[int]:
        """The streets whose base has this key, in any direction and with any street word."""
        return self._by_key.get(key, ())

    def street_keys(self) -> Iterable[str]:
        """Every street's key, for what is spelled nearly so."""
        return self._by_key.keys()

    def named(self, name: str) -> Sequence[Named]:
        """Landmarks, stops and waterways of this name."""
        return self._named.get(place_key(name), ())

    def named_for_short(self, name: str) -> Sequence[Named]:
        """Landmarks that are called so for short."""
        return [one for one in self._short.get(place_key(name), ()) if one.kind is FeatureKind.LANDMARK]

    def named_roughly(self, name: str) -> Named | None:
        """The one landmark whose name has all these words in this order, and others between ("Temple Hospital")."""
        words = plain_words_of(name)
        if len(words) < 2:
            return None
        fitting = [key for key, of in self._by_first.get(words[0], ()) if _in_order(words, of)]
        return self._named[fitting[0]][0] if len(fitting) == 1 else None

    def stops(self, name: str) -> Sequence[Named]:
        """The stops of this name, whatever says that they are stops; of several those whose every word is said."""
        words = plain_words_of(name)
        key = "".join(stop_name(words))
        found = self._stops.get(key) or [one for one in self._short.get(key, ()) if one.kind is FeatureKind.STOP]
        said = [one for one in found if set(plain_words_of(one.name)) <= set(words)]
        return said if len(said) < len(found) and said else found

    def names(self) -> Iterable[str]:
        """The keys of all landmarks, stops and waterways, whole and for short."""
        return self._named.keys() | self._short.keys()

    def crossing(self, a: int, b: int) -> Sequence[Spot]:
        """Where two streets meet, by their numbers; empty where they do not."""
        return self.crossing_at(min(a, b), max(a, b))

    def _crossing_at(self, a: int, b: int) -> tuple[Spot, ...]:
        spots = list(self._given.get((a, b), ()))
        meeting = self.lines.meeting(a, b)
        coarse = max(_CROSSING_M, self._ranges.coarsest(self.lines, a), self._ranges.coarsest(self.lines, b))
        spots += [Spot(lat, lon, coarse, street=a) for lat, lon in meeting]
        return tuple(distinct(spots, _SAME_CROSSING_M))

    def meeting(self, street: int) -> set[int]:
        """The streets that are known to meet this one."""
        return self.lines.neighbours(street) | self._met.get(street, set())

    def house(self, street: int, number: int) -> Sequence[Spot]:
        """Where a house number is, best first: more than one where the street has it more than once."""
        spots = list(self._ranges.find(self.lines, street, number))
        spots += self._anchors.find(street, number)
        known = [spot for spot in spots if not spot.estimated]
        return distinct(known or spots, 250.0)

    def is_open(self, street: int, number: int) -> bool:
        """Whether a house may lie where no numbers of a street are known, beyond those that are."""
        return not len(self.points_of(street)) or self._ranges.is_open(self.lines, street, number)

    def points_of(self, street: int) -> NDArray[np.float64]:
        """Points known to lie on the street, (points, 2) in lat, lon order."""
        line = self.lines.points(street)
        anchors = self._anchors.points(street)
        return np.concatenate((line, anchors)) if len(line) else anchors

    def is_near(self, street: int, lat: float, lon: float, within_m: float) -> bool:
        """Whether a known point of the street lies within this distance in metres."""
        known = self.points_of(street)
        if not len(known):
            return False
        off = (known - (lat, lon)) * (METRES_PER_DEGREE, METRES_PER_DEGREE * math.cos(math.radians(lat)))
        return bool(np.hypot(off[:, 0], off[:, 1]).min() <= within_m)

    def has_lines(self, street: int) -> bool:
        """Whether its course is known, so that what it does not meet there it does not meet."""
        return self.lines.count(street) > 0

    def areas_at(self, lat: float, lon: float) -> list[Area]:
        """The areas that hold this point."""
        found = self._tree.query(points(lon, lat), predicate="intersects")
        return [self.areas[self._shaped[at]] for at in sorted(found.tolist())]

    def is_in(self, area: Area, lat: float, lon: float, within_m: float = 0.0) -> bool:
        """Whether a point is in an area, or within this distance in metres of it."""
        for shape, at in zip(self._shapes, self._shaped, strict=True):
            if self.areas[at] == area:
                return bool(shape.distance(points(lon, lat)) <= within_m / METRES_PER_DEGREE)
        return (
            area.lat is None or area.lon is None or metres(lat, lon, area.lat, area.lon) <= area.precision_m + within_m
        )

    def in_city(self, lat: float, lon: float, margin_m: float = 1000.0) -> bool:
        """Inside the city's own area; where it has none, inside the box around all that is known and the margin."""
        if self._city:
            return any(area.kind == "city" for area in self.areas_at(lat, lon))
        south, west, north, east = self._box
        if south > north:
            return True
        more = margin_m / METRES_PER_DEGREE
        return south - more <= lat <= north + more and west - 1.5 * more <= lon <= east + 1.5 * more

    def nearest_segment(self, lat: float, lon: float, within_m: float) -> Nearest | None:
        """The street segment nearest to a point, None where none is within this distance in metres."""
        found = self.lines.nearest(lat, lon, within_m)
        if found is None:
            return None
        street, owner, distance = found
        return Nearest(self.streets[street].normal, self.owners[owner], round(distance, 1))


def _in_order(words: Sequence[str], of: Sequence[str]) -> bool:
    """Whether these words stand among the others in this order."""
    rest = iter(of)
    return all(word in rest for word in words)


def _as_line(shape: bytes | None) -> bytes | None:
    """The WKB of one little-endian line in two dimensions; of many joined lines the whole, else the longest."""
    if not shape or (shape[:5] == _LINE and len(shape) > 9 + 16):
        return shape or None
    try:
        read = from_wkb(shape)
    except ShapelyError:
        return None
    if read.geom_type == "MultiLineString":
        merged = line_merge(read)
        read = max(getattr(merged, "geoms", [merged]), key=lambda one: one.length)
    if read.geom_type != "LineString" or read.is_empty:
        return None
    return bytes(to_wkb(read, output_dimension=2, byte_order=1))
