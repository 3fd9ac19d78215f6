"""Freezing and filling: two slots, two variants, nothing else."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.wording import (
    LEFT_TO_RIGHT_MARK,
    NUMBER_WIDEST,
    RIGHT_TO_LEFT,
    Frozen,
    WordingError,
    date_words,
    fill,
    filled,
    freeze,
    placeholders,
    sentences,
    slots,
    widest,
    widest_date,
    without_date_sentence,
)

FRIDAY = date(2026, 11, 27)
LANGUAGES = ("en", "es", "zh-Hans", "zh-Hant", "vi", "ru", "uk", "ar", "ht", "fr", "pt", "ko", "km", "ps", "fa", "bn")

days = st.dates(min_value=date(2024, 1, 1), max_value=date(2051, 12, 31))
numbers = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_/-]{0,14}[A-Za-z0-9])?", fullmatch=True)
languages = st.sampled_from(LANGUAGES)
pieces = st.one_of(
    st.sampled_from(
        ["{number}", "{date}", "{foo}", "{", "}", "{{", "[place]", ". ", "! ", "。", "۔", "។", "।", "\n", " ^MJ"]
    ),
    st.text(max_size=12),
)
texts = st.lists(pieces, max_size=12).map("".join)
"""Any text, rich in what could be mistaken for a slot or for the end of a sentence."""


def test_the_reply_goes_with_the_citys_number_and_date() -> None:
    text = "We have it. Your number is {number}. It should be done by {date}. Thank you."
    assert fill(text, "en", "13075315", FRIDAY) == (
        "We have it. Your number is 13075315. It should be done by Friday, Nov 27. Thank you."
    )


def test_without_an_answer_the_reply_carries_our_reference_and_no_date_sentence() -> None:
    text = "We have it. Your number is {number}. It should be done by {date}. Thank you."
    assert freeze(text, "en", "H-7QK4M2XD") == Frozen(
        with_answer=text, without_answer="We have it. Your number is H-7QK4M2XD. Thank you."
    )


def test_a_city_that_names_no_date_costs_the_reply_its_date_sentence_only() -> None:
    assert fill("Number {number}. By {date}.", "en", "42", None) == "Number 42."


def test_number_and_date_in_one_sentence_are_for_a_person_to_split() -> None:
    with pytest.raises(WordingError, match="sentence of its own") as caught:
        freeze("Your number is {number}, by {date}.", "en", "H-2")
    assert caught.value.position == 28


def test_a_reply_that_is_only_a_date_cannot_be_approved() -> None:
    with pytest.raises(WordingError, match="nothing is left"):
        freeze("It should be done by {date}.", "en", "H-2")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Hello {name}, your number is {number}.", 6),
        ("{Number}", 0),
        ("{ date }", 0),
        ("{}", 0),
        ("ends with {", 10),
        ("a } alone", 2),
        ("{{number}}", 0),
        ("{number} and {number", 13),
    ],
)
def test_any_other_brace_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(WordingError) as caught:
        slots(text)
    assert caught.value.position == position
    with pytest.raises(WordingError):
        freeze(text, "en", "H-2")


def test_a_placeholder_left_open_cannot_be_approved() -> None:
    with pytest.raises(WordingError, match=r"\[place\] is still to be filled in"):
        freeze("We heard about [place].", "en", "H-2")


def test_other_square_brackets_are_plain_text() -> None:
    assert freeze("See [1] there.", "en", "H-2").without_answer == "See [1] there."


@pytest.mark.parametrize("number", ["", " ", "1" * 17, "a b", "{date}", "-5", "5-", "12\n34", "١٢", "a.com", "<b>"])
def test_a_number_that_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(WordingError, match="cannot stand as the number"):
        fill("Number {number}.", "en", number, None)


def test_a_reply_without_a_number_asks_for_none() -> None:
    assert freeze("Thank you.", "en", "") == Frozen("Thank you.", "Thank you.")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A. Done by {date}! B.", "A. B."),
        ("A. Done by {date}? B.", "A. B."),
        ("A. Done by {date}… B.", "A. B."),
        ("号码：{number}。预计{date}前完成。谢谢。", "号码：{number}。谢谢。"),
        ("好的！{date}前完成？谢谢", "好的！谢谢"),
        ("شكرا. هل تم قبل {date}؟ مرحبا.", "شكرا. مرحبا."),
        ("مننه۔ تر {date} پورې۔ سلام۔", "مننه۔ سلام۔"),
        ("អរគុណ។ ត្រឹម {date}។ លា។", "អរគុណ។ លា។"),
        ("ধন্যবাদ। {date} তারিখে। বিদায়।", "ধন্যবাদ। বিদায়।"),
        ("A\nDone by {date}\nB", "A\nB"),
        ("A.\n\nDone by {date}. B", "A.\n\nB"),
        ("A. Done by {date}.\nB", "A.\nB"),
        ("Done by {date}. B. By {date}.", "B."),
        ('A. "Done by {date}." B.', "A. B."),
        ("A. Done by {date} ^MJ", "A. ^MJ"),
        ("A. Done by {date}. ^MJ", "A. ^MJ"),
        ("The hole at 9th St. & Main is due by {date}. B.", "B."),
        ("The hole on 9th St. should be done by {date}. B.", "B."),
        ("The hole at N. Broad and Mr. Kim's is due by {date}. B.", "B."),
        ("It is on S 9th St. It should be done by {date}.", "It is on S 9th St."),
        ("Version 1.5 is due by {date}. B.", "B."),
        ("No date here. At all.", "No date here. At all."),
        ("It is due {date}. we will write.", "we will write."),
        ("It is due {date}.Thanks.", "Thanks."),
    ],
)
def test_the_date_sentence_alone_is_dropped(text: str, left: str) -> None:
    assert without_date_sentence(text) == left


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Friday, Nov 27"),
        ("es", "viernes 27 de noviembre"),
        ("zh-Hans", "11月27日星期五"),
        ("zh-Hant", "11月27日星期五"),
        ("vi", "Thứ Sáu, ngày 27 tháng 11"),
        ("ru", "пятница, 27 ноября"),
        ("uk", "пʼятниця, 27 листопада"),
        ("ar", "الجمعة، 27 نوفمبر"),
        ("ht", "vandredi 27 novanm"),
        ("fr", "vendredi 27 novembre"),
        ("pt", "sexta-feira, 27 de novembro"),
        ("ko", "11월 27일 금요일"),
        ("km", "សុក្រ ទី27 ខែវិច្ឆិកា"),
        ("ps", "جمعه، د نومبر ۲۷"),
        ("fa", "جمعه ۲۷ نوامبر"),
        ("bn", "শুক্রবার, ২৭ নভেম্বর"),
    ],
)
def test_dates_are_said_as_people_say_them(language: str, said: str) -> None:
    assert date_words(FRIDAY, language) == said


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "samedi 1er mai"), ("pt", "sábado, 1º de maio"), ("ht", "samdi premye me")]
)
def test_the_first_of_a_month_has_its_own_word(language: str, said: str) -> None:
    assert date_words(date(2027, 5, 1), language) == said


def test_a_language_beyond_the_sixteen_is_said_as_babel_does_and_an_unknown_one_in_english() -> None:
    assert date_words(FRIDAY, "de") == "Fr., 27. Nov."
    assert date_words(FRIDAY, "qqq") == date_words(FRIDAY, "not a tag") == "Friday, Nov 27"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_date_holds_what_ends_a_sentence(language: str) -> None:
    year = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    assert all(len(sentences(date_words(day, language) + " x")) == 1 for day in year)


@pytest.mark.parametrize("language", [*LANGUAGES, "de"])
def test_no_date_of_a_year_is_wider_than_the_widest(language: str) -> None:
    year = [date(2027, 1, 1) + timedelta(days=day) for day in range(365)]
    said = [date_words(day, language) for day in year]
    assert len(widest_date(language)) >= max(map(len, said))
    assert max(map(len, said)) >= len(widest_date(language)) - 4, "the widest is far from any real date"


@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_a_number_keeps_its_order_inside_a_text_from_right_to_left(language: str) -> None:
    assert fill("{number}", language, "24-0012", None) == LEFT_TO_RIGHT_MARK + "24-0012"


def test_what_fills_a_placeholder_is_never_filled_again() -> None:
    words = {"name": "[place]", "place": "{number}"}
    assert filled("[name] at [place] [else]", words) == "[place] at {number} [else]"
    assert placeholders("[name] [place] [else]") == {"name", "place"}


@given(texts)
def test_the_sentences_of_a_text_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(texts, languages, numbers, days)
def test_filling_touches_nothing_but_the_two_slots(text: str, language: str, number: str, day: date) -> None:
    sent = fill(text, language, number, day)
    mark = LEFT_TO_RIGHT_MARK if language in RIGHT_TO_LEFT else ""
    number_said, date_said = mark + number, date_words(day, language)
    assert sent == number_said.join(part.replace("{date}", date_said) for part in text.split("{number}"))


@given(texts, languages, numbers, st.one_of(st.none(), days))
def test_no_filled_text_is_longer_than_the_widest(text: str, language: str, number: str, day: date | None) -> None:
    try:
        sent = fill(text, language, number, day)
    except WordingError:
        return  # number and date in one sentence, and no date to give
    assert len(sent) <= len(widest(text, language))


@given(texts, languages, numbers)
def test_the_variant_without_an_answer_has_no_slot_left(text: str, language: str, reference: str) -> None:
    try:
        frozen = freeze(text, language, reference)
    except WordingError:
        return
    assert frozen.with_answer == text
    assert "{" not in frozen.without_answer
    assert "}" not in frozen.without_answer
    assert fill(frozen.with_answer, language, NUMBER_WIDEST, FRIDAY).count("{") == 0
