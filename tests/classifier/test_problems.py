"""Several problems in one post: each is told with its own words; one problem told twice is one."""

from collections.abc import Sequence

import pytest

from classifier.problems import several_problems
from classifier.rules import build
from classifier.taxonomy import services_of_taxonomy
from models import Problem, Service

SERVICES = services_of_taxonomy()


def problems(text: str, services: Sequence[Service] = SERVICES) -> list[Problem]:
    rules = build()
    signs = rules.signs(text)
    return several_problems(signs, signs.categories, rules.offered(services))


def told(text: str) -> dict[str, str]:
    return {one.service_code: text[one.start : one.end] for one in problems(text)}


def test_two_problems_are_told_each_with_its_words() -> None:
    text = "There is a huge pothole on Main. Also graffiti all over the underpass."
    found = told(text)
    assert list(found) == ["POTHOLE", "GRAFFITI"]
    assert "pothole" in found["POTHOLE"]
    assert "graffiti" not in found["POTHOLE"]
    assert "graffiti" in found["GRAFFITI"]


def test_a_joining_word_parts_them_as_a_stop_does() -> None:
    assert list(told("big pothole on Elm and graffiti on the school wall")) == ["POTHOLE", "GRAFFITI"]


def test_they_stand_in_the_order_of_the_text() -> None:
    text = "graffiti on the wall, pothole in front of it"
    assert list(told(text)) == ["GRAFFITI", "POTHOLE"]
    assert [one.start for one in problems(text)] == sorted(one.start for one in problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello there, and good morning",
        "There is a huge pothole on Main",
        "pothole on Main, pothole on Elm, and a pothole on Oak",
        "\ud800 \x00 , . and , and",
        "and and and , , ,",
    ],
)
def test_one_problem_or_none_is_no_list(text: str) -> None:
    assert problems(text) == []


def test_only_offered_services_are_named() -> None:
    text = "There is a huge pothole on Main. Also graffiti all over the underpass."
    assert problems(text, [one for one in SERVICES if one.service_code != "GRAFFITI"]) == []
    assert problems(text, []) == []


def test_probabilities_and_spans_are_sound() -> None:
    text = "pothole on Main. graffiti on Elm. broken streetlight on Oak. " * 30
    found = problems(text)
    assert 2 <= len(found) == len({one.service_code for one in found})
    for one in found:
        assert 0 <= one.probability <= 1
        assert 0 <= one.start < one.end <= len(text)
