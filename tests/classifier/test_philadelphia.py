"""Philadelphia's starter gazetteer: facts that anyone who knows the city would check first."""

import logging
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

import pytest
from shapely import LineString, Point, from_wkb

from classifier.places.finder import Finder
from classifier.places.gazetteer import Gazetteer
from classifier.places.names import normal_street
from classifier.places.passyunk import normal_by_passyunk
from classifier.places.resolver import Resolver
from classifier.places.starter import UnknownCity, starter_features
from classifier.places.starter.grid import Net, Run, segment
from models.places import AreaKind, Feature, FeatureKind

SCHUYLKILL = LineString(
    [
        (-75.1985, 40.0090),
        (-75.1905, 39.9960),
        (-75.2005, 39.9880),
        (-75.1935, 39.9745),
        (-75.1905, 39.9690),
        (-75.1850, 39.9655),
        (-75.1805, 39.9590),
        (-75.1812, 39.9530),
        (-75.1850, 39.9490),
        (-75.1866, 39.9465),
        (-75.1935, 39.9430),
        (-75.2035, 39.9390),
        (-75.2095, 39.9330),
        (-75.2060, 39.9200),
        (-75.2035, 39.9150),
        (-75.2110, 39.8990),
    ]
)
"""The middle of the river from the Falls Bridge to the Platt Bridge, by our own reckoning."""


@cache
def everything() -> Sequence[Feature]:
    return tuple(starter_features())


@cache
def features(kind: FeatureKind) -> Sequence[Feature]:
    return [one for one in everything() if one.kind is kind]


@cache
def crossings() -> dict[frozenset[str], Feature]:
    return {frozenset((one.name, one.other)): one for one in features(FeatureKind.CROSSING)}


def block_with(street: str, number: int) -> Feature:
    held = [
        one
        for one in features(FeatureKind.SEGMENT)
        if one.name == street
        and number in (*numbers(one.left_from, one.left_to), *numbers(one.right_from, one.right_to))
    ]
    assert len(held) == 1
    return held[0]


def numbers(first: int | None, last: int | None) -> range:
    return range(first, last + 1, 2) if first is not None and last is not None else range(0)


def ends(block: Feature) -> set[tuple[float, float]]:
    assert block.shape is not None
    return {(lat, lon) for lon, lat in from_wkb(block.shape).coords}


def corner(one: str, other: str) -> tuple[float, float]:
    found = crossings()[frozenset((one, other))]
    assert found.lat is not None
    assert found.lon is not None
    return found.lat, found.lon


@pytest.mark.parametrize(
    ("street", "number", "here", "there"),
    [
        ("Chestnut St", 1336, "S 13th St", "S Broad St"),
        ("Market St", 1234, "N 12th St", "N 13th St"),
        ("N Broad St", 1776, "Cecil B Moore Ave", "W Montgomery Ave"),
        ("N 2nd St", 901, "Poplar St", "W Girard Ave"),
        ("S 9th St", 1237, "Federal St", "Wharton St"),
        ("S Broad St", 2101, "Snyder Ave", "Jackson St"),
        ("Diamond St", 1900, "N 19th St", "N 20th St"),
        ("Walnut St", 5200, "S 52nd St", "S 53rd St"),
        ("Woodland Ave", 5801, "S 58th St", "S 59th St"),
        ("E Tioga St", 1050, "I St", "J St"),
    ],
)
def test_a_house_lies_on_the_block_where_everyone_knows_it_is(street: str, number: int, here: str, there: str) -> None:
    assert ends(block_with(street, number)) == {corner(street, here), corner(street, there)}


def test_market_st_divides_north_from_south() -> None:
    for one in features(FeatureKind.CROSSING):
        if one.name == "Market St" and one.other.startswith(("N ", "S ")):
            twin = {"N": "S", "S": "N"}[one.other[0]] + one.other[1:]
            if frozenset(("Market St", twin)) in crossings():
                assert corner("Market St", twin) == (one.lat, one.lon)
    for name, northward in (("N 13th St", True), ("S 13th St", False)):
        lats = [one.lat for one in features(FeatureKind.CROSSING) if name in (one.name, one.other)]
        market = corner("Market St", name)[0]
        assert len(lats) > 20
        assert all(lat == market or (lat is not None and lat > market) is northward for lat in lats)


def test_broad_st_stands_where_14th_would() -> None:
    names = {one.name for one in features(FeatureKind.SEGMENT)}
    assert {"N Broad St", "S Broad St"} <= names
    assert not {"N 14th St", "S 14th St", "N 1st St", "S 1st St"} & names


