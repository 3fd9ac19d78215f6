"""What is danger and what only sounds like it. `dangers.toml` is the specification (domain.md, section 5.3)."""

import pytest

from classifier.lexicons import lexicon_names, read_lexicon
from classifier.urgency import NOT_NOW_ENDING
from models import EvidenceKind, Intent
from tests.classifier.conftest import Understand
from tests.classifier.dangers import DAILY_BUSINESS, DANGER, DANGER_BY_FAMILY, HARMLESS, PAST_OR_DENIED


@pytest.mark.parametrize(("family", "text"), DANGER_BY_FAMILY)
def test_danger_raises_the_alarm_of_its_family(understand: Understand, family: str, text: str) -> None:
    understood = understand(text)
    rules = {one.rule.split(":")[0] for one in understood.evidence if one.kind is EvidenceKind.DANGER}
    assert understood.danger
    assert family in rules


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_seen_in_any_words(understand: Understand, text: str) -> None:
    assert understand(text).danger


@pytest.mark.parametrize("text", HARMLESS + DAILY_BUSINESS)
def test_what_is_no_danger_raises_no_alarm(understand: Understand, text: str) -> None:
    assert understand(text).danger_rule == ""


@pytest.mark.parametrize(("family", "text"), PAST_OR_DENIED)
def test_past_or_denied_danger_is_still_shown_to_a_person_under_its_own_rule_name(
    understand: Understand, family: str, text: str
) -> None:
    understood = understand(text)
    assert understood.danger
    assert understood.danger_rule == family + NOT_NOW_ENDING


def test_danger_now_outranks_danger_that_is_over(understand: Understand) -> None:
    text = (
        "There was a fire last month. " + "And so on and on and on, we all know that by now. " * 3 + "Now I smell gas."
    )
    assert understand(text).danger_rule == "gas"


def test_a_second_mention_of_the_same_danger_counts_for_itself(understand: Understand) -> None:
    text = "No fire here yesterday. " + "And so on and on and on, we all know that by now. " * 3 + "Now a fire, please!"
    assert understand(text).danger_rule == "fire"


def test_a_laugh_beside_danger_leaves_it_to_a_person(understand: Understand) -> None:
    understood = understand("lol there is a man with a gun outside")
    assert understood.danger
    assert understood.danger_rule == "violence" + NOT_NOW_ENDING


def test_danger_that_is_happening_makes_the_post_an_emergency(understand: Understand) -> None:
    assert understand("my house is on fire").intent is Intent.EMERGENCY


def test_the_words_of_danger_are_underlined(understand: Understand) -> None:
    text = "Hey, I smell gas near 9th and Christian"
    shown = {text[one.start : one.end] for one in understand(text).evidence if one.kind is EvidenceKind.DANGER}
    assert shown == {"smell gas"}


@pytest.mark.parametrize("name", lexicon_names("danger"))
def test_every_language_knows_the_families_of_danger(name: str) -> None:
    families = {"fire", "explosion", "gas", "wires", "violence", "medical", "crash", "collapse", "sinkhole", "trapped"}
    assert families | {"flood", "suicide", "carbon_monoxide", "harmless", "not_now"} <= read_lexicon(name).keys()
