"""Fits a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001) by L-BFGS.

Pure and repeatable: the same words and tags give the same weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

PULL, STEP_PULL = 0.5, 0.1
"""How strongly weights, and scores of tag after tag, are pulled to zero (half the squared length times this)."""
ROUNDS = 80
"""Passes over the texts; more move no answer."""

Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chain:
    """weights: (features, tags). steps: score of a tag after another (rows), (tags, tags)."""

    weights: Doubles
    steps: Doubles


def fit(
    features: csr_matrix,
    tags: Numbers,
    lengths: Sequence[int],
    forbidden: npt.NDArray[np.float32],
    tell: Callable[[int], None] = lambda _: None,
) -> Chain:
    """A chain for texts of `lengths` words one after the other. `tell` hears each pass.

    features: (words, features), 0 or 1. tags: (words,). forbidden: (tags, tags), 0.0, or far below it where one tag
    never follows another.
    """
    count, size = len(forbidden), features.shape[1]
    turned, batches = features.T.tocsr(), _batches(lengths)
    gold = np.zeros((features.shape[0], count))
    gold[np.arange(len(tags)), tags] = 1
    steps_seen = np.zeros((count, count))
    for batch in batches:
        np.add.at(steps_seen, (tags[batch[:, :-1]].ravel(), tags[batch[:, 1:]].ravel()), 1)

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        weights, steps = flat[: size * count].reshape(size, count), flat[size * count :].reshape(count, count)
        scores = features @ weights
        likelihood, chances, steps_hoped = _forward_backward(scores, steps + forbidden, batches)
        right = float((scores * gold).sum() + (steps * steps_seen).sum())
        pull = PULL * float((weights**2).sum()) / 2 + STEP_PULL * float((steps**2).sum()) / 2
        slope = turned @ (chances - gold) + PULL * weights
        slope_of_steps = steps_hoped - steps_seen + STEP_PULL * steps
        return likelihood - right + pull, np.concatenate([slope.ravel(), slope_of_steps.ravel()])

    passes = iter(range(1, ROUNDS + 1))
    found = minimize(
        loss,
        np.zeros(size * count + count * count),
        jac=True,
        method="L-BFGS-B",
        callback=lambda _: tell(next(passes)),
        options={"maxiter": ROUNDS, "maxfun": 2 * ROUNDS, "maxcor": 6},
    )
    flat: Doubles = found.x
    return Chain(flat[: size * count].reshape(size, count), flat[size * count :].reshape(count, count))


def _batches(lengths: Sequence[int]) -> list[Numbers]:
    """Word numbers of the texts of each length, (texts, length)."""
    starts, sizes = np.cumsum([0, *lengths[:-1]]), np.asarray(lengths)
    return [starts[sizes == length][:, None] + np.arange(length)[None] for length in sorted(set(lengths) - {0})]


def _forward_backward(scores: Doubles, steps: Doubles, batches: Sequence[Numbers]) -> tuple[float, Doubles, Doubles]:
    """Log of the sum over all ways to tag, the chance of each tag for each word, and each step's hoped-for number."""
    highest = float(steps.max())
    moves = np.exp(steps - highest)
    chances, hoped, total = np.empty_like(scores), np.zeros_like(steps), 0.0
    for batch in batches:
        texts, length = batch.shape
        here = scores[batch]
        most = here.max(axis=2, keepdims=True)
        here = np.exp(here - most)
        forward, scale = np.empty_like(here), np.empty((texts, length, 1))
        for at in range(length):
            forward[:, at] = here[:, at] if at == 0 else (forward[:, at - 1] @ moves) * here[:, at]
            scale[:, at] = forward[:, at].sum(axis=1, keepdims=True)
            forward[:, at] /= scale[:, at]
        total += float(np.log(scale).sum() + most.sum()) + texts * (length - 1) * highest
        backward = np.ones_like(here[:, 0])
        chances[batch[:, -1]] = forward[:, -1]
        for at in range(length - 2, -1, -1):
            ahead = here[:, at + 1] * backward / scale[:, at + 1]
            hoped += moves * (forward[:, at].T @ ahead)
            backward = ahead @ moves.T
            chances[batch[:, at]] = forward[:, at] * backward
    return total, chances, hoped
