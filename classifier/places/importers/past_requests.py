"""The city's own past requests: CSV, lines of JSON, or GeoJSON with address, lat and lon."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifier.places.importers.sources import Columns, Options, csv_rows
from classifier.places.importers.vectors import geojson_objects
from classifier.places.past_requests import PastRequest, learn
from models import Feature
from models.places import Skipped

USUAL = {
    "address": (
        "address",
        "location_address",
        "street_address",
        "full_address",
        "location",
        "addr",
        "incident_address",
    ),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
}


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """Areas, crossings, houses, streets and landmarks, as `classifier.places.past_requests` learns them."""
    lines: list[int] = []
    learnt = learn(past_requests(path, skipped, options, lines))
    for reason, (rows, *numbers) in learnt.skipped.reasons.items():
        skipped.reasons[reason] = [rows, *(lines[number - 1] for number in numbers)]
    yield from learnt.features


def past_requests(path: Path, skipped: Skipped, options: Options, lines: list[int]) -> Iterator[PastRequest]:
    """Every row; what it lacks or is no degree is None. `lines` is filled with the line of each."""
    columns: Columns | None = None
    for line, row in _rows(path, skipped):
        columns = columns or Columns(row, USUAL, options.columns, needed=["address", "lat", "lon"])
        lines.append(line)
        yield PastRequest(columns.text(row, "address") or None, *(columns.point(row) or (None, None)))


def _rows(path: Path, skipped: Skipped) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() == ".csv":
        yield from csv_rows(path, skipped)
        return
    for number, one in geojson_objects(path):
        skipped.rows_read += 1
        row = _row(one)
        if row is None:
            skipped.add("no JSON object with address, lat and lon", number)
        else:
            yield number, row


def _row(one: object) -> dict[str, Any] | None:
    """The keys of an object in small letters; of a GeoJSON feature its properties, and its point as lat and lon."""
    if not isinstance(one, dict):
        return None
    if one.get("type") != "Feature":
        return {str(key).lower(): value for key, value in one.items()}
    properties, geometry = one.get("properties"), one.get("geometry")
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        return None
    at = geometry.get("coordinates")
    if not isinstance(at, list) or len(at) < 2:
        return None
    return {str(key).lower(): value for key, value in properties.items()} | {"lon": at[0], "lat": at[1]}
