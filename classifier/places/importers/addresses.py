"""Address points as OpenAddresses publishes them: CSV with LON, LAT, NUMBER, STREET, or lines of GeoJSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifier.places.importers.sources import NOT_DEGREES, Columns, Options, csv_rows
from classifier.places.importers.vectors import vectors_of
from classifier.places.names import normal_street
from models import Feature, FeatureKind
from models.places import Skipped

USUAL = {
    "number": ("number", "house_number", "housenumber", "addr_num", "house_num", "st_num", "addrnum", "add_number"),
    "street": ("street", "street_name", "streetname", "st_full", "full_street_name", "fullname", "st_name", "stname"),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
}
PRECISION_M = 10.0


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """A HOUSE for each number of a street; flats behind one number are one."""
    columns: Columns | None = None
    seen: set[int] = set()
    for line, row, point in _rows(path, skipped):
        columns = columns or Columns(
            row, USUAL, options.columns, ["number", "street", *(() if point else ("lat", "lon"))]
        )
        number, street = columns.number(row, "number"), normal_street(columns.text(row, "street"))
        found = point or columns.point(row)
        if not number or not street:
            skipped.add("no house number or no street", line)
        elif found is None:
            skipped.add(NOT_DEGREES, line)
        elif (known := hash((street, number))) in seen:
            skipped.add("the same number of the same street again", line)
        else:
            seen.add(known)
            yield Feature(FeatureKind.HOUSE, street, *found, left_from=number, precision_m=PRECISION_M)


def _rows(path: Path, skipped: Skipped) -> Iterator[tuple[int, dict[str, Any], tuple[float, float] | None]]:
    """(line, row by heading in small letters, (lat, lon) where the row has a shape)."""
    if path.suffix.lower() == ".csv":
        for line, row in csv_rows(path, skipped):
            yield line, row, None
        return
    for number, properties, shape in vectors_of(path, skipped):
        row = {key.lower(): value for key, value in properties.items()}
        if shape is None or shape.is_empty:
            skipped.add("no point", number)
        else:
            middle = shape.centroid
            yield number, row, (middle.y, middle.x)
