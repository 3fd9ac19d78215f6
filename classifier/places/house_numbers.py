"""From a house number to a point: along a segment by its ranges, or between the houses that are known."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classifier.places.lines import Lines
from classifier.places.spots import Spot, metres

Ints = NDArray[np.int64]

_NONE = -1
_ON_SEGMENT_M = 20.0
_PER_NUMBER_M = 4.0
"""How far one house number reaches, about: what an estimate is uncertain by."""
_LONGEST_PER_NUMBER_M = 10.0
_SERIES_GAP = 400
"""Numbers farther apart than this are not on one known stretch."""
_SERIES_M = 2000.0
_LONGEST_STEP_M = 8.0
_BEYOND_M = 400.0
"""An estimate goes no farther past the last known house."""
_LOOK_AHEAD = 10
_OPEN_SHARE = 0.2
"""Of a street's segments; where fewer have no numbers, those are ramps and the like."""
_FARTHEST_ESTIMATE = 400


class Ranges:
    """The house numbers of each segment, left and right, in the order of `Lines`."""

    def __init__(self) -> None:
        self._numbers, self._precision = array("i"), array("f")

    def add(
        self,
        left_from: int | None,
        left_to: int | None,
        right_from: int | None,
        right_to: int | None,
        precision_m: float = 0.0,
    ) -> None:
        """The ranges of one segment, in the direction of its line; None where it has none."""
        self._precision.append(precision_m)
        for number in (left_from, left_to, right_from, right_to):
            self._numbers.append(_NONE if number is None else number)

    def close(self, order: Ints) -> None:
        """Sorts them as the lines were sorted."""
        self.sides = np.frombuffer(self._numbers, np.int32).reshape(-1, 2, 2)[order]
        self.precision = np.frombuffer(self._precision, np.float32)[order]

    def find(self, lines: Lines, street: int, number: int) -> Iterator[Spot]:
        """Where a number lies in a range of its own side; where none holds it, the nearest end, as an estimate."""
        own = lines.segments(street)
        if not own:
            return
        sides = self.sides[own.start : own.stop]
        low, high = sides.min(axis=2), sides.max(axis=2)
        listed = (low >= 0) & (high > 0)
        mixed = (low % 2) != (high % 2)
        fits = listed & (mixed | (low % 2 == number % 2))
        found = False
        for at, side in np.argwhere(fits & (low <= number) & (number <= high)).tolist():
            found = True
            begin, end = sides[at, side].tolist()
            share = (number - begin) / (end - begin) if end != begin else 0.5
            precision = max(_ON_SEGMENT_M, float(self.precision[own[at]]))
            yield Spot(*lines.along(own[at], share), precision, street=street)
        if not found and listed.any():
            gap = np.where(listed, np.maximum(low - number, number - high).clip(min=0), 1 << 30)
            at, side = divmod(int(gap.argmin()), 2)
            begin, end = sides[at, side].tolist()
            share = float(abs(number - begin) > abs(number - end))
            precision = max(100.0, float(self.precision[own[at]]), _PER_NUMBER_M * float(gap[at, side]))
            yield Spot(*lines.along(own[at], share), precision, estimated=True, street=street)

    def coarsest(self, lines: Lines, street: int) -> float:
        """How far off the lines of a street may be, in metres."""
        own = lines.segments(street)
        return float(self.precision[own.start : own.stop].max(initial=0.0))

    def is_open(self, lines: Lines, street: int, number: int) -> bool:
        """Whether a number is beyond every range of a street of which a part has no numbers."""
        own = lines.segments(street)
        highest = self.sides[own.start : own.stop].max(axis=(1, 2))
        if not len(highest):
            return False
        return bool(number > highest.max() and (highest <= 0).mean() >= _OPEN_SHARE)


@dataclass(frozen=True, slots=True)
class Series:
    """Houses of one street whose numbers and places rise together, in order of their numbers."""

    low: Sequence[int]
    high: Sequence[int]
    lat: Sequence[float]
    lon: Sequence[float]


