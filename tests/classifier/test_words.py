"""How a text is cut into comparable words, in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.words import BLANK, SCANNED_CODE_POINTS, form_of, read_words

FORMS = [
    ("Big Potholes!", ["big", "pothole", "."]),
    ("it's the city's", ["its", "the", "city"]),
    ("#PotHole #5thAndMarket", ["pot", "hole", "5th", "and", "market"]),
    ("#pothole", ["pothole"]),
    ("@Philly311 fix it", [BLANK, "fix", "it"]),
    ("see https://example.org/x?y=1 now", ["see", BLANK, "now"]),
    ("mail me@example.org", ["mail", BLANK]),
    ("pick-up", ["pick", "up"]),
    ("l'égout", ["l", "egout"]),
    ("sooooo dark", ["so", "dark"]),
    ("pot\u200bhole", ["pothole"]),
    ("\u202epothole", ["pothole"]),
    ("PO\u0301THOLE", ["pothole"]),
    ("cháy nhà", ["chay", "nha"]),
    ("ổ gà", ["ổ", "ga"]),
    ("路灯坏了", ["路", "灯", "坏", "了"]),
    ("가로등", ["가", "로", "등"]),
    ("ямы", ["ям"]),
    ("улице", ["улиц"]),
    ("الحفرة", ["حفر"]),
    ("গর্তটি", ["গর্ত"]),
    ("why? Why", ["why", "?", "why"]),
    ("\ud800 pothole \udfff", ["pothole"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "forms"), FORMS)
def test_a_text_becomes_comparable_words(text: str, forms: list[str]) -> None:
    assert read_words(text).forms == forms


@pytest.mark.parametrize(
    ("one", "other"), [("lights", "light"), ("boxes", "box"), ("Bushes", "bush"), ("дороги", "дорога"), ("ямах", "яма")]
)
def test_endings_do_not_part_words_that_belong_together(one: str, other: str) -> None:
    assert form_of(one) == form_of(other)


@pytest.mark.parametrize("word", ["bus", "gas", "glass", "this", "news"])
def test_words_that_only_look_plural_stay_whole(word: str) -> None:
    assert form_of(word) == word


def test_no_more_than_the_first_part_of_a_long_text_is_read() -> None:
    words = read_words("pothole " * 20_000)
    assert words.ends[-1] <= SCANNED_CODE_POINTS


@given(st.text(max_size=300))
def test_spans_lie_in_the_text_and_in_order(text: str) -> None:
    words = read_words(text)
    last = 0
    for start, end in zip(words.starts, words.ends, strict=True):
        assert last <= start < end <= len(text)
        last = end
    assert len(words.forms) == len(words.starts)
