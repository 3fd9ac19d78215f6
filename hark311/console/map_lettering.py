"""Where the names of streets stand on a map: along their streets, never over each other or over a pin."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import shapely
from shapely.affinity import rotate, translate
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

LETTER, TALL = 6.1, 13.0
"""Units that a letter is wide and a line of letters high, at the size `map.html` writes them."""
MOST_NAMES = 28
TRIED = (0.5, 0.25, 0.75, 0.12, 0.88, 0.37, 0.63)
"""Where along a street its name may stand, the best place first."""
STRAIGHT = 0.985
PIN_ROOM = 15.0
FOOT, HEAD = 26, (132, 44)
"""What stands on the map itself: scale bar and credit along its foot, a button in its upper right corner."""


@dataclass(frozen=True, slots=True)
class Name:
    """A street's name: the middle of its letters in units of the sheet, turned by `angle` degrees, -90 to 90."""

    text: str
    x: float
    y: float
    angle: float


@dataclass(frozen=True, slots=True)
class _Run:
    text: str
    line: LineString
    first: bool


class Lettering:
    """Takes in streets, then names the ones that matter: those that are meant, then those longest on the sheet."""

    def __init__(self, width: int, height: int, pins: Sequence[tuple[float, float]]) -> None:
        self._sheet = shapely.box(2, 2, width - 2, height - FOOT)
        self._taken: list[BaseGeometry] = [shapely.box(width - HEAD[0], 0, width, HEAD[1])]
        self._taken += [shapely.Point(pin).buffer(PIN_ROOM) for pin in pins]
        self._runs: list[_Run] = []

    def add(self, text: str, lines: Sequence[BaseGeometry], *, first: bool) -> None:
        """The stretches of one street, in units of the sheet."""
        if not text or not lines:
            return
        merged = shapely.line_merge(shapely.multilinestrings(list(lines)))
        runs = [part for part in shapely.get_parts(merged) if isinstance(part, LineString)]
        if runs:
            self._runs.append(_Run(text, max(runs, key=lambda run: float(run.length)), first))

    def names(self) -> list[Name]:
        """The names that found a place."""
        found: list[Name] = []
        for run in sorted(self._runs, key=lambda run: (not run.first, -run.line.length, run.text)):
            for name, room in _places(run):
                if self._sheet.contains(room) and not any(room.intersects(taken) for taken in self._taken):
                    found.append(name)
                    self._taken.append(room)
                    break
            if len(found) == MOST_NAMES:
                break
        return found


def _places(run: _Run) -> Iterator[tuple[Name, Polygon]]:
    """Where a name could stand on its street, with the room it takes: only where the street is long and straight."""
    wide = len(run.text) * LETTER
    for share in TRIED:
        start = run.line.length * share - wide / 2
        if start < 0 or start + wide > run.line.length:
            continue
        (x1, y1), (x2, y2) = (run.line.interpolate(at).coords[0] for at in (start, start + wide))
        if math.dist((x1, y1), (x2, y2)) < STRAIGHT * wide:
            continue
        angle = math.degrees(math.atan2(y2 - y1, x2 - x1))
        angle = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        letters = shapely.box(-wide / 2 - 2, -TALL / 2, wide / 2 + 2, TALL / 2)
        yield Name(run.text, x, y, angle), translate(rotate(letters, angle, origin=(0, 0)), x, y)
