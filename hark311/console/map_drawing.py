"""A map as shapes on a sheet: streets, their names, numbered pins and a scale bar. Pure; `map.html` makes it an SVG.

The projection is equirectangular at the sheet's middle latitude, north up: over the few kilometres of a sheet, lengths
are right to better than one in a hundred. No tile and no address leaves the house for it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from hark311.console.map_lettering import Lettering, Name
from models.shapes import Box

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of the earth's mean radius."""
FEET_PER_METRE = 3.28084

WIDTH, HEIGHT = 504, 336
"""Units of a sheet, shown as pixels. A narrow screen cuts its sides, so what matters is fitted into the middle."""
MIDDLE = 264
"""Side of the square in the middle that is seen on every screen."""
LEAST_M, MOST_M = 400.0, 60_000.0
"""Metres across that square: never so near that no crossing is seen, never the whole country."""
WIDEST_CIRCLE_M = 2_000.0
LONGEST_BAR = 100
CLUSTER = 18
"""Units within which pins share one."""
LIT_WITHIN_M = 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A point to show. `sign` stands on its pin and before `label` in the list; precision_m: metres, 0 if unknown.

    `lights`: it means a stretch of a street that its label names, which is then lit.
    """

    lat: float
    lon: float
    sign: str
    label: str
    precision_m: float = 0.0
    lights: bool = False


@dataclass(frozen=True, slots=True)
class Street:
    """A street's name and the lines of one stretch of it, in lon, lat order."""

    name: str
    lines: BaseGeometry


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a map lies: its middle in degrees, and how many metres one unit is."""

    lat: float
    lon: float
    metres: float

    @property
    def _squeeze(self) -> float:
        return max(0.01, math.cos(math.radians(self.lat)))

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        """A place as units from the upper left corner."""
        x = WIDTH / 2 + (lon - self.lon) * METRES_PER_DEGREE * self._squeeze / self.metres
        y = HEIGHT / 2 - (lat - self.lat) * METRES_PER_DEGREE / self.metres
        return x, y

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The lat, lon of a point of the sheet."""
        lat = self.lat + (HEIGHT / 2 - y) * self.metres / METRES_PER_DEGREE
        lon = self.lon + (x - WIDTH / 2) * self.metres / METRES_PER_DEGREE / self._squeeze
        return lat, lon

    @property
    def box(self) -> Box:
        """What the sheet covers, in degrees."""
        (north, west), (south, east) = self.place(0, 0), self.place(WIDTH, HEIGHT)
        return Box(min_lon=west, min_lat=south, max_lon=east, max_lat=north)


@dataclass(frozen=True, slots=True)
class Way:
    """The path of one street on the sheet (SVG path data); `lit` where it is the one that is meant."""

    name: str
    path: str
    lit: bool


@dataclass(frozen=True, slots=True)
class Pin:
    """One or several marks at one point of the sheet, with the radius of their precision, in units."""

    x: float
    y: float
    sign: str
    label: str
    radius: float


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A round length: in units of the sheet, and in words."""

    length: float
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything on one map. Without `ways` it is a plain plot of its points, north up."""

    sheet: Sheet
    ways: list[Way]
    names: list[Name]
    pins: list[Pin]
    dots: list[Pin]
    bar: ScaleBar
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def nearness(self) -> str:
        """How thick streets may be drawn: near, middling or far."""
        return "near" if self.sheet.metres < 2.5 else "middling" if self.sheet.metres < 6 else "far"

    @property
    def grid(self) -> str:
        """A grid whose squares are as wide as the scale bar (SVG path data), for a map without streets."""
        columns = _steps(WIDTH, self.bar.length)
        rows = _steps(HEIGHT, self.bar.length)
        return "".join([f"M{x:.1f},0V{HEIGHT}" for x in columns] + [f"M0,{y:.1f}H{WIDTH}" for y in rows])


def on_earth(lat: float | None, lon: float | None) -> bool:
    """Whether these are degrees of a place."""
    return lat is not None and lon is not None and abs(lat) <= 85 and abs(lon) <= 180  # NaN compares false


def sheet_around(marks: Sequence[Mark]) -> Sheet:
    """The sheet that shows all marks with their circles in its middle square. Needs at least one."""
    middle = (min(one.lat for one in marks) + max(one.lat for one in marks)) / 2
    squeeze = max(0.01, math.cos(math.radians(middle)))
    north_m, east_m = [], []
    for one in marks:
        reach = min(one.precision_m, WIDEST_CIRCLE_M)
        y, x = one.lat * METRES_PER_DEGREE, one.lon * METRES_PER_DEGREE * squeeze
        north_m += [y - reach, y + reach]
        east_m += [x - reach, x + reach]
    across = max(max(north_m) - min(north_m), max(east_m) - min(east_m), LEAST_M)
    lat = (min(north_m) + max(north_m)) / 2 / METRES_PER_DEGREE
    lon = (min(east_m) + max(east_m)) / 2 / METRES_PER_DEGREE / squeeze
    return Sheet(lat, lon, min(across, MOST_M) / MIDDLE)


