"""Layers of a gazetteer: one of each name counts, the version rises, the spatial index answers, on both databases."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select, text

from models import AuditEntry, Database, Feature, FeatureKind, LayerKind, PlaceFeature, PlaceLayer
from models.place_layers import (
    CHUNK,
    KEPT,
    NoSuchLayer,
    active_layers,
    add_layer,
    all_layers,
    count_features,
    features_in,
    features_of,
    gazetteer_version,
    import_layer,
    restore_layer,
    retire_layer,
)
from models.places import Skipped
from models.shapes import Box, box_of

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def a_line(*points: tuple[float, float]) -> bytes:
    return struct.pack(f"<BII{2 * len(points)}d", 1, 2, len(points), *(one for point in points for one in point))


def a_stop(name: str, lat: float | None = 40.0, lon: float | None = -75.0) -> Feature:
    return Feature(FeatureKind.STOP, name, lat, lon, precision_m=15.0)


EVERY_FIELD = Feature(
    kind=FeatureKind.SEGMENT,
    name="N Invented St",
    lat=40.05,
    lon=-75.05,
    other="something",
    left_from=1,
    left_to=99,
    right_from=2,
    right_to=98,
    shape=a_line((-75.1, 40.0), (-75.0, 40.1)),
    owner="STATE",
    precision_m=12.5,
    weight=7,
)


def names(session: Session, city: str = "testopolis") -> list[str]:
    return [one.name for one in features_of(session, city)]


def test_features_come_back_as_they_were_and_in_their_order(either_database: Database) -> None:
    given_features = [EVERY_FIELD, a_stop("one"), Feature(FeatureKind.NICKNAME, "the Inv", other="N Invented St")]
    skipped = Skipped(rows_read=5, reasons={"no name": [2, 3, 4]})
    import_layer(
        either_database,
        "testopolis",
        LayerKind.STREETS,
        "streets",
        iter(given_features),
        skipped=skipped,
        licence="CC0",
    )
    with either_database.read() as session:
        assert list(features_of(session, "testopolis")) == [replace(one, source="streets") for one in given_features]
        assert count_features(session, "testopolis") == dict.fromkeys(
            (FeatureKind.SEGMENT, FeatureKind.STOP, FeatureKind.NICKNAME), 1
        )
        (layer,) = active_layers(session, "testopolis")
        assert (layer.features, layer.rows_read, layer.skipped, layer.licence) == (3, 5, {"no name": 2}, "CC0")
        assert list(features_of(session, "elsewhere")) == []


def test_a_newer_layer_of_the_same_name_retires_the_older_one(either_database: Database) -> None:
    with either_database.write() as session:
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("old")])
        add_layer(session, "testopolis", LayerKind.STOPS, "other stops", [a_stop("other")])
        add_layer(session, "elsewhere", LayerKind.STOPS, "stops", [a_stop("far away")])
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("new")])
    with either_database.read() as session:
        assert names(session) == ["other", "new"]
        assert names(session, "elsewhere") == ["far away"]
        assert [one.retired_at is None for one in all_layers(session, "testopolis")] == [True, True, False]


def test_the_version_rises_with_every_change_even_when_the_clock_is_set_back(database: Database) -> None:
    versions = []
    with database.write() as session:
        assert gazetteer_version(session, "testopolis") == ""
        first = add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("one")], now=NOW)
        versions.append(gazetteer_version(session, "testopolis"))
        retire_layer(session, first.id or 0, now=NOW)
        versions.append(gazetteer_version(session, "testopolis"))
        restore_layer(session, first.id or 0, now=NOW - timedelta(days=1))
        versions.append(gazetteer_version(session, "testopolis"))
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [], now=NOW - timedelta(days=1))
        versions.append(gazetteer_version(session, "testopolis"))
        add_layer(session, "elsewhere", LayerKind.STOPS, "stops", [])
    assert versions == sorted(set(versions))
    assert len(versions) == 4
    with database.read() as session:
        assert gazetteer_version(session, "testopolis") == versions[-1]


def test_a_retired_layer_can_be_restored_and_takes_the_place_of_its_successor(either_database: Database) -> None:
    with either_database.write() as session:
        old = add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("old")])
        new = add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("new")])
        restore_layer(session, old.id or 0, by="Mae")
        assert names(session) == ["old"]
        retire_layer(session, old.id or 0, by="Mae")
        assert names(session) == []
        with pytest.raises(NoSuchLayer, match="no active layer"):
            retire_layer(session, new.id or 0)
        with pytest.raises(NoSuchLayer, match="no retired layer 4711"):
            restore_layer(session, 4711)
        said = session.exec(select(AuditEntry.why).where(AuditEntry.by == "Mae")).all()
    assert said == ["stops retired", "stops restored", "stops retired"]


def test_old_retired_layers_are_forgotten_beyond_the_last_few(either_database: Database) -> None:
    for number in range(KEPT + 3):
        import_layer(either_database, "testopolis", LayerKind.STOPS, "stops", [a_stop(f"import {number}")])
    with either_database.write() as session:
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("last")])
        assert len(all_layers(session, "testopolis")) == KEPT + 1
        assert session.exec(select(func.count()).select_from(PlaceFeature)).one() == KEPT + 1
        assert names(session) == ["last"]


def test_a_source_that_breaks_half_way_changes_nothing(either_database: Database) -> None:
    import_layer(either_database, "testopolis", LayerKind.STOPS, "stops", [a_stop("kept")])
    with either_database.read() as session:
        before = gazetteer_version(session, "testopolis")
    stored: list[int] = []

    def breaks() -> Iterator[Feature]:
        yield from (a_stop(str(number)) for number in range(CHUNK))
        raise ValueError("the file is cut short")

    with pytest.raises(ValueError, match="cut short"):
        import_layer(either_database, "testopolis", LayerKind.STOPS, "stops", breaks(), stored.append)
    assert stored == [CHUNK]
    with either_database.read() as session:
        assert names(session) == ["kept"]
        assert gazetteer_version(session, "testopolis") == before
        assert session.exec(select(func.count()).select_from(PlaceFeature)).one() == 1


def test_others_can_write_while_a_large_layer_comes_in(database: Database) -> None:
    seen: list[int] = []

    def writes_in_between(stored: int) -> None:
        with database.write() as session:
            add_layer(session, "elsewhere", LayerKind.STOPS, f"stops {stored}", [])
        with database.read() as session:
            seen.append(len(names(session)))

    features = (a_stop(str(number)) for number in range(2 * CHUNK + 1))
    import_layer(database, "testopolis", LayerKind.STOPS, "stops", features, writes_in_between)
    assert seen == [0, 0, 0]
    with database.read() as session:
        assert len(names(session)) == 2 * CHUNK + 1


def test_an_import_that_was_cut_off_is_cleared_away_a_day_later(database: Database) -> None:
    with database.write() as session:
        cut_off = add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("lost")], now=NOW)
        cut_off.complete, cut_off.retired_at = False, NOW
        session.add(cut_off)
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [], now=NOW + timedelta(hours=23))
        assert len(session.exec(select(PlaceLayer)).all()) == 2
        with pytest.raises(NoSuchLayer):
            restore_layer(session, cut_off.id or 0)
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [], now=NOW + timedelta(hours=25))
    with database.read() as session:
        assert [one.id for one in session.exec(select(PlaceLayer)).all()] == [2, 3]


def test_streets_we_drew_ourselves_give_way_to_the_citys_own(either_database: Database) -> None:
    ours = Feature(FeatureKind.SEGMENT, "Sketch St", 40.0, -75.0, shape=a_line((-75.0, 40.0), (-75.0, 40.001)))
    theirs = Feature(FeatureKind.SEGMENT, "Survey St", 40.0, -75.0, shape=a_line((-75.0, 40.0), (-75.0, 40.001)))
    around = Box(-75.1, 39.9, -74.9, 40.1)
    with either_database.write() as session:
        add_layer(session, "testopolis", LayerKind.STARTER, "starter", [ours, a_stop("Our Stop")])
        add_layer(session, "testopolis", LayerKind.STREETS, "ranges", [Feature(FeatureKind.SEGMENT, "No Line St")])
        assert names(session) == ["Sketch St", "Our Stop", "No Line St"]  # a table of ranges has drawn nothing
        layer = add_layer(session, "testopolis", LayerKind.STREETS, "centrelines", [theirs])
        assert names(session) == ["Our Stop", "No Line St", "Survey St"]
        assert [one.name for one in features_in(session, "testopolis", around)] == ["Our Stop", "Survey St"]
        retire_layer(session, layer.id or 0)
        assert names(session) == ["Sketch St", "Our Stop", "No Line St"]


@pytest.fixture
def drawn(either_database: Database) -> Database:
    with either_database.write() as session:
        retired = add_layer(session, "testopolis", LayerKind.STREETS, "old", [EVERY_FIELD])
        retire_layer(session, retired.id or 0)
        add_layer(session, "testopolis", LayerKind.STREETS, "streets", [EVERY_FIELD, a_stop("north", 41.0)])
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("inside", 40.05, -75.05), a_stop("?", None)])
        add_layer(session, "elsewhere", LayerKind.STOPS, "stops", [a_stop("theirs", 40.05, -75.05)])
    return either_database


INSIDE = Box(-75.06, 40.04, -75.04, 40.06)


def test_a_box_holds_what_touches_it_of_this_city_and_still_counts(drawn: Database) -> None:
    with drawn.read() as session:
        found = features_in(session, "testopolis", INSIDE)
        assert [one.name for one in found] == ["N Invented St", "inside"]
        assert [one.name for one in features_in(session, "testopolis", INSIDE, [FeatureKind.STOP])] == ["inside"]
        assert len(features_in(session, "testopolis", INSIDE, limit=1)) == 1
        assert features_in(session, "testopolis", Box(-75.06, 40.2, -75.04, 40.3)) == []
        assert features_in(session, "nowhere", INSIDE) == []


def test_a_feature_that_is_moved_or_deleted_is_found_where_it_is(drawn: Database) -> None:
    def found() -> list[str]:
        with drawn.read() as session:
            return [one.name for one in features_in(session, "testopolis", INSIDE, [FeatureKind.STOP])]

    def move(name: str, lat: float | None, lon: float | None) -> None:
        with drawn.write() as session:
            one = session.exec(select(PlaceFeature).where(PlaceFeature.name == name)).one()
            one.min_lat = one.max_lat = lat
            one.min_lon = one.max_lon = lon
            session.add(one)

    move("north", 40.05, -75.05)
    move("?", 40.05, -75.05)
    assert found() == ["north", "inside", "?"]
    move("inside", 10.0, 10.0)
    move("?", None, None)
    assert found() == ["north"]
    with drawn.write() as session:
        session.delete(session.exec(select(PlaceFeature).where(PlaceFeature.name == "north")).one())
    assert found() == []


def test_a_box_is_looked_up_in_the_spatial_index(database: Database) -> None:
    with database.write() as session:
        add_layer(session, "testopolis", LayerKind.STOPS, "stops", [a_stop("one")])
    with database.read() as session:
        plans: list[str] = []
        connection = session.connection()
        query = "EXPLAIN QUERY PLAN SELECT * FROM place_feature WHERE id IN (SELECT id FROM place_feature_box WHERE "
        query += "max_lon >= 1 AND min_lon <= 2) AND +place_feature.layer_id IN (1, 2) ORDER BY id LIMIT 5"
        plans += [row[3] for row in connection.execute(text(query))]
    assert any("VIRTUAL TABLE" in plan for plan in plans)
    assert not any("ix_place_feature_layer" in plan for plan in plans)


def test_no_row_is_left_in_the_spatial_index_of_a_forgotten_layer(database: Database) -> None:
    for _ in range(KEPT + 3):
        import_layer(database, "testopolis", LayerKind.STOPS, "stops", [a_stop("one"), a_stop("two")])
    with database.read() as session:
        boxes = session.connection().execute(text("SELECT count(*) FROM place_feature_box")).scalar_one()
        rows = session.exec(select(func.count()).where(col(PlaceFeature.min_lat).is_not(None))).one()
    assert boxes == rows == 2 * (KEPT + 1)


def test_the_box_of_a_polygon_and_of_several_shapes_is_around_all_of_it() -> None:
    ring = struct.pack("<I6d", 3, 1.0, 2.0, 5.0, 9.0, -3.0, 4.0)
    polygon = struct.pack("<BII", 1, 3, 1) + ring
    assert box_of(polygon) == Box(-3, 2, 5, 9)
    many = struct.pack(">BII", 0, 7, 2) + polygon + struct.pack(">BI2d", 0, 1, -8.0, 20.0)
    assert box_of(many) == Box(-8, 2, 5, 20)


@given(st.integers(0, 2), st.binary(max_size=60))
def test_bytes_that_are_no_shape_raise_nothing_but_a_value_error(order: int, rest: bytes) -> None:
    with suppress(ValueError):
        assert len(box_of(bytes([order]) + rest)) == 4


def test_a_shape_that_is_cut_short_or_empty_or_has_heights_is_refused() -> None:
    line = a_line((1.0, 2.0), (3.0, 4.0))
    for shape, why in ((line[:-3], "cut short"), (a_line(), "empty"), (struct.pack("<BII", 1, 1002, 0), "two dimen")):
        with pytest.raises(ValueError, match=why):
            box_of(shape)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_shape_with_a_coordinate_that_is_no_number_is_refused(number: float) -> None:
    for line in (a_line((1.0, 2.0), (number, 4.0)), a_line((1.0, 2.0), (3.0, number))):
        with pytest.raises(ValueError, match="no number"):
            box_of(line)
