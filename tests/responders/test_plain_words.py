"""Phrases, hints, the grade of a text, and initials."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.starter import load_phrases, load_templates
from models import BannedPhrase, StaffUser
from responders.hints import hints
from responders.phrases import find_phrases, said_instead
from responders.plain_language import grade_of, syllables_in
from responders.signing import initials_of, is_signed, signed
from responders.wording import freeze
from tests.rows import MORNING


def phrase(said: str, instead: str = "", language: str = "en") -> BannedPhrase:
    return BannedPhrase(phrase=said, say_instead=instead, language=language, at=MORNING)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Please be advised that it is closed.", "It is closed."),
        ("It is closed. Please  be advised that we looked.", "It is closed. We looked."),
        ("We do it as soon as possible.", "We do it by {date}."),
        ("As soon as possible.", "By {date}."),
        ("It comes AS SOON AS POSSIBLE.", "It comes by {date}."),
        ("Unfortunately, it rains.", "It rains."),
        ("It rains, unfortunately.", "It rains."),
    ],
)
def test_one_click_mends_a_phrase(text: str, after: str) -> None:
    known = [phrase("please be advised that"), phrase("as soon as possible", "by {date}"), phrase("unfortunately")]
    (found,) = find_phrases(text, "en", known)
    assert said_instead(text, found) == after


def test_whole_words_count_and_the_longer_phrase_wins() -> None:
    known = [phrase("ticket", "request"), phrase("per our"), phrase("per our policy")]
    assert find_phrases("ticketing and super our", "en", known) == []
    assert [one.said for one in find_phrases("Per our policy: a ticket", "en", known)] == ["Per our policy", "ticket"]
    assert find_phrases("a ticket", "es", known) == []
    assert len(find_phrases("请尽快办理", "zh-Hans", [phrase("尽快", "", "zh-Hans")])) == 1


def test_our_own_templates_say_none_of_the_phrases_we_come_with() -> None:
    known = load_phrases()
    said = {(one.key, one.language): find_phrases(one.body, one.language, known) for one in load_templates()}
    assert {at: found for at, found in said.items() if found} == {}


def test_hints_for_who_listens_or_reads_with_difficulty() -> None:
    found = " ".join(hints("✅ done\nDO NOT PARK there #fixmystreetphilly"))
    assert "emoji" in found
    assert "“DO NOT PARK”" in found
    assert "#fixmystreetphilly" in found
    assert hints("SEPTA and PGW know. #FixMyStreet is done 👍") == []


def test_a_plain_text_is_below_grade_eight_and_an_office_one_far_above() -> None:
    plain = grade_of("Thank you for telling us. Your number is {number}. It is due by {date}. ^MJ", "en")
    office = grade_of(
        "Pursuant to departmental regulations concerning residential sanitation, documentation of collection "
        "irregularities necessitates authorisation by the responsible supervisory administrator.",
        "en",
    )
    assert plain is not None
    assert plain.plain
    assert office is not None
    assert not office.plain
    assert office.longest.startswith("Pursuant")
    assert grade_of("谢谢您告诉我们，我们会处理。请等待我们的消息。", "zh-Hans") is None
    french = grade_of("Merci de nous avoir écrit. Nous vous répondrons ici dès que possible, sans faute.", "fr")
    assert french is not None
    assert french.scale == "LIX"
    assert grade_of("Thank you.", "en") is None


@pytest.mark.parametrize(("word", "count"), [("care", 1), ("missed", 1), ("city", 2), ("table", 2), ("collected", 3)])
def test_syllables(word: str, count: int) -> None:
    assert syllables_in(word) == count


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.sampled_from(["^MJ", "-MJ", "", "/OL"]))
def test_signing_twice_is_signing_once(text: str, sign_off: str) -> None:
    once = signed(text, sign_off)
    assert signed(once, "^OL" if sign_off else "") == once
    assert once.startswith(text.rstrip())


def test_the_sign_off_survives_a_dropped_date_sentence() -> None:
    for mark in ("^MJ", "-MJ", "—MJ"):
        text = signed("Number {number}. It is due by {date}.", mark)
        assert is_signed(text)
        assert freeze(text, "en", "R-1").without_answer == f"Number R-1. {mark}"


def test_initials_come_from_the_name_where_nobody_set_them() -> None:
    assert initials_of(StaffUser(username="a", display_name="Ana María de la O")) == "AMD"
    assert initials_of(StaffUser(username="a", display_name="Ana", initials="x9")) == "X9"