def street_of(name: str, shape: bytes | None) -> Street | None:
    """A stored street; None where its shape (WKB) is no line that could be drawn."""
    lines = shapely.from_wkb(shape, on_invalid="ignore") if shape else None
    drawable = isinstance(lines, LineString | MultiLineString) and lines.is_valid and not lines.is_empty
    return Street(name, lines) if drawable else None


def draw(sheet: Sheet, streets: Iterable[Street], marks: Sequence[Mark], dots: Sequence[Mark] = ()) -> Drawing:
    """Work out one map. What lies outside the sheet is left out."""
    by_name = _on_sheet(sheet, list(streets))
    pins, small = _pins(sheet, marks), _pins(sheet, dots, cluster=0)
    ways, lettering = [], Lettering(WIDTH, HEIGHT, [(one.x, one.y) for one in pins])
    for name, lines in by_name.items():
        meant = [any(_is_meant(sheet, name, line, mark) for mark in marks) for line in lines]
        both = [(lit, [line for line, so in zip(lines, meant, strict=True) if so == lit]) for lit in {*meant}]
        ways += [Way(name, _path(some), lit) for lit, some in both]
        lettering.add(name, lines, first=any(meant))
    ways.sort(key=lambda one: one.lit)
    return Drawing(sheet, ways, lettering.names(), pins, small, _bar(sheet.metres))


def _on_sheet(sheet: Sheet, streets: Sequence[Street]) -> dict[str, list[BaseGeometry]]:
    """The parts of streets that lie on the sheet, in its units, by name; worked out for all of them in one go."""
    flat = shapely.transform([one.lines for one in streets], lambda lon, lat: sheet.xy(lat, lon), interleaved=False)
    parts, of = shapely.get_parts(shapely.clip_by_rect(flat, -4, -4, WIDTH + 4, HEIGHT + 4), return_index=True)
    by_name: dict[str, list[BaseGeometry]] = {}
    for part, at in zip(parts, of, strict=True):
        if isinstance(part, LineString) and not part.is_empty:
            by_name.setdefault(streets[at].name, []).append(part)
    return by_name


def _is_meant(sheet: Sheet, name: str, line: BaseGeometry, mark: Mark) -> bool:
    """Whether a stretch is what a mark speaks of: it bears its name and lies where it points."""
    if not mark.lights or not name or name not in mark.label:
        return False
    there = shapely.Point(sheet.xy(mark.lat, mark.lon))
    return bool(line.distance(there) * sheet.metres <= max(LIT_WITHIN_M, min(mark.precision_m, LEAST_M) / 2))


def _path(lines: Sequence[BaseGeometry]) -> str:
    return " ".join("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in line.coords) for line in lines)


def _pins(sheet: Sheet, marks: Sequence[Mark], cluster: float = CLUSTER) -> list[Pin]:
    """The marks as pins; those at nearly one point share one, which bears all their signs."""
    pins: list[Pin] = []
    for mark in marks:
        x, y = sheet.xy(mark.lat, mark.lon)
        if not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
            continue
        told = mark.precision_m <= WIDEST_CIRCLE_M  # a wider circle would cover the sheet and tell nothing
        pin = Pin(x, y, mark.sign, mark.label, mark.precision_m / sheet.metres if told else 0.0)
        at = next((at for at, one in enumerate(pins) if math.dist((one.x, one.y), (x, y)) < cluster), None)
        if at is None:
            pins.append(pin)
        else:
            first = pins[at]
            sign, label = f"{first.sign}, {pin.sign}", f"{first.label}; {pin.label}"
            pins[at] = Pin(first.x, first.y, sign, label, max(first.radius, pin.radius))
    return pins


def _steps(size: int, step: float) -> list[float]:
    """Where grid lines lie: through the middle, and every step from there."""
    many = math.floor(size / 2 / step)
    return [size / 2 + at * step for at in range(-many, many + 1)]


def _bar(metres: float) -> ScaleBar:
    """The longest of 1, 2, 5, 10, 20, ... metres that is not longer than LONGEST_BAR."""
    most = metres * LONGEST_BAR
    power = 10.0 ** math.floor(math.log10(most))
    length = max(one * power for one in (1, 2, 5) if one * power <= most * (1 + 1e-9))
    feet = length * FEET_PER_METRE
    metric = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ours = f"{feet / 5280:.1f} mi" if length >= 1000 else f"{round(feet, -1) if feet >= 100 else round(feet):g} ft"
    return ScaleBar(length / metres, f"{metric} · {ours}")
