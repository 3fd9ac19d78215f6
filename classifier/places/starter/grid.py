"""A street grid from its parameters: where row and column meet, which streets run along which, and their numbers.

A row is a hundred north (or, below zero, south) of the street that divides the city; a column is the hundred of the
streets that run across, which in Philadelphia is the number of the numbered street. A district's net gives the
coordinates of a few of its corners; between them the ground is taken for flat.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from struct import pack

from models.places import Feature, FeatureKind

Point = tuple[float, float]
"""lat, lon in degrees."""


@dataclass(frozen=True, slots=True)
class Net:
    """The known corners of one district: `corners[i][j]` is where row `rows[i]` meets column `columns[j]`."""

    rows: Sequence[float]
    columns: Sequence[float]
    corners: Sequence[Sequence[Point]]

    @classmethod
    def of(cls, corners: Mapping[tuple[float, float], Point]) -> "Net":
        """From (row, column) -> point; every row has every column."""
        rows = sorted({row for row, _ in corners})
        columns = sorted({column for _, column in corners})
        return cls(rows, columns, [[corners[row, column] for column in columns] for row in rows])

    def at(self, row: float, column: float) -> Point:
        """The point where they meet, to a decimetre; outside the net its outermost cell goes on."""
        i, up = _cell(self.rows, row)
        j, along = _cell(self.columns, column)
        near, far = self.corners[i], self.corners[i + 1]
        lat, lon = (
            (1 - up) * ((1 - along) * near[j][k] + along * near[j + 1][k])
            + up * ((1 - along) * far[j][k] + along * far[j + 1][k])
            for k in (0, 1)
        )
        return round(lat, 6), round(lon, 6)


def _cell(known: Sequence[float], value: float) -> tuple[int, float]:
    """The cell a value lies in and how far along, 0 to 1 inside the net."""
    at = min(max(bisect_right(known, value) - 1, 0), len(known) - 2)
    return at, (value - known[at]) / (known[at + 1] - known[at])


@dataclass(frozen=True, slots=True)
class Run:
    """One unbroken stretch of a street: along row or column `line`, from `low` to `high` of the other."""

    district: str
    street: str
    line: float
    low: float
    high: float
    numbered: bool = True

    def reaches(self, value: float) -> bool:
        """Whether it comes as far as this row or column."""
        return self.low <= value <= self.high

    def without(self, gaps: Iterable[tuple[float, float]]) -> "Iterator[Run]":
        """Its pieces outside these stretches, which are counted in hundreds, north and south alike."""
        low, high = sorted((abs(self.low), abs(self.high)))
        closed = [(first, last) for first, last in sorted(gaps) if self.numbered and low <= first and last <= high]
        if not closed:
            yield self
            return
        sign = -1 if self.low < 0 else 1
        edges = [low, *(edge for gap in closed for edge in gap), high]
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if start < stop:
                yield replace(self, low=min(sign * start, sign * stop), high=max(sign * start, sign * stop))


def grid_features(
    nets: Mapping[str, Net], across: Iterable[Run], along: Iterable[Run], precision_m: Mapping[str, float]
) -> Iterator[Feature]:
    """Every block of every street, and every crossing. `across` run along a row, `along` run along a column."""
    rows, columns = _by_district(across), _by_district(along)
    for district, net in nets.items():
        metres = precision_m[district]
        for run in rows[district]:
            cuts = _cuts(run, columns[district])
            yield from _blocks(run, cuts, [net.at(run.line, cut) for cut in cuts], metres)
        for run in columns[district]:
            cuts = _cuts(run, rows[district])
            yield from _blocks(run, cuts, [net.at(cut, run.line) for cut in cuts], metres)
        for one in rows[district]:
            for other in columns[district]:
                if one.reaches(other.line) and other.reaches(one.line):
                    lat, lon = net.at(one.line, other.line)
                    yield Feature(FeatureKind.CROSSING, one.street, lat, lon, other=other.street, precision_m=metres)


def _by_district(runs: Iterable[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.district].append(run)
    return found


def _cuts(run: Run, others: Iterable[Run]) -> list[float]:
    """Where the streets that cross it cut it, its ends included, in the direction its house numbers rise."""
    met = {other.line for other in others if run.reaches(other.line) and other.reaches(run.line)}
    return sorted(met | {run.low, run.high}, key=abs)


def _blocks(run: Run, cuts: Sequence[float], points: Sequence[Point], precision_m: float) -> Iterator[Feature]:
    for (low, high), line in zip(pairwise(cuts), pairwise(points), strict=True):
        first, last = (round(abs(one) * 100) for one in (low, high)) if run.numbered else (0, 0)
        yield segment(run.street, line, first, last, precision_m)


def segment(street: str, line: Sequence[Point], first: int, last: int, precision_m: float) -> Feature:
    """A piece of a street with the house numbers `first` to just below `last`; without any where these are equal.

    Even numbers are west of a street that runs north or south, and south of one that runs east or west.
    """
    (lat, lon), (end_lat, end_lon) = line[0], line[-1]
    middle = Feature(
        FeatureKind.SEGMENT,
        street,
        round((lat + end_lat) / 2, 6),
        round((lon + end_lon) / 2, 6),
        shape=line_shape(line),
        precision_m=precision_m,
    )
    if first >= last:
        return middle
    even, odd = (max(first + first % 2, 2), last - 2 + last % 2), (first + 1 - first % 2, last - 1 - last % 2)
    even_left = (end_lat > lat) if abs(end_lat - lat) > abs(end_lon - lon) else (end_lon < lon)
    left, right = (even, odd) if even_left else (odd, even)
    return Feature(
        middle.kind,
        middle.name,
        middle.lat,
        middle.lon,
        left_from=left[0],
        left_to=left[1],
        right_from=right[0],
        right_to=right[1],
        shape=middle.shape,
        precision_m=precision_m,
    )


def line_shape(line: Sequence[Point]) -> bytes:
    """The WKB of a line of points."""
    return pack(f"<BII{2 * len(line)}d", 1, 2, len(line), *(one for lat, lon in line for one in (lon, lat)))
