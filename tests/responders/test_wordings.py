"""Numbers and days in every language's own forms, and what a changed wording must keep."""

import pytest

from responders.counting import FIRST_STRONG_ISOLATE, POP_ISOLATE, apart, days_words, number_words
from responders.drafting import Key
from responders.wordings import problems_of


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 day", "2 days", "5 days", "21 days"]),
        ("ru", ["1 день", "2 дня", "5 дней", "21 день"]),
        ("uk", ["1 день", "2 дні", "5 днів", "21 день"]),
        ("ar", ["يوم", "يومان", "5 أيام", "21 يومًا"]),
        ("ht", ["1 jou", "2 jou", "5 jou", "21 jou"]),
        ("bn", ["১ দিন", "২ দিন", "৫ দিন", "২১ দিন"]),
        ("fa", ["۱ روز", "۲ روز", "۵ روز", "۲۱ روز"]),
        ("zh-Hans", ["1天", "2天", "5天", "21天"]),
        ("not a tag", ["1 day", "2 days", "5 days", "21 days"]),
    ],
)
def test_days_are_counted_in_the_form_that_goes_with_the_number(language: str, said: list[str]) -> None:
    assert [days_words(days, language) for days in (1, 2, 5, 21)] == said


def test_numbers_have_the_digits_and_separators_of_the_language() -> None:
    assert [number_words(12345, language) for language in ("en", "es", "bn", "ht")] == [
        *("12,345", "12.345", "১২,৩৪৫", "12\N{NARROW NO-BREAK SPACE}345")
    ]


def test_latin_words_keep_their_order_inside_a_text_from_right_to_left() -> None:
    assert apart("PECO (gas)", "ar") == f"{FIRST_STRONG_ISOLATE}PECO (gas){POP_ISOLATE}"
    assert apart("PECO (gas)", "es") == "PECO (gas)"
    assert apart("شركة الغاز", "ar") == "شركة الغاز"


@pytest.mark.parametrize(
    ("key", "body", "complaint"),
    [
        (Key.FILED_SHORT, " ", "There are no words in it."),
        (Key.FILED_SHORT, "Thank you.", "Keep {number}"),
        (Key.FILED_SHORT, "Number {number} by {date}.", "sentence of its own"),
        (Key.FILED_SHORT, "Number {number}. For {name}.", "{name} is no slot"),
        (Key.ASK_PLACE, "Where is it?", "Keep [problem]"),
        (Key.ASK_PLACE, "Where is [problem], [name]?", "Leave out [name]"),
        (Key.ASK_PLACE, "Where is [problem]? [1]", "A square bracket is left"),
        (Key.ASK_SERVICE, "What is it? By {date}.", "Leave out {date}"),
        (Key.ASK_SERVICE, "x" * 2001, "2001 characters"),
    ],
)
def test_a_wording_that_would_go_wrong_is_refused_with_the_reason(key: Key, body: str, complaint: str) -> None:
    assert any(complaint in problem for problem in problems_of(key, body)), problems_of(key, body)


def test_a_city_may_leave_out_a_date_it_does_not_promise() -> None:
    assert problems_of(Key.FILED_SHORT, "Thank you. Your number is {number}.") == []