def test_no_block_with_house_numbers_crosses_the_schuylkill() -> None:
    numbered = [one for one in features(FeatureKind.SEGMENT) if one.left_from is not None and one.shape]
    assert len(numbered) > 5000
    assert [one.name for one in numbered if from_wkb(one.shape).crosses(SCHUYLKILL)] == []


def test_every_crossing_and_neighbourhood_lies_in_the_city() -> None:
    (city,) = [one for one in features(FeatureKind.AREA) if one.other == AreaKind.CITY]
    shape = from_wkb(city.shape)
    assert shape.is_valid
    placed = [*features(FeatureKind.CROSSING), *features(FeatureKind.AREA)]
    assert [one.name for one in placed if not shape.contains(Point(one.lon, one.lat))] == []
    assert not shape.contains(Point(-75.1196, 39.9450))  # Camden
    assert not shape.contains(Point(-75.2590, 39.9620))  # Upper Darby


def test_house_numbers_rise_along_the_line_with_even_and_odd_on_their_own_sides() -> None:
    for one in features(FeatureKind.SEGMENT):
        if one.left_from is None:
            continue
        assert one.left_to is not None
        assert one.right_from is not None
        assert one.right_to is not None
        assert one.left_from <= one.left_to
        assert one.right_from <= one.right_to
        assert one.left_from % 2 == one.left_to % 2 != one.right_from % 2 == one.right_to % 2


def test_no_house_number_is_on_two_blocks_of_one_street() -> None:
    firsts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in features(FeatureKind.SEGMENT):
        if one.left_from and one.left_to and one.name != "Roosevelt Blvd":  # numbered both ways from Front St
            firsts[one.name].append((one.left_from // 2 * 2, one.left_to // 2 * 2))
    overlapping = {
        name
        for name, ranges in firsts.items()
        for low, high in zip(sorted(ranges), sorted(ranges)[1:], strict=False)
        if low[1] > high[0]
    }
    assert overlapping == set()


def test_the_academy_of_music_is_on_the_even_western_side_of_south_broad() -> None:
    block = block_with("S Broad St", 240)
    assert block.shape is not None
    (_, start), (_, stop) = from_wkb(block.shape).coords
    assert stop < start  # the line runs south, so its right hand is west
    assert block.right_from is not None
    assert block.right_from % 2 == 0


@pytest.mark.parametrize(
    ("one", "other", "lat", "lon"),
    [
        ("N Broad St", "W Erie Ave", 40.0093, -75.1511),
        ("Kensington Ave", "E Allegheny Ave", 39.9967, -75.1132),
        ("S Broad St", "Snyder Ave", 39.9246, -75.1698),
        ("Market St", "N 52nd St", 39.9599, -75.2249),
        ("Germantown Ave", "W Chelten Ave", 40.0357, -75.1747),
        ("Roosevelt Blvd", "Cottman Ave", 40.0447, -75.0541),
        ("Jasper St", "E Somerset St", 39.9909, -75.1219),
    ],
)
def test_well_known_corners_are_where_they_are(one: str, other: str, lat: float, lon: float) -> None:
    assert corner(one, other) == pytest.approx((lat, lon), abs=0.0012)


def test_streets_that_never_meet_have_no_crossing() -> None:
    for one, other in (("Chestnut St", "Market St"), ("S 5th St", "W Cambria St"), ("N 12th St", "W Tioga St")):
        assert frozenset((one, other)) not in crossings()


def test_every_street_has_its_normal_form() -> None:
    kinds = (FeatureKind.STREET, FeatureKind.SEGMENT, FeatureKind.CROSSING)
    names = {one.name for kind in kinds for one in features(kind)}
    names |= {one.other for one in features(FeatureKind.CROSSING)}
    assert len(names) > 850
    assert {name: normal_street(name) for name in names if normal_street(name) != name} == {}


def test_every_nickname_stands_for_something_the_starter_knows() -> None:
    kinds = [kind for kind in FeatureKind if kind is not FeatureKind.NICKNAME]
    known = {one.name for kind in kinds for one in features(kind)}
    known |= {f"{one.name} & {one.other}" for one in features(FeatureKind.CROSSING)}
    known |= {name.removeprefix("N ") for name in known}
    assert {one.name: one.other for one in features(FeatureKind.NICKNAME) if one.other not in known} == {}


@cache
def reader() -> tuple[Finder, Resolver]:
    return Finder(everything()), Resolver(Gazetteer.build(everything()))


def first_of(text: str) -> tuple[str, bool]:
    """The best candidate's name, and whether it is asked which."""
    finder, resolver = reader()
    read = resolver.resolve(text, finder.find(text))
    return (read.candidates[0].name if read.candidates else "", read.needs_clarification)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fridge in the street at 1512 w lehigh", "1512 W Lehigh Ave"),
        ("lamp out at 44th and baltimore", "S 44th St & Baltimore Ave"),
        ("drain clogged where 20th meets passyunk", "S 20th St & W Passyunk Ave"),
        ("tires at seventh and south", "S 7th St & South St"),
        ("crater b/t 42nd and 43rd on walnut st", "Walnut St between S 42nd St and S 43rd St"),
        ("unit blk s 21st not swept", "unit block of S 21st St"),
        ("glass on the stairs, the el stop at Tioga", "Tioga Station"),
        ("no lights at walnut-locust station", "Walnut-Locust Station"),
        ("goose at the Boulevard and Rhawn", "Roosevelt Blvd & Rhawn St"),
        ("branches all over wissahicken valley park", "Wissahickon Valley Park"),
    ],
)
def test_what_people_say_leads_to_the_place(text: str, name: str) -> None:
    assert first_of(text) == (name, False)


