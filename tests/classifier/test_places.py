"""Where a post says it is: the spans, their kinds, and what is no place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places import PlaceKind, find_places, kind_of_place, most_exact
from classifier.words import SCANNED_CODE_POINTS

A, B, X, S, L, AREA, STOP, WATER = (
    PlaceKind.ADDRESS,
    PlaceKind.BLOCK,
    PlaceKind.INTERSECTION,
    PlaceKind.STREET,
    PlaceKind.LANDMARK,
    PlaceKind.AREA,
    PlaceKind.STOP,
    PlaceKind.WATERWAY,
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
    (A, "56 quarry hill rd", "cans in front of 56 quarry hill rd for weeks"),
    (A, "12 & 14 Bailey St", "signs at 12 & 14 Bailey St were changed"),
    (A, "30-12 48 avenue", "leak at 30-12 48 avenue"),
    (A, "88 Larchmont", "van parked outside 88 Larchmont"),
    (A, "41 w fourth", "noise, 41 w fourth"),
    (A, "9 ELM AVE", "HUGE HOLE IN FRONT OF 9 ELM AVE"),
    (B, "1200 BLK S 9TH", "NO PICKUP ON 1200 BLK S 9TH"),
    (B, "1100 TO 1200 BLOCK OF OAK AVE", "CLEAN THE 1100 TO 1200 BLOCK OF OAK AVE PLEASE"),
    (B, "4400 Block", "4400 Block, every yard"),
    (B, "Elm St (between Oak and Ash)", "salt Elm St (between Oak and Ash) first"),
    (B, "between Oak and Ash", "ice between Oak and Ash"),
    (X, "5TH AND MARKET", "BIG POTHOLE AT 5TH AND MARKET"),
    (X, "Maple Ave off of Grove Rd", "crash, Maple Ave off of Grove Rd"),
    (X, "Maple Ave leads into Grove Rd", "where Maple Ave leads into Grove Rd"),
    (X, "Crown (at Oak St.)", "the lamp on Crown (at Oak St.) hums"),
    (X, "Oak St & Ash St & Elm St", "signal out at Oak St & Ash St & Elm St"),
    (X, "spring hollow and powell", "corner of spring hollow and powell"),
    (X, "K and East Sixth", "corner of K and East Sixth"),
    (X, "Linden\n\nDr. & Ash Rd.", "a sign on Linden\n\nDr. & Ash Rd. is bent"),
    (X, "Oak St - Ash St", "Oak St - Ash St, no lights"),
    (X, "birch mill and dalton", "no turn signal at birch mill and dalton intersection"),
    (S, "Euclid", "ice all along Euclid"),
    (S, "Larch", "the far end of Larch is a mess"),
    (S, "front street", "sweepers on front street"),
    (S, "Q Ave", "sirens in the Q Ave area"),
    (S, "Water St", "flooded: Water St"),
    (S, "US 90 EB", "US 90 EB is blocked"),
    (S, "hyde park ave", "snow on hyde park ave"),
    (L, "McDonald's", "wrappers by McDonald's"),
    (L, "C-Mart supermarket", "carts left near C-Mart supermarket's door"),
    (L, "Oak Park Street playground", "grass at the Oak Park Street playground"),
    (L, "grove hill church", "cones outside grove hill church"),
    (L, "Museum of Glass", "the steps of the Museum of Glass"),
    (STOP, "Gantry Junction station", "lift broken at Gantry Junction station"),
    (WATER, "Otter Creek", "foam on Otter Creek"),
    (AREA, "Chicago", "my cousin moved to Chicago"),
    (AREA, "downtown Denver", "walking around downtown Denver"),
    (AREA, "Lovelady, TX 75851", "from Lovelady, TX 75851"),
    (AREA, "Kent County", "a road in Kent County"),
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
    "is there still street sweeping twice a month",
    "saw it on Facebook and on Monday",
    "in January we called the City of Chicago",
    "Chicago Police told me to call",
    "the nearest gas station and the dog park",
    "Busy street. Bike lane blocked. Dead end.",
    "Ben and Jerry came over",
    "thanks to the Fire Department",
    "between you and me",
    "a united way of doing this, taking place now",
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


def test_a_street_named_once_is_found_again_by_its_name_alone() -> None:
    text = "crash at the corner of Linden and cutter. Everyone speeds on cutter"
    assert [text[one.start : one.end] for one in find_places(text)] == ["Linden and cutter", "cutter"]


def test_what_stands_behind_an_address_is_an_area_of_its_own() -> None:
    text = "leak at 40 Ash Rd, Quarry Point, GA 30301"
    assert [(one.kind, text[one.start : one.end]) for one in find_places(text)] == [
        (A, "40 Ash Rd"),
        (AREA, "Quarry Point, GA 30301"),
    ]


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
