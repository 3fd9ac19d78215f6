"""Learning an invented city's places from the addresses of its past requests."""

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places.addresses import known_tails, read_address
from classifier.places.gazetteer import Gazetteer
from classifier.places.past_requests import Learnt, PastRequest, learn
from classifier.places.phrases import Place, PlaceKind
from classifier.places.resolver import Resolver
from classifier.places.spots import metres
from models.places import Feature, FeatureKind
from tests.classifier.small_town import at

TAILS = frozenset({"oakvale", "harbor", "north hill", "downtown"})
ADDRESSES = [
    ("11 Reed St, Harbor, MA, 02999", "Reed St", "", 11, 11, "harbor"),
    ("136 Wharton Ave Downtown", "Wharton Ave", "", 136, 136, "downtown"),
    ("402 Front Street Oakvale, CT 06999, USA", "Front St", "", 402, 402, "oakvale"),
    ("551-583 Mosswood Avenue, North Hill", "Mosswood Ave", "", 551, 583, "north hill"),
    ("944 946 Saint Paul St, Harbor", "St Paul St", "", 944, 946, "harbor"),
    ("26hopkins St, Oakvale", "Hopkins St", "", 26, 26, "oakvale"),
    ("18 5th St, Oakvale", "5th St", "", 18, 18, "oakvale"),
    ("9B Reed St, 3, Harbor", "Reed St", "", 9, 9, "harbor"),
    ("86-88 And 98 Linden St Oakvale, CT", "Linden St", "", 86, 88, "oakvale"),
    ("Intersection Of Reed St & W First St, North Hill", "Reed St", "W 1st St", 0, 0, "north hill"),
    ("State And Bradley Oakvale, Connecticut", "State", "Bradley", 0, 0, "oakvale"),
    ("Glen Road Oakvale, CT", "Glen Rd", "", 0, 0, "oakvale"),
    ("Glen Road between Oak St and Elm St", "Glen Rd", "", 0, 0, ""),
]


@pytest.mark.parametrize(("written", "street", "other", "low", "high", "area"), ADDRESSES)
def test_an_address_is_read_in_parts(written: str, street: str, other: str, low: int, high: int, area: str) -> None:
    read = read_address(written, TAILS)
    assert (read.street, read.other, read.low, read.high, read.area) == (street, other, low, high, area)
    assert not read.named


def test_a_name_that_is_no_street_is_a_named_place() -> None:
    assert read_address("Fern Playground, Harbor", TAILS).named
    assert read_address("11 Reed St, Harbor, MA, 02999", TAILS).postcode == "02999"


def test_the_words_behind_streets_are_the_parts_of_the_city() -> None:
    rows = (
        [f"{number} Reed St Harbor" for number in range(3)] + ["1 Elm St, North Hill, MA"] * 3 + ["2 Oak St, Apt 3, X"]
    )
    assert known_tails(rows) == {"harbor", "north hill"}


@given(st.text(max_size=60))
def test_any_address_is_read(text: str) -> None:
    read = read_address(text, known_tails([text]))
    assert read.low <= read.high <= read.low + 200


def rows(
    street: str, area: str, numbers: Iterable[int], east: float, north: float = 0.0, step: float = 5.0
) -> list[PastRequest]:
    """Addresses on a street that runs east, so many metres per number."""
    return [
        PastRequest(f"{number} {street}, {area}, MA, 02999", *at(east + step * number, north)) for number in numbers
    ]


CITY = [
    *rows("Reed St", "Harbor", range(2, 80, 4), east=0),
    *rows("Oak Ave", "Harbor", range(1, 40, 3), east=0, north=200),
    *rows("Reed St", "North Hill", range(2, 80, 4), east=6000),
    *rows("Elm St", "North Hill", range(1, 60, 3), east=6000, north=150),
    PastRequest("Intersection Of Reed St & Pine St, Harbor", *at(100, 0)),
]


def of(learnt: Learnt, kind: FeatureKind) -> list[Feature]:
    return [one for one in learnt.features if one.kind is kind]


def test_houses_crossings_and_parts_of_the_city_are_learnt() -> None:
    learnt = learn(CITY)
    assert {one.name for one in of(learnt, FeatureKind.HOUSE)} == {"Reed St", "Oak Ave", "Elm St"}
    (crossing,) = of(learnt, FeatureKind.CROSSING)
    assert {crossing.name, crossing.other} == {"Reed St", "Pine St"}
    assert {one.name for one in of(learnt, FeatureKind.AREA)} == {"Harbor", "North Hill"}
    assert learnt.skipped.counts == {}
    assert learnt.skipped.rows_read == len(CITY)


