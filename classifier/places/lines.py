"""The lines of all street segments in flat arrays: where two streets meet, and how far along a line a point lies."""

import math
from array import array
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from shapely import linestrings, multilinestrings, shortest_line

from classifier.places.spots import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOUCH_M = 12.0
"""What ends so near another street's line meets it."""


class Lines:
    """Segments, each with its street's number, its owner's number and its line."""

    def __init__(self) -> None:
        self._street, self._owner = array("i"), array("i")
        self._coords = array("d")
        self._first = array("q", (0,))

    def add(self, street: int, coordinates: bytes, owner: int) -> None:
        """One segment. `coordinates`: doubles, lon and lat in turn."""
        self._coords.frombytes(coordinates[: len(coordinates) // 16 * 16])
        self._street.append(street)
        self._owner.append(owner)
        self._first.append(len(self._coords) // 2)

    def close(self, streets: int) -> Ints:
        """Sorts the segments by street; the order, as places in the order of adding."""
        self.xy: Floats = np.frombuffer(self._coords, np.float64).reshape(-1, 2)
        first = np.frombuffer(self._first, np.int64)
        street = np.frombuffer(self._street, np.int32)
        order: Ints = np.argsort(street, kind="stable")
        self.street = street[order]
        self.owner = np.frombuffer(self._owner, np.int32)[order]
        self.first, self.last = first[:-1][order], first[1:][order]
        self.starts: Ints = np.searchsorted(self.street, np.arange(streets + 1))
        self._boxes(first, order)
        self._nodes()
        self.meeting = lru_cache(maxsize=4096)(self._meeting)
        return order

    def _boxes(self, first: Ints, order: Ints) -> None:
        self.low = self.high = np.empty((2, 0), np.float32)
        if len(order):
            self.low = np.ascontiguousarray(np.minimum.reduceat(self.xy, first[:-1])[order].T, np.float32)
            self.high = np.ascontiguousarray(np.maximum.reduceat(self.xy, first[:-1])[order].T, np.float32)

    def _nodes(self) -> None:
        """The ends of the segments as numbers; equal where segments share an end."""
        ends = (
            np.stack((self.xy[self.first], self.xy[self.last - 1]), axis=1) if len(self.first) else np.empty((0, 2, 2))
        )
        grid = np.rint(ends * 1e5).astype(np.int64)
        places, numbers = np.unique(grid[..., 0] * 100_000_000 + grid[..., 1], return_inverse=True)
        self.node = numbers.reshape(-1, 2).astype(np.int32)
        at_node = np.argsort(self.node.ravel(), kind="stable")
        self._by_node = (at_node // 2).astype(np.int32)
        self._node_starts: Ints = np.searchsorted(self.node.ravel()[at_node], np.arange(len(places) + 1))
        self.node_xy = np.zeros((len(places), 2))
        self.node_xy[self.node.ravel()] = ends.reshape(-1, 2)

    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The south-west and north-east corner, lat and lon."""
        (west, south), (east, north) = self.low.min(axis=1).tolist(), self.high.max(axis=1).tolist()
        return (south, west), (north, east)

    def segments(self, street: int) -> range:
        """The segments of a street."""
        return range(int(self.starts[street]), int(self.starts[street + 1]))

    def count(self, street: int) -> int:
        """How many segments a street has."""
        return len(self.segments(street))

    def line(self, segment: int) -> Floats:
        """(points, 2) in lon, lat order."""
        line: Floats = self.xy[self.first[segment] : self.last[segment]]
        return line

    def points(self, street: int) -> Floats:
        """(points, 2) in lat, lon order: every point of its segments."""
        lines = [self.line(one) for one in self.segments(street)]
        return np.concatenate(lines)[:, ::-1] if lines else np.empty((0, 2))

    def _nodes_of(self, street: int) -> NDArray[np.int32]:
        own = self.segments(street)
        nodes: NDArray[np.int32] = self.node[own.start : own.stop].ravel()
        return nodes

    def neighbours(self, street: int) -> set[int]:
        """The streets that share an end of a segment with this one."""
        found: set[int] = set()
        for node in set(self._nodes_of(street).tolist()):
            at = self._by_node[self._node_starts[node] : self._node_starts[node + 1]]
            found.update(self.street[at].tolist())
        found.discard(street)
        return found

    def _meeting(self, a: int, b: int) -> tuple[tuple[float, float], ...]:
        """Where two streets meet, lat and lon: at shared ends, else where one touches the other."""
        if a == b or not (self.count(a) and self.count(b)):
            return ()
        shared = np.intersect1d(self._nodes_of(a), self._nodes_of(b))
        if len(shared):
            return tuple((float(lat), float(lon)) for lon, lat in self.node_xy[shared])
        return self._touching(a, b)

    def _touching(self, a: int, b: int) -> tuple[tuple[float, float], ...]:
        one, other = self.segments(a), self.segments(b)
        near = 2 * _TOUCH_M / METRES_PER_DEGREE
        low = np.max([self.low[:, each.start : each.stop].min(axis=1) for each in (one, other)], axis=0)
        high = np.min([self.high[:, each.start : each.stop].max(axis=1) for each in (one, other)], axis=0)
        if (low > high + near).any():
            return ()
        whole = (multilinestrings([linestrings(self.line(at)) for at in each]) for each in (one, other))
        shortest = shortest_line(*whole)
        (lon, lat), (lon_, lat_) = shortest.coords
        gap = math.hypot((lon - lon_) * math.cos(math.radians(lat)), lat - lat_) * METRES_PER_DEGREE
        return (((lat + lat_) / 2, (lon + lon_) / 2),) if gap <= _TOUCH_M else ()

    def along(self, segment: int, share: float) -> tuple[float, float]:
        """The point this share of the way along a segment, lat and lon."""
        line = self.line(segment)
        steps = np.diff(line, axis=0) * (math.cos(math.radians(float(line[0, 1]))), 1.0)
        way = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
        goal = share * way[-1]
        return float(np.interp(goal, way, line[:, 1])), float(np.interp(goal, way, line[:, 0]))

    def length(self, segment: int) -> float:
        """Metres."""
        line = self.line(segment)
        steps = np.diff(line, axis=0) * (math.cos(math.radians(float(line[0, 1]))), 1.0)
        return float(np.hypot(steps[:, 0], steps[:, 1]).sum()) * METRES_PER_DEGREE

    def nearest(self, lat: float, lon: float, within_m: float) -> tuple[int, int, float] | None:
        """Street, owner and metres of the nearest segment, None beyond this distance."""
        more = within_m / METRES_PER_DEGREE
        wide = more / max(0.1, math.cos(math.radians(lat)))
        (west, south), (east, north) = self.low, self.high
        inside = (south <= np.float32(lat + more)) & (north >= np.float32(lat - more))
        inside &= (west <= np.float32(lon + wide)) & (east >= np.float32(lon - wide))
        best = min(((_distance(self.line(at), lat, lon), at) for at in np.flatnonzero(inside).tolist()), default=None)
        if best is None or best[0] > within_m:
            return None
        return int(self.street[best[1]]), int(self.owner[best[1]]), best[0]


def _distance(line: Floats, lat: float, lon: float) -> float:
    """Metres from a point to a line."""
    flat = (line - (lon, lat)) * (METRES_PER_DEGREE * math.cos(math.radians(lat)), METRES_PER_DEGREE)
    if len(flat) == 1:
        return float(np.hypot(*flat[0]))
    start, step = flat[:-1], np.diff(flat, axis=0)
    size = (step**2).sum(axis=1)
    share = np.clip(-(start * step).sum(axis=1) / np.where(size > 0, size, 1.0), 0.0, 1.0)
    off = start + share[:, None] * step
    return float(np.sqrt((off**2).sum(axis=1)).min())
