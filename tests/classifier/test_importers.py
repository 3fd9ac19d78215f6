"""A city's own files become features; what is skipped is counted, and a broken file is told in one sentence."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import osmium
import pytest
import shapefile
import shapely
from hypothesis import given
from hypothesis import strategies as st
from osmium.osm.mutable import Node, Relation, Way

from classifier.places.importers import BrokenSource, Options, read_source
from classifier.places.importers.features import as_line
from classifier.places.importers.sources import degrees, leading_number
from models import AreaKind, Feature, FeatureKind, LayerKind
from models.places import Skipped
from models.shapes import box_of

LINE = {"type": "LineString", "coordinates": [[-75.16, 39.95], [-75.15, 39.95]]}
SQUARE = [[-75.2, 39.9], [-75.1, 39.9], [-75.1, 40.0], [-75.2, 40.0], [-75.2, 39.9]]
WGS_84 = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]]'
STATE_PLANE = f'PROJCS["NAD_1983_StatePlane_Pennsylvania_South",{WGS_84}]'

Written = Callable[[str, object], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file: text as it is, anything else as JSON, a list of objects as lines of JSON."""

    def write(name: str, content: object) -> Path:
        if isinstance(content, list):
            content = "\n".join(json.dumps(one) for one in content)
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def row(properties: dict[str, Any], geometry: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", **more, "features": list(features)}


def read(kind: LayerKind, path: Path, **options: Any) -> tuple[list[Feature], Skipped]:
    skipped = Skipped()
    return list(read_source(kind, path, skipped, Options(**options))), skipped


STREET = {
    "PRE_DIR": "N",
    "ST_NAME": "INVENTED",
    "ST_TYPE": "AVE",
    "L_F_ADD": 101,
    "L_T_ADD": 199,
    "RESPONSIBL": "STATE",
}


def test_a_centreline_becomes_segments_with_their_numbers_and_owner(written: Written) -> None:
    path = written("streets.geojson", collection(row(STREET | {"R_F_ADD": 0, "R_T_ADD": 0}, LINE), name="Centerline"))
    (one,), skipped = read(LayerKind.STREETS, path)
    assert (one.kind, one.name, one.owner) == (FeatureKind.SEGMENT, "N Invented Ave", "STATE")
    assert (one.left_from, one.left_to, one.right_from, one.right_to) == (101, 199, None, None)
    assert (one.lat, one.lon) == pytest.approx((39.95, -75.155))
    assert list(shapely.from_wkb(one.shape).coords) == [tuple(point) for point in LINE["coordinates"]]
    assert (skipped.rows_read, skipped.counts) == (1, {})


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("FULLNAME,LFROMADD,LTOADD,RFROMADD,RTOADD", "E Made Up St,1,99,2,98"),
        ("st_predir,st_name,st_postyp,fromaddr_l,toaddr_l,fromaddr_r,toaddr_r", "E,Made Up,Street,1,99,2,98"),
        ("PRE_DIR,STNAME,ST_TYPE,L_F_ADD,L_T_ADD,R_F_ADD,R_T_ADD", "E,E MADE UP ST,ST,1,99,2,98"),
        ("name,fromleft,toleft,fromright,toright", "East Made Up Street,1,99,2,98"),
        ("pre_dir,st_name,st_type,left_from,left_to,right_from,right_to", "E,Made Up,St,1.0,99.0,2,98"),
    ],
)
def test_columns_are_known_by_their_usual_names(written: Written, heading: str, cells: str) -> None:
    (one,), _ = read(LayerKind.STREETS, written("streets.csv", f"{heading}\n{cells}\n"))
    assert one.name == "E Made Up St"
    assert (one.left_from, one.left_to, one.right_from, one.right_to) == (1, 99, 2, 98)
    assert (one.lat, one.shape) == (None, None)


