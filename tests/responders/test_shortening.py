"""Shorter wordings: shorter each time, and the facts stay."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Channel
from responders.drafting import SLOTS, Key
from responders.registry import length_of
from responders.shortening import Known, as_short, facts, shorter
from responders.signing import signed
from responders.wording import fill, freeze, slots, widest

LONG = (
    "Thank you for telling us about [problem] at [place]. Your reference number is {number}. "
    "It should be taken care of by {date}. We will write here when there is news."
)
SHORT = "Thank you for telling us. Your reference number is {number}. It should be taken care of by {date}."
ENGLISH = Known(("Hi [name].",), ("We will write here when there is news.",), (LONG, SHORT))
FILED = "Hi Ann. " + LONG.replace("[problem]", "the pothole").replace("[place]", "5th and Cambria") + " ^MJ"

PIECES = st.sampled_from(
    [
        *("Hi Ann. ", "Hello, ", "Thank you for writing. ", "We are so sorry about the wait! ", "Have a nice day. "),
        *("Your number is {number}. ", "It is due by {date}. ", "See phila.gov/311. ", "Read https://phila.gov/trash "),
        *(
            "Please note that ",
            "in order to ",
            "the crew comes on 5th St. ",
            "Call 911. ",
            "Is it fixed? ",
            "we look. ",
        ),
        *("We will write here when there is news. ", "The 1200 block. ", "Gracias. ", "你好。", "شكرا؟ ", "👍 ", "^MJ"),
        *("Mr. Smith ", "@ann ", "#PhillyTrash ", "\n", "at this time "),
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def widest_on(channel: Channel, text: str) -> int:
    return length_of(channel, widest(text, "en"))


def proposals_of(text: str, limit: int = 100) -> list[str]:
    return [one.text for one in shorter(text, "en", lambda said: widest_on(Channel.X, said), limit, ENGLISH)]


def test_the_greeting_goes_first_then_the_tails_then_the_short_template() -> None:
    without_greeting, without_tail, short, bare = proposals_of(FILED)[:4]
    assert without_greeting.startswith("Thank you for telling us about the pothole at 5th and Cambria.")
    assert without_tail == without_greeting.replace(" We will write here when there is news.", "")
    assert short == f"Hi Ann. {SHORT} ^MJ"
    assert bare == f"{SHORT} ^MJ"


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.sampled_from(list(Channel)))
def test_each_wording_is_shorter_and_keeps_slots_and_links(text: str, channel: Channel) -> None:
    reached = widest_on(channel, text)
    wanted = {fact for fact in facts(text) if not fact[0].isdigit()}
    for one in shorter(text, "en", lambda said: widest_on(channel, said), 100, ENGLISH):
        assert one.length == widest_on(channel, one.text) < reached
        assert one.fits == (one.length <= 100)
        assert one.text.strip()
        assert slots(one.text) == slots(text)
        assert {fact for fact in facts(one.text) if not fact[0].isdigit()} == wanted
        reached = one.length


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.sampled_from(list(Channel)), st.dates(), st.sampled_from(["1", "24-0012", "8" * 16]))
def test_no_text_that_goes_out_is_longer_than_what_is_shown(
    text: str, channel: Channel, day: date, number: str
) -> None:
    whole = signed(f"{text}. Number {{number}}. Due by {{date}}.", "^MJX")
    frozen = freeze(whole, "en", "R-00000000000001")
    shown = max(widest_on(channel, one) for one in (frozen.with_answer, frozen.without_answer))
    for sent in (fill(frozen.with_answer, "en", number, day), fill(frozen.with_answer, "en", number, None)):
        assert length_of(channel, sent) <= shown


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_rules_without_a_template_keep_every_figure_too(text: str) -> None:
    for one in shorter(text, "en", len, 100):
        assert facts(one.text) == facts(text)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["We are sorry. ", "Thanks! ", "It is {number}. ", "By {date}. ", "Hi Bo. "])))
def test_what_could_be_approved_still_can(pieces: list[str]) -> None:
    text = "Number {number}. " + "".join(pieces)
    freeze(text, "en", "R-1")
    for one in shorter(text, "en", len, 1):
        freeze(one.text, "en", "R-1")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Please stay away from it. Call 911 now. We are sorry.", "Please stay away from it. Call 911 now."),
        ("Dear Mr. Smith, it is closed.", None),
        ("Hello, we fixed it on 9th St. should it come back, write us.", "We fixed it on 9th St. should it come back"),
        ("Thank you for taking the time to write.", None),
        ("Please note that the crew comes at this time.", "The crew comes now."),
    ],
)
def test_what_has_to_be_said_stays(text: str, kept: str | None) -> None:
    found = [one.text for one in shorter(text, "en", len, 500)]
    assert found == [] if kept is None else any(one.startswith(kept) for one in found)


def test_a_template_that_nobody_changed_gives_its_words_to_the_shorter_one() -> None:
    long = "Your request about [problem] was passed on to [agency], who take care of this. Its number is {number}."
    short = "Your request was passed on to [agency]. Its number is {number}."
    said = long.replace("[problem]", "a pothole").replace("[agency]", "PennDOT")
    shorter_one = "Your request was passed on to PennDOT. Its number is {number}."
    assert as_short(f"Hi. {said} ^MJ", long, short) == f"Hi. {shorter_one} ^MJ"
    assert as_short(said.replace("passed on", "sent"), long, short) == ""
    assert SLOTS[Key.STATUS_REFERRED] == SLOTS[Key.STATUS_REFERRED_SHORT]


def test_another_language_is_shortened_by_its_own_templates_alone() -> None:
    known = Known(("Hola, [name]:",), ("Le escribiremos aquí cuando haya novedades.",))
    text = "Hola, Ana: Su número es {number}. Le escribiremos aquí cuando haya novedades."
    assert [one.text for one in shorter(text, "es", len, 50, known)] == [
        "Su número es {number}. Le escribiremos aquí cuando haya novedades.",
        "Su número es {number}.",
    ]
    assert shorter("Thank you. Su número es 5.", "es", len, 50, known) == []
