"""Whose a problem is: by the areas a point lies in, and by who keeps the road where that matters."""

from dataclasses import dataclass
from datetime import date

import pytest
from shapely import LineString, box

from classifier.lexicons import read_lexicon
from classifier.places.gazetteer import Gazetteer
from classifier.places.responsibility import responsibility, road_decides
from classifier.taxonomy import CATEGORIES
from models.places import AreaKind, Feature, FeatureKind
from models.responsibility import RoadOwner

OWNERS = {
    "CITY": RoadOwner(code="CITY", name="the city", ours=True),
    "STATE": RoadOwner(
        code="STATE", name="the state", ours=False, call="the state's road office", number="555-0190",
        note="Day and night.",
    ),
    "RAIL": RoadOwner(code="RAIL", name="the railway", ours=False),
}  # fmt: skip


@dataclass(frozen=True)
class Area:
    name: str
    kind: str
    owner: str = ""


@dataclass(frozen=True)
class Road:
    name: str
    owner: str
    metres: float = 5.0


@dataclass(frozen=True)
class Ground:
    areas: tuple[Area, ...] = ()
    road: Road | None = None

    def areas_at(self, lat: float, lon: float) -> tuple[Area, ...]:
        return self.areas

    def nearest_segment(self, lat: float, lon: float, within_m: float) -> Road | None:
        return self.road if self.road and self.road.metres <= within_m else None


def test_a_pothole_on_the_states_road_is_the_states() -> None:
    found = responsibility(Ground(road=Road("Quarry Rd", "STATE")), 40.0, -75.1, "POTHOLE", OWNERS)
    assert not found.ours
    assert found.note == (
        "Quarry Rd here is kept by the state, not by the city. Call the state's road office, 555-0190. Day and night."
    )
    assert not found.checked
    made_sure = {"STATE": RoadOwner(**OWNERS["STATE"].model_dump() | {"checked_on": date(2026, 11, 2)})}
    assert responsibility(Ground(road=Road("Quarry Rd", "STATE")), 40.0, -75.1, "POTHOLE", made_sure).checked


def test_missed_trash_on_the_states_road_is_still_the_citys() -> None:
    found = responsibility(Ground(road=Road("Quarry Rd", "STATE")), 40.0, -75.1, "MISSED_TRASH", OWNERS)
    assert (found.ours, found.note, found.road_owner) == (True, "", "STATE")


def test_a_pothole_on_a_city_street_is_the_citys_without_a_word() -> None:
    found = responsibility(Ground(road=Road("Elm St", "CITY")), 40.0, -75.1, "POTHOLE", OWNERS)
    assert (found.ours, found.note) == (True, "")


def test_a_code_nobody_has_explained_is_said_and_decides_nothing() -> None:
    found = responsibility(Ground(road=Road("Elm St", "FAM")), 40.0, -75.1, "POTHOLE", OWNERS)
    assert found.ours
    assert "FAM keeps Elm St; nobody has said who that is" in found.note


def test_a_street_whose_data_name_no_owner_is_taken_for_the_citys() -> None:
    assert responsibility(Ground(road=Road("Elm St", "")), 40.0, -75.1, "POTHOLE", OWNERS).ours


def test_a_road_across_the_park_decides_nothing() -> None:
    far = Ground(road=Road("Quarry Rd", "STATE", metres=200))
    found = responsibility(far, 40.0, -75.1, "POTHOLE", OWNERS)
    assert (found.ours, found.road) == (True, "")


def test_without_a_category_no_road_decides() -> None:
    assert responsibility(Ground(road=Road("Quarry Rd", "STATE")), 40.0, -75.1, None, OWNERS).ours


def test_an_owner_nobody_can_call_is_only_named() -> None:
    found = responsibility(Ground(road=Road("Depot Ln", "RAIL")), 40.0, -75.1, "SNOW_ICE", OWNERS)
    assert found.note == "Depot Ln here is kept by the railway, not by the city."
    assert found.checked


def test_the_areas_a_point_lies_in_are_named() -> None:
    ground = Ground(
        areas=(
            Area("Riverton", "city"),
            Area("Old Mill", "neighbourhood"),
            Area("District 4", "district", "Streets, north yard"),
            Area("Ward 12", "ward"),
        )
    )
    found = responsibility(ground, 40.0, -75.1, "LITTER", OWNERS)
    assert (found.neighbourhood, found.district, found.ward) == ("Old Mill", "District 4", "Ward 12")
    assert found.department == "Streets, north yard"


def test_an_area_drawn_for_a_department_goes_before_one_that_only_names_it() -> None:
    drawn = Area("Sanitation area 2", "department", "Sanitation")
    ground = Ground(areas=(Area("District 4", "district", "Streets"), drawn))
    assert responsibility(ground, 40.0, -75.1, None, OWNERS).department == "Sanitation"
    bare = Ground(areas=(Area("Water", "department"),))
    assert responsibility(bare, 40.0, -75.1, None, OWNERS).department == "Water"


def test_nothing_known_about_a_point_is_nothing_claimed() -> None:
    found = responsibility(Ground(), 40.0, -75.1, "POTHOLE", OWNERS)
    assert (found.district, found.department, found.road, found.ours, found.note) == ("", "", "", True, "")


@pytest.mark.parametrize("category", read_lexicon("responsibility")["road"]["decides"])
def test_a_category_that_roads_decide_is_one_we_know(category: str) -> None:
    assert category in CATEGORIES
    assert road_decides(category)


def test_the_citys_own_gazetteer_tells_the_area_and_the_road() -> None:
    quarry = LineString([(-75.10, 40.00), (-75.09, 40.00)])
    mill = box(-75.11, 39.99, -75.08, 40.01)
    gazetteer = Gazetteer.build(
        [
            Feature(FeatureKind.SEGMENT, "Quarry Rd", 40.0, -75.095, shape=quarry.wkb, owner="STATE"),
            Feature(FeatureKind.AREA, "District 4", other=AreaKind.DISTRICT, shape=mill.wkb, owner="Streets"),
        ]
    )
    found = responsibility(gazetteer, 40.0001, -75.095, "POTHOLE", OWNERS)
    assert (found.district, found.department, found.road_owner, found.ours) == ("District 4", "Streets", "STATE", False)
    away = responsibility(gazetteer, 40.002, -75.095, "POTHOLE", OWNERS)
    assert (away.district, away.road, away.ours) == ("District 4", "", True)