def test_a_csv_may_hold_its_lines_as_text_and_unusual_columns_are_told(written: Written) -> None:
    text = 'RD,WHO,the_geom\nInvented Rd,PARKS,"MULTILINESTRING ((-75.1 40, -75.0 40), (-75.0 40, -75.0 40.1))"\n'
    path = written("streets.csv", text)
    (one,), _ = read(LayerKind.STREETS, path, columns={"name": "RD", "owner": "who"})
    assert (one.name, one.owner) == ("Invented Rd", "PARKS")
    assert len(shapely.from_wkb(one.shape).coords) == 3
    with pytest.raises(BrokenSource, match=r"No column is known as name\. The file has rd, who, the_geom\."):
        read(LayerKind.STREETS, path)
    with pytest.raises(BrokenSource, match="no such column"):
        read(LayerKind.STREETS, path, columns={"name": "road"})
    with pytest.raises(BrokenSource, match="there is no colour"):
        read(LayerKind.STREETS, path, columns={"colour": "RD"})


def test_only_the_longest_part_of_a_broken_line_has_the_numbers(written: Written) -> None:
    parts = {"type": "MultiLineString", "coordinates": [[[-75, 40], [-75.1, 40]], [[-75.2, 40], [-75.4, 40]]]}
    found, _ = read(LayerKind.STREETS, written("streets.geojson", collection(row(STREET, parts))))
    assert [(one.left_from, round(one.lon or 0, 2)) for one in found] == [(101, -75.3), (None, -75.05)]


def a_shapefile(folder: Path, projection: str = WGS_84, kind: int = shapefile.POLYLINE) -> Path:
    path = folder / "streets.shp"
    with shapefile.Writer(str(path), shapeType=kind) as writer:
        writer.field("FULLNAME", "C")
        writer.field("LFROMADD", "C")
        writer.field("LTOADD", "C")
        for number in range(3):
            writer.line([[[-75.1, 40.0 + number / 100], [-75.0, 40.0 + number / 100]]])
            writer.record(f"{number + 1}th St", "100", "198")
        writer.null()
        writer.record("Nowhere Ln", "", "")
    path.with_suffix(".prj").write_text(projection)
    return path


def test_a_shapefile_is_read_alone_or_zipped(tmp_path: Path) -> None:
    path = a_shapefile(tmp_path)
    found, skipped = read(LayerKind.STREETS, path)
    assert [one.name for one in found] == ["1st St", "2nd St", "3rd St", "Nowhere Ln"]
    assert (found[0].left_from, found[0].left_to, found[3].shape) == (100, 198, None)
    assert skipped.rows_read == 4
    with zipfile.ZipFile(tmp_path / "streets.zip", "w") as archive:
        for ending in (".shp", ".shx", ".dbf", ".prj"):
            archive.write(path.with_suffix(ending), f"streets{ending}")
    assert read(LayerKind.STREETS, tmp_path / "streets.zip")[0] == found


def test_coordinates_that_are_no_degrees_are_refused_with_what_to_do(tmp_path: Path, written: Written) -> None:
    with pytest.raises(BrokenSource, match=r"StatePlane_Pennsylvania_South\)\. Export it again as WGS 84"):
        read(LayerKind.STREETS, a_shapefile(tmp_path, STATE_PLANE))
    feet = {"type": "LineString", "coordinates": [[2690000, 236000], [2690100, 236000]]}
    with pytest.raises(BrokenSource, match="1 rows: the coordinates are no degrees"):
        read(LayerKind.STREETS, written("feet.geojson", collection(row(STREET, feet))))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2272"}}
    with pytest.raises(BrokenSource, match="another reference system"):
        read(LayerKind.STREETS, written("crs.geojson", collection(row(STREET, LINE), crs=crs)))
    crs["properties"] = {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}
    assert read(LayerKind.STREETS, written("crs.geojson", collection(row(STREET, LINE), crs=crs)))[0]


ADDRESSES = """LON,LAT,NUMBER,STREET,UNIT
-75.1,40.0,12,N INVENTED ST,
-75.1,40.0,12,N INVENTED ST,FL 2
-75.1,40.0,14A,North Invented Street,
-75.1,40.0,,N INVENTED ST,
2690000,236000,16,N INVENTED ST,
-75.1,40.0,18
"""