class Anchors:
    """Houses whose points are known, by street. Number 0: a point on the street without a house."""

    def __init__(self) -> None:
        self._street, self._low, self._high = array("i"), array("i"), array("i")
        self._lat, self._lon, self._precision = array("d"), array("d"), array("f")

    def add(self, street: int, low: int, high: int, lat: float, lon: float, precision_m: float) -> None:
        """One house with the numbers `low` to `high`."""
        self._street.append(street)
        self._low.append(low)
        self._high.append(high)
        self._lat.append(lat)
        self._lon.append(lon)
        self._precision.append(precision_m)

    def close(self, streets: int) -> None:
        """Sorts them by street and number."""
        street, low = np.frombuffer(self._street, np.int32), np.frombuffer(self._low, np.int32)
        order = np.lexsort((low, street))
        self.starts: Ints = np.searchsorted(street[order], np.arange(streets + 1))
        self.low, self.high = low[order], np.frombuffer(self._high, np.int32)[order]
        self.place = np.stack((np.frombuffer(self._lat), np.frombuffer(self._lon)), axis=1)[order]
        self.precision = np.frombuffer(self._precision, np.float32)[order]
        self.series = lru_cache(maxsize=4096)(self._series)

    def points(self, street: int) -> NDArray[np.float64]:
        """(points, 2) in lat, lon order."""
        found: NDArray[np.float64] = self.place[self.starts[street] : self.starts[street + 1]]
        return found

    def find(self, street: int, number: int) -> Iterator[Spot]:
        """The house itself, a point between its neighbours, or, beyond them, an estimate."""
        first, last = int(self.starts[street]), int(self.starts[street + 1])
        low, high = self.low[first:last], self.high[first:last]
        exact = np.flatnonzero((low <= number) & (number <= high) & (low > 0))
        if len(exact):
            narrow = exact[np.argsort(high[exact] - low[exact], kind="stable")]
            for at in narrow.tolist():
                lat, lon = self.place[first + at].tolist()
                precision = float(self.precision[first + at]) or 10.0
                yield Spot(lat, lon, precision + 2.0 * float(high[at] - low[at]), street=street)
        for series in self.series(street):
            if spot := _in_series(series, number, street):
                yield spot

    def _series(self, street: int) -> tuple[Series, ...]:
        first, last = int(self.starts[street]), int(self.starts[street + 1])
        rows = [
            (low, high, lat, lon)
            for low, high, (lat, lon) in zip(
                self.low[first:last].tolist(),
                self.high[first:last].tolist(),
                self.place[first:last].tolist(),
                strict=True,
            )
            if low > 0
        ]
        group = list(range(len(rows)))
        for at, row in enumerate(rows):
            for ahead in range(at + 1, min(at + 1 + _LOOK_AHEAD, len(rows))):
                if group[ahead] != group[at] and _continues(row, rows[ahead]):
                    old, new = group[ahead], group[at]
                    group = [new if one == old else one for one in group]
        return tuple(
            Series(*zip(*(row for row, one in zip(rows, group, strict=True) if one == number), strict=True))
            for number in dict.fromkeys(group)
        )


def _continues(row: tuple[int, int, float, float], other: tuple[int, int, float, float]) -> bool:
    gap = other[0] - row[1]
    away = metres(row[2], row[3], other[2], other[3])
    return gap <= _SERIES_GAP and away <= min(_SERIES_M, 80.0 + _LONGEST_PER_NUMBER_M * max(0, gap))


def _in_series(series: Series, number: int, street: int) -> Spot | None:
    """Between the two nearest houses of the number's own side, else of both sides; beyond the last, an estimate."""
    own = [at for at, low in enumerate(series.low) if low % 2 == number % 2]
    for side in (own, range(len(series.low))):
        below = max((at for at in side if series.high[at] < number), key=lambda at: series.high[at], default=None)
        above = min((at for at in side if series.low[at] > number), key=lambda at: series.low[at], default=None)
        if below is not None and above is not None:
            return _between(series, below, above, number, street)
    nearest = min(range(len(series.low)), key=lambda at: _gap(series, at, number))
    gap = _gap(series, nearest, number)
    if gap > _FARTHEST_ESTIMATE:
        return None
    return _beyond(series, nearest, number, street)


def _gap(series: Series, at: int, number: int) -> int:
    return max(series.low[at] - number, number - series.high[at], 0)


def _between(series: Series, below: int, above: int, number: int, street: int) -> Spot:
    share = (number - series.high[below]) / (series.low[above] - series.high[below])
    lat = series.lat[below] + share * (series.lat[above] - series.lat[below])
    lon = series.lon[below] + share * (series.lon[above] - series.lon[below])
    away = metres(series.lat[below], series.lon[below], series.lat[above], series.lon[above])
    return Spot(lat, lon, max(_ON_SEGMENT_M, away * min(share, 1 - share)), street=street)


def _beyond(series: Series, nearest: int, number: int, street: int) -> Spot:
    """As far past the last house as the numbers say, in the direction the street was going."""
    lat, lon = series.lat[nearest], series.lon[nearest]
    gap = _gap(series, nearest, number)
    precision = max(2 * _ON_SEGMENT_M, _PER_NUMBER_M * gap)
    behind = max(range(len(series.low)), key=lambda at: _gap(series, at, series.low[nearest]))
    numbers = abs(series.low[nearest] - series.low[behind])
    away = metres(lat, lon, series.lat[behind], series.lon[behind])
    if numbers and away >= 2 * _ON_SEGMENT_M and away / numbers <= _LONGEST_STEP_M:
        share = min(gap, _BEYOND_M * numbers / away) / numbers
        lat += share * (lat - series.lat[behind])
        lon += share * (lon - series.lon[behind])
    return Spot(lat, lon, precision, estimated=True, street=street)
