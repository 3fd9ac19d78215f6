"""Where a report is filed and looked for, so that only a handful has to be compared. Pure; keys are short texts.

A report with a point stands in a square of a few hundred metres; one of a kind that reaches far also in a wide square
of its category. Reposts meet under the hash of their text, reports without a point under the name of their place.
"""

import math
from collections.abc import Iterator

from classifier.neighbours.comparing import METRES_A_DEGREE, MOST_BLUR, Report
from classifier.neighbours.reach import Reach, reach_of

SQUARE_M = 300.0
WIDE_SQUARE_M = 2000.0


def keys_of(report: Report) -> list[str]:
    """Under what a report is filed."""
    keys = [*_names(report)]
    if report.lat is not None and report.lon is not None:
        keys.append(_square("any", SQUARE_M, *_at(report.lat, report.lon, SQUARE_M)))
        keys += [
            _square(category, WIDE_SQUARE_M, *_at(report.lat, report.lon, WIDE_SQUARE_M))
            for category in report.categories
            if reach_of(category).far_m
        ]
    return keys


def keys_around(report: Report, reach: Reach | None = None) -> list[str]:
    """Under what reports stand that may be about the same problem. `reach`: that of its service, where it has one."""
    keys = [*_names(report)]
    if report.lat is None or report.lon is None:
        return keys
    reaches = {category: reach or reach_of(category) for category in report.categories}
    blur = min(2 * report.precision_m, MOST_BLUR)
    near = max([min(one.radius_m, SQUARE_M) for one in reaches.values()], default=reach_of("").radius_m)
    keys += _squares("any", SQUARE_M, report.lat, report.lon, near + blur)
    for category, one in reaches.items():
        if reach_of(category).far_m:
            keys += _squares(category, WIDE_SQUARE_M, report.lat, report.lon, max(one.radius_m, one.far_m) + blur)
    return keys


def squares_around(lat: float, lon: float, radius_m: float) -> list[str]:
    """The keys of all small squares that a circle may touch, whatever the reports in them tell of."""
    return list(_squares("any", SQUARE_M, lat, lon, radius_m))


def _names(report: Report) -> Iterator[str]:
    if report.hash:
        yield f"={report.hash}"
    if report.place:
        yield f"@{report.place}"


def _squares(kind: str, edge_m: float, lat: float, lon: float, radius_m: float) -> Iterator[str]:
    """Every square that a circle may touch."""
    north = radius_m / METRES_A_DEGREE
    east = north / max(0.1, math.cos(math.radians(lat)))
    top, right = _at(lat + north, lon + east, edge_m)
    bottom, left = _at(lat - north, lon - east, edge_m)
    for y in range(bottom, top + 1):
        for x in range(left, right + 1):
            yield _square(kind, edge_m, y, x)


def _at(lat: float, lon: float, edge_m: float) -> tuple[int, int]:
    degrees = edge_m / METRES_A_DEGREE
    return math.floor(lat / degrees), math.floor(lon / degrees)


def _square(kind: str, edge_m: float, y: int, x: int) -> str:
    return f"{kind}/{edge_m:.0f}/{y}/{x}"
