"""Fits a head: logistic regression over features, and over features with the sentence's vector.

Pure and repeatable: the same examples give the same head.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from classifier.features import SIZE, Floats
from classifier.heads import Head, Tier, rows_of

VECTOR_SCALE = 2.0
"""The vectors count this much beside the two unit-length blocks of features."""
_ROUNDS = 20
"""Passes of the stochastic average gradient over the texts; more change no answer."""

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Material:
    """What a head is fitted on.

    features: (texts, SIZE). vectors: (texts, width), NaN where the encoder does not read the text or there is none.
    wanted: class numbers, (texts,). weights: how much each text counts, (texts,). english: whether it may be, (texts,).
    """

    features: csr_matrix
    vectors: Floats
    wanted: Integers
    weights: Floats
    english: Truths

    def part(self, chosen: Truths) -> "Material":
        """Only the chosen rows."""
        return Material(
            self.features[chosen],
            self.vectors[chosen],
            self.wanted[chosen],
            self.weights[chosen],
            self.english[chosen],
        )

    def joined(self, other: "Material") -> "Material":
        """This and another, one after the other."""
        return Material(
            vstack([self.features, other.features]).tocsr(),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.wanted, other.wanted]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.english, other.english]),
        )


@dataclass(frozen=True, slots=True)
class TierRecipe:
    """How one tier is fitted.

    strength: inverse of the regularisation. least: texts a feature must stand in to count (the whole tier has that of
    the words tier). lean: how far the scores
    lean to what residents write about most, 0 to 1. temperature: of its scores.
    """

    strength: float
    least: int = 1
    lean: float = 0.0
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to turn a fit into a head. One tier for English by words, one with the encoder, one for other languages.

    threshold: the probability from which a class is suggested. shares: of all posts, the part each class has, by
    class; needed where a tier leans. sureness: see Head.
    """

    classes: tuple[str, ...]
    words: TierRecipe
    whole: TierRecipe
    others: TierRecipe
    cue_weight: float
    threshold: float
    shares: Mapping[str, float] | None = None
    sureness: tuple[float, float] = (1.0, 0.0)


def fit(material: Material, recipe: Recipe) -> Head:
    """A head with all its tiers. Raises ValueError where fewer than two classes have examples.

    The texts that have a vector, or could have one (`english`), make the first two tiers, all others the third.
    """
    english, others = material.part(material.english), material.part(~material.english)
    words = _tier(english, recipe.words, recipe)
    whole = words
    if english.vectors.size and not np.isnan(english.vectors).any():
        whole = _mean(words, _tier(english, replace(recipe.whole, least=recipe.words.least), recipe, vectors=True))
        whole = replace(whole, temperature=recipe.whole.temperature)
    return Head(
        classes=recipe.classes,
        words=words,
        whole=whole,
        others=_tier(others, recipe.others, recipe) if len(set(others.wanted)) > 1 else words,
        cue_weight=recipe.cue_weight,
        thresholds=np.full(len(recipe.classes), recipe.threshold, np.float32),
        sureness=recipe.sureness,
    )


def _tier(material: Material, tier: TierRecipe, recipe: Recipe, *, vectors: bool = False) -> Tier:
    often = np.bincount(material.features.indices, minlength=SIZE) >= tier.least
    used = np.flatnonzero(often).astype(np.int32)
    features = material.features[:, used]
    inputs = hstack([features, csr_matrix(material.vectors * VECTOR_SCALE)]).tocsr() if vectors else features
    fitted = LogisticRegression(C=tier.strength, solver="sag", max_iter=_ROUNDS, tol=0.0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # _ROUNDS is where we stop
        fitted.fit(inputs, material.wanted, sample_weight=material.weights)
    coefficients, bias = _every_class(fitted, len(recipe.classes))
    return Tier(
        row_of=rows_of(used),
        weights=np.ascontiguousarray(coefficients[:, : len(used)].T, np.float32),
        bias=np.asarray(bias + tier.lean * _lean(material, recipe), np.float32),
        encoder=np.asarray(coefficients[:, len(used) :].T * VECTOR_SCALE, np.float32) if vectors else None,
        temperature=tier.temperature,
    )


def _mean(words: Tier, whole: Tier) -> Tier:
    """Both tiers' scores averaged, which is right more often than either; still linear. They share their features."""
    weights: Floats = (words.weights + whole.weights) / np.float32(2)
    bias: Floats = (words.bias + whole.bias) / np.float32(2)
    encoder: Floats | None = None if whole.encoder is None else whole.encoder / np.float32(2)
    return Tier(words.row_of, weights, bias, encoder)


def _every_class(fitted: LogisticRegression, classes: int) -> tuple[Floats, Floats]:
    """Coefficients and bias for all classes; one without examples is never the likeliest."""
    known = [int(one) for one in fitted.classes_]
    coefficients, bias = fitted.coef_, fitted.intercept_
    if len(known) == 2:
        coefficients, bias = np.vstack([-coefficients[0], coefficients[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    all_coefficients = np.zeros((classes, coefficients.shape[1]), np.float32)
    all_bias = np.full(classes, float(bias.min()) - 10.0, np.float32)
    all_coefficients[known], all_bias[known] = coefficients, bias
    return all_coefficients, all_bias


def _lean(material: Material, recipe: Recipe) -> Floats:
    """From how often a class stands among the examples to how often residents write about it."""
    if recipe.shares is None:
        return np.zeros(len(recipe.classes), np.float32)
    total = np.bincount(material.wanted, weights=material.weights, minlength=len(recipe.classes)) + 1.0
    wanted = np.array([recipe.shares[one] for one in recipe.classes])
    return np.asarray(np.log(wanted / wanted.sum()) - np.log(total / total.sum()), np.float32)
