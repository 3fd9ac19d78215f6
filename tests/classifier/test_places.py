"""Where a post says it is: the spans, their kinds, and what is no place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places import PlaceKind, find_places, kind_of_place, most_exact
from classifier.words import SCANNED_CODE_POINTS

A, B, X, S, L, AREA = (
    PlaceKind.ADDRESS,
    PlaceKind.BLOCK,
    PlaceKind.INTERSECTION,
    PlaceKind.STREET,
    PlaceKind.LANDMARK,
    PlaceKind.AREA,
)

PLACES = [
    (A, "1234 Market St.", "trash at 1234 Market St. again"),
    (A, "220 Oak", "the hole at 220 Oak is back"),
    (A, "410 N 5th", "410 N 5th has no heat"),
    (A, "1531 S Juniper Street", "Graffiti on 1531 S Juniper Street"),
    (A, "12b Elm Ave", "rats, 12b Elm Ave"),
    (A, "2217 spring garden st", "couch in front of 2217 spring garden st"),
    (A, "1208-1210 Pine St", "1208-1210 Pine St"),
    (B, "1200 blk of S 9th St", "1200 blk of S 9th St is dark"),
    (B, "2300 block N 5th", "2300 block N 5th, no lights"),
    (B, "unit block of S Juniper", "dumping, unit block of S Juniper"),
    (B, "1400 block of race street", "1400 block of race street"),
    (B, "1200s block of Dickinson", "the 1200s block of Dickinson"),
    (B, "Spruce between 9th and 10th", "on Spruce between 9th and 10th"),
    (B, "b/w 9th and 10th", "alley b/w 9th and 10th"),
    (B, "N Broad St from Vine to Spring Garden", "N Broad St from Vine to Spring Garden"),
    (X, "5th & Market", "pothole at 5th & Market"),
    (X, "5th and Market", "5th and Market"),
    (X, "5th n Market", "light out 5th n Market"),
    (X, "5th + Market", "5th + Market"),
    (X, "5th/Market", "5th/Market"),
    (X, "5th @ Market", "5th @ Market"),
    (X, "5th at Market", "sinking street, 5th at Market"),
    (X, "22nd and walnut", "22nd and walnut streetlight out"),
    (X, "broad and erie", "corner of broad and erie"),
    (X, "Kensington & Allegheny", "by Kensington & Allegheny"),
    (X, "Ridge and Girard", "at Ridge and Girard please"),
    (X, "Frankford Ave off Girard Ave", "Frankford Ave off Girard Ave"),
    (X, "5thAndMarket", "potholes everywhere #5thAndMarket"),
    (X, "N 12th and W Susquehanna Ave", "N 12th and W Susquehanna Ave"),
    (X, "5th y Market", "hay un bache en la esquina de 5th y Market"),
    (X, "calle Quinta y calle Market", "en la calle Quinta y calle Market"),
    (X, "第五街和Market街", "第五街和Market街有坑"),
    (X, "5th и Market", "угол 5th и Market"),
    (X, "5th et Market", "au coin de 5th et Market"),
    (S, "Maple Ave", "pothole on Maple Ave, almost lost a tire"),
    (S, "maple ave", "on maple ave"),
    (S, "I-95", "debris on I-95"),
    (S, "Martin Luther King Dr", "Martin Luther King Dr is closed"),
    (S, "улице Маркет", "яма на улице Маркет"),
    (S, "calle Quinta", "en la calle Quinta"),
    (L, "Clark Park", "the lamp near Clark Park is out"),
    (L, "City Hall", "outside City Hall"),
    (L, "Penn Treaty Elementary School", "Penn Treaty Elementary School has no crossing guard"),
    (AREA, "Fishtown", "trees down in Fishtown"),
]

NO_PLACE = [
    "this is the first time and the second day",
    "the market is dirty and I have 2 cars here",
    "please fix this street",
    "my pine tree fell",
    "every race is at the park",
    "Please Fix This Street",
    "I reported it 3 times and 2 days ago",
    "call 311 or 911",
    "it costs $1200 street work",
    "@MarketStreet https://example.org/5th&Market",
    "trash and recycling",
    "5th time this year",
    "",
    "🔥",
]


@pytest.mark.parametrize(("kind", "phrase", "text"), PLACES)
def test_a_place_is_found_with_its_words_and_kind(kind: PlaceKind, phrase: str, text: str) -> None:
    place = most_exact(find_places(text))
    assert place is not None
    assert (place.kind, text[place.start : place.end]) == (kind, phrase)


@pytest.mark.parametrize("text", NO_PLACE)
def test_what_is_no_place_is_left_alone(text: str) -> None:
    assert find_places(text) == []


def test_the_most_exact_place_comes_first_whatever_the_order() -> None:
    place = most_exact(find_places("in Fishtown on Girard Ave near Palmer Park, at 1321 E Susquehanna Ave"))
    assert place is not None
    assert place.kind is PlaceKind.ADDRESS


def test_every_place_of_a_post_is_found() -> None:
    text = "potholes at 5th & Market, 1200 block of Pine and near Clark Park"
    assert [text[one.start : one.end] for one in find_places(text)] == [
        "5th & Market",
        "1200 block of Pine",
        "Clark Park",
    ]


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [("", None), ("  ", None), ("1234 Market St", PlaceKind.ADDRESS), ("the blue house", PlaceKind.LANDMARK)],
)
def test_a_phrase_taken_from_a_text_keeps_its_kind(phrase: str, kind: PlaceKind | None) -> None:
    assert kind_of_place(phrase) is kind


def test_a_long_text_is_read_to_the_limit_only() -> None:
    places = find_places("5th & Market. " * 10_000)
    assert places
    assert places[-1].end <= SCANNED_CODE_POINTS


@given(
    st.text(alphabet=st.sampled_from(list("5thMarket &and/@#.,12 NSst\n街路和\u200b\ud800")), max_size=200)
    | st.text(max_size=200)
)
def test_places_lie_in_the_text_and_apart(text: str) -> None:
    last = 0
    for place in find_places(text):
        assert last <= place.start < place.end <= len(text)
        last = place.end
