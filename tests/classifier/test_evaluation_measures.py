"""The measures of ranked answers, against figures worked out by hand."""

from collections.abc import Sequence

import pytest

from classifier.evaluation.measures import (
    NOTHING,
    Ranked,
    calibration,
    coverage_at,
    ranked_measures,
    risk_coverage,
)
from models import Guess


def answer(
    wanted: str,
    *guesses: tuple[str, float],
    also: Sequence[str] = (),
    suggested: bool = True,
    language: str = "en",
) -> Ranked:
    ranking = tuple(Guess(value=value, probability=probability) for value, probability in guesses)
    return Ranked(wanted, frozenset(also), ranking, suggested, language)


def test_a_guess_is_right_when_it_is_the_label_or_a_second_label() -> None:
    measures = ranked_measures(
        [
            answer("TREE", ("TREE", 0.9)),
            answer("TREE", ("OVERGROWTH", 0.8), also=["OVERGROWTH", "PARK"]),
            answer("NOISE", ("PARK", 0.5), ("POLICE", 0.2), ("ANIMAL", 0.1), ("NOISE", 0.1)),
            answer("NOISE", ("PARK", 0.5), ("POLICE", 0.3), ("NOISE", 0.2)),
        ]
    )
    assert (measures["top1"], measures["top1_strict"], measures["top3"]) == (0.5, 0.25, 0.75)


def test_the_ranking_counts_whether_or_not_the_classifier_abstained() -> None:
    measures = ranked_measures(
        [answer("TREE", ("TREE", 0.3), suggested=False), answer("TREE", ("TREE", 0.9)), answer("TREE", suggested=False)]
    )
    assert measures["top1"] == pytest.approx(2 / 3, abs=1e-4)
    assert measures["abstained"] == pytest.approx(2 / 3, abs=1e-4)


def test_only_classes_with_ten_rows_enter_the_macro_f1() -> None:
    trees = [answer("TREE", ("TREE", 0.9))] * 10
    noises = [answer("NOISE", ("NOISE", 0.9))] * 4 + [answer("NOISE", ("TREE", 0.6))] * 6
    measures = ranked_measures([*trees, *noises, *[answer("PARK", ("ANIMAL", 0.5))] * 9])
    tree, noise = 2 * 10 / (16 + 10), 2 * 4 / (4 + 10)
    assert measures["macro_f1"] == pytest.approx((tree + noise) / 2, abs=1e-4)
    assert measures["per_class"]["TREE"] == {"n": 10, "answers": 16, "precision": 0.625, "recall": 1.0, "f1": 0.7692}
    assert measures["per_class"]["ANIMAL"]["n"] == 0
    assert ranked_measures(trees[:9])["macro_f1"] is None


def test_a_second_label_that_is_guessed_counts_as_the_label_of_its_row() -> None:
    classes = ranked_measures([answer("TREE", ("PARK", 0.9), also=["PARK"])])["per_class"]
    assert (classes["PARK"]["n"], classes["PARK"]["f1"]) == (0, 1.0)
    assert (classes["TREE"]["n"], classes["TREE"]["answers"]) == (1, 0)


def test_a_row_without_a_guess_is_wrong_and_names_no_class() -> None:
    measures = ranked_measures([answer("TREE", suggested=False)])
    assert (measures["top1"], measures["top3"], measures["coverage_at_90"]) == (0, 0, 0)
    assert NOTHING not in measures["per_class"]


def test_the_calibration_error_compares_what_bins_promise_with_what_is_right() -> None:
    sure = [answer("TREE", ("TREE", 0.9))] * 12 + [answer("TREE", ("PARK", 0.9))] * 3
    unsure = [answer("TREE", ("TREE", 0.2))] * 3 + [answer("TREE", ("PARK", 0.2))] * 12
    low, high = calibration([*unsure, *sure], bins=2)
    assert [low.n, low.promised, low.right] == pytest.approx([15, 0.2, 0.2])
    assert [high.n, high.promised, high.right] == pytest.approx([15, 0.9, 0.8])
    fifteen = [answer("TREE", ("TREE", 0.75))] * 15
    assert ranked_measures(fifteen)["ece"] == 0.25
    assert [one.n for one in calibration(fifteen * 2)] == [2] * 15


def test_coverage_is_the_largest_share_that_keeps_nine_in_ten_right() -> None:
    rows = [answer("TREE", ("TREE" if at < 9 or at > 9 else "PARK", 1 - at / 100)) for at in range(20)]
    assert coverage_at(risk_coverage(rows), 0.9) == 1.0
    wrong_from_the_tenth = [answer("TREE", ("TREE" if at < 9 else "PARK", 1 - at / 100)) for at in range(20)]
    assert coverage_at(risk_coverage(wrong_from_the_tenth), 0.9) == 0.5


def test_rows_of_equal_confidence_are_covered_together_or_not_at_all() -> None:
    rows = [answer("TREE", ("TREE", 0.8))] * 5 + [answer("TREE", ("PARK", 0.8))] * 5
    assert risk_coverage(rows) == [(1.0, 0.5)]
    assert coverage_at(risk_coverage(rows), 0.9) == 0


def test_languages_are_counted_apart() -> None:
    rows = [answer("TREE", ("TREE", 1), language="vi"), answer("TREE", ("PARK", 1)), answer("TREE", ("TREE", 1))]
    assert ranked_measures(rows)["per_language"] == {"en": {"n": 2, "top1": 0.5}, "vi": {"n": 1, "top1": 1.0}}


def test_no_rows_have_no_measures() -> None:
    assert ranked_measures([]) == {"n": 0}
