"""A head: every score is the exact sum of its parts, a file gives the same answers, a damaged one is refused."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.features import SIZE, Floats, Weighed, Weigher
from classifier.heads import NO_ROW, Head, HeadUnreadable, Tier, rows_of, softmax, sure
from classifier.words import read_words

CLASSES = ("POTHOLE", "GRAFFITI", "NOISE")
WIDTH = 6
TEXTS = ["big pothole on the road", "graffiti on the wall", "loud music all night", "the road, the wall, the night"]
WEIGHER = Weigher(np.ones(SIZE, np.float32))


def weigh(text: str) -> Weighed:
    return WEIGHER.weigh(read_words(text))


@cache
def head() -> Head:
    """Random weights over the features of TEXTS."""
    chance = np.random.default_rng(3)
    used = np.unique(np.concatenate([weigh(text).features for text in TEXTS])).astype(np.int32)

    def tier(temperature: float, *, whole: bool = False) -> Tier:
        return Tier(
            rows_of(used),
            chance.normal(size=(len(used), 3)).astype(np.float32),
            chance.normal(size=3).astype(np.float32),
            chance.normal(size=(WIDTH, 3)).astype(np.float32) if whole else None,
            temperature,
        )

    return Head(
        classes=CLASSES,
        words=tier(0.7),
        whole=tier(0.9, whole=True),
        others=tier(1.5),
        cue_weight=0.4,
        thresholds=np.array([0.3, 0.4, 0.5], np.float32),
        facts={"rows": 4},
    )


CUES: Floats = np.array([2.0, 0.0, 0.5], np.float32)
VECTOR: Floats = np.full(WIDTH, 1 / np.sqrt(WIDTH), np.float32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), max_size=3).map(" ".join) | st.text(max_size=60))
def test_a_score_is_the_sum_of_bias_words_cues_and_vector(text: str) -> None:
    made, weighed = head(), weigh(text)
    for tier, vector in ((made.words, None), (made.whole, VECTOR), (made.others, None)):
        scores = made.scores(tier, weighed, CUES, vector)
        by_word = tier.by_word(weighed, range(3), len(read_words(text).forms))
        for which in range(3):
            parts = float(by_word[which].sum())
            parts += (float(tier.bias[which]) + made.cue_weight * float(CUES[which])) / tier.temperature
            if vector is not None and tier.encoder is not None:
                parts += float(vector @ tier.encoder[:, which]) / tier.temperature
            assert parts == pytest.approx(float(scores[which]), abs=1e-4)


def test_a_word_it_has_never_met_adds_nothing() -> None:
    made, weighed = head(), weigh("qqqq")
    assert np.allclose(made.scores(made.words, weighed, CUES * 0), made.words.bias / made.words.temperature)
    assert made.words.by_word(weighed, [0, 2], 1).tolist() == [[0.0], [0.0]]


def test_a_text_of_nothing_has_the_bias() -> None:
    made = head()
    assert np.allclose(made.scores(made.others, weigh(""), CUES * 0), made.others.bias / made.others.temperature)
    assert made.others.by_word(weigh(""), [1], 0).shape == (1, 0)


def test_english_without_and_with_a_vector_and_other_languages_have_their_own_tiers() -> None:
    made = head()
    assert made.tier(english=True, whole=False) is made.words
    assert made.tier(english=True, whole=True) is made.whole
    assert made.tier(english=False, whole=False) is made.tier(english=False, whole=True) is made.others


def test_a_file_gives_the_same_answers(tmp_path: Path) -> None:
    made = head()
    made.save(tmp_path / "head.npz")
    read = Head.load(tmp_path / "head.npz")
    assert (read.classes, read.cue_weight, read.facts) == (made.classes, made.cue_weight, made.facts)
    assert np.array_equal(read.thresholds, made.thresholds)
    for text in TEXTS:
        for name in ("words", "whole", "others"):
            before = made.scores(getattr(made, name), weigh(text), CUES, VECTOR)
            after = read.scores(getattr(read, name), weigh(text), CUES, VECTOR)
            assert np.allclose(before, after, atol=1e-2)


def test_a_file_keeps_which_features_have_rows(tmp_path: Path) -> None:
    turned = rows_of(np.array([9, 3, 200_000], np.int32))
    assert (turned[9], turned[3], turned[200_000], turned[4]) == (0, 1, 2, NO_ROW)
    tier = Tier(turned, np.arange(9, dtype=np.float32).reshape(3, 3), np.zeros(3, np.float32))
    replace(head(), words=tier).save(tmp_path / "head.npz")
    read = Head.load(tmp_path / "head.npz").words
    assert np.array_equal(read.row_of, turned)
    assert np.array_equal(read.weights, tier.weights)


def test_the_same_head_gives_the_same_file(tmp_path: Path) -> None:
    head().save(tmp_path / "one.npz")
    head().save(tmp_path / "two.npz")
    first, second = (np.load(tmp_path / name) for name in ("one.npz", "two.npz"))
    assert all(np.array_equal(first[key], second[key]) for key in first.files)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(HeadUnreadable, match=r"gone\.npz cannot be used"):
        Head.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("left", [0, 1, 100, 2_000])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, left: int) -> None:
    file = tmp_path / "head.npz"
    head().save(file)
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(HeadUnreadable):
        Head.load(file)


def test_a_file_with_a_turned_byte_is_refused_or_still_a_head(tmp_path: Path) -> None:
    file = tmp_path / "head.npz"
    head().save(file)
    whole, refused = file.read_bytes(), 0
    for place in range(0, len(whole), len(whole) // 40):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            assert Head.load(file).classes == CLASSES
        except HeadUnreadable:
            refused += 1
    assert refused > 30


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "head.npz"
    np.savez(file, meta=np.frombuffer(b"[1, 2]", np.uint8))
    with pytest.raises(HeadUnreadable):
        Head.load(file)
    np.savez(file, meta=np.frombuffer(b'{"temperatures": {}}', np.uint8))
    with pytest.raises(HeadUnreadable):
        Head.load(file)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-500, 500), min_size=1, max_size=40))
def test_probabilities_sum_to_one_and_keep_the_order(scores: list[float]) -> None:
    chances = softmax(np.array(scores, np.float32))
    assert np.isfinite(chances).all()
    assert chances.sum() == pytest.approx(1, abs=1e-5)
    assert chances[int(np.argmax(scores))] == chances.max()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=2, max_size=9), st.floats(0.2, 2), st.floats(-0.5, 1))
def test_sureness_moves_the_first_guess_and_keeps_a_distribution(
    scores: list[float], slope: float, offset: float
) -> None:
    chances = softmax(np.array(scores, np.float32))
    fresh = sure(chances, slope, offset)
    assert fresh.sum() == pytest.approx(1, abs=1e-4)
    assert (fresh >= 0).all()
    others = np.delete(np.arange(len(scores)), chances.argmax())
    assert (
        np.argsort(fresh[others], kind="stable") == np.argsort(chances[others], kind="stable")
    ).all() or np.allclose(np.sort(fresh[others]), fresh[others][np.argsort(chances[others])], atol=1e-5)