def test_the_same_house_reported_often_is_one_house() -> None:
    learnt = learn([*CITY, *[PastRequest("200 Oak Ave, Harbor", *at(1000, 200))] * 5])
    (house,) = [one for one in of(learnt, FeatureKind.HOUSE) if one.left_from == 200]
    assert house.weight == 5


def test_rows_that_say_nothing_are_counted_by_reason() -> None:
    learnt = learn(
        [
            *CITY,
            PastRequest("", 40.0, -100.0),
            PastRequest(None, 40.0, -100.0),
            PastRequest("1 Reed St, Harbor", None, -100.0),
            PastRequest("1 Reed St, Harbor", math.nan, -100.0),
            PastRequest("1 Reed St, Harbor", 0.0, 0.0),
            PastRequest("someplace", *at(50, 50)),
        ]
    )
    assert learnt.skipped.counts == {"no point": 3, "no address": 2, "no street and no place twice named": 1}
    assert learnt.skipped.reasons["no address"] == [2, len(CITY) + 1, len(CITY) + 2]


def test_a_point_in_another_country_is_left_out() -> None:
    learnt = learn([*CITY, PastRequest("77 Oak Ave, Harbor", 51.5, -0.1)])
    assert learnt.skipped.counts == {"far from all others": 1}


def test_latitude_and_longitude_the_wrong_way_round_are_turned() -> None:
    lat, lon = at(385, 200)
    learnt = learn([*CITY, PastRequest("77 Oak Ave, Harbor", lon, lat)])
    (house,) = [one for one in of(learnt, FeatureKind.HOUSE) if one.left_from == 77]
    assert (house.lat, house.lon) == (lat, lon)


def test_the_point_a_geocoder_gives_to_what_it_cannot_find_is_left_out() -> None:
    lost = [
        PastRequest(f"{number} {name} St, Harbor", *at(777, 77))
        for number, name in enumerate(("A1", "Bay", "Cove", "Dell"), 1)
    ]
    learnt = learn([*CITY, *lost])
    assert learnt.skipped.counts == {"a point given to many streets": 4}


def test_a_house_number_far_from_where_most_rows_have_it_is_left_out() -> None:
    same = [PastRequest("300 Oak Ave, Harbor", *at(1500, 200))] * 3
    learnt = learn([*CITY, *same, PastRequest("300 Oak Ave, Harbor", *at(5500, 200))])
    (house,) = [one for one in of(learnt, FeatureKind.HOUSE) if one.left_from == 300]
    assert house.lon == at(1500, 200)[1]
    assert learnt.skipped.counts == {"far from its own house number": 1}


def test_a_street_written_without_its_street_word_is_the_one_near_by() -> None:
    learnt = learn([*CITY, PastRequest("90 Oak, Harbor", *at(450, 200)), PastRequest("90 Oak, Harbor", *at(450, 200))])
    (house,) = [one for one in of(learnt, FeatureKind.HOUSE) if one.left_from == 90]
    assert house.name == "Oak Ave"


def test_a_place_named_twice_at_one_spot_is_a_landmark() -> None:
    learnt = learn([*CITY, *[PastRequest("Fern Playground, Harbor", *at(300, 300))] * 2])
    (park,) = of(learnt, FeatureKind.LANDMARK)
    assert park.name == "Fern Playground"


def test_nothing_learns_nothing() -> None:
    assert learn([]).features == []


def resolved(text: str, words: str) -> tuple[str, float | None, str]:
    resolver = Resolver(Gazetteer.build(learn(CITY).features))
    start = text.index(words)
    found = resolver.resolve(text, [Place(PlaceKind.ADDRESS, start, start + len(words), "given")])
    best = found.candidates[0]
    off = None if best.lat is None or best.lon is None else metres(best.lat, best.lon, *at(5.0 * 40, 0))
    return best.name, off, found.question


def test_a_house_between_learnt_ones_is_found_in_the_quarter_that_is_named() -> None:
    name, off, question = resolved("rats at 40 Reed St in Harbor", "40 Reed St")
    assert (name, question) == ("40 Reed St", "")
    assert off is not None
    assert off < 20


def test_the_same_number_learnt_in_two_quarters_is_asked_about() -> None:
    assert resolved("rats at 40 Reed St", "40 Reed St")[2] == "Which 40 Reed St: in Harbor or North Hill?"


def test_a_postal_code_in_the_post_decides_between_quarters() -> None:
    recoded = [
        replace(one, address=(one.address or "").replace("02999", "02111"))
        if "North Hill" in (one.address or "")
        else one
        for one in CITY
    ]
    resolver = Resolver(Gazetteer.build(learn(recoded).features))
    found = resolver.resolve("40 Reed St, 02111", [Place(PlaceKind.ADDRESS, 0, 10, "given")])
    assert not found.needs_clarification
    assert metres(found.candidates[0].lat or 0, found.candidates[0].lon or 0, *at(6200, 0)) < 20
