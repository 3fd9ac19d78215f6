"""Street names: many spellings, one normal form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.places.names import direction_of, name_key, normal_street, ordinal, read_street_name

NORMAL = [
    ("north fifth st.", "N 5th St"),
    ("N 5TH STREET", "N 5th St"),
    ("N. 5th", "N 5th"),
    ("10 th street", "10th St"),
    ("1OTH st", "10th St"),
    ("twelveth street", "12th St"),
    ("twenty-first st", "21st St"),
    ("Twenty First Street", "21st St"),
    ("22th ave", "22nd Ave"),
    ("5 st", "5th St"),
    ("CHESTNUT STREET", "Chestnut St"),
    ("spring garden", "Spring Garden"),
    ("spring garden steet", "Spring Garden St"),
    ("Saint James ave", "St James Ave"),
    ("St. Paul St", "St Paul St"),
    ("Mount Vernon Blvd.", "Mt Vernon Blvd"),
    ("MCDONALD rd", "McDonald Rd"),
    ("macarthur rd", "MacArthur Rd"),
    ("o\u2019neill way", "O'Neill Way"),
    ("quail's nest ln", "Quail's Nest Ln"),
    ("Dr. Martin Luther King Jr. drive", "Martin Luther King Dr"),
    ("M.L.K. Dr", "Martin Luther King Dr"),
    ("calle Quinta", "5th St"),
    ("calle 5", "5th St"),
    ("avenida Allegheny", "Allegheny Ave"),
    ("rue de la Mill", "Mill St"),
    ("Quinta Ave", "Quinta Ave"),
    ("North St", "North St"),
    ("N St", "N St"),
    ("east broadway", "E Broadway"),
    ("Avenue C", "Avenue C"),
    ("ave of the arts", "Ave of the Arts"),
    ("Harbor Mall East", "Harbor Mall E"),
    ("I-95", "I-95"),
    ("interstate 95", "I-95"),
    ("us route 1", "US 1"),
    ("rte 9", "Route 9"),
    ("Fort", "Fort"),
    ("ft hope rd", "Fort Hope Rd"),
    ("", ""),
    ("?!", ""),
]


@pytest.mark.parametrize(("written", "normal"), NORMAL)
def test_a_name_has_one_normal_form(written: str, normal: str) -> None:
    assert normal_street(written) == normal


def test_a_name_is_read_in_parts() -> None:
    name = read_street_name("south fourth street w")
    assert (name.direction, name.base, name.suffix, name.post_direction) == ("S", "4th", "St", "W")


@pytest.mark.parametrize(("one", "other"), [("O'Neill", "oneill"), ("Mc Kean", "McKean"), ("Peña", "pena")])
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=60))
def test_any_text_is_read_and_a_normal_form_stays_as_it_is(text: str) -> None:
    assert normal_street(normal_street(text)) == normal_street(text)


_WORDS = st.sampled_from(
    [
        "n",
        "north",
        "st",
        "saint",
        "street",
        "ave",
        "avenue",
        "first",
        "5th",
        "5",
        "twenty",
        "mt",
        "fort",
        "calle",
        "la",
        "quinta",
        "i",
        "us",
        "route",
        "9",
        "o'neill",
        "mlk",
        "jr",
        "dr",
        "of",
    ]
)


@given(st.lists(_WORDS, min_size=1, max_size=6).map(" ".join))
def test_a_normal_form_of_street_words_in_any_order_stays_as_it_is(text: str) -> None:
    assert normal_street(normal_street(text)) == normal_street(text)


@given(st.integers(min_value=1, max_value=199), st.sampled_from(["N", "S", "E", "W"]))
def test_a_numbered_street_is_the_same_in_capitals_and_small_letters(number: int, direction: str) -> None:
    name = f"{direction} {ordinal(number)} St"
    assert normal_street(name) == normal_street(name.upper()) == normal_street(name.lower()) == name


def test_a_direction_is_known_by_its_word_and_its_letter() -> None:
    assert [direction_of(word) for word in ("North", "s", "NE", "Oak")] == ["N", "S", "NE", ""]
