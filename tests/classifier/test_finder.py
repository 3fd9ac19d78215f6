"""Places found with a city's own names: streets in small letters, landmarks, nicknames, slips of the pen."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places import PlaceKind, find_places
from classifier.places.finder import Finder
from models.places import AreaKind, Feature, FeatureKind

FEATURES = [
    *(
        Feature(FeatureKind.STREET, name)
        for name in ("Chestnut St", "N Broad St", "Race St", "Market St", "Dickinson St")
    ),
    Feature(FeatureKind.SEGMENT, "Wolf St", left_from=100, left_to=198),
    Feature(FeatureKind.CROSSING, "Passyunk Ave", other="Tasker St"),
    Feature(FeatureKind.HOUSE, "Montrose St", left_from=1201),
    Feature(FeatureKind.LANDMARK, "Eastern Diner"),
    Feature(FeatureKind.STOP, "Quarryville Junction"),
    Feature(FeatureKind.WATERWAY, "Wissahickon"),
    Feature(FeatureKind.AREA, "Passyunk Square", other=AreaKind.NEIGHBOURHOOD),
    Feature(FeatureKind.AREA, "Rivertown", other=AreaKind.CITY),
    Feature(FeatureKind.NICKNAME, "Zoo Bend", other="Girard Ave & 34th St"),
]
FINDER = Finder(FEATURES)


def found(text: str, finder: Finder = FINDER) -> list[tuple[PlaceKind, str]]:
    return [(one.kind, text[one.start : one.end]) for one in finder.find(text)]


@pytest.mark.parametrize(
    ("kind", "phrase", "text"),
    [
        (PlaceKind.STREET, "dickinson", "huge hole on dickinson again"),
        (PlaceKind.STREET, "Wolf", "the lamps all along Wolf flicker"),
        (PlaceKind.INTERSECTION, "chestnut and broad", "rats at chestnut and broad"),
        (PlaceKind.INTERSECTION, "tasker & passyunk", "lights dead tasker & passyunk since monday"),
        (PlaceKind.INTERSECTION, "chesnut and broad", "bent pole chesnut and broad"),
        (PlaceKind.INTERSECTION, "9th and montrsoe", "bags at 9th and montrsoe, third week"),
        (PlaceKind.INTERSECTION, "12th and race", "12th and race"),
        (PlaceKind.BLOCK, "1200 blk wolf", "1200 blk wolf no pickup"),
        (PlaceKind.LANDMARK, "eastern diner", "broken bench by the eastern diner"),
        (PlaceKind.STOP, "Quarryville Junction", "glass all over Quarryville Junction"),
        (PlaceKind.WATERWAY, "wissahickon", "oil in the wissahickon"),
        (PlaceKind.AREA, "passyunk square", "passyunk square needs plowing"),
        (PlaceKind.INTERSECTION, "Zoo Bend", "crash at Zoo Bend"),
    ],
)
def test_a_name_of_the_gazetteer_is_found_as_its_kind(kind: PlaceKind, phrase: str, text: str) -> None:
    assert found(text) == [(kind, phrase)]


@pytest.mark.parametrize(
    "text",
    [
        "the race is on and the market is closed",
        "we race to market every friday",
        "i love my chestnut tree and the market",
        "Rivertown needs more buses",
        "a friend in Chicago told me",
        "trash and recycling and rats",
    ],
)
def test_a_street_that_is_also_a_word_and_another_city_are_no_place(text: str) -> None:
    assert found(text) == []


def test_a_street_no_one_has_is_not_mended() -> None:
    assert find_places("bent pole chesnut and broad") == []
    assert found("bent pole trash and broad") == []


def test_another_city_with_its_state_is_still_told() -> None:
    assert found("pothole at 12 Elm Ave, Chicago, IL 60601") == [
        (PlaceKind.ADDRESS, "12 Elm Ave"),
        (PlaceKind.AREA, "Chicago, IL 60601"),
    ]


def test_without_features_a_finder_knows_the_patterns_and_the_world() -> None:
    text = "flooded underpass in Chicago near Clark Park"
    assert found(text, Finder()) == [(PlaceKind.AREA, "Chicago"), (PlaceKind.LANDMARK, "Clark Park")]
    assert Finder().find(text) == find_places(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Lamp out on Vorde Rd. On Top & Ulm Creek Dr. On Bottom", ["Vorde Rd. On Top & Ulm Creek Dr."]),
        ("Vorde Ave cross street is Ulm Street", ["Vorde Ave cross street is Ulm Street"]),
        ("cars park along Grand Vorde, from 12-14th all day", ["Grand Vorde, from 12-14th"]),
        ("the ditch runs from Vorde Avenue to Ulm Drive", ["from Vorde Avenue to Ulm Drive"]),
        ("trucks at 94 avenue and 214 street", ["94 avenue and 214 street"]),
        ("exit 14 is flooded", ["exit 14"]),
        ("Glass outside 145/147 Ulmer St again", ["145/147 Ulmer St"]),
        ("ice on I-75/85 near noon", ["I-75/85"]),
        ("vorde street is deplorable", ["vorde street"]),
        ("tree fell on Mt. Vorde side", ["Mt. Vorde"]),
        ("Colorado Springs saw snow", ["Colorado Springs"]),
        ("the crack begins at the old Vorde Community College", ["Vorde Community College"]),
        ("buses to Hyderabad, Zweltin, Mumbai", ["Hyderabad", "Zweltin", "Mumbai"]),
        ("the ride from Zweltin to Mumbai was slow", ["Zweltin", "Mumbai"]),
        ("weeds along Vorde Ave and Ulm Ridge High School", ["Vorde Ave", "Ulm Ridge High School"]),
    ],
)
def test_a_place_is_read_to_where_its_words_end(text: str, places: list[str]) -> None:
    assert [text[one.start : one.end] for one in find_places(text)] == places


@pytest.mark.parametrize(
    "text",
    [
        "I Want A Light On Round Sign Posts Please",
        "Put Up A New Street Sign Pole",
        "Fire Lane blocked again, and the Bike Path too",
        "this car has been in the One Way all night",
        "we need two feet of badly damaged road width",
        "area marked in orange paint",
        "Route 23/47 bus stop heating is off",
        "Train no 22902 Vorde Express is late",
        "coach 12958 New",
        "via Vorde Express we came late",
        "letters sent to Traffic & Transportation",
        "the road to nature reserve is dark",
        "he lives in Egypt",
        "looks like a scene inside a Nuclear Reactor",
        "By The Way it is closed",
    ],
)
def test_what_only_looks_like_a_place_is_none(text: str) -> None:
    assert find_places(text) == []


def test_two_areas_that_streets_are_called_after_are_a_crossing_only_where_one_is_said() -> None:
    finder = Finder(
        Feature(kind, name)
        for kind, name in (
            (FeatureKind.AREA, "Tarnwick"),
            (FeatureKind.AREA, "Oldmere"),
            (FeatureKind.STREET, "Tarnwick St"),
            (FeatureKind.STREET, "Oldmere St"),
        )
    )
    assert [one.kind for one in finder.find("for people in Tarnwick / Oldmere")] == [PlaceKind.AREA, PlaceKind.AREA]
    assert [one.kind for one in finder.find("glass at Tarnwick / Oldmere")] == [PlaceKind.INTERSECTION]


def test_ten_thousand_streets_are_read_in_half_a_second_and_looked_up_at_once() -> None:
    names = [
        f"{a}{b}{c}{d} Street"
        for a in "BDGKLMNPRT"
        for b in "aeiouy"
        for c in "bdfgklmnprst"
        for d in "abcdefghijklmno"
    ]
    begun = time.process_time()
    finder = Finder(Feature(FeatureKind.STREET, name) for name in names[:10_000])
    assert len(names) >= 10_000
    assert time.process_time() - begun < 0.5
    begun = time.process_time()
    for _ in range(100):
        finder.find("a big hole at baba and teto, the lamp on Maple Ave is out too, nobody came since last week")
    assert (time.process_time() - begun) / 100 < 0.002


@given(
    st.text(alphabet=st.sampled_from(list("Chestnut bro&and/@#.,'s12 NS\n街路和\u200b\ud800()")), max_size=120)
    | st.lists(
        st.sampled_from(["chestnut", "Broad", "and", "&", "in", "on", "the", "SE", "Chicago", "IL", "5th", "(", ")"])
    ).map(" ".join)
    | st.text(max_size=120)
)
def test_places_of_a_finder_lie_in_the_text_and_apart(text: str) -> None:
    last = 0
    for place in FINDER.find(text):
        assert last <= place.start < place.end <= len(text)
        last = place.end


@given(st.lists(st.text(max_size=20), max_size=10))
def test_any_names_make_a_finder_that_finds_what_lies_in_the_text(names: list[str]) -> None:
    finder = Finder(Feature(kind, name, other=name) for name in names for kind in FeatureKind)
    text = " and ".join(names)
    assert all(0 <= one.start < one.end <= len(text) for one in finder.find(text))
