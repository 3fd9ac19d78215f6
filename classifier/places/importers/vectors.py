"""Shapes with properties from GeoJSON, lines of GeoJSON, Shapefile, or CSV with WKT; one by one, in degrees WGS 84."""

import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import shapefile
import shapely
from shapely.geometry.base import BaseGeometry

from classifier.places.importers.archives import refuse_bombs
from classifier.places.importers.sources import NOT_DEGREES, BrokenSource, csv_rows
from models.places import Skipped

READ = 1 << 20
LONGEST_FEATURE = 64 << 20
"""Code points of one GeoJSON feature: a coastline has a few millions."""
LONGEST_PROJECTION = 64 << 10
"""Bytes read of a .prj; one has some hundred."""
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_CRS = re.compile(r'"crs"\s*:\s*(\{.*?\}\s*\})', re.DOTALL)
_WKT_COLUMNS = ("the_geom", "geom", "geometry", "wkt", "shape")
_EXPORT = "Export it again as WGS 84 (EPSG:4326)."


class Vector(NamedTuple):
    """One row of a source with its shape, None where it has none. `row`: its line, or its number, from 1."""

    row: int
    properties: dict[str, Any]
    shape: BaseGeometry | None


def vectors_of(path: Path, skipped: Skipped) -> Iterator[Vector]:
    """Every row of a file, by its ending. Raises BrokenSource."""
    ending = path.suffix.lower()
    if ending in (".shp", ".zip"):
        return _of_shapefile(path, skipped)
    if ending == ".csv":
        return _of_csv(path, skipped)
    return _of_geojson(path, skipped)


