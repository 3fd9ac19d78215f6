"""Temperatures, thresholds and the calibration error, against figures known or worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.heads import softmax
from classifier.training.calibration import (
    LEAST_PER_CLASS,
    NEVER,
    calibration_error,
    lower_bound,
    sureness,
    temperature,
    threshold,
    thresholds,
)


@pytest.mark.parametrize("known", [0.5, 1.0, 1.7, 3.0])
def test_a_known_temperature_is_found_again(known: float) -> None:
    chance = np.random.default_rng(5)
    true = chance.normal(0, 2, (6_000, 5)).astype(np.float32)
    wanted = np.array([chance.choice(5, p=one / one.sum()) for one in softmax(true).astype(float)], np.int64)
    assert temperature(true * known, wanted) == pytest.approx(known, rel=0.08)


def test_temperatures_stay_within_their_limits() -> None:
    sure = np.array([[30.0, 0.0]] * 20, np.float32)
    assert temperature(sure, np.zeros(20, np.int64)) >= 0.25
    assert temperature(sure, np.array([0, 1] * 10, np.int64)) <= 4.0


def test_perfect_calibration_has_next_to_no_error() -> None:
    chance = np.random.default_rng(6)
    sureness = chance.uniform(0.2, 1, 20_000).astype(np.float32)
    assert calibration_error(sureness, chance.uniform(size=20_000) < sureness) < 0.015


def test_the_error_is_how_far_sureness_is_from_being_right() -> None:
    sureness = np.full(300, 0.9, np.float32)
    assert calibration_error(sureness, np.arange(300) % 2 == 0) == pytest.approx(0.4, abs=0.03)
    assert calibration_error(np.ones(30, np.float32), np.ones(30, bool)) == 0
    assert calibration_error(np.zeros(0, np.float32), np.zeros(0, bool)) == 0


def test_fewer_answers_than_bins_are_one_bin_each() -> None:
    assert calibration_error(np.array([0.2, 0.6], np.float32), np.array([False, True])) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize(
    ("right", "of", "bound"),
    [(0, 0, 0.0), (0, 10, 0.0), (10, 10, 0.8589), (9, 10, 0.7176), (45, 50, 0.8323), (90, 100, 0.8549), (1, 1, 0.3784)],
)
def test_the_lower_bound_is_wilsons(right: int, of: int, bound: float) -> None:
    # statsmodels.stats.proportion.proportion_confint(right, of, alpha=0.2, method="wilson")[0]
    assert lower_bound(right, of) == pytest.approx(bound, abs=2e-4)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_lower_bound_lies_below_the_share_and_rises_with_more_of_the_same(counted: tuple[int, int]) -> None:
    right, of = counted
    assert -1e-9 <= lower_bound(right, of) <= right / of + 1e-9
    assert lower_bound(right, of) <= lower_bound(10 * right, 10 * of) + 1e-9


def test_the_threshold_is_the_lowest_from_which_the_bound_holds() -> None:
    sureness = np.linspace(1, 0, 400, dtype=np.float32)
    right = sureness >= 0.5
    found = threshold(sureness, right, 0.9)
    above = sureness >= found
    assert lower_bound(int(right[above].sum()), int(above.sum())) >= 0.9
    below = sureness >= found - 0.01
    assert lower_bound(int(right[below].sum()), int(below.sum())) < 0.9
    assert found < 0.5


def test_too_few_answers_prove_nothing_however_right() -> None:
    assert threshold(np.full(5, 0.99, np.float32), np.ones(5, bool), 0.9) == NEVER
    assert threshold(np.linspace(1, 0.5, 40, dtype=np.float32), np.ones(40, bool), 0.9) < NEVER
    assert threshold(np.linspace(1, 0, 100, dtype=np.float32), np.zeros(100, bool)) == NEVER
    assert threshold(np.zeros(0, np.float32), np.zeros(0, bool)) == NEVER


def test_a_class_with_few_labels_keeps_the_common_threshold() -> None:
    many, few = 60, LEAST_PER_CLASS - 1
    probabilities = np.array([[0.9, 0.1, 0.0]] * many + [[0.2, 0.8, 0.0]] * few, np.float32)
    wanted = np.array([0] * many + [1] * few, np.int64)
    assert thresholds(probabilities, wanted, 0.45).tolist() == pytest.approx([0.9, 0.45, 0.45])


def test_a_class_that_is_never_right_is_never_suggested() -> None:
    probabilities = np.array([[0.9, 0.1]] * 50, np.float32)
    assert thresholds(probabilities, np.ones(50, np.int64), 0.45)[0] == pytest.approx(NEVER)


def test_sureness_finds_the_line_that_makes_a_boastful_head_honest() -> None:
    chance = np.random.default_rng(7)
    honest = chance.uniform(0.2, 0.95, 4000)
    boast = 1 / (1 + np.exp(-(np.log(honest / (1 - honest)) - 0.3) / 0.6))
    right = chance.random(4000) < honest
    slope, offset = sureness(boast.astype(np.float32), right, (1.0, 0.0))
    assert slope == pytest.approx(0.6, abs=0.06)
    assert offset == pytest.approx(0.3, abs=0.08)


def test_few_labels_leave_sureness_near_where_it_started() -> None:
    slope, offset = sureness(np.full(5, 0.9, np.float32), np.zeros(5, bool), (0.62, 0.42))
    assert abs(slope - 0.62) < 0.2
    assert abs(offset - 0.42) < 0.2
