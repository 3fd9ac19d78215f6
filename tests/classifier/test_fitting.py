"""Fitting heads: the same examples give the same head, and a class without examples is never the likeliest."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from classifier.corpus import Example
from classifier.features import SIZE, Floats, Weigher
from classifier.heads import Head, softmax
from classifier.training.fitting import Material, Recipe, TierRecipe, fit
from classifier.training.material import material_of, nothing_material
from classifier.words import read_words

CLASSES = ("POTHOLE", "GRAFFITI", "NOISE", "NEVER_SEEN")
WEIGHER = Weigher(np.ones(SIZE, np.float32))
RECIPE = Recipe(
    classes=CLASSES,
    words=TierRecipe(strength=5.0),
    whole=TierRecipe(strength=5.0, temperature=0.8),
    others=TierRecipe(strength=5.0, temperature=0.5),
    cue_weight=0.4,
    threshold=0.45,
)
ENGLISH = {
    "POTHOLE": ["pothole on the road", "deep pothole here", "hit a pothole", "another pothole by the bridge"],
    "GRAFFITI": ["graffiti on the wall", "fresh graffiti", "graffiti again on the door"],
    "NOISE": ["loud music at night", "music too loud", "loud drums upstairs"],
}
SPANISH = {"POTHOLE": ["bache en la calle", "otro bache"], "GRAFFITI": ["pintada en el muro", "otra pintada"]}
EXAMPLES = [
    Example(text, value, language)
    for language, held in (("en", ENGLISH), ("es", SPANISH))
    for value, texts in held.items()
    for text in texts
]


def encode(texts: Sequence[str]) -> Floats:
    """Stands for the encoder: three numbers that tell the classes apart."""
    told = [[float(sign in text) for sign in ("pothole", "graffiti", "loud")] for text in texts]
    return np.array(told, np.float32)


def material(examples: Sequence[Example] = EXAMPLES, *, vectors: bool = True) -> Material:
    return material_of(examples, CLASSES, WEIGHER, encode if vectors else None)


def chances(head: Head, text: str, *, english: bool = True, whole: bool = False) -> Floats:
    vector = encode([text])[0] if whole else None
    none = np.zeros(len(head.classes), np.float32)
    tier = head.tier(english=english, whole=whole)
    return softmax(head.scores(tier, WEIGHER.weigh(read_words(text)), none, vector))


def test_the_same_examples_give_the_same_head() -> None:
    first, second = fit(material(), RECIPE), fit(material(), RECIPE)
    for name in ("words", "whole", "others"):
        one, two = getattr(first, name), getattr(second, name)
        assert np.array_equal(one.weights, two.weights)
        assert np.array_equal(one.bias, two.bias)
        assert np.array_equal(one.row_of, two.row_of)


def test_what_it_was_shown_it_knows_again() -> None:
    head = fit(material(), RECIPE)
    for one in EXAMPLES:
        english = one.language == "en"
        assert CLASSES[chances(head, one.text, english=english).argmax()] == one.value
        assert CLASSES[chances(head, one.text, english=english, whole=english).argmax()] == one.value


@pytest.mark.parametrize("text", ["", "pothole", "never seen", "NEVER_SEEN", "zzz", "loud graffiti pothole"])
def test_a_class_without_examples_is_never_the_likeliest(text: str) -> None:
    head = fit(material(), RECIPE)
    for english, whole in ((True, False), (True, True), (False, False)):
        assert CLASSES[chances(head, text, english=english, whole=whole).argmax()] != "NEVER_SEEN"


def test_two_classes_are_enough_and_one_is_not() -> None:
    two = [one for one in EXAMPLES if one.value != "NOISE"]
    head = fit(material(two), RECIPE)
    assert CLASSES[chances(head, "deep pothole").argmax()] == "POTHOLE"
    assert CLASSES[chances(head, "graffiti").argmax()] == "GRAFFITI"
    with pytest.raises(ValueError, match="class"):
        fit(material([one for one in EXAMPLES if one.value == "NOISE"]), RECIPE)


def test_without_an_encoder_the_whole_tier_is_the_words_tier() -> None:
    head = fit(material(vectors=False), RECIPE)
    assert head.whole is head.words
    assert head.whole.encoder is None


def test_without_other_languages_english_answers_for_them() -> None:
    head = fit(material([one for one in EXAMPLES if one.language == "en"]), RECIPE)
    assert head.others is head.words


def test_every_tier_has_its_temperature() -> None:
    head = fit(material(), RECIPE)
    assert (head.words.temperature, head.whole.temperature, head.others.temperature) == (1.0, 0.8, 0.5)
    assert head.thresholds.tolist() == pytest.approx([0.45] * 4)


def test_a_feature_that_stands_in_too_few_texts_does_not_count() -> None:
    head = fit(material(vectors=False), replace(RECIPE, words=TierRecipe(strength=5.0, least=3)))
    assert (head.words.row_of[WEIGHER.weigh(read_words("bridge")).features] < 0).all()
    assert (head.words.row_of[WEIGHER.weigh(read_words("pothole")).features] >= 0).all()


def test_leaning_draws_to_what_residents_write_about_most() -> None:
    shares = {"POTHOLE": 0.1, "GRAFFITI": 0.1, "NOISE": 0.7, "NEVER_SEEN": 0.1}
    leaning = replace(RECIPE, words=TierRecipe(strength=5.0, lean=1.0), shares=shares)
    noise = CLASSES.index("NOISE")
    plain, leant = (chances(fit(material(), recipe), "something else") for recipe in (RECIPE, leaning))
    assert leant[noise] > plain[noise]
    assert CLASSES[leant.argmax()] == "NOISE"


def test_a_heavier_example_wins_over_a_lighter_one() -> None:
    told = [*EXAMPLES, Example("strange sign", "NOISE", "en", 5.0), Example("strange sign", "GRAFFITI", "en", 0.1)]
    assert CLASSES[chances(fit(material(told), RECIPE), "strange sign").argmax()] == "NOISE"


def test_texts_that_tell_of_nothing_speak_for_nothing() -> None:
    nothings = ["the bridge", "by the bridge", "at the bridge"]
    shares = dict.fromkeys(CLASSES, 0.25)
    with_nothing = material().joined(nothing_material(nothings, CLASSES, shares, WEIGHER, encode))
    pothole = CLASSES.index("POTHOLE")
    before, after = (chances(fit(one, RECIPE), "bridge")[pothole] for one in (material(), with_nothing))
    assert after < before


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(KeyError):
        material([Example("text", "NO_SUCH_CLASS", "en")])