def test_flats_of_one_house_are_one_address_and_every_row_is_accounted_for(written: Written) -> None:
    found, skipped = read(LayerKind.ADDRESSES, written("addresses.csv", ADDRESSES))
    assert [(one.name, one.left_from) for one in found] == [("N Invented St", 12), ("N Invented St", 14)]
    assert len(found) + skipped.rows == skipped.rows_read == 6
    assert skipped.reasons == {
        "the same number of the same street again": [1, 3],
        "no house number or no street": [1, 5],
        "the coordinates are no degrees (export as WGS 84, EPSG:4326)": [1, 6],
        "fewer columns than the heading": [1, 7],
    }


def test_address_points_come_as_lines_of_geojson_too(written: Written) -> None:
    point = {"type": "Point", "coordinates": [-75.1, 40.0]}
    lines = [
        row({"number": "12", "street": "Invented St"}, point),
        row({"number": "14", "street": "Invented St"}, None),
    ]
    (one,), skipped = read(LayerKind.ADDRESSES, written("addresses.geojson", lines))
    assert (one.name, one.left_from, one.lat, one.lon) == ("Invented St", 12, 40.0, -75.1)
    assert skipped.reasons == {"no point": [1, 2]}


STOPS = """stop_id,stop_name,stop_lat,stop_lon,location_type
1,Invented Station,40.0,-75.1,1
2,Entrance A,40.0,-75.1,2
3,Made Up St & 5th St,40.1,-75.1,
4,Nowhere,0,0,0
"""


def test_stops_come_from_a_gtfs_feed_or_its_stops_alone(tmp_path: Path, written: Written) -> None:
    found, skipped = read(LayerKind.STOPS, written("stops.txt", STOPS))
    assert [(one.kind, one.name) for one in found] == [
        (FeatureKind.STOP, "Invented Station"),
        (FeatureKind.STOP, "Made Up St & 5th St"),
    ]
    assert skipped.rows == 2
    with zipfile.ZipFile(tmp_path / "gtfs.zip", "w") as feed:
        feed.writestr("feed/stops.txt", "\ufeff" + STOPS)
    assert read(LayerKind.STOPS, tmp_path / "gtfs.zip")[0] == found


