"""From place phrases to points, in an invented town."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places.gazetteer import Gazetteer
from classifier.places.phrases import Place, PlaceKind
from classifier.places.resolver import Resolved, Resolver
from classifier.places.spots import metres
from models import Need
from models.places import Candidate, Feature, FeatureKind
from models.posts import Pin
from tests.classifier.small_town import at, line, town

RESOLVER = Resolver(Gazetteer.build(town(), "3"))
A, X, B, S, L, AREA = (
    PlaceKind.ADDRESS,
    PlaceKind.INTERSECTION,
    PlaceKind.BLOCK,
    PlaceKind.STREET,
    PlaceKind.LANDMARK,
    PlaceKind.AREA,
)
Phrase = tuple[PlaceKind, str]


def resolve(
    text: str,
    *phrases: Phrase,
    need: Need = Need.POINT,
    pin: Pin | None = None,
    photo: Pin | None = None,
    resolver: Resolver = RESOLVER,
) -> Resolved:
    places = [Place(kind, text.index(words), text.index(words) + len(words), "given") for kind, words in phrases]
    return resolver.resolve(text, places, need=need, pin=pin, photo=photo)


def away(one: Candidate, east: float, north: float) -> float:
    assert one.lat is not None
    assert one.lon is not None
    return metres(one.lat, one.lon, *at(east, north))


CLEAR = [
    (A, "250 oak street", "250 Oak St", 150, 100),
    (A, "350 N. 5th", "350 N 5th St", 400, 350),
    (A, "212b Main St", "212B Main St", 110, 0),
    (A, "250-254 Elm St", "250-254 Elm St", 150, 200),
    (X, "5th & Elm", "N 5th St & Elm St", 400, 200),
    (X, "fifth and Pine st", "S 5th St & Pine St", 400, -100),
    (X, "5th & Main", "5th St & Main St", 400, 0),
    (X, "corner of Spring Garden and 2nd", "Spring Garden St & S 2nd St", 100, -300),
    (X, "Elm/3rd", "Elm St & N 3rd St", 200, 200),
    (X, "Oak @ 4th St", "Oak St & N 4th St", 300, 100),
    (X, "6th n Cedar", "N 6th St & Cedar Ave", 500, 500),
    (X, "calle Quinta y Elm", "N 5th St & Elm St", 400, 200),
    (B, "200 block of S 3rd St", "200 block of S 3rd St", 200, -250),
    (B, "unit block of N 2nd", "unit block of N 2nd St", 100, 50),
    (B, "Oak St between 3rd and 4th", "Oak St between N 3rd St and N 4th St", 250, 100),
    (B, "N 3rd from Oak to Birch", "N 3rd St between Oak St and Birch Ave", 200, 200),
    (L, "fern park", "Fern Park", 350, 350),
    (L, "Town Hall", "Town Hall", 150, 0),
    (L, "Depot Station", "Depot Station", 10, -10),
    (X, "E&4", "Elm St & N 4th St", 300, 200),
    (X, "the Strip & 7th", "Main St & 7th St", 600, 0),
]


@pytest.mark.parametrize(("kind", "words", "name", "east", "north"), CLEAR)
def test_a_clear_place_has_its_normal_form_and_its_point(
    kind: PlaceKind, words: str, name: str, east: float, north: float
) -> None:
    found = resolve(f"pothole, {words}, please", (kind, words))
    assert not found.needs_clarification, found.question
    assert found.candidates[0].name == name
    assert away(found.candidates[0], east, north) < 25
    assert (found.candidates[0].start, found.candidates[0].end) == (9, 9 + len(words))


@pytest.mark.parametrize(
    ("kind", "words"), [(A, "350 5th St"), (B, "300 block of 5th"), (S, "5th Street"), (A, "100 Mill St")]
)
def test_a_place_that_may_be_two_is_asked_about(kind: PlaceKind, words: str) -> None:
    found = resolve(f"lights out {words}", (kind, words))
    assert found.needs_clarification
    assert len(found.candidates) == 2


def test_a_numbered_street_without_direction_is_asked_for_it() -> None:
    assert resolve("350 5th St", (A, "350 5th St")).question == "N or S 5th St?"


def test_the_same_street_in_two_quarters_is_asked_by_quarter() -> None:
    assert resolve("at 150 Mill St", (A, "150 Mill St")).question == "Which 150 Mill St: in Harbor or Hilltop?"


def test_a_named_quarter_decides_between_streets_of_one_name() -> None:
    found = resolve("150 Mill St down in Harbor", (A, "150 Mill St"), (AREA, "Harbor"))
    assert not found.needs_clarification
    assert away(found.candidates[0], 5000, 150) < 25


def test_a_street_named_besides_decides_between_streets_of_one_name() -> None:
    found = resolve("250 Mill St by Gull Ln", (A, "250 Mill St"), (S, "Gull Ln"))
    assert not found.needs_clarification
    assert away(found.candidates[0], 5000, 250) < 25


def test_a_house_number_that_only_one_street_has_decides() -> None:
    only_north = [one for one in town() if not (one.name == "S 5th St" and (one.left_from or 0) >= 300)]
    found = resolve("350 5th St", (A, "350 5th St"), resolver=Resolver(Gazetteer.build(only_north)))
    assert not found.needs_clarification
    assert found.candidates[0].name == "350 N 5th St"


def test_a_crossing_must_really_exist_to_be_found() -> None:
    found = resolve("5th & 6th", (X, "5th & 6th"))
    assert found.needs_clarification
    assert found.question == "5th and 6th do not meet. Which corner is it?"
    assert found.candidates[0].lat is None


def test_a_misspelled_street_is_the_one_that_meets_the_other() -> None:
    found = resolve("Sprig Gardn & 3rd", (X, "Sprig Gardn & 3rd"))
    assert found.candidates[0].name == "Spring Garden St & S 3rd St"
    assert found.candidates[0].score < 0.9


def test_a_misspelled_street_before_a_house_number_is_found() -> None:
    assert resolve("250 Walnutt St", (A, "250 Walnutt St")).candidates[0].name == "250 Walnut St"


def test_a_house_number_is_never_guessed_at() -> None:
    found = resolve("1250 Oak St", (A, "1250 Oak St"))
    assert found.candidates[0].estimated
    assert found.candidates[0].name == "1250 Oak St"
    assert "outside every known range" in found.note


def test_a_house_number_far_from_every_range_is_asked_about() -> None:
    found = resolve("9150 Oak St", (A, "9150 Oak St"))
    assert found.question.startswith("We know no house number near 9150 Oak St")


def test_an_unknown_street_keeps_its_words_and_is_asked_about() -> None:
    found = resolve("12 zebra street", (A, "12 zebra street"))
    assert found.candidates == (
        Candidate(kind="address", name="12 Zebra St", source="text", score=0.1, start=0, end=15),
    )
    assert "could not find Zebra St" in found.question


def test_a_street_and_a_later_cross_street_are_one_corner() -> None:
    found = resolve("All along Birch Ave it is dark, worst by N 6th St", (S, "Birch Ave"), (S, "N 6th St"))
    assert found.candidates[0].name == "Birch Ave & N 6th St"
    assert not found.needs_clarification


def test_a_house_number_goes_before_the_corner_it_is_at() -> None:
    found = resolve("250 Oak St, corner of 3rd and Oak", (X, "3rd and Oak"), (A, "250 Oak St"))
    assert [one.kind for one in found.candidates] == ["address", "intersection"]
    assert not found.needs_clarification


def test_a_street_alone_is_not_enough_for_a_crew() -> None:
    found = resolve("holes on Main St", (S, "Main St"))
    assert found.question == "Where on Main St? A house number or the nearest cross street helps."
    assert found.candidates[0].kind == "street"


def test_a_short_street_is_place_enough() -> None:
    assert not resolve("holes on Gull Ln", (S, "Gull Ln")).needs_clarification


def test_an_area_alone_is_not_enough() -> None:
    assert resolve("rats in Harbor", (AREA, "Harbor")).question.startswith("Where in Harbor?")


def test_a_service_that_needs_an_address_asks_for_the_house_number() -> None:
    found = resolve("5th & Elm", (X, "5th & Elm"), need=Need.ADDRESS)
    assert found.question == "Which house number is it, near N 5th St & Elm St?"
    assert not resolve("250 Oak St", (A, "250 Oak St"), need=Need.ADDRESS).needs_clarification


def test_a_service_without_a_place_asks_nothing() -> None:
    assert not resolve("when is trash day", need=Need.NOTHING).needs_clarification


def test_a_post_without_a_place_is_asked_where() -> None:
    assert resolve("so many rats").question.startswith("Where is it?")


def test_a_pin_alone_is_enough_for_a_point() -> None:
    lat, lon = at(120, 40)
    found = resolve("this hole", pin=Pin(lat, lon, accuracy_m=8))
    assert not found.needs_clarification
    (only,) = found.candidates
    assert (only.kind, only.lat, only.lon, only.precision_m, only.source) == ("pin", lat, lon, 8, "pin")
    assert only.start == only.end


def test_a_pin_that_agrees_stands_behind_the_words() -> None:
    found = resolve("250 Oak St", (A, "250 Oak St"), pin=Pin(*at(160, 90)))
    assert [one.source for one in found.candidates] == ["gazetteer", "pin"]
    assert found.note == ""


def test_words_and_pin_far_apart_are_said_to_be() -> None:
    found = resolve("250 Oak St", (A, "250 Oak St"), pin=Pin(*at(150, 2100)))
    assert [one.source for one in found.candidates] == ["pin", "gazetteer"]
    assert "the pin and the words are 2.0 km apart" in found.note


def test_a_photo_is_evidence_of_its_own() -> None:
    found = resolve("250 Oak St", (A, "250 Oak St"), photo=Pin(*at(150, 900)))
    assert [one.kind for one in found.candidates] == ["address", "photo"]
    assert "the words and the photo are 800 m apart" in found.note


def test_a_pin_decides_between_streets_of_one_name() -> None:
    found = resolve("150 Mill St", (A, "150 Mill St"), pin=Pin(*at(-5000, 160)))
    assert [one.kind for one in found.candidates] == ["address", "pin"]
    assert away(found.candidates[0], -5000, 150) < 25


def test_a_pin_outside_the_city_is_said_to_be() -> None:
    found = resolve("this hole", pin=Pin(*at(30_000, 0)))
    assert found.candidates[0].outside
    assert "outside the city" in found.note


def test_an_unclear_stretch_takes_the_crossing_that_is_known() -> None:
    found = resolve("Oak St between 3rd and Zebra", (B, "Oak St between 3rd and Zebra"))
    assert found.candidates[0].name == "Oak St & N 3rd St"


def test_names_the_patterns_passed_over_are_found_by_the_gazetteer() -> None:
    assert resolve("oak and 3rd is dark").candidates[0].name == "Oak St & N 3rd St"
    assert resolve("250 birch. again").candidates[0].name == "250 Birch Ave"
    assert resolve("birch between 3rd and 4th").candidates[0].name == "Birch Ave between N 3rd St and N 4th St"


def test_common_words_with_a_number_are_no_address() -> None:
    assert resolve("we saw 2 main problems and 3 oak trees").candidates == ()


LEARNT = [
    Feature(FeatureKind.HOUSE, "Reed St", *at(100.0 * at_, 0), left_from=20 * at_, left_to=20 * at_)
    for at_ in range(1, 6)
] + [
    Feature(FeatureKind.HOUSE, "Moss Ave", *at(250, 60.0 + 40 * at_), left_from=9 + at_, left_to=9 + at_)
    for at_ in (0, 2, 4)
]


def test_streets_known_by_houses_alone_may_meet_where_these_are_nearest() -> None:
    found = resolve("Reed & Moss", (X, "Reed & Moss"), resolver=Resolver(Gazetteer.build(LEARNT)))
    assert found.candidates[0].name == "Reed St & Moss Ave"
    assert found.candidates[0].estimated
    assert away(found.candidates[0], 250, 0) < 30
    assert "not known to meet" in found.note


def test_a_place_only_known_in_another_part_of_the_city_is_asked_about() -> None:
    lat, lon = at(9000, 0)
    area = Feature(FeatureKind.AREA, "Farside", lat, lon, "neighbourhood", precision_m=500)
    resolver = Resolver(Gazetteer.build([*LEARNT, area]))
    found = resolve("20 Reed St, Farside", (A, "20 Reed St"), resolver=resolver)
    assert found.question == "We know no 20 Reed St in Farside. Which part of the city is it in?"


def test_a_street_learnt_by_its_houses_is_not_taken_for_another_one() -> None:
    learnt = Resolver(Gazetteer.build(LEARNT))
    assert resolve("10 Moss St", (A, "10 Moss St"), resolver=learnt).question == "Do you mean 10 Moss Ave?"


def test_where_learnt_streets_meet_is_asked_when_they_are_far_apart() -> None:
    far = [
        Feature(FeatureKind.HOUSE, "Fern Rd", *at(9000.0 + 90 * step, 0), left_from=step, left_to=step)
        for step in range(1, 9)
    ]
    found = resolve("Reed & Fern", (X, "Reed & Fern"), resolver=Resolver(Gazetteer.build([*LEARNT, *far])))
    assert found.question == "We do not know where Reed and Fern meet. Is there a house number near by?"


def test_a_short_street_is_enough_where_its_cross_street_is_not_known() -> None:
    found = resolve("Gull Ln & Zebra", (X, "Gull Ln & Zebra"))
    assert found.candidates[0].name == "Gull Ln"
    assert found.note == "the cross street is not known"


def test_a_stretch_without_its_street_belongs_to_the_street_named_before() -> None:
    found = resolve("Elm St is dark between 3rd and 5th", (S, "Elm St"), (B, "between 3rd and 5th"))
    assert found.candidates[0].name == "Elm St between N 3rd St and N 5th St"
    assert away(found.candidates[0], 300, 200) < 25


def test_of_several_house_numbers_the_first_counts() -> None:
    found = resolve("250, 252 and 254 Elm St", (A, "250, 252 and 254 Elm St"))
    assert found.candidates[0].name == "250 Elm St"
    assert away(found.candidates[0], 150, 200) < 25


def test_a_span_of_time_is_no_address_though_there_is_such_a_street() -> None:
    weeks = Feature(FeatureKind.HOUSE, "Weeks Ave", *at(0, 0), left_from=2, left_to=2)
    found = resolve("there for 2 weeks", (A, "2 weeks"), resolver=Resolver(Gazetteer.build([weeks])))
    assert found.candidates == ()


def test_a_lesser_street_is_not_meant_without_its_street_word() -> None:
    court = Feature(FeatureKind.SEGMENT, "Oak Ct", left_from=200, left_to=298, shape=line((3000, 0), (3100, 0)))
    resolver = Resolver(Gazetteer.build([*town(), court]))
    assert resolve("250 Oak", (A, "250 Oak"), resolver=resolver).candidates[0].name == "250 Oak St"
    assert not resolve("250 Oak", (A, "250 Oak"), resolver=resolver).needs_clarification
    assert resolve("250 Oak Ct", (A, "250 Oak Ct"), resolver=resolver).candidates[0].name == "250 Oak Ct"


_SPANS = st.lists(st.tuples(st.sampled_from(list(PlaceKind)), st.integers(0, 80), st.integers(0, 80)))


@given(st.text(max_size=80), _SPANS)
def test_any_text_with_any_spans_is_resolved(text: str, spans: list[tuple[PlaceKind, int, int]]) -> None:
    places = [Place(kind, min(a, b), max(a, b), "given") for kind, a, b in spans if max(a, b) <= len(text)]
    found = RESOLVER.resolve(text, places)
    assert found.needs_clarification == bool(found.question)


_WORDS = st.sampled_from(
    [
        "250",
        "5th",
        "&",
        "and",
        "Oak",
        "St",
        "Mill",
        "between",
        "from",
        "to",
        "block",
        "of",
        "unit",
        "Harbor",
        "E&4",
        ",",
    ]
)


@given(st.lists(_WORDS, min_size=1, max_size=9).map(" ".join), st.sampled_from([A, X, B, S, L, AREA]))
def test_place_words_in_any_order_are_resolved_to_places_of_the_town(text: str, kind: PlaceKind) -> None:
    found = RESOLVER.resolve(text, [Place(kind, 0, len(text), "given")])
    assert all(not one.outside for one in found.candidates)
    assert len(found.candidates) <= 8


def test_what_is_not_found_is_asked_of_the_citys_own_parser() -> None:
    text = "pothole at 250 Quercus Alley"
    given = [Place(A, 11, len(text), "given")]
    assert RESOLVER.resolve(text, given).candidates[0].lat is None
    asked: list[str] = []

    def parser(phrase: str) -> str | None:
        asked.append(phrase)
        return "250 Oak St"

    official = Resolver(RESOLVER.gazetteer, parser)
    found = official.resolve(text, given).candidates[0]
    assert (found.name, found.start) == ("250 Oak St", 11)
    assert found.lat is not None
    assert asked == ["250 Quercus Alley"]
    official.resolve("pothole at 250 Oak St", [Place(A, 11, 21, "given")])
    assert len(asked) == 1  # what the gazetteer knows needs no second opinion
