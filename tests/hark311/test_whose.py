"""Whose a place is, as the desk shows it: from the gazetteer, the road owners and the city's own services."""

from datetime import date

import pytest
from shapely import LineString, box

from classifier.places.gazetteer import Gazetteer
from hark311.product import OfPlace
from hark311.whose import WhoseIsIt
from models import Database, RoadOwner, Service
from models.places import AreaKind, Feature, FeatureKind

ON_THE_ROAD = (40.0001, -75.095)


@pytest.fixture
def whose(database: Database) -> WhoseIsIt:
    """A road of the state's through District 4, which the department of streets answers for."""
    line, district = LineString([(-75.10, 40.00), (-75.09, 40.00)]), box(-75.11, 39.99, -75.08, 40.01)
    gazetteer = Gazetteer.build(
        [
            Feature(FeatureKind.SEGMENT, "Quarry Rd", 40.0, -75.095, shape=line.wkb, owner="STATE"),
            Feature(FeatureKind.AREA, "District 4", other=AreaKind.DISTRICT, shape=district.wkb, owner="Streets"),
        ]
    )
    with database.write() as session:
        session.add(RoadOwner(code="STATE", name="the state", ours=False, call="State roads", number="555-0190"))
        session.add(Service(service_code="SR-ST01", service_name="Street defect", category="POTHOLE"))
        session.add(Service(service_code="MISSED_TRASH", service_name="Rubbish"))
        session.add(Service(service_code="SR-9", service_name="Broken lamp"))
    return WhoseIsIt(
        database, lambda: gazetteer, lambda service: "STREET_LIGHT" if "lamp" in service.service_name else None
    )


def test_a_problem_of_the_states_road_says_so_first(whose: WhoseIsIt) -> None:
    first, *rest = whose(*ON_THE_ROAD, "SR-ST01")
    assert (first.label, first.value) == ("Whose road", "not the city's")
    assert first.note == (
        "Quarry Rd here is kept by the state, not by the city. Call State roads, 555-0190. "
        "Nobody has checked this number yet."
    )
    assert rest == [OfPlace("Department", "Streets"), OfPlace("District", "District 4")]


def test_a_number_that_somebody_checked_is_given_without_a_warning(whose: WhoseIsIt) -> None:
    with whose.database.write() as session:
        session.get_one(RoadOwner, "STATE").checked_on = date(2026, 11, 2)
    assert whose(*ON_THE_ROAD, "SR-ST01")[0].note.endswith("555-0190.")


@pytest.mark.parametrize("service", ["MISSED_TRASH", None, "NO_SUCH"])
def test_another_problem_on_the_same_road_is_the_citys_and_the_keeper_is_named(
    whose: WhoseIsIt, service: str | None
) -> None:
    assert whose(*ON_THE_ROAD, service)[-1] == OfPlace("Road", "Quarry Rd, kept by the state")


def test_a_road_whose_keeper_nobody_knows_is_no_line_of_its_own(whose: WhoseIsIt) -> None:
    with whose.database.write() as session:
        session.delete(session.get_one(RoadOwner, "STATE"))
    assert whose(*ON_THE_ROAD, "MISSED_TRASH") == whose(*ON_THE_ROAD, None)
    assert [one.label for one in whose(*ON_THE_ROAD, "MISSED_TRASH")] == ["Department", "District"]


def test_a_code_that_nobody_has_explained_is_said_where_the_road_decides(whose: WhoseIsIt) -> None:
    with whose.database.write() as session:
        session.delete(session.get_one(RoadOwner, "STATE"))
    last = whose(*ON_THE_ROAD, "SR-ST01")[-1]
    assert (last.label, last.value) == ("Road", "Quarry Rd")
    assert "STATE keeps Quarry Rd; nobody has said who that is" in last.note


def test_a_service_that_names_no_category_is_guessed(whose: WhoseIsIt) -> None:
    assert whose(*ON_THE_ROAD, "SR-9")[0].label == "Whose road"


def test_a_point_outside_all_that_is_known_says_nothing(whose: WhoseIsIt) -> None:
    assert whose(10.0, 10.0, "SR-ST01") == []
