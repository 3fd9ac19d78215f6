"""The gazetteer in memory: streets, crossings, house numbers and areas of an invented town."""

import random
import time

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from classifier.places.gazetteer import Gazetteer
from classifier.places.names import read_street_name
from classifier.places.spots import metres
from models.places import Feature, FeatureKind
from tests.classifier.small_town import at, line, square, town

GAZETTEER = Gazetteer.build(town(), "7")


def street(name: str, gazetteer: Gazetteer = GAZETTEER) -> int:
    read = read_street_name(name)
    return next(one for one in gazetteer.with_key(read.key) if gazetteer.streets[one] == read)


def metres_from(lat: float, lon: float, east: float, north: float) -> float:
    return metres(lat, lon, *at(east, north))


def test_streets_are_found_by_their_base_in_every_direction() -> None:
    assert {GAZETTEER.streets[one].normal for one in GAZETTEER.with_key("5th")} == {"N 5th St", "S 5th St"}
    assert GAZETTEER.version == "7"
    assert GAZETTEER.name_count > 30


def test_a_crossing_is_where_two_lines_share_an_end() -> None:
    (spot,) = GAZETTEER.crossing(street("N 5th St"), street("Elm St"))
    assert metres_from(spot.lat, spot.lon, 400, 200) < 2


def test_a_crossing_must_really_exist() -> None:
    assert not GAZETTEER.crossing(street("N 5th St"), street("N 6th St"))
    assert not GAZETTEER.crossing(street("S 5th St"), street("Elm St"))
    assert not GAZETTEER.crossing(street("Mill St"), street("Main St"))


def test_a_street_that_ends_at_anothers_line_meets_it() -> None:
    long = Feature(FeatureKind.SEGMENT, "Long Rd", shape=line((0, 0), (1000, 0)))
    stub = Feature(FeatureKind.SEGMENT, "Stub Ln", shape=line((500, 5), (500, 300)))
    far = Feature(FeatureKind.SEGMENT, "Far Ln", shape=line((500, 60), (500, 300)))
    made = Gazetteer.build([long, stub, far])
    (spot,) = made.crossing(street("Long Rd", made), street("Stub Ln", made))
    assert metres_from(spot.lat, spot.lon, 500, 2) < 5
    assert not made.crossing(street("Long Rd", made), street("Far Ln", made))


def test_two_streets_may_meet_twice() -> None:
    spots = GAZETTEER.crossing(street("Mill St"), street("Dock St"))
    assert len(spots) == 2


@pytest.mark.parametrize(("number", "north"), [(2, 2), (50, 50), (100, 100), (199, 199), (51, 50), (450, 450)])
def test_a_house_lies_along_its_block(number: int, north: float) -> None:
    (spot,) = GAZETTEER.house(street("N 3rd St"), number)
    assert not spot.estimated
    assert metres_from(spot.lat, spot.lon, 200, north) < 4


@given(st.integers(min_value=2, max_value=499), st.integers(min_value=2, max_value=499))
def test_higher_numbers_lie_farther_along_the_street(one: int, other: int) -> None:
    (first,), (second,) = GAZETTEER.house(street("N 3rd St"), one), GAZETTEER.house(street("N 3rd St"), other)
    assert (first.lat <= second.lat + 2e-5) if one <= other else (second.lat <= first.lat + 2e-5)
    assert abs(metres(first.lat, first.lon, second.lat, second.lon) - abs(one - other)) < 6


def test_a_number_outside_every_range_is_estimated_at_the_nearest_end() -> None:
    (spot,) = GAZETTEER.house(street("N 3rd St"), 610)
    assert spot.estimated
    assert metres_from(spot.lat, spot.lon, 200, 500) < 4
    assert spot.precision_m >= 100


def test_a_number_on_two_streets_of_one_name_has_two_places() -> None:
    assert len(GAZETTEER.house(street("Mill St"), 150)) == 2


def houses(*numbers: tuple[int, float, float], name: str = "Reed St") -> Gazetteer:
    return Gazetteer.build(
        Feature(FeatureKind.HOUSE, name, *at(east, north), left_from=number, left_to=number)
        for number, east, north in numbers
    )


def test_a_house_between_two_known_ones_of_its_side_lies_between_them() -> None:
    made = houses((10, 0, 0), (11, 0, 30), (30, 100, 0), (31, 100, 30))
    (spot,) = made.house(street("Reed St", made), 20)
    assert not spot.estimated
    assert metres_from(spot.lat, spot.lon, 50, 0) < 2


def test_a_house_past_the_last_known_one_is_estimated_in_the_streets_direction() -> None:
    made = houses((10, 0, 0), (30, 100, 0))
    (spot,) = made.house(street("Reed St", made), 40)
    assert spot.estimated
    assert metres_from(spot.lat, spot.lon, 150, 0) < 2


