"""What is somebody else's to mend: who is named and why, when a number is said, and that a person may file it."""

import struct
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from hark311.misdirected import misdirected
from models import (
    AreaKind,
    Database,
    FeatureKind,
    HandOff,
    Jurisdiction,
    LayerKind,
    PlaceFeature,
    PlaceLayer,
    RoadOwner,
)
from models.ground import Ground, ground_at
from models.jurisdictions import whose_is_it
from models.shapes import box_of
from responders.drafting import Key
from responders.filing_anyway import file_anyway
from tests import rows
from tests.town import Town

POTHOLE = "@Philly311Demo there is a deep pothole at 5th and Market St"
PARK = ((-75.01, 39.99), (-74.99, 39.99), (-74.99, 40.01), (-75.01, 40.01), (-75.01, 39.99))


def polygon(points: tuple[tuple[float, float], ...]) -> bytes:
    return struct.pack(f"<BIII{2 * len(points)}d", 1, 3, 1, len(points), *(n for point in points for n in point))


def line(*points: tuple[float, float]) -> bytes:
    return struct.pack(f"<BII{2 * len(points)}d", 1, 2, len(points), *(n for point in points for n in point))


def feature(session: Session, layer: PlaceLayer, kind: FeatureKind, name: str, shape: bytes, **fields: Any) -> None:
    box = box_of(shape)
    session.add(
        PlaceFeature(
            layer_id=layer.id or 0,
            kind=kind,
            name=name,
            shape=shape,
            min_lat=box.min_lat,
            min_lon=box.min_lon,
            max_lat=box.max_lat,
            max_lon=box.max_lon,
            **fields,
        )
    )


@pytest.fixture
def mapped(database: Database) -> Database:
    """A city that is one square with a park in it, and a road of the state's through its middle."""
    with database.write() as session:
        layer = PlaceLayer(
            city="x", kind=LayerKind.STREETS, name="s", imported_at=rows.MORNING, changed_at=rows.MORNING
        )
        session.add(layer)
        session.flush()
        city = tuple((-75.0 + 10 * (lon + 75.0), 40.0 + 10 * (lat - 40.0)) for lon, lat in PARK)
        feature(session, layer, FeatureKind.AREA, "The city", polygon(city), other=AreaKind.CITY)
        feature(session, layer, FeatureKind.AREA, "Elm Park", polygon(PARK), other=AreaKind.NEIGHBOURHOOD)
        road = line((-75.05, 40.0), (-74.95, 40.0))
        feature(session, layer, FeatureKind.SEGMENT, "Elm Ave", road, owner="STATE")
    return database


def test_the_map_tells_areas_the_keeper_of_the_road_and_what_lies_outside(mapped: Database) -> None:
    with mapped.read() as session:
        connection = session.connection()
        assert ground_at(connection, 40.0002, -75.0) == Ground(("Elm Park", "The city"), "STATE", outside=False)
        assert ground_at(connection, 40.001, -75.0).road_owner == ""
        assert ground_at(connection, 41.0, -75.0) == Ground(outside=True)


def test_the_most_exact_rule_holds_and_a_keeper_of_roads_is_named_as_the_page_roads_says(mapped: Database) -> None:
    with mapped.write() as session:
        session.add(RoadOwner(code="STATE", name="State Roads", ours=False, call="State Roads", number="555-0190"))
        session.flush()
        session.add_all(
            [
                Jurisdiction(outside=True, name="the next county"),
                Jurisdiction(area="Elm Park", name="the park trust"),
                Jurisdiction(service_codes=["POTHOLE"], road_owner="STATE"),
                Jurisdiction(service_codes=["GRAFFITI"], name="nobody", active=False),
            ]
        )
        session.flush()
        connection = session.connection()
        here, off_road = ground_at(connection, 40.0, -75.0), ground_at(connection, 40.005, -75.0)
        found = [
            whose_is_it(session, code, ground)
            for code, ground in (
                ("POTHOLE", here),
                ("NOISE", here),
                ("POTHOLE", off_road),
                ("NOISE", ground_at(connection, 41.0, -75.0)),
                ("POTHOLE", None),
                ("GRAFFITI", None),
            )
        ]
    assert [one.name if one else "ours" for one in found] == [
        *("State Roads", "the park trust", "the park trust", "the next county", "ours", "ours"),
    ]
    assert found[0] is not None
    assert (found[0].contact, found[0].checked_on) == ("555-0190", None)


def a_rule(town: Town, **fields: object) -> int:
    with town.database.write() as session:
        rule = Jurisdiction.model_validate({"service_codes": ["POTHOLE"], "name": "State Roads", **fields})
        session.add(rule)
        session.flush()
        return rule.id or 0


def test_a_resident_is_told_who_and_how_and_a_person_may_file_it_anyway(town: Town) -> None:
    today = town.clock().date()
    a_rule(town, contact="555-0190", checked_on=today - timedelta(days=10))
    mention_id = town.mention_of(said(town)).id or 0
    reply = town.reply_to(mention_id)
    assert reply.template_key == Key.NOT_OURS
    assert "State Roads" in reply.text
    assert "555-0190" in reply.text
    with town.database.read() as session:
        assert session.get_one(HandOff, mention_id).evidence == "the service is POTHOLE"
    file_anyway(town.desk, mention_id, town.staff_id)
    assert town.reply_to(mention_id).template_key == Key.FILED
    with town.database.read() as session:
        (counted,) = misdirected(session, town.clock() - timedelta(days=1), town.clock())
    assert (counted.owner, counted.channel, counted.number, counted.filed_anyway) == ("State Roads", "X", 1, 1)


def said(town: Town) -> str:
    """What somebody says on X, heard and understood."""
    post_id = town.simulator.say_on_x(POTHOLE)
    town.hear()
    return post_id


def test_a_number_that_nobody_has_checked_for_long_is_not_said(town: Town) -> None:
    a_rule(town, contact="555-0190", checked_on=town.clock().date() - timedelta(days=181))
    reply = town.reply_to(town.mention_of(said(town)).id)
    assert reply.template_key == Key.NOT_OURS_NO_CONTACT
    assert "555-0190" not in reply.text
