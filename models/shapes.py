"""The bounding box of a shape in WKB (well-known binary, OGC 06-103r4), read without a geometry library."""

import math
import struct
from typing import NamedTuple

_POINT, _LINE, _POLYGON = 1, 2, 3
_MANY = (4, 5, 6, 7)


class Box(NamedTuple):
    """A bounding box in degrees WGS 84, in the order of GeoJSON."""

    min_lon: float
    min_lat: float
    max_lon: float
    max_lat: float


def box_of(shape: bytes) -> Box:
    """The bounding box of a two-dimensional shape in lon, lat order. Raises ValueError for what is none."""
    lons: list[float] = []
    lats: list[float] = []
    try:
        _read(shape, 0, lons, lats)
    except (struct.error, IndexError) as error:
        raise ValueError("a shape is cut short") from error
    if not lons:
        raise ValueError("a shape is empty")
    if not all(map(math.isfinite, lons)) or not all(map(math.isfinite, lats)):
        raise ValueError("a coordinate of a shape is no number")
    return Box(min(lons), min(lats), max(lons), max(lats))


def _read(shape: bytes, at: int, lons: list[float], lats: list[float]) -> int:
    """Add the points of the shape that starts at `at`; the byte after it."""
    order = "<" if shape[at] else ">"
    (kind,) = struct.unpack_from(f"{order}I", shape, at + 1)
    at += 5
    if kind == _POINT:
        return _points(shape, at, 1, order, lons, lats)
    (count,) = struct.unpack_from(f"{order}I", shape, at)
    at += 4
    if kind == _LINE:
        return _points(shape, at, count, order, lons, lats)
    if kind != _POLYGON and kind not in _MANY:
        raise ValueError("a shape is not one of two dimensions")
    for _ in range(count):
        if kind == _POLYGON:
            (points,) = struct.unpack_from(f"{order}I", shape, at)
            at = _points(shape, at + 4, points, order, lons, lats)
        else:
            at = _read(shape, at, lons, lats)
    return at


def _points(shape: bytes, at: int, count: int, order: str, lons: list[float], lats: list[float]) -> int:
    after = at + 16 * count
    if after > len(shape):
        raise IndexError
    numbers = struct.unpack_from(f"{order}{2 * count}d", shape, at)
    lons.extend(numbers[::2])
    lats.extend(numbers[1::2])
    return after
