"""Names of places as people write them: short words, slips, halves; found in a post and led to the place."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places import Place, PlaceKind
from classifier.places.finder import Finder
from classifier.places.gazetteer import Gazetteer
from classifier.places.resolver import Resolved, Resolver
from classifier.places.written import place_key, plain_words_of, short_forms, stop_name
from models.places import AreaKind, Feature, FeatureKind
from tests.classifier.small_town import at, block

LANDMARKS = ("Kettleworth Square", "Harlan Creek Recreation Center", "Museum of Glass", "Quarry Lantern Park")
STOPS = (
    "Marlow Station (A)",
    "Marlow Station (B)",
    "Quince-Harlan Station",
    "17th Street Station",
    "Tarn Depot Station",
)
FEATURES = [
    *(Feature(FeatureKind.LANDMARK, name, *at(100.0 * n, 900)) for n, name in enumerate(LANDMARKS)),
    *(Feature(FeatureKind.STOP, name, *at(900.0 * n, 50)) for n, name in enumerate(STOPS)),
    *(
        Feature(FeatureKind.AREA, name, *at(700, 700), other=AreaKind.NEIGHBOURHOOD)
        for name in ("Brindleton", "Grays Landing", "Tarnwick")
    ),
    Feature(FeatureKind.NICKNAME, "the Loop", other="Ring Blvd"),
    Feature(FeatureKind.NICKNAME, "QGP", other="Museum of Glass"),
    Feature(FeatureKind.STREET, "Ring Blvd"),
    Feature(FeatureKind.STREET, "Tarnwick Ave"),
    Feature(FeatureKind.STREET, "Marlow St"),
    Feature(FeatureKind.STREET, "E Ferrier St"),
    *(block(name, 100 * n, (100.0 * n, 0), (100.0 * n + 100, 0)) for n in range(1, 5) for name in ("W Ferrier St",)),
    *(block("Copperfield Ave", 100 * n, (100.0 * n, 400), (100.0 * n + 100, 400)) for n in range(1, 5)),
]
FINDER = Finder(FEATURES)
RESOLVER = Resolver(Gazetteer.build(FEATURES))


def found(text: str) -> list[tuple[PlaceKind, str]]:
    return [(one.kind, text[one.start : one.end]) for one in FINDER.find(text)]


def resolved(text: str) -> Resolved:
    return RESOLVER.resolve(text, FINDER.find(text))


@pytest.mark.parametrize(
    ("phrase", "name", "text"),
    [
        ("kettleworth sq", "Kettleworth Square", "bench broken at kettleworth sq"),
        ("kettelworth square", "Kettleworth Square", "bench broken in kettelworth square"),
        ("kettle worth square", "Kettleworth Square", "kettle worth square has no light"),
        ("harlan creek rec", "Harlan Creek Recreation Center", "swings gone, harlan creek rec"),
        ("museum of galss", "Museum of Glass", "flood at the museum of galss"),
        ("quarry lantern", "Quarry Lantern Park", "geese by quarry lantern"),
        ("Brindelton", "Brindleton", "Brindelton has no water"),
        ("brindelton", "Brindleton", "no plow came through brindelton today"),
        ("gray's landing", "Grays Landing", "dark all over gray's landing"),
        ("brindleton", "Brindleton", "brindleton's alleys are a dump"),
        ("qgp", "Museum of Glass", "paint on the wall by the qgp door"),
        ("the Loop", "Ring Blvd", "the Loop is flooded"),
        ("copperfield", "Copperfield Ave", "copperfield is one long crater"),
    ],
)
def test_a_name_is_found_however_it_is_written(phrase: str, name: str, text: str) -> None:
    assert [words for _, words in found(text)] == [phrase]
    assert resolved(text).candidates[0].name == name


@pytest.mark.parametrize(
    "text",
    [
        "kettles and worth squares",
        "he lost it in a loop of calls",
        "copperfields are a book",
        "the glass museum piece in my kitchen broke",
        "a bundle of tarn and a quarry",
    ],
)
def test_words_that_only_resemble_a_name_are_no_place(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("stairs dark at 17th st station", "17th Street Station"),
        ("the subway stop at 17th is dark", "17th Street Station"),
        ("quince el stop is dark", "Quince-Harlan Station"),
        ("smell at Tarn Depot on the L", "Tarn Depot Station"),
        ("tarn depot subway steps", "Tarn Depot Station"),
    ],
)
def test_a_stop_is_called_by_its_street_where_trains_are_spoken_of(text: str, name: str) -> None:
    assert [kind for kind, _ in found(text)] == [PlaceKind.STOP]
    assert resolved(text).candidates[0].name == name


def test_without_a_word_for_trains_a_street_is_a_street() -> None:
    assert found("trash on Marlow again") == [(PlaceKind.STREET, "Marlow")]


def test_of_two_stops_of_one_name_it_is_asked_which() -> None:
    both = resolved("lift broken, marlow station")
    assert both.needs_clarification
    assert {one.name for one in both.candidates} == {"Marlow Station (A)", "Marlow Station (B)"}
    assert "(A)" in both.question
    assert "(B)" in both.question


def test_a_name_of_a_street_and_an_area_is_the_street_behind_on_and_else_the_area() -> None:
    assert found("potholes on tarnwick again") == [(PlaceKind.STREET, "tarnwick")]
    assert found("no plow in tarnwick again") == [(PlaceKind.AREA, "tarnwick")]
    assert found("12 tarnwick has rats") == [(PlaceKind.ADDRESS, "12 tarnwick")]


def test_a_house_number_is_asked_about_where_the_numbers_of_a_twin_street_are_not_known() -> None:
    asked = resolved("rats at 250 Ferrier St")
    assert asked.needs_clarification
    assert [one.name for one in asked.candidates] == ["250 W Ferrier St", "250 E Ferrier St"]
    assert not resolved("rats at 250 W Ferrier St").needs_clarification


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("la cuadra 200 de Copperfield ave sin luz", "200 block of Copperfield Ave"),
        ("rats at Copperfield Ave 250", "250 Copperfield Ave"),
        ("no lights 250 sout Copperfield Ave", "250 Copperfield Ave"),
    ],
)
def test_a_number_is_read_before_and_behind_its_street(text: str, name: str) -> None:
    assert resolved(text).candidates[0].name == name


def test_a_place_is_no_surer_than_the_line_it_is_on() -> None:
    rough = [replace(one, precision_m=120.0) for one in FEATURES if one.shape]
    rough += [
        replace(block("Sill St", n, (250.0, 200.0 * n - 200), (250.0, 200.0 * n)), precision_m=90.0) for n in (1, 2, 3)
    ]
    places = Resolver(Gazetteer.build(rough))
    for words, kind in (("250 Copperfield Ave", PlaceKind.ADDRESS), ("Sill & Copperfield", PlaceKind.INTERSECTION)):
        (candidate,) = places.resolve(words, [Place(kind, 0, len(words), "given")]).candidates
        assert candidate.precision_m == 120.0


def test_a_short_form_never_is_a_street_nor_a_single_word() -> None:
    assert list(short_forms(["south", "street", "bridge"])) == []
    assert list(short_forms(["the", "main", "library"])) == []
    assert list(short_forms(["old", "quay", "high", "school"])) == [("old", "quay", "high")]


@given(st.text(max_size=60))
def test_any_name_has_plain_words_and_a_key(name: str) -> None:
    words = plain_words_of(name)
    assert place_key(place_key(name)) == place_key(name) or words
    assert len(stop_name(words)) <= len(words)