@pytest.mark.parametrize(
    "text",
    [
        "rats behind 233 Allegheny Ave",
        "200 block of Lehigh is a dump",
        "lift out of order at allegheny station",
        "cars stripped, corner of 8th",
        "2400 block of Westmoreland",
    ],
)
def test_where_philadelphia_has_it_twice_it_is_asked_which(text: str) -> None:
    assert first_of(text)[1]


def test_a_nickname_is_given_once() -> None:
    names = [one.name.casefold() for one in features(FeatureKind.NICKNAME)]
    assert sorted(names) == sorted(set(names))


def test_the_starter_is_read_in_under_a_second() -> None:
    began = time.process_time()
    count = sum(1 for _ in starter_features())
    assert count > 9000
    assert time.process_time() - began < 1.0


def test_a_city_without_a_starter_is_told_at_once() -> None:
    with pytest.raises(UnknownCity, match="philadelphia"):
        starter_features("boston")


def test_a_net_is_flat_between_its_corners_and_goes_on_beyond_them() -> None:
    net = Net.of({(0, 0): (40.0, -75.0), (0, 10): (40.0, -75.1), (10, 0): (40.1, -75.0), (10, 10): (40.1, -75.1)})
    assert net.at(5, 5) == pytest.approx((40.05, -75.05))
    assert net.at(12, 0) == pytest.approx((40.12, -75.0))


def test_a_gap_cuts_a_street_in_two_on_either_side_of_the_dividing_street() -> None:
    north, south = Run("east", "N 9th St", 9, 0, 60), Run("east", "S 9th St", 9, -30, 0)
    assert [(one.low, one.high) for one in north.without([(6, 8)])] == [(0, 6), (8, 60)]
    assert [(one.low, one.high) for one in south.without([(6, 8)])] == [(-6, 0), (-30, -8)]


def test_a_street_without_a_gap_stays_whole_even_across_zero() -> None:
    whole = Run("kensington", "E York St", 24, -0.4, 12.4, numbered=False)
    assert list(whole.without([])) == [whole]


def test_a_piece_of_a_street_without_numbers_has_none() -> None:
    assert segment("A St", [(40.0, -75.0), (40.1, -75.0)], 0, 0, 80.0).left_from is None


@pytest.mark.skipif(find_spec("passyunk") is not None, reason="passyunk is installed")
def test_without_passyunk_there_is_no_answer() -> None:
    assert normal_by_passyunk("1336 chestnut street") is None


@pytest.mark.skipif(find_spec("passyunk") is None, reason="the City's parser (extra `philadelphia`) is not installed")
@pytest.mark.parametrize(
    ("line", "normal"),
    [
        ("1336 chestnut street", "1336 Chestnut St"),
        ("1200 block of south 9th street", "1200 block of S 9th St"),
        ("n broad st & w erie ave", "N Broad St & W Erie Ave"),
        ("fill the pothole please", None),
        ("", None),
    ],
)
def test_passyunk_reads_an_address_line_without_calling_home(line: str, normal: str | None) -> None:
    listening = list(logging.root.handlers)
    assert normal_by_passyunk(line) == normal
    assert logging.root.handlers == listening
    assert "requests" not in sys.modules or hasattr(sys.modules["requests"], "Session")
