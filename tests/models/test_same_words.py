"""What a channel makes of our words on their way does not make other words of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.same_words import same_words

LETTERS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Zs", "Po"], exclude_characters="@.:/&;"))


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Thank you.", "@dee_215 Thank you."),
        ("Thank you.", "@dee_215 @sam_19147 Thank you."),
        ("Thank you.", "@dee@town.example Thank you."),
        ("5 < 6 & 7", "@dee_215 5 &lt; 6 &amp; 7"),
        ("Cafe\u0301", "Café"),
        ("see https://phila.gov/311 now", "see https://t.co/abcdefghij now"),
        ("see phila.gov/311 now", "see https://t.co/abcdefghij now"),
        ("one\n\ntwo ", "one two"),
        ("رقم \u200e14000231", "رقم 14000231"),
    ],
)
def test_the_same_words_are_known_again(ours: str, shown: str) -> None:
    assert same_words(ours, shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thank you.", "Thank you!"),
        ("request 14000231", "request 14000232"),
        ("see phila.gov", "see"),
        ("thank you @sam_19147", "thank you @dee_215"),
        ("Fixed. We came by.", "Fixed. They came by."),
    ],
)
def test_other_words_are_other_words(one: str, other: str) -> None:
    assert not same_words(one, other)


@given(LETTERS, LETTERS)
def test_it_holds_both_ways_and_for_itself(one: str, other: str) -> None:
    assert same_words(one, one)
    assert same_words(f"so {one}", f"@dee_215 so {one}")
    assert same_words(one, other) == same_words(other, one)
