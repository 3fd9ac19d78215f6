"""Fits a head: logistic regression over features, and over features with the sentence's vector.

Pure and repeatable: the same examples give the same head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression

from classifier.features import SIZE, Floats
from classifier.heads import NO_ROW, Head, Tier

WORDS_C, WHOLE_C = 3.0, 2.0
"""Inverse strength of the regularisation of the two tiers."""
VECTOR_SCALE = 2.0
"""The vectors count this much beside the two unit-length blocks of features."""
SHARE_POWER = 0.9
"""How far the scores lean to what residents write about most, 0 to 1."""
_STEPS, _TOLERANCE = 120, 1e-3

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """What a head is fitted on.

    features: (texts, SIZE). vectors: (texts, width); rows of texts that the encoder does not read are NaN.
    wanted: class numbers, (texts,). weights: how much each text counts, (texts,).
    """

    features: csr_matrix
    vectors: Floats
    wanted: Integers
    weights: Floats

    def part(self, chosen: npt.NDArray[np.bool_]) -> "Material":
        """Only the chosen rows."""
        return Material(self.features[chosen], self.vectors[chosen], self.wanted[chosen], self.weights[chosen])

    def joined(self, other: "Material") -> "Material":
        """This and another, one after the other."""
        return Material(
            vstack([self.features, other.features]).tocsr(),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.wanted, other.wanted]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to turn a fit into a head. shares: of all posts, the part each class has, by class; None: as in the texts."""

    classes: tuple[str, ...]
    cue_weight: float
    temperature: float
    threshold: float
    shares: Mapping[str, float] | None = None


def fit(material: Material, recipe: Recipe) -> Head:
    """A head over both tiers. Raises ValueError where fewer than two classes have examples."""
    used = np.unique(material.features.indices)
    row_of = np.full(SIZE, NO_ROW, np.int32)
    row_of[used] = np.arange(len(used), dtype=np.int32)
    packed = material.features[:, used]
    words = _tier(packed, None, material, recipe, WORDS_C)
    read = ~np.isnan(material.vectors).any(axis=1) if material.vectors.size else np.zeros(packed.shape[0], bool)
    whole = words
    if read.any():
        part = material.part(read)
        whole = _tier(packed[read], part.vectors * VECTOR_SCALE, part, recipe, WHOLE_C)
    return Head(
        classes=recipe.classes,
        row_of=row_of,
        words=words,
        whole=whole,
        cue_weight=recipe.cue_weight,
        thresholds=np.full(len(recipe.classes), recipe.threshold, np.float32),
    )


def _tier(packed: csr_matrix, vectors: Floats | None, material: Material, recipe: Recipe, strength: float) -> Tier:
    inputs = packed if vectors is None else hstack([packed, csr_matrix(vectors)]).tocsr()
    fitted = LogisticRegression(C=strength, max_iter=_STEPS, tol=_TOLERANCE)
    fitted.fit(inputs, material.wanted, sample_weight=material.weights)
    known = [int(one) for one in fitted.classes_]
    coefficients, bias = _every_class(fitted, known, len(recipe.classes))
    bias = bias + _lean(material, recipe)
    rows = packed.shape[1]
    encoder = None if vectors is None else (coefficients[:, rows:].T * VECTOR_SCALE).astype(np.float32)
    return Tier(
        weights=np.ascontiguousarray(coefficients[:, :rows].T.astype(np.float32)),
        bias=bias.astype(np.float32),
        encoder=encoder,
        temperature=recipe.temperature,
    )


def _every_class(fitted: LogisticRegression, known: Sequence[int], classes: int) -> tuple[Floats, Floats]:
    """Coefficients and bias for all classes; one without examples is never the likeliest."""
    coefficients, bias = fitted.coef_, fitted.intercept_
    if len(known) == 2:
        coefficients, bias = np.vstack([-coefficients[0], coefficients[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    all_coefficients = np.zeros((classes, coefficients.shape[1]))
    all_bias = np.full(classes, float(bias.min()) - 10.0)
    all_coefficients[known], all_bias[known] = coefficients, bias
    return all_coefficients, all_bias


def _lean(material: Material, recipe: Recipe) -> Floats:
    """From how often a class stands among the examples to how often residents write about it."""
    if recipe.shares is None:
        return np.zeros(len(recipe.classes), np.float32)
    total = np.bincount(material.wanted, weights=material.weights, minlength=len(recipe.classes)) + 1.0
    wanted = np.array([recipe.shares[one] for one in recipe.classes])
    lean: Floats = SHARE_POWER * (np.log(wanted / wanted.sum()) - np.log(total / total.sum()))
    return lean
