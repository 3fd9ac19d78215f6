"""A text as numbers: whatever it holds, of bounded size, of length one, the same every time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.features import SIZE, Weighed, Weigher
from classifier.words import read_words

WEIGHER = Weigher(np.ones(SIZE, np.float32))
POSTS = [
    "There is a huge pothole at 5th & Market",
    "hay basura en la calle",
    "路灯坏了",
    "ليش الشارع مظلم",
    "🔥🔥",
    "#FixIt @city",
]
ANY_TEXT = st.text(max_size=200) | st.lists(st.sampled_from(POSTS), max_size=4).map(" ".join)


def weigh(text: str) -> Weighed:
    return WEIGHER.weigh(read_words(text))


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_any_text_is_weighed(text: str) -> None:
    weighed = weigh(text)
    words = read_words(text)
    assert np.all((weighed.features >= 0) & (weighed.features < SIZE))
    assert np.all(np.diff(weighed.features) > 0)
    assert np.all(np.isfinite(weighed.values))
    assert np.all((weighed.words >= 0) & (weighed.words < max(1, len(words.forms))))
    assert len(weighed.occurs) == len(weighed.words) == len(weighed.shares)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_words_and_pieces_of_words_each_have_length_one(text: str) -> None:
    weighed = weigh(text)
    for half in (0, 1):
        values = weighed.values[weighed.features % 2 == half]
        assert not len(values) or np.linalg.norm(values) == pytest.approx(1, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_the_shares_of_a_feature_sum_to_one(text: str) -> None:
    weighed = weigh(text)
    sums = np.bincount(weighed.occurs, weights=weighed.shares, minlength=len(weighed.features))
    assert np.allclose(sums, 1, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(ANY_TEXT)
def test_the_same_text_gives_the_same_numbers(text: str) -> None:
    first, second = weigh(text), weigh(text)
    assert all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("features", "values", "occurs", "words", "shares")
    )


def test_case_accents_and_invisible_marks_change_nothing() -> None:
    plain = weigh("pothole on cafe street")
    assert np.array_equal(plain.features, weigh("POTHOLE on Caf\u00e9 stre\u200bet").features)


def test_a_typing_error_keeps_most_pieces() -> None:
    right, wrong = weigh("streetlight"), weigh("streetligth")
    assert len(np.intersect1d(right.features, wrong.features)) >= len(right.features) // 2


def test_links_and_names_of_accounts_weigh_nothing() -> None:
    assert len(weigh("https://example.org/pothole @pothole_watch").features) == 0
    assert len(weigh("").features) == 0


def test_a_pair_of_words_belongs_half_to_each() -> None:
    weighed = weigh("street light")
    halves = [float(share) for share in weighed.shares if share < 1]
    assert halves == [0.5, 0.5]
    assert {int(word) for word, share in zip(weighed.words, weighed.shares, strict=True) if share < 1} == {0, 1}


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("text", ["a" * 100_000, "ab " * 50_000, "火" * 100_000, "\ud800" * 1_000, "\x00" * 100_000])
def test_a_hostile_text_is_weighed_like_any_other(text: str) -> None:
    weighed = weigh(text)
    assert np.isfinite(weighed.values).all()


def test_rare_words_weigh_more_than_common_ones() -> None:
    weigher = Weigher.count(["the lamp is out", "the drain is full", "the tree is down"])
    common, rare = weigher.weigh(read_words("the")), weigher.weigh(read_words("lamp"))
    assert weigher.rarity[rare.features].mean() > weigher.rarity[common.features].mean()
    assert weigher.rarity[rare.features[0]] == pytest.approx(np.log(4 / 2) + 1, abs=1e-6)
    assert weigher.rarity[common.features[0]] == pytest.approx(np.log(4 / 4) + 1, abs=1e-6)


def test_what_was_counted_is_kept_in_a_file(tmp_path: Path) -> None:
    counted = Weigher.count(POSTS)
    counted.save(tmp_path / "rarity.npy")
    read = Weigher.load(tmp_path / "rarity.npy")
    assert np.allclose(read.rarity, counted.rarity, rtol=1e-3)
    (tmp_path / "rarity.npy").write_bytes(b"no numbers")
    with pytest.raises(ValueError, match=r".+"):
        Weigher.load(tmp_path / "rarity.npy")


def test_many_texts_are_one_matrix_with_a_row_each() -> None:
    rows = WEIGHER.matrix(POSTS)
    assert rows.shape == (len(POSTS), SIZE)
    weighed = weigh(POSTS[0])
    assert np.array_equal(rows[0].indices, weighed.features)
    assert np.array_equal(rows[0].data, weighed.values)
    assert WEIGHER.matrix([]).shape == (0, SIZE)
