"""Landmarks: a CSV with name, and lat, lon, address, kind where they are known."""

from collections.abc import Iterator
from pathlib import Path

from classifier.places.importers.sources import NO_NAME, Columns, Options, csv_rows
from models import Feature, FeatureKind
from models.places import Skipped

USUAL = {
    "name": ("name", "landmark", "title", "place", "label"),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
    "address": ("address", "street_address", "addr"),
    "kind": ("kind",),
}
PRECISION_M = 50.0
_KINDS = {kind.value: kind for kind in (FeatureKind.LANDMARK, FeatureKind.STOP, FeatureKind.WATERWAY)}


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """A LANDMARK for each name, or what its kind says. Where neither point nor address is known, the name alone."""
    columns: Columns | None = None
    for line, row in csv_rows(path, skipped):
        columns = columns or Columns(row, USUAL, options.columns, needed=["name"])
        name, point = columns.text(row, "name"), columns.point(row)
        kind = _KINDS.get(columns.text(row, "kind").lower(), FeatureKind.LANDMARK)
        if not name:
            skipped.add(NO_NAME, line)
        elif point is None and (columns.text(row, "lat") or columns.text(row, "lon")):
            skipped.add("coordinates that are no degrees", line)
        else:
            lat, lon = point or (None, None)
            yield Feature(kind, name, lat, lon, other=columns.text(row, "address"), precision_m=PRECISION_M)
