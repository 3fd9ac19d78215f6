"""What every fit and every measurement needs at hand: texts made ready once, and their scores under a head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier import corpus
from classifier.corpus import Example
from classifier.features import Floats, Weighed, Weigher
from classifier.heads import MAY_BE_ENGLISH, Head, Tier, left_open, softmax
from classifier.model_files import RARITY, ModelFiles
from classifier.rules import RuleClassifier
from classifier.training.day_one import CATEGORY, INTENT, RECIPES, category_material
from classifier.training.fitting import Material
from classifier.training.material import Encode, material_of, vectors_of
from classifier.words import read_words


@dataclass(frozen=True, slots=True)
class Ready:
    """A labelled text made ready: its features, the lexicons' cues, and its sentence's vector (None: not read)."""

    label: Example
    wanted: int
    weighed: Weighed
    cues: Floats
    vector: Floats | None

    @property
    def english(self) -> bool:
        """Whether the first two tiers score it."""
        return self.label.language in MAY_BE_ENGLISH


@dataclass(slots=True)
class Workshop:
    """The rules for cues, the rarity of words, the encoder (None: words alone)."""

    rules: RuleClassifier
    weigher: Weigher
    encode: Encode | None

    def corpus_material(self, task: str) -> Material:
        """The corpus of a task, as numbers."""
        if task == CATEGORY:
            return category_material(corpus.categories(), self.weigher, self.encode)
        return material_of(corpus.intents(), RECIPES[INTENT].classes, self.weigher, self.encode)

    def ready(self, task: str, labels: Sequence[Example]) -> list[Ready]:
        """Labels made ready. Raises ValueError for a value that is no class of the task."""
        classes = RECIPES[task].classes
        vectors = vectors_of([(one.text, one.language) for one in labels], self.encode)
        return [
            Ready(
                one,
                classes.index(one.value),
                self.weigher.weigh(read_words(one.text)),
                self.rules.signs(one.text).cues(task, classes),
                None if not len(vector) or np.isnan(vector).any() else vector,
            )
            for one, vector in zip(labels, vectors, strict=True)
        ]

    def material(self, task: str, ready: Sequence[Ready], weight: float) -> Material:
        """Ready labels as numbers, each of this weight."""
        labels = [Example(one.label.text, one.label.value, one.label.language, weight) for one in ready]
        base = material_of(labels, RECIPES[task].classes, self.weigher, None)
        width = next((len(one.vector) for one in ready if one.vector is not None), 0)
        vectors = np.full((len(ready), width), np.nan, np.float32)
        for row, one in enumerate(ready):
            if one.vector is not None:
                vectors[row] = one.vector
        return Material(base.features, vectors, base.wanted, base.weights, base.english)


def workshop(files: ModelFiles, rules: RuleClassifier, encode: Encode | None) -> Workshop:
    """Raises ModelFileTrouble where day one has not been made."""
    return Workshop(rules, Weigher.load(files.verified(RARITY)), encode)


def scores(head: Head, tier: Tier, ready: Sequence[Ready], *, vectors: bool = False) -> Floats:
    """Scores under one tier, (texts, classes)."""
    rows = [head.scores(tier, one.weighed, one.cues, one.vector if vectors else None) for one in ready]
    return np.stack(rows) if rows else np.zeros((0, len(head.classes)), np.float32)


def probabilities(head: Head, ready: Sequence[Ready]) -> Floats:
    """Probabilities as the cascade gives them, (texts, classes)."""
    rows = []
    for one in ready:
        found = head.scores(head.tier(english=one.english, whole=False), one.weighed, one.cues)
        if one.english and one.vector is not None and left_open(softmax(found)):
            found = head.scores(head.whole, one.weighed, one.cues, one.vector)
        rows.append(head.chances(found))
    return np.stack(rows) if rows else np.zeros((0, len(head.classes)), np.float32)
