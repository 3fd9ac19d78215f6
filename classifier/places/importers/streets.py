"""Street centrelines with house number ranges: GeoJSON, Shapefile, or CSV."""

from collections.abc import Iterator
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from classifier.places.importers.sources import NO_NAME, Columns, Options
from classifier.places.importers.vectors import vectors_of
from classifier.places.names import direction_of, normal_street, read_street_name, street_words
from models import Feature, FeatureKind
from models.places import Skipped

_SIDES = {
    f"{side}_{end}": (
        f"{s}_{e}_add",  # Philadelphia
        f"{s}{end}add",  # TIGER/Line
        f"{end}{side}",
        f"{end}_{side}",
        f"{side}{end}",
        f"{side}_{end}",
        f"{end}addr_{s}",  # NENA
        f"{end}_addr_{s}",
        f"{end}address{side}",
        f"{s}_add_{end}",
        f"{s}_{end}",
        f"{end}_{s}",
        f"{e}{'r' if end == 'from' else 'o'}add{s}",  # Esri: FRADDL, TOADDL
        f"{s}_{low}_add",
        f"{s}_{low}",
        f"{low}_{s}",
        f"{s}_{e}_hn",
    )
    for side, s in (("left", "l"), ("right", "r"))
    for end, e, low in (("from", "f", "low"), ("to", "t", "high"))
}
USUAL = {
    "name": (
        *(
            "fullname",
            "full_name",
            "full_street_name",
            "full_stree",
            "fullstreet",
            "fullstname",
            "st_full",
            "stname_lab",
        ),
        *(
            "st_label",
            "stname",
            "st_name",
            "streetname",
            "street_name",
            "street_nam",
            "street",
            "roadname",
            "road_name",
        ),
        *("rd_name", "basename", "base_name", "name", "label"),
    ),
    "direction": (
        *("pre_dir", "predir", "predirabrv", "st_predir", "stpredir", "fedirp", "prefixdirection", "predirection"),
        *("pre_direct", "dirpre", "prefix", "dir", "direction"),
    ),
    "suffix": (
        *("st_type", "sttype", "suftypabrv", "st_postyp", "st_postype", "posttype", "fetype", "street_typ"),
        *("street_type", "streettype", "street_suffix", "suffix", "suf", "type"),
    ),
    "post_direction": (
        *("suf_dir", "sufdir", "sufdirabrv", "st_posdir", "stposdir", "fedirs", "post_dir", "postdir"),
        *("suffixdirection", "suf_direct"),
    ),
    **_SIDES,
    "owner": (
        *("owner", "ownership", "responsibl", "responsible", "responsibility", "maintainer", "maintenanc"),
        *("maintenance", "maint", "maint_by", "jurisdiction", "juris"),
    ),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
}
"""Our name of a column -> names it usually has, in small letters, surest first."""
PRECISION_M = 15.0


def read(path: Path, skipped: Skipped, options: Options) -> Iterator[Feature]:
    """A SEGMENT for each line with a street's name. A row with neither shape nor point still tells its numbers."""
    columns: Columns | None = None
    for number, properties, shape in vectors_of(path, skipped):
        columns = columns or Columns(properties, USUAL, options.columns, needed=["name"])
        row = {key.lower(): value for key, value in properties.items()}
        name = _name(columns, row)
        if not name:
            skipped.add(NO_NAME, number)
        elif shape is not None and shape.geom_type not in ("LineString", "MultiLineString"):
            skipped.add(f"a {shape.geom_type} and no line", number)
        else:
            yield from _segments(columns, row, name, shape)


def _name(columns: Columns, row: dict[str, object]) -> str:
    """The normal name; direction and street word are added from their own columns where the name lacks them."""
    name = columns.text(row, "name")
    if not name:
        return ""
    read = read_street_name(name)
    direction, suffix = columns.text(row, "direction"), columns.text(row, "suffix")
    after = columns.text(row, "post_direction")
    before = direction if direction_of(direction) and not read.direction else ""
    suffix = suffix if suffix.lower() in street_words() and not read.suffix else ""
    after = after if direction_of(after) and not read.post_direction else ""
    return normal_street(" ".join(filter(None, (before, name, suffix, after))))


def _range(columns: Columns, row: dict[str, object], side: str) -> tuple[int | None, int | None]:
    """From and to; 0 to 0 stands for "no houses"."""
    found = columns.number(row, f"{side}_from"), columns.number(row, f"{side}_to")
    return found if any(found) and None not in found else (None, None)


def _segments(columns: Columns, row: dict[str, object], name: str, shape: BaseGeometry | None) -> Iterator[Feature]:
    left, right = _range(columns, row, "left"), _range(columns, row, "right")
    owner = columns.text(row, "owner")
    if shape is None or shape.is_empty:
        lat, lon = columns.point(row) or (None, None)
        yield Feature(FeatureKind.SEGMENT, name, lat, lon, "", *left, *right, owner=owner, precision_m=PRECISION_M)
        return
    merged = shapely.line_merge(shape) if shape.geom_type == "MultiLineString" else shape
    parts = sorted(shapely.get_parts(merged), key=lambda part: -part.length)
    for part in parts:
        middle = part.interpolate(0.5, normalized=True)
        yield Feature(
            FeatureKind.SEGMENT,
            name,
            middle.y,
            middle.x,
            "",
            *left,
            *right,
            shape=shapely.to_wkb(shapely.force_2d(part)),
            owner=owner,
            precision_m=PRECISION_M,
        )
        left = right = (None, None)  # which part the numbers are on is not said; the longest has them
