"""Stops of public transport: stops.txt of a GTFS feed, or the zipped feed."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from classifier.places.importers.archives import refuse_bombs
from classifier.places.importers.sources import (
    NO_NAME,
    NOT_DEGREES,
    BrokenSource,
    Columns,
    Options,
    csv_rows,
    csv_rows_of,
)
from models import Feature, FeatureKind
from models.places import Skipped

USUAL = {
    "name": ("stop_name", "name"),
    "lat": ("stop_lat", "lat", "latitude"),
    "lon": ("stop_lon", "lon", "longitude"),
    "location_type": ("location_type",),
}
_PLACES_TO_STAND = ("", "0", "1")
"""Stop and station; not an entrance, a node in a passage, or a boarding area."""
PRECISION_M = 25.0


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """A STOP for each stop and station."""
    columns: Columns | None = None
    for line, row in _rows(path, skipped):
        columns = columns or Columns(row, USUAL, options.columns, needed=["name", "lat", "lon"])
        name, point = columns.text(row, "name"), columns.point(row)
        if not name:
            skipped.add(NO_NAME, line)
        elif columns.text(row, "location_type") not in _PLACES_TO_STAND:
            skipped.add("an entrance or a passage of a station", line)
        elif point is None:
            skipped.add(NOT_DEGREES, line)
        else:
            yield Feature(FeatureKind.STOP, name, *point, precision_m=PRECISION_M)


def _rows(path: Path, skipped: Skipped) -> Iterator[tuple[int, dict[str, str]]]:
    if path.suffix.lower() != ".zip":
        yield from csv_rows(path, skipped)
        return
    refuse_bombs(path)
    with zipfile.ZipFile(path) as archive:
        inside = next((one for one in archive.namelist() if one.rpartition("/")[2] == "stops.txt"), None)
        if inside is None:
            raise BrokenSource(f"There is no stops.txt in {path.name}, so it is no GTFS feed.")
        try:
            with archive.open(inside) as packed, io.TextIOWrapper(packed, "utf-8-sig", newline="") as lines:
                yield from csv_rows_of(lines, f"{path.name}/{inside}", skipped)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BrokenSource(f"{path.name} is damaged. Fetch it again.") from error
