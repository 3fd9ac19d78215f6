"""What acknowledges a report: once is one dialogue that ends in one answer, and a second answer is one too many."""

import pytest

from hark311.rehearsal.acknowledged import Told, acknowledgements


def told(*keys: str, to_report: bool = True) -> list[Told]:
    return [Told(key, own_words=False, answers_report=to_report, in_thread=to_report) for key in keys]


@pytest.mark.parametrize("key", ["filed", "filed_short", "status_duplicate", "emergency_911", "safety_gas", "case_new"])
def test_a_reply_that_says_it_was_taken_acknowledges_a_report(key: str) -> None:
    assert acknowledgements(told(key)) == 1


@pytest.mark.parametrize(
    "key", ["status_known", "status_fixed", "status_unknown", "status_duplicate_elsewhere", "praise_thanks", "ask_case"]
)
def test_an_answer_to_any_news_acknowledges_nothing(key: str) -> None:
    assert acknowledgements(told(key)) == 0
    assert acknowledgements(told("filed", key)) == 1


def test_several_questions_and_the_filing_that_ends_them_are_one() -> None:
    assert acknowledgements(told("ask_service", "ask_place", "ask_place_again")) == 1
    assert acknowledgements(told("ask_service", "ask_place", "filed")) == 1


@pytest.mark.parametrize(
    "keys", [("filed", "filed"), ("emergency_911", "emergency_911"), ("ask_place", "filed", "filed")]
)
def test_a_second_answer_to_one_report_is_one_too_many_wherever_it_stands(keys: tuple[str, ...]) -> None:
    assert acknowledgements(told(*keys)) == 2
    assert acknowledgements([*told(*keys[:-1]), *told(keys[-1], to_report=False)]) == 2


def test_a_warning_and_the_number_that_follows_it_are_one() -> None:
    assert acknowledgements([*told("emergency_911"), *told("filed", to_report=False)]) == 1
    assert acknowledgements(told("safety_gas", "status_duplicate")) == 1
    assert acknowledgements(told("emergency_911", "filed", "filed")) == 2
    assert acknowledgements(told("emergency_911", "safety_gas", "filed")) == 2


def test_own_words_acknowledge_only_the_report_they_answer_whatever_was_drafted() -> None:
    answer = Told("status_known", own_words=True, answers_report=True, in_thread=True)
    later = Told("emergency_911", own_words=True, answers_report=False, in_thread=True)
    assert acknowledgements([answer]) == 1
    assert acknowledgements([later]) == 0
    assert acknowledgements([*told("filed"), answer]) == 2


def test_a_question_about_something_said_later_does_not_acknowledge_the_report() -> None:
    assert acknowledgements(told("ask_place", to_report=False)) == 0