def test_a_house_is_not_put_between_two_streets_of_one_name() -> None:
    made = houses((10, 0, 0), (30, 9000, 0))
    spots = made.house(street("Reed St", made), 20)
    assert len(spots) == 2
    assert all(spot.estimated for spot in spots)


@given(st.integers(min_value=12, max_value=88).map(lambda half: 2 * half))
def test_houses_known_at_even_steps_give_back_every_house_between(number: int) -> None:
    made = houses(*((known, 5.0 * known, 0.0) for known in range(20, 201, 20)))
    (spot,) = made.house(street("Reed St", made), number)
    assert metres_from(spot.lat, spot.lon, 5.0 * number, 0) < 3


def test_areas_hold_their_points() -> None:
    assert [area.name for area in GAZETTEER.areas_at(*at(5000, 100))] == ["Harbor", "Oakvale"]
    assert [area.name for area in GAZETTEER.areas_at(*at(0, 100))] == ["Oakvale"]
    assert GAZETTEER.areas_at(*at(20000, 0)) == []


def test_the_citys_own_area_decides_what_is_outside() -> None:
    assert GAZETTEER.in_city(*at(7000, 0))
    assert not GAZETTEER.in_city(*at(9000, 0))


def test_without_an_area_the_box_around_all_that_is_known_decides() -> None:
    made = houses((10, 0, 0), (30, 1000, 1000))
    assert made.in_city(*at(1500, 500))
    assert not made.in_city(*at(9000, 0))
    assert Gazetteer.build([]).in_city(0.0, 0.0)


def test_the_nearest_segment_names_the_street_and_who_keeps_it() -> None:
    found = GAZETTEER.nearest_segment(*at(150, -495), within_m=30)
    assert found is not None
    assert (found.name, found.owner) == ("River Rd", "STATE")
    assert found.metres == pytest.approx(5, abs=0.5)
    assert GAZETTEER.nearest_segment(*at(150, -560), within_m=30) is None


def test_a_shape_that_cannot_be_read_is_passed_over() -> None:
    broken = [
        Feature(FeatureKind.SEGMENT, "Oak St", shape=b"no shape"),
        Feature(FeatureKind.SEGMENT, "Elm St", shape=shapely.to_wkb(shapely.Point(1, 2))),
        Feature(FeatureKind.AREA, "Nowhere", shape=b"\x01"),
    ]
    made = Gazetteer.build(broken)
    assert {name.normal for name in made.streets} == {"Oak St", "Elm St"}
    assert made.areas_at(1, 2) == []


def test_a_line_in_pieces_is_read_whole() -> None:
    pieces = shapely.MultiLineString([[(-100, 40), (-99.99, 40)], [(-99.99, 40), (-99.98, 40)]])
    made = Gazetteer.build(
        [Feature(FeatureKind.SEGMENT, "Oak St", left_from=2, left_to=98, shape=shapely.to_wkb(pieces))]
    )
    (spot,) = made.house(street("Oak St", made), 50)
    assert spot.lon == pytest.approx(-99.99, abs=1e-4)


def test_a_crossing_known_by_a_point_alone_is_kept() -> None:
    lat, lon = at(10, 10)
    made = Gazetteer.build([Feature(FeatureKind.CROSSING, "Oak St", lat, lon, "Elm St", precision_m=25)])
    (spot,) = made.crossing(street("Elm St", made), street("Oak St", made))
    assert (spot.lat, spot.lon) == (lat, lon)
    assert made.meeting(street("Oak St", made)) == {street("Elm St", made)}


def test_five_thousand_streets_are_read_fast() -> None:
    chance = random.Random(1)
    many = [
        Feature(
            FeatureKind.SEGMENT,
            f"{chance.choice('NS')} Street{number} St",
            left_from=100 * row,
            left_to=100 * row + 98,
            shape=line((number, row), (number, row + 1)),
        )
        for number in range(5000)
        for row in range(2)
    ]
    before = time.process_time()
    made = Gazetteer.build(many)
    assert time.process_time() - before < 1.5
    assert len(made.streets) > 5000 - 1


def test_an_area_without_a_shape_reaches_as_far_as_its_precision() -> None:
    lat, lon = at(0, 0)
    made = Gazetteer.build([Feature(FeatureKind.AREA, "Dell", lat, lon, precision_m=300), _shaped()])
    dell = made.area_names["dell"]
    assert made.is_in(dell, *at(0, 250))
    assert not made.is_in(dell, *at(0, 450))
    assert made.is_in(dell, *at(0, 450), within_m=200)


def _shaped() -> Feature:
    return Feature(FeatureKind.AREA, "Ridge", shape=square(0, 0, 50))
