"""The whole rule classifier: hostile texts, bounded time, a name for its version."""

import re

import pytest

from classifier.rules import RuleClassifier, build
from classifier.taxonomy import services_of_taxonomy
from classifier.words import SCANNED_CODE_POINTS
from models import EvidenceKind, Intent
from tests.classifier.conftest import Understand

HOSTILE = [
    "",
    " \n\t ",
    "\x00\x01\x02",
    "\ud800",
    "pothole \udc00\ud800 fire",
    "🔥🔥🔥",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\u202e\u2066pothole\u2069 elohtop",
    "p\u200bo\u200bt\u200bh\u200bo\u200bl\u200be",
    "a" * 100_000,
    "1" * 100_000,
    "#" * 100_000,
    "@" * 100_000,
    "fire " * 20_000,
    "plate " * 20_000,
    "5th & Market and " * 6_000,
    "a@b." * 25_000,
    "<" * 100_000,
    "(" * 100_000,
    "call 555" * 12_000,
    "火" * 100_000,
    "ក" * 100_000,
    "ه" * 100_000,
    "a\u0301" * 50_000,
    "#Aa" * 33_000,
    "tree wire street house car " * 4_000,
]


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:6]!a}x{len(text)}")
def test_no_text_raises_or_runs_wild(understand: Understand, text: str) -> None:
    understood = understand(text)
    assert all(0 <= one.start <= one.end <= len(text) for one in understood.evidence)


def test_words_hidden_by_invisible_marks_are_still_read(understand: Understand) -> None:
    assert understand("p\u200bo\u200bt\u200bh\u200bo\u200bl\u200be on Maple").service_code == "POTHOLE"


def test_nothing_behind_the_limit_is_read(understand: Understand) -> None:
    assert not understand("x " * SCANNED_CODE_POINTS + "house on fire").danger


def test_the_classifier_is_built_once() -> None:
    assert build() is build()


def test_the_version_names_the_rules_and_their_words(classifier: RuleClassifier) -> None:
    assert re.fullmatch(r"rules-\d+\+[0-9a-f]{8}", classifier.version)


def test_a_city_without_services_still_gets_intent_danger_and_place(classifier: RuleClassifier) -> None:
    (understood,) = classifier.classify(["fire at 5th and Market"], [])
    assert understood.intent is Intent.EMERGENCY
    assert understood.danger
    assert understood.location_phrase == "5th and Market"
    assert understood.service_code is None


def test_a_changed_list_of_services_is_noticed(classifier: RuleClassifier) -> None:
    services = services_of_taxonomy()
    assert classifier.classify(["huge pothole"], services)[0].service_code == "POTHOLE"
    services[0].active = False
    assert classifier.classify(["huge pothole"], services)[0].service_code is None


def test_one_post_shows_all_kinds_of_evidence(understand: Understand) -> None:
    text = "please fix the pothole at 5th & Market, I smell gas, call 215-555-0142"
    kinds = {one.kind: text[one.start : one.end] for one in understand(text).evidence}
    assert kinds[EvidenceKind.LOCATION] == "5th & Market"
    assert kinds[EvidenceKind.PRIVATE] == "215-555-0142"
    assert kinds.keys() >= {EvidenceKind.CATEGORY, EvidenceKind.INTENT, EvidenceKind.DANGER}


def test_the_language_of_a_lone_word_is_that_of_its_lexicon(understand: Understand) -> None:
    assert understand("Pothole").language == "en"
    assert understand("Bache").language == "es"
    assert understand("Горить будинок").language == "uk"
