"""What counts as an answer to "is it fixed?", in sixteen languages, and what is left to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.console.words import LANGUAGES
from models.fixed_words import LONGEST, Said, _tables, buttons, languages, read_answer

WORDS = [
    (language, one, name == "yes")
    for language, table in _tables().items()
    for name in ("yes", "no")
    for one in table[name]
]
NEGATIONS = [(language, one) for language, one, fixed in WORDS if not fixed]
AGREEMENTS = [(language, one) for language, one, fixed in WORDS if fixed]


def test_every_language_of_the_desk_has_words_and_buttons() -> None:
    assert languages() == set(LANGUAGES)
    assert all(table["yes"] and table["no"] and table["polite"] for table in _tables().values())


@pytest.mark.parametrize(("language", "words", "fixed"), WORDS)
def test_a_word_is_understood_with_marks_thanks_and_a_handle_around_it(language: str, words: str, fixed: bool) -> None:
    polite = _tables()[language]["polite"][0]
    for said in (words, f"  {words.upper()}!", f"@Philly311 {words}.", f"{words}, {polite}", f"{polite}. {words}"):
        assert read_answer(said) == Said(fixed), said
    assert read_answer(f"{words} (13075315)") == Said(fixed, "13075315")


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("number", ["", "13075315", "H-7QK4M2XD", "00-12"])
def test_a_tap_comes_back_as_what_the_button_says(language: str, number: str) -> None:
    yes, no = buttons(language, number)
    assert read_answer(yes) == Said(True, number.casefold())
    assert read_answer(no) == Said(False, number.casefold())


@pytest.mark.parametrize(
    ("said", "fixed"),
    [("👍", True), ("👍🏽", True), ("✅", True), ("✔️", True), ("👎🏿", False), ("❌", False), ("👎👎", False)],
)
def test_a_sign_alone_is_an_answer(said: str, fixed: bool) -> None:
    assert read_answer(said) == Said(fixed)


@pytest.mark.parametrize(
    "said",
    [
        *("", "thanks", "ok", "fixed?", "修好了吗？", "هل تم؟", "12345", "👍👎", "✅ not fixed"),
        *("no, it's fixed", "No it's fixed now", "yes, not fixed", "yes but it broke again", "is it not fixed"),
        *("Yes and there is another pothole at 5th", "not sure", "it is not fixed, the hole is deeper than before"),
        *("no se", "sí, pero no", "нет, исправлено", "ya no sirve", "не знаю", "好像没有"),
    ],
)
def test_whatever_else_is_said_waits_for_a_person(said: str) -> None:
    assert read_answer(said) is None


@given(st.sampled_from(NEGATIONS), st.sampled_from(AGREEMENTS), st.sampled_from([", ", ". ", "! ", "\n", " - "]))
def test_a_yes_and_a_no_together_are_no_answer(no: tuple[str, str], yes: tuple[str, str], between: str) -> None:
    assert read_answer(f"{no[1]}{between}{yes[1]}") is None
    assert read_answer(f"{yes[1]}{between}{no[1]}") is None


@given(st.sampled_from(NEGATIONS), st.text(max_size=40))
def test_a_no_is_never_read_as_a_yes_whatever_follows(no: tuple[str, str], more: str) -> None:
    said = read_answer(f"{no[1]} {more}")
    assert said is None or not said.fixed


@given(st.text(max_size=LONGEST + 80))
def test_nothing_anybody_writes_trips_the_reader(said: str) -> None:
    found = read_answer(said)
    assert found is None or len(said) <= LONGEST