def geojson_objects(path: Path) -> Iterator[tuple[int, Any]]:
    """(number from 1, object) of each feature of a collection, or of each line of JSON, a piece of the file at a time.

    Raises BrokenSource.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _objects(file, path.name)
    except UnicodeDecodeError as error:
        raise BrokenSource(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error
    except RecursionError as error:
        raise BrokenSource(f"{path.name} is nested too deeply to be GeoJSON.") from error


def _objects(file: Any, name: str) -> Iterator[tuple[int, Any]]:
    decode = json.JSONDecoder().raw_decode
    text = file.read(READ)
    if not text.strip():
        raise BrokenSource(f"{name} is empty.")
    opened = _FEATURES.search(text)
    if crs := _CRS.search(text[: opened.start()] if opened else text):
        _refuse_projected(crs[1], name)
    at, count = opened.end() if opened else 0, 0
    while True:
        at = _next(text, at)
        if at >= len(text):
            text, at = file.read(READ), 0
            if text:
                continue
            if opened:
                raise BrokenSource(f"{name} is cut short after {count} features. Fetch or export it again.")
            return
        if opened and text[at] == "]":
            return
        try:
            one, at = decode(text, at)
        except json.JSONDecodeError as error:
            more = file.read(max(READ, len(text))) if len(text) - at < LONGEST_FEATURE else ""
            if not more:
                raise BrokenSource(_not_json(name, count)) from error
            text, at = text[at:] + more, 0
            continue
        except ValueError as error:  # Python reads no whole number of more than 4300 digits
            raise BrokenSource(f"{name} holds a number that cannot be right after {count} features.") from error
        count += 1
        yield count, one


def _not_json(name: str, count: int) -> str:
    if count:
        return f"{name} is cut short or damaged after {count} features. Fetch or export it again."
    return f"{name} is no GeoJSON: it holds neither a list of features nor lines of JSON."


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in ", \t\r\n\x1e":
        at += 1
    return at


def _refuse_projected(crs: str, name: str) -> None:
    if not re.search(r"CRS84|EPSG:{1,2}4326|EPSG:{1,2}4269", crs):
        raise BrokenSource(f"{name} is not in degrees but in another reference system. {_EXPORT}")


def _of_geojson(path: Path, skipped: Skipped) -> Iterator[Vector]:
    for number, one in geojson_objects(path):
        skipped.rows_read += 1
        if not isinstance(one, dict) or one.get("type") != "Feature":
            skipped.add("no GeoJSON feature", number)
            continue
        properties, geometry = one.get("properties") or {}, one.get("geometry")
        try:
            shape = _drawn(geometry) if geometry else None
        except (
            shapely.errors.ShapelyError,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
            IndexError,
            OverflowError,
        ):
            skipped.add("a damaged shape", number)
            continue
        if isinstance(properties, dict) and in_degrees(shape):
            yield Vector(number, properties, shape)
        else:
            skipped.add(NOT_DEGREES, number)


def _of_csv(path: Path, skipped: Skipped) -> Iterator[Vector]:
    for line, row in csv_rows(path, skipped):
        wkt = next((row[name] for name in _WKT_COLUMNS if row.get(name)), "")
        try:
            with np.errstate(all="ignore"):  # in_degrees refuses what is no number
                shape = shapely.from_wkt(wkt) if wkt else None
        except (shapely.errors.ShapelyError, ValueError, NotImplementedError):  # the last: a curve
            skipped.add("a damaged shape", line)
            continue
        if in_degrees(shape):
            yield Vector(line, row, shape)
        else:
            skipped.add(NOT_DEGREES, line)


def _of_shapefile(path: Path, skipped: Skipped) -> Iterator[Vector]:
    if path.suffix.lower() == ".zip":
        refuse_bombs(path)
    _refuse_projection_file(path)
    try:
        with _opened(path) as reader:
            for number, found in enumerate(reader.iterShapeRecords(), start=1):
                skipped.rows_read += 1
                empty = found.shape.shapeType == shapefile.NULL
                shape = None if empty else shapely.force_2d(_drawn(found.shape.__geo_interface__))
                if in_degrees(shape):
                    yield Vector(number, found.record.as_dict(), shape)
                else:
                    skipped.add(NOT_DEGREES, number)
    except (
        shapefile.ShapefileException,
        shapefile.PossiblyCorruptFileHeader,
        shapely.errors.ShapelyError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        IndexError,
        EOFError,
    ) as error:
        raise BrokenSource(
            f"{path.name} is no whole Shapefile ({error}). Its .shp, .shx and .dbf belong together, with their .prj."
        ) from error


def _opened(path: Path) -> shapefile.Reader:
    with warnings.catch_warnings():
        warnings.simplefilter("error", shapefile.PossiblyCorruptFileHeader)
        return shapefile.Reader(str(path), encoding="utf-8", encodingErrors="replace")


def _refuse_projection_file(path: Path) -> None:
    if path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                inside = next((one for one in archive.namelist() if one.lower().endswith(".prj")), None)
                text = _projection(archive.open(inside)) if inside else ""
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise BrokenSource(f"{path.name} is no whole zip file. Fetch it again.") from error
    else:
        beside = path.with_suffix(".prj")
        text = _projection(beside.open("rb")) if beside.exists() else ""
    if text.lstrip().upper().startswith(("PROJCS", "PROJCRS")):
        system = re.search(r'"([^"]+)"', text)
        called = f" ({system[1]})" if system else ""
        raise BrokenSource(f"{path.name} is not in degrees but in a projected reference system{called}. {_EXPORT}")


def _projection(opened: IO[bytes]) -> str:
    with opened:
        return opened.read(LONGEST_PROJECTION).decode("utf-8", "replace")


def _drawn(geometry: Any) -> BaseGeometry:
    with np.errstate(all="ignore"):  # in_degrees refuses what is no number
        return shapely.geometry.shape(geometry)


def in_degrees(shape: BaseGeometry | None) -> bool:
    """Whether a shape can be one in degrees; a missing or empty one can."""
    if shape is None or shape.is_empty:
        return True
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return False  # the bounds leave out what is no number
    west, south, east, north = shape.bounds
    return bool(west >= -180 and east <= 180 and south >= -90 and north <= 90)
