"""A gazetteer's own features, out and in again: lines of GeoJSON, or one GeoJSON collection."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from pydantic import TypeAdapter, ValidationError

from classifier.places.importers.sources import NO_NAME, NOT_DEGREES, Options, degrees
from classifier.places.importers.vectors import vectors_of
from models import Feature
from models.places import Skipped

_READ = TypeAdapter(Feature)
_LARGEST = 2**31 - 1
"""What an integer column of PostgreSQL keeps."""
_NUMBERS = ("left_from", "left_to", "right_from", "right_to", "weight")
_PROPERTIES = tuple(name for name in Feature.__dataclass_fields__ if name not in ("shape", "source"))


def as_geojson(feature: Feature, layer: str = "") -> dict[str, Any]:
    """A feature as an object of GeoJSON; without lat and lon its geometry is null."""
    geometry: Any = None
    if feature.shape is not None:
        geometry = shapely.geometry.mapping(shapely.from_wkb(feature.shape))
    elif feature.lat is not None and feature.lon is not None:
        geometry = {"type": "Point", "coordinates": [feature.lon, feature.lat]}
    properties = {name: getattr(feature, name) for name in _PROPERTIES}
    return {"type": "Feature", "properties": properties | {"layer": layer}, "geometry": geometry}


def as_line(feature: Feature, layer: str = "") -> str:
    """A feature as one line of JSON."""
    return json.dumps(as_geojson(feature, layer), ensure_ascii=False)


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """The features of an export, as they were."""
    for number, properties, shape in vectors_of(path, skipped):
        drawn = shape if shape is not None and shape.geom_type != "Point" else None
        if drawn is not None and drawn.is_empty:
            skipped.add("an empty shape", number)
            continue
        told = {name: properties[name] for name in _PROPERTIES if name in properties}
        try:
            flat = None if drawn is None else shapely.to_wkb(shapely.force_2d(drawn))
            feature = _READ.validate_python(told | {"shape": flat})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            skipped.add(f"{first['loc'][0]}: {first['msg']}", number)
            continue
        if why := _unsound(feature):
            skipped.add(why, number)
        else:
            yield feature


def _unsound(feature: Feature) -> str:
    """Why its numbers cannot be right, or ""."""
    known = feature.lat is not None or feature.lon is not None
    if known and degrees(feature.lat, feature.lon) is None:
        return NOT_DEGREES
    if any(abs(getattr(feature, name) or 0) > _LARGEST for name in _NUMBERS) or not math.isfinite(feature.precision_m):
        return "a number that cannot be right"
    return "" if feature.name else NO_NAME