def test_a_feed_that_is_none_or_unpacks_to_absurdly_much_is_refused(tmp_path: Path) -> None:
    feed = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(feed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("routes.txt", "route_id")
    with pytest.raises(BrokenSource, match="no GTFS feed"):
        read(LayerKind.STOPS, feed)
    with zipfile.ZipFile(feed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stops.txt", b"0" * (8 << 20))
    with pytest.raises(BrokenSource, match="would unpack to 8 MB"):
        read(LayerKind.STOPS, feed)
    feed.write_bytes(feed.read_bytes()[:100])
    with pytest.raises(BrokenSource, match="no whole zip file"):
        read(LayerKind.STOPS, feed)


def test_a_landmark_needs_only_a_name(written: Written) -> None:
    text = (
        "name,lat,lon,address,kind\nOld Mill,40.0,-75.1,,\nTown Pool,,,12 Invented St,\n,1,1,,\nMill Run,,,,waterway\n"
    )
    found, skipped = read(LayerKind.LANDMARKS, written("landmarks.csv", text + "Bad,north,west,,\n"))
    assert [(one.kind, one.name, one.lat, one.other) for one in found] == [
        (FeatureKind.LANDMARK, "Old Mill", 40.0, ""),
        (FeatureKind.LANDMARK, "Town Pool", None, "12 Invented St"),
        (FeatureKind.WATERWAY, "Mill Run", None, ""),
    ]
    assert skipped.reasons == {"no name": [1, 4], "coordinates that are no degrees": [1, 6]}


def test_areas_say_what_they_decide_and_how_large_they_are(written: Written) -> None:
    square = {"type": "Polygon", "coordinates": [SQUARE]}
    bow_tie = {"type": "Polygon", "coordinates": [[[-75, 40], [-74.9, 40.1], [-74.9, 40], [-75, 40.1], [-75, 40]]]}
    path = written(
        "wards.geojson",
        collection(
            row({"WARD": 7, "department": "Streets"}, square), row({"WARD": 8}, bow_tie), row({"WARD": 9}, LINE)
        ),
    )
    found, skipped = read(LayerKind.AREAS, path, area_kind=AreaKind.WARD)
    assert [(one.name, one.other, one.owner) for one in found] == [("7", "ward", "Streets"), ("8", "ward", "")]
    assert found[0].precision_m == pytest.approx(5500, rel=0.02)
    assert shapely.from_wkb(found[0].shape).contains(shapely.Point(found[0].lon, found[0].lat))
    assert shapely.from_wkb(found[1].shape).is_valid
    assert skipped.reasons == {"no polygon": [1, 3]}


def test_nicknames_stand_for_something_else(written: Written) -> None:
    text = "nickname,stands_for\nthe Inv,Invented Ave\nMill,mill\n,Old Mill\n"
    (one,), skipped = read(LayerKind.NICKNAMES, written("nicknames.csv", text))
    assert (one.kind, one.name, one.other) == (FeatureKind.NICKNAME, "the Inv", "Invented Ave")
    assert skipped.rows == 2


def past_request_rows() -> list[dict[str, Any]]:
    return [
        {"Address": f"{number} Invented St", "LAT": 40.0 + number / 1e5, "lon": -75.1} for number in range(100, 160, 2)
    ]


def test_past_requests_are_learnt_from_csv_lines_of_json_and_geojson_alike(written: Written) -> None:
    rows = past_request_rows()
    lines = ["address,latitude,longitude", *(f"{one['Address']},{one['LAT']},{one['lon']}" for one in rows)]
    features = [
        row({"address": one["Address"]}, {"type": "Point", "coordinates": [one["lon"], one["LAT"]]}) for one in rows
    ]
    found, skipped = read(LayerKind.PAST_REQUESTS, written("past.csv", "\n".join(lines)))
    assert "Invented St" in {one.name for one in found}
    assert skipped.rows_read == len(rows)
    assert read(LayerKind.PAST_REQUESTS, written("past.jsonl", rows))[0] == found
    assert read(LayerKind.PAST_REQUESTS, written("past.geojson", collection(*features)))[0] == found


def test_past_requests_without_an_address_or_point_are_named_by_their_line(written: Written) -> None:
    rows = [*past_request_rows(), {"address": "", "lat": 40.0, "lon": -75.1}, {"address": "9 Invented St"}, 7]
    _, skipped = read(LayerKind.PAST_REQUESTS, written("past.jsonl", rows))
    named = sorted(line for _, *lines in skipped.reasons.values() for line in lines)
    assert named == [31, 32, 33]
    assert skipped.rows_read == 33


def an_extract(folder: Path) -> Path:
    path = folder / "town.osm.pbf"
    points = {1: (-75.16, 39.95), 2: (-75.15, 39.95), 3: (-75.14, 39.95), 4: (-75.15, 39.94), 5: (-75.15, 39.96)}
    points |= {10 + number: (lon, lat) for number, (lon, lat) in enumerate(SQUARE[:4])}
    things = [
        (
            (-75.15, 39.95),
            {"addr:housenumber": "1336", "addr:street": "Invented Street", "amenity": "cafe", "name": "Ink"},
        ),
        ((-75.15, 39.95), {"highway": "bus_stop", "name": "Invented & 13th"}),
        ((-75.15, 39.95), {"place": "neighbourhood", "name": "Fabledale", "alt_name": "The Dale;Fab"}),
        ((-75.15, 39.95), {"amenity": "bench"}),
    ]
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in points.items():
            writer.add_node(Node(id=number, location=place))
        for number, (place, tags) in enumerate(things, start=20):
            writer.add_node(Node(id=number, location=place, tags=tags))
        writer.add_way(Way(id=1, nodes=[1, 2, 3], tags={"highway": "residential", "name": "Invented Street"}))
        writer.add_way(Way(id=2, nodes=[4, 2, 5], tags={"highway": "service", "name": "North 13th Street"}))
        writer.add_way(Way(id=3, nodes=[10, 11, 12, 13, 10], tags={"leisure": "park", "name": "Made Up Park"}))
        writer.add_way(Way(id=4, nodes=[10, 11, 12, 13, 10]))
        writer.add_way(Way(id=5, nodes=[1, 99], tags={"highway": "residential", "name": "Leaving Lane"}))
        writer.add_way(
            Way(id=6, nodes=[1, 2, 4, 1], tags={"building": "yes", "amenity": "library", "name": "Book House"})
        )
        town = {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": "Testopolis"}
        writer.add_relation(Relation(id=1, members=[("w", 4, "outer")], tags=town))
    return path


def test_an_extract_of_openstreetmap_gives_streets_cut_where_they_meet_and_what_stands_on_them(tmp_path: Path) -> None:
    found, skipped = read(LayerKind.OSM, an_extract(tmp_path))
    assert [(str(one.kind), one.name, one.other) for one in found] == [
        ("house", "Invented St", ""),
        ("landmark", "Ink", "1336 Invented St"),
        ("stop", "Invented & 13th", ""),
        ("area", "Fabledale", "neighbourhood"),
        ("nickname", "Fab", "Fabledale"),
        ("nickname", "The Dale", "Fabledale"),
        ("segment", "Invented St", ""),
        ("segment", "Invented St", ""),
        ("segment", "N 13th St", ""),
        ("segment", "N 13th St", ""),
        ("landmark", "Book House", ""),
        ("landmark", "Made Up Park", ""),
        ("area", "Testopolis", "city"),
    ]
    assert shapely.from_wkb(found[-1].shape).area == pytest.approx(0.01)
    ends = [shapely.from_wkb(one.shape).coords[-1] for one in found[6:8]]
    assert ends == [(-75.15, 39.95), (-75.14, 39.95)]
    assert skipped.rows_read == 10
    assert skipped.counts == {"nothing a place is asked by": 1, "its points are outside the extract": 1}


def test_a_gazetteer_comes_back_from_its_own_export_as_it_was(tmp_path: Path, written: Written) -> None:
    found, _ = read(LayerKind.OSM, an_extract(tmp_path))
    lines = [json.loads(as_line(one, "osm")) for one in found]
    assert read(LayerKind.FEATURES, written("export.jsonl", lines))[0] == found
    assert read(LayerKind.FEATURES, written("export.geojson", collection(*lines)))[0] == found
    lines[1]["properties"]["kind"] = "dragon"
    lines[2]["properties"]["weight"] = "heavy"
    back, skipped = read(LayerKind.FEATURES, written("export.jsonl", lines))
    assert len(back) == len(found) - 2
    assert [(reason.split(":")[0], numbers) for reason, numbers in skipped.reasons.items()] == [
        ("kind", [1, 2]),
        ("weight", [1, 3]),
    ]


UNSOUND: list[tuple[dict[str, Any], str]] = [
    ({"lat": 95.0}, "the coordinates are no degrees (export as WGS 84, EPSG:4326)"),
    ({"lat": None}, "the coordinates are no degrees (export as WGS 84, EPSG:4326)"),
    ({"weight": 2**31}, "a number that cannot be right"),
    ({"precision_m": float("inf")}, "a number that cannot be right"),
    ({"name": ""}, "no name"),
    ({"name": "half \ud83d"}, "a name with half a sign"),
    ({"other": "nul \x00"}, "a name with a NUL sign"),
    ({"owner": "x" * 301}, "a name longer than 300 signs"),
]


def test_what_no_database_could_keep_is_skipped(written: Written) -> None:
    sound = {"kind": "landmark", "name": "Old Mill", "lat": 40.0, "lon": -75.1}
    rows = [row(sound | change, None) for change, _ in UNSOUND]
    (one,), skipped = read(LayerKind.FEATURES, written("export.jsonl", [*rows, row(sound, None)]))
    assert one.name == "Old Mill"
    for _, reason in UNSOUND:
        assert skipped.counts[reason] == [why for _, why in UNSOUND].count(reason)


def test_a_later_row_may_have_other_columns_than_the_first(written: Written) -> None:
    rows = [
        row({"fullname": "Invented Ave"}, LINE),
        row({"fullname": None, "NAME": "Made Up St", "Owner": "STATE"}, LINE),
    ]
    found, _ = read(LayerKind.STREETS, written("streets.geojson", collection(*rows)))
    assert [(one.name, one.owner) for one in found] == [("Invented Ave", ""), ("Made Up St", "STATE")]


def broken_files(folder: Path) -> dict[str, tuple[LayerKind, Path, str]]:
    whole = json.dumps(collection(*(row(STREET, LINE) for _ in range(9))))
    contents = {
        "empty.csv": (LayerKind.ADDRESSES, b"", "is empty"),
        "empty.geojson": (LayerKind.STREETS, b" \n", "is empty"),
        "heading.csv": (LayerKind.STOPS, b"stop_name,stop_lat,stop_lon\n", "it has no rows"),
        "latin.csv": (LayerKind.LANDMARKS, "name\nCafé\n".encode("latin-1"), "not UTF-8"),
        "latin.geojson": (LayerKind.AREAS, '{"name": "Café"}'.encode("latin-1"), "not UTF-8"),
        "columns.csv": (LayerKind.NICKNAMES, b"a,b\n1,2\n", "No column is known as nickname or stands_for"),
        "short.geojson": (
            LayerKind.STREETS,
            whole[: len(whole) // 2].encode(),
            "cut short or damaged after 4 features",
        ),
        "end.geojson": (LayerKind.STREETS, whole[:-2].encode(), "cut short after 9 features"),
        "page.geojson": (LayerKind.STREETS, b"<html>Not found</html>", "is no GeoJSON"),
        "array.jsonl": (LayerKind.PAST_REQUESTS, b"[1, 2", "is no GeoJSON"),
        "deep.jsonl": (LayerKind.FEATURES, b"[" * 100_000, "nested too deeply"),
        "nothing.geojson": (LayerKind.STREETS, json.dumps(collection()).encode(), "it has no rows"),
        "quote.csv": (LayerKind.LANDMARKS, b'name\n"' + b"x" * 10_000_001, "no CSV file"),
        "text.shp": (LayerKind.AREAS, b"not a shapefile at all", "no whole Shapefile"),
        "text.osm.pbf": (LayerKind.OSM, b"not an extract at all", "no whole OpenStreetMap extract"),
    }
    for name, (_, content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {name: (kind, folder / name, why) for name, (kind, _, why) in contents.items()}


def test_a_broken_file_is_told_in_one_sentence_by_its_name(tmp_path: Path) -> None:
    for name, (kind, path, why) in broken_files(tmp_path).items():
        with pytest.raises(BrokenSource, match=why) as told:
            read(kind, path)
        assert name in str(told.value) or "--column" in str(told.value)


@pytest.mark.parametrize(("ending", "kept"), [(".shp", 150), (".dbf", 150), (".dbf", 0), (".shp", 0)])
def test_a_shapefile_that_is_cut_short_or_lacks_a_part_is_told(tmp_path: Path, ending: str, kept: int) -> None:
    path = a_shapefile(tmp_path)
    part = path.with_suffix(ending)
    if kept:
        part.write_bytes(part.read_bytes()[:kept])
    else:
        part.unlink()
    with pytest.raises(BrokenSource, match="belong together"):
        read(LayerKind.STREETS, path)


def zipped(path: Path, *parts: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("kind", "damaged"),
    [(LayerKind.STOPS, "stops.txt"), (LayerKind.STREETS, "streets.dbf"), (LayerKind.STREETS, "streets.prj")],
)
def test_a_zip_whose_packed_bytes_are_damaged_is_told(tmp_path: Path, kind: LayerKind, damaged: str) -> None:
    path = a_shapefile(tmp_path)
    parts = [(f"streets{end}", path.with_suffix(end).read_bytes()) for end in (".shp", ".shx", ".dbf", ".prj")]
    whole = zipped(tmp_path / "whole.zip", ("stops.txt", STOPS.encode()), *parts)
    assert read(kind, whole)[0]
    with zipfile.ZipFile(whole) as archive:
        one = archive.getinfo(damaged)
    begin = one.header_offset + 30 + len(damaged)
    content = bytearray(whole.read_bytes())
    content[begin : begin + one.compress_size] = b"\xff" * one.compress_size
    whole.write_bytes(content)
    with pytest.raises(BrokenSource, match=r"whole\.zip is "):
        read(kind, whole)


def test_a_zip_that_is_packed_in_another_way_is_told(tmp_path: Path) -> None:
    feed = zipped(tmp_path / "gtfs.zip", ("stops.txt", STOPS.encode()))
    deflate_64 = (9).to_bytes(2, "little")
    content = bytearray(feed.read_bytes())
    content[8:10] = deflate_64
    directory = content.index(b"PK\x01\x02")
    content[directory + 10 : directory + 12] = deflate_64
    feed.write_bytes(content)
    for kind in (LayerKind.STOPS, LayerKind.STREETS):
        with pytest.raises(BrokenSource, match="Unpack it and zip it again"):
            read(kind, feed)


@pytest.mark.parametrize("number", ["NaN", "1" + "0" * 400])
def test_a_coordinate_that_is_no_number_costs_only_its_row(written: Written, number: str) -> None:
    text = json.dumps(collection(row(STREET, LINE), row(STREET, LINE)))
    found, skipped = read(LayerKind.STREETS, written("streets.geojson", text.replace("-75.15", number, 1)))
    assert (len(found), skipped.rows) == (1, 1)


def test_a_curve_or_a_number_without_end_in_wkt_costs_only_its_row(written: Written) -> None:
    shapes = ("CIRCULARSTRING (0 0, 1 1, 2 0)", "LINESTRING (0 0, 1e400 1)", "LINESTRING (0 0, 1 1)")
    text = "name,the_geom\n" + "".join(f'Mill Ln,"{one}"\n' for one in shapes)
    found, skipped = read(LayerKind.STREETS, written("streets.csv", text))
    assert (len(found), skipped.rows) == (1, 2)


def test_a_number_of_thousands_of_digits_is_told(written: Written) -> None:
    text = json.dumps(collection(row(STREET, LINE), row(STREET, LINE)))
    with pytest.raises(BrokenSource, match="a number that cannot be right after 0 features"):
        read(LayerKind.STREETS, written("streets.geojson", text.replace("-75.15", "1" * 5000, 1)))


def test_heights_are_left_out_of_features_and_an_empty_shape_is_counted(written: Written) -> None:
    high = [[lon, lat, 12.5] for lon, lat in SQUARE]
    told = {"kind": "area", "name": "Old Town", "lat": 39.95, "lon": -75.15}
    lines = [
        row(told, {"type": "Polygon", "coordinates": [high]}),
        row(told, {"type": "Polygon", "coordinates": []}),
    ]
    (one,), skipped = read(LayerKind.FEATURES, written("features.geojson", lines))
    assert one.shape is not None
    assert box_of(one.shape) == (-75.2, 39.9, -75.1, 40.0)
    assert skipped.reasons == {"an empty shape": [1, 2]}


def test_only_the_beginning_of_a_projection_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.places.importers.vectors.LONGEST_PROJECTION", 100)
    path = a_shapefile(tmp_path, " " * 100 + STATE_PLANE)
    assert read(LayerKind.STREETS, path)[0]
    parts = [(f"streets{end}", path.with_suffix(end).read_bytes()) for end in (".shp", ".shx", ".dbf", ".prj")]
    assert read(LayerKind.STREETS, zipped(tmp_path / "streets.zip", *parts))[0]


def test_an_extract_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = an_extract(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BrokenSource, match="no whole OpenStreetMap extract"):
        read(LayerKind.OSM, path)


def test_a_large_collection_is_read_in_pieces(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.places.importers.vectors.READ", 64)
    path = written("streets.geojson", collection(*(row(STREET | {"L_F_ADD": one}, LINE) for one in range(1, 50))))
    assert [one.left_from for one in read(LayerKind.STREETS, path)[0]] == list(range(1, 50))


@given(st.text(max_size=12))
def test_a_house_number_is_what_a_text_begins_with(text: str) -> None:
    number = leading_number(text)
    assert number is None or text.lstrip().lstrip("0").startswith(str(number or ""))
    assert leading_number(f"17{text}" if text[:1].isalpha() or not text else "17") == 17


@given(st.one_of(st.floats(), st.text(max_size=8), st.none()), st.one_of(st.floats(), st.integers()))
def test_degrees_are_in_range_or_none(lat: object, lon: object) -> None:
    found = degrees(lat, lon)
    assert found is None or (abs(found[0]) <= 90 and abs(found[1]) <= 180 and found != (0, 0))
