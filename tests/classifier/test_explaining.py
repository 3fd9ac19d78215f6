"""Why a guess has its score: the parts add up to it, and covering words finds the one a sentence leaned on."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classifier import corpus
from classifier.cascade import FollowingClassifier
from classifier.explaining import FAINT, MOST_COVERED, SHOWN, covered_texts
from classifier.model_files import ModelFiles
from classifier.protocol import Understood
from classifier.taxonomy import services_of_taxonomy
from classifier.words import read_words
from models import Explanation, LabelTask

SERVICES = services_of_taxonomy()
TEXTS = [one.text for one in corpus.categories()[::97]] + [one.text for one in corpus.intents()[::211]]


@pytest.fixture(scope="module")
def cascade(models_folder: Path) -> FollowingClassifier:
    return FollowingClassifier(ModelFiles(models_folder))


@pytest.fixture(scope="module")
def answers(cascade: FollowingClassifier) -> Sequence[Understood]:
    return cascade.classify(TEXTS, SERVICES)


def explanations(answers: Sequence[Understood]) -> list[tuple[str, Explanation]]:
    return [(text, why) for text, understood in zip(TEXTS, answers, strict=True) for why in understood.explanations]


def test_the_parts_add_up_to_the_score(answers: Sequence[Understood]) -> None:
    explained = explanations(answers)
    assert len(explained) > 4 * len(TEXTS)
    for _, why in explained:
        assert sum(one.weight for one in why.words) + why.rest + why.encoder == pytest.approx(why.score, abs=1e-4)


def test_a_few_words_are_shown_of_each_in_their_order(answers: Sequence[Understood]) -> None:
    for text, why in explanations(answers):
        assert len(why.words) <= SHOWN
        assert [one.start for one in why.words] == sorted(one.start for one in why.words)
        assert all(0 <= one.start < one.end <= len(text) for one in why.words)
        assert all(abs(one.weight) >= FAINT for one in why.words)


def test_the_scores_of_two_guesses_differ_as_their_probabilities_say(answers: Sequence[Understood]) -> None:
    for understood in answers:
        for task in (LabelTask.CATEGORY, LabelTask.INTENT):
            told = [one for one in understood.explanations if one.task is task]
            first, *others = told if task is LabelTask.INTENT else told[1:]  # the first category is made honest besides
            for other in others:
                if other.probability > 0.01:
                    odds = math.log(first.probability / other.probability)
                    assert first.score - other.score == pytest.approx(odds, abs=0.02)


def test_the_words_explain_it_where_the_encoder_was_not_asked(cascade: FollowingClassifier) -> None:
    text = "There is graffiti on the wall of the library"
    (understood,) = cascade.classify([text], SERVICES)
    why = understood.explanations[0]
    assert (why.value, why.encoder) == ("GRAFFITI", 0.0)
    strongest = max(why.words, key=lambda one: one.weight)
    assert text[strongest.start : strongest.end] == "graffiti"


def test_every_task_and_every_guess_is_explained(answers: Sequence[Understood]) -> None:
    for understood in answers:
        for task in (LabelTask.CATEGORY, LabelTask.INTENT):
            values = [one.value for one in understood.explanations if one.task is task]
            assert len(values) == len(set(values))
            assert 1 <= len(values) <= 3
        if understood.service_code:
            assert understood.service_code in {one.value for one in understood.explanations}


def test_without_services_only_the_intent_is_explained(cascade: FollowingClassifier) -> None:
    (understood,) = cascade.classify(["huge pothole on Main"], [])
    assert {one.task for one in understood.explanations} == {LabelTask.INTENT}


def test_covering_words_finds_the_one_that_the_sentence_leaned_on(cascade: FollowingClassifier) -> None:
    text = "they left a mattress by the gate again"
    (understood,) = cascade.classify([text], SERVICES)
    offered = cascade.now.offered(SERVICES)
    before = [one for one in understood.explanations if one.task is LabelTask.CATEGORY][:1]
    (why,) = cascade.now.occlude(text, before, offered)
    assert why.occluded
    told = max(why.occluded, key=lambda one: one.weight)
    assert text[told.start : told.end] == "mattress"
    assert why.model_copy(update={"occluded": None}) == before[0]


def test_a_text_the_encoder_does_not_read_is_not_covered(cascade: FollowingClassifier) -> None:
    text = "Hay un bache enorme en la calle"
    (understood,) = cascade.classify([text], SERVICES)
    assert cascade.now.occlude(text, understood.explanations, cascade.now.offered(SERVICES)) == list(
        understood.explanations
    )


def test_the_fall_of_a_score_is_counted_word_by_word() -> None:
    covered = covered_texts("lamp is out", read_words("lamp is out"))
    assert covered.texts == ["lamp is out", "  is out", "lamp   out", "lamp is  "]
    falls = covered.falls(np.array([3.0, 1.0, 3.0 - FAINT / 2, 3.5], np.float32))
    assert [(one.start, one.end, one.weight) for one in falls] == [(0, 4, 2.0), (8, 11, -0.5)]


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("text", ["", "...", "fire " * 20_000, "a" * 100_000, "\ud800 x", "火" * 5_000])
def test_covering_is_bounded_whatever_the_text(cascade: FollowingClassifier, text: str) -> None:
    covered = covered_texts(text, read_words(text))
    assert len(covered.texts) <= MOST_COVERED + 1
    (understood,) = cascade.classify([text], SERVICES)
    cascade.now.occlude(text, understood.explanations, cascade.now.offered(SERVICES))
