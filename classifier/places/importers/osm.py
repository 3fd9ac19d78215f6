"""An extract of OpenStreetMap (.osm.pbf, .osm): streets cut where they meet, houses, landmarks, stops, areas."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import osmium
import shapely
from osmium.filter import EmptyTagFilter, KeyFilter

from classifier.places.importers.areas import radius_m
from classifier.places.importers.sources import BrokenSource, Options, leading_number
from classifier.places.names import normal_street
from models import AreaKind, Feature, FeatureKind
from models.places import Skipped

_LANDMARK_KEYS = ("amenity", "shop", "leisure", "tourism", "historic", "office", "man_made", "building")
_LANDMARKS = {
    "amenity": None,
    "shop": None,
    "tourism": None,
    "historic": None,
    "leisure": None,
    "office": frozenset({"government"}),
    "man_made": frozenset({"bridge", "tower", "pier"}),
    "building": frozenset({"school", "hospital", "church", "stadium", "train_station", "university", "public"}),
}
"""Key -> the values that make a named thing a landmark; None: every value."""
_STOPS = {
    "highway": ("bus_stop",),
    "railway": ("station", "halt", "tram_stop", "subway_entrance"),
    "public_transport": ("station",),
}
_NOT_STREETS = frozenset({"bus_stop", "platform", "proposed", "construction", "corridor", "elevator", "raceway"})
_PLACES = frozenset({"suburb", "neighbourhood", "quarter", "borough", "city_block", "locality"})
_CITIES = frozenset({"city", "town", "village"})
_KEYS = ("highway", "railway", "public_transport", "waterway", "place", "boundary", "addr:housenumber", *_LANDMARK_KEYS)
_OUTLINED = ("boundary", "place", "leisure")
_OTHER_NAMES = ("alt_name", "short_name", "loc_name", "old_name")
_PRECISION_M = {FeatureKind.SEGMENT: 10.0, FeatureKind.HOUSE: 10.0, FeatureKind.STOP: 15.0, FeatureKind.LANDMARK: 50.0}


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """Features of the kinds a 311 centre asks for, and nicknames where it has other names. Reads it three times."""
    try:
        yield from _read(path, skipped)
    except (RuntimeError, ValueError, OSError) as error:
        raise BrokenSource(f"{path.name} is no whole OpenStreetMap extract ({error}). Fetch it again.") from error


def _read(path: Path, skipped: Skipped) -> Iterator[Feature]:
    meetings = _meetings(path)
    named: set[tuple[str, str]] = set()
    reader = osmium.FileProcessor(str(path)).with_areas(KeyFilter("boundary", "place", *_LANDMARK_KEYS))
    one: Any
    for one in reader.with_filter(EmptyTagFilter()).with_filter(KeyFilter(*_KEYS)):
        tags = dict(one.tags)
        if _comes_twice(one, tags):
            continue
        skipped.rows_read += 1
        try:
            found = list(_features(one, tags, meetings))
        except (osmium.InvalidLocationError, RuntimeError):
            skipped.add("its points are outside the extract")
            continue
        if not found:
            skipped.add("nothing a place is asked by")
        yield from found
        yield from _other_names(found, tags, named)


def _comes_twice(one: Any, tags: Mapping[str, str]) -> bool:
    """Relations and closed ways come again as areas. Outlines that matter are read as areas, others as ways."""
    outlined = "highway" not in tags and any(key in tags for key in _OUTLINED)
    if one.is_area():
        return bool(one.from_way()) and not outlined
    return bool(one.is_relation()) or bool(one.is_way() and one.is_closed() and outlined)


def _meetings(path: Path) -> set[int]:
    """Ids of the nodes that several streets share, or one street twice."""
    seen: set[int] = set()
    shared: set[int] = set()
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    way: Any
    for way in ways.with_filter(KeyFilter("highway")):
        if "name" in way.tags:
            for node in way.nodes:
                (shared if node.ref in seen else seen).add(node.ref)
    return shared


def _features(one: Any, tags: Mapping[str, str], meetings: set[int]) -> Iterator[Feature]:
    """What an object is; several at once where a named school has a house number, too."""
    if one.is_area():
        yield from _area(one, tags)
        return
    name = tags.get("name", "")
    if one.is_way() and name and "highway" in tags and tags["highway"] not in _NOT_STREETS:
        yield from _segments(one, name, meetings)
        return
    if one.is_way() and name and "waterway" in tags:
        yield _line(FeatureKind.WATERWAY, name, [(node.lon, node.lat) for node in one.nodes])
        return
    lat, lon = _point(one)
    number, street = leading_number(tags.get("addr:housenumber", "")), normal_street(tags.get("addr:street", ""))
    if number and street:
        yield Feature(
            FeatureKind.HOUSE, street, lat, lon, left_from=number, precision_m=_PRECISION_M[FeatureKind.HOUSE]
        )
    if not name:
        return
    kind = _kind(tags)
    if kind is not None:
        address = f"{number} {street}" if number and street else ""
        yield Feature(kind, name, lat, lon, other=address, precision_m=_PRECISION_M[kind])
    elif one.is_node() and tags.get("place") in _PLACES:
        yield Feature(FeatureKind.AREA, name, lat, lon, other=AreaKind.NEIGHBOURHOOD.value, precision_m=800.0)


def _kind(tags: Mapping[str, str]) -> FeatureKind | None:
    if any(tags.get(key) in values for key, values in _STOPS.items() if key in tags):
        return FeatureKind.STOP
    for key, values in _LANDMARKS.items():
        if key in tags and (values is None or tags[key] in values):
            return FeatureKind.LANDMARK
    return None


def _segments(way: Any, name: str, meetings: set[int]) -> Iterator[Feature]:
    """The way, cut where it meets another named one."""
    nodes = [(node.ref, node.lon, node.lat) for node in way.nodes]
    street, piece = normal_street(name), [nodes[0][1:]]
    for place, (ref, lon, lat) in enumerate(nodes[1:], start=1):
        piece.append((lon, lat))
        if ref in meetings or place == len(nodes) - 1:
            yield _line(FeatureKind.SEGMENT, street, piece)
            piece = [(lon, lat)]


def _line(kind: FeatureKind, name: str, points: Sequence[tuple[float, ...]]) -> Feature:
    line = shapely.LineString(points)
    middle = line.interpolate(0.5, normalized=True)
    return Feature(kind, name, middle.y, middle.x, shape=shapely.to_wkb(line), precision_m=10.0)


def _area(area: Any, tags: Mapping[str, str]) -> Iterator[Feature]:
    name = tags.get("name", "")
    kind = _area_kind(tags)
    if not name or (kind is None and _kind(tags) is None):
        return
    shape = shapely.from_wkb(bytes.fromhex(osmium.geom.WKBFactory().create_multipolygon(area)))
    inside = shape.representative_point()
    if kind is None:
        yield Feature(FeatureKind.LANDMARK, name, inside.y, inside.x, precision_m=max(50.0, radius_m(shape)))
        return
    wkb = shapely.to_wkb(shape)
    yield Feature(FeatureKind.AREA, name, inside.y, inside.x, other=kind.value, shape=wkb, precision_m=radius_m(shape))


def _area_kind(tags: Mapping[str, str]) -> AreaKind | None:
    if tags.get("place") in _PLACES:
        return AreaKind.NEIGHBOURHOOD
    if tags.get("place") in _CITIES:
        return AreaKind.CITY
    if tags.get("boundary") != "administrative":
        return None
    level = tags.get("admin_level", "")
    return AreaKind.CITY if level == "8" else AreaKind.NEIGHBOURHOOD if level in ("9", "10", "11") else None


def _point(one: Any) -> tuple[float, float]:
    """(lat, lon) of a node, or of the middle of a way's box."""
    if one.is_node():
        return one.location.lat, one.location.lon
    lats, lons = [node.lat for node in one.nodes], [node.lon for node in one.nodes]
    return (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2


def _other_names(found: list[Feature], tags: Mapping[str, str], named: set[tuple[str, str]]) -> Iterator[Feature]:
    """A NICKNAME for each other name of a thing, once."""
    name = next((one.name for one in found if one.kind is not FeatureKind.HOUSE), "")
    others = {other.strip() for key in _OTHER_NAMES for other in tags.get(key, "").split(";")} if name else set()
    for other in sorted(others - {"", name}):
        if (other, name) not in named:
            named.add((other, name))
            yield Feature(FeatureKind.NICKNAME, other, other=name)
