"""Shapes in WKB (well-known binary, OGC 06-103r4): their bounding box and what they hold, with no geometry library."""

import math
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_POINT, _LINE, _POLYGON = 1, 2, 3
_MANY = (4, 5, 6, 7)
_MANY_LINES = 5


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


def lines_of(shape: bytes) -> list[list[tuple[float, float]]]:
    """The lines of a line, or of several, each as its points (lon, lat); none for any other shape and a broken one."""
    try:
        order = "<" if shape[0] else ">"
        kind, count = struct.unpack_from(f"{order}II", shape, 1)
        if kind == _LINE:
            numbers = struct.unpack_from(f"{order}{2 * count}d", shape, 9)
            return [list(zip(numbers[::2], numbers[1::2], strict=True))]
        if kind != _MANY_LINES:
            return []
        found, at = [], 9
        for _ in range(count):
            found += lines_of(shape[at:])
            (points,) = struct.unpack_from(f"{'<' if shape[at] else '>'}I", shape, at + 5)
            at += 9 + 16 * points
    except (struct.error, IndexError):
        return []
    return found


def holds(shape: bytes, lon: float, lat: float) -> bool:
    """Whether a polygon, or one of several, holds a point; its holes do not. A shape that cannot be read holds none."""
    try:
        crossed = sum(_crosses(one, other, lon, lat) for ring in _rings(shape) for one, other in pairwise(ring))
    except (struct.error, IndexError):
        return False
    return crossed % 2 == 1


def _crosses(one: tuple[float, float], other: tuple[float, float], lon: float, lat: float) -> bool:
    """Whether the line between two points meets the ray that goes east from the point asked about."""
    if (one[1] > lat) == (other[1] > lat):
        return False
    return lon < one[0] + (lat - one[1]) / (other[1] - one[1]) * (other[0] - one[0])


def _rings(shape: bytes, at: int = 0) -> Iterator[list[tuple[float, float]]]:
    """The rings of the polygons of a shape: outer ones and holes alike."""
    stack = [1]
    while stack and at < len(shape):
        order = "<" if shape[at] else ">"
        kind, count = struct.unpack_from(f"{order}II", shape, at + 1)
        at += 9
        stack[-1] -= 1
        if kind in _MANY:
            stack.append(count)
        elif kind != _POLYGON:
            return
        else:
            for _ in range(count):
                (points,) = struct.unpack_from(f"{order}I", shape, at)
                numbers = struct.unpack_from(f"{order}{2 * points}d", shape, at + 4)
                yield list(zip(numbers[::2], numbers[1::2], strict=True))
                at += 4 + 16 * points
        while stack and stack[-1] == 0:
            stack.pop()
