"""Polygons that decide something: neighbourhoods, districts, wards, the city itself."""

import math
from collections.abc import Iterator
from pathlib import Path

import shapely

from classifier.places.importers.sources import NO_NAME, Columns, Options
from classifier.places.importers.vectors import vectors_of
from models import Feature, FeatureKind
from models.places import Skipped

USUAL = {
    "name": (
        *("name", "listname", "neighborhood", "neighbourhood", "nbhd_name", "nhood", "district", "dist_name"),
        *("district_name", "council_district", "ward", "ward_num", "zone", "label", "mapname", "title"),
    ),
    "owner": ("owner", "department", "agency", "responsible"),
}
METRES_PER_DEGREE = 111_320


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """An AREA for each polygon with a name; `precision_m` is the radius of a circle as large."""
    columns: Columns | None = None
    for number, properties, shape in vectors_of(path, skipped):
        columns = columns or Columns(properties, USUAL, options.columns, needed=["name"])
        row = {key.lower(): value for key, value in properties.items()}
        name = columns.text(row, "name")
        if not name:
            skipped.add(NO_NAME, number)
            continue
        if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
            skipped.add("no polygon", number)
            continue
        whole = shape if shape.is_valid else shapely.make_valid(shape)
        inside = whole.representative_point()
        yield Feature(
            FeatureKind.AREA,
            name,
            inside.y,
            inside.x,
            other=options.area_kind.value,
            shape=shapely.to_wkb(shapely.force_2d(whole)),
            owner=columns.text(row, "owner"),
            precision_m=radius_m(whole),
        )


def radius_m(shape: shapely.Geometry) -> float:
    """Metres: the radius of a circle with the area of this shape."""
    north = math.cos(math.radians(shape.centroid.y))
    return round(math.sqrt(shape.area * north / math.pi) * METRES_PER_DEGREE, 1)
