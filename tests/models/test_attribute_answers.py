"""Answers to a service's own questions, of all six datatypes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Datatype, ServiceAttribute
from models.attribute_answers import NotAnAnswer, missing_attributes, read_answer

BINS = [{"key": "T", "name": "Trash"}, {"key": "R", "name": "Recycling"}]

NOTHING: list[Any] = ["", "  ", None, []]


def question(datatype: Datatype, **more: Any) -> ServiceAttribute:
    return ServiceAttribute(service_code="S", code="Q", datatype=datatype, values=BINS, description="What?", **more)


@pytest.mark.parametrize(
    ("datatype", "raw", "answer"),
    [
        (Datatype.STRING, "  two\nlines ", "two lines"),
        (Datatype.TEXT, " two\nlines ", "two\nlines"),
        (Datatype.NUMBER, "007.50", "7.5"),
        (Datatype.NUMBER, "٣", "3"),
        (Datatype.NUMBER, "-0.0", "-0"),
        (Datatype.NUMBER, "1E3", "1000"),
        (Datatype.DATETIME, "2026-11-20", "2026-11-20T00:00:00"),
        (Datatype.DATETIME, "2026-11-20 08:30", "2026-11-20T08:30:00"),
        (Datatype.DATETIME, "2026-11-20T08:30:00-05:00", "2026-11-20T08:30:00-05:00"),
        (Datatype.SINGLE_VALUE_LIST, "T", "T"),
        (Datatype.SINGLE_VALUE_LIST, "recycling", "R"),
        (Datatype.SINGLE_VALUE_LIST, ["R"], "R"),
        (Datatype.MULTI_VALUE_LIST, ["R", "Trash", "R"], ["T", "R"]),
        (Datatype.MULTI_VALUE_LIST, "T", ["T"]),
        *((kind, nothing, None) for kind in Datatype for nothing in NOTHING),
    ],
)
def test_an_answer_is_read_as_it_is_meant(datatype: Datatype, raw: Any, answer: Any) -> None:
    assert read_answer(question(datatype), raw) == answer


@pytest.mark.parametrize(
    ("datatype", "raw"),
    [
        (Datatype.STRING, "x" * 256),
        (Datatype.TEXT, "x" * 4001),
        (Datatype.NUMBER, "many"),
        (Datatype.NUMBER, "nan"),
        (Datatype.NUMBER, "Infinity"),
        (Datatype.NUMBER, "1e999999999"),
        (Datatype.DATETIME, "yesterday"),
        (Datatype.SINGLE_VALUE_LIST, "X"),
        (Datatype.MULTI_VALUE_LIST, ["T", "X"]),
    ],
)
def test_what_answers_nothing_is_told_with_the_question(datatype: Datatype, raw: Any) -> None:
    with pytest.raises(NotAnAnswer, match="“What\\?”"):
        read_answer(question(datatype), raw)


@given(st.sampled_from(list(Datatype)), st.text(max_size=40) | st.lists(st.text(max_size=9), max_size=3) | st.none())
def test_an_answer_read_again_stays_what_it_is(datatype: Datatype, raw: Any) -> None:
    asked = question(datatype)
    try:
        answer = read_answer(asked, raw)
    except NotAnAnswer:
        return
    assert read_answer(asked, answer) == answer


def test_only_required_questions_that_are_still_asked_are_missing() -> None:
    required = question(Datatype.STRING, required=True)
    others = [
        question(Datatype.STRING),
        question(Datatype.STRING, required=True, variable=False),
        question(Datatype.STRING, required=True, active=False),
    ]
    assert missing_attributes([*others, required], {}) == [required]
    assert missing_attributes([required], {"Q": "yes"}) == []
