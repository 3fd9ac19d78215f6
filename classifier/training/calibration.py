"""How sure is sure: temperatures, thresholds and the calibration error. Pure.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks". Interval: Wilson 1927.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from classifier.features import Floats
from classifier.heads import softmax

Integers = npt.NDArray[np.int64]

BINS = 15
LEAST_LABELS = 50
"""Fewer labels than this say too little about a temperature."""
LEAST_PER_CLASS = 20
"""A class with fewer labels keeps the common threshold."""
TARGET_PRECISION = 0.9
CONFIDENCE_Z = 1.2816
"""One-sided 90 %: the true precision is below the bound once in ten times."""
SHRINKAGE = 30.0
"""Labels that the sureness of day one counts as."""
NEVER = 1.01
"""A threshold no probability reaches."""


def temperature(scores: Floats, wanted: Integers) -> float:
    """The temperature at which the right classes are likeliest. scores: (texts, classes) at temperature 1."""

    def surprise(log_t: float) -> float:
        chances = softmax(scores / math.exp(log_t))[np.arange(len(wanted)), wanted]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    found = minimize_scalar(surprise, bounds=(math.log(0.25), math.log(4.0)), method="bounded")
    return round(math.exp(float(found.x)), 3)


def sureness(
    first: Floats, right: npt.NDArray[np.bool_], start: tuple[float, float], strength: float = SHRINKAGE
) -> tuple[float, float]:
    """Slope and offset for the log odds of the first guess, drawn towards `start` as by `strength` labels.

    first: probabilities of the first guess after the temperature, before any sureness, (texts,).
    """
    bounded = np.clip(first.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(bounded / (1 - bounded))

    def surprise(line: npt.NDArray[np.float64]) -> float:
        signed = np.where(right, 1.0, -1.0) * (line[0] * odds + line[1])
        pull = strength * ((line[0] - start[0]) ** 2 + (line[1] - start[1]) ** 2)
        return float(np.logaddexp(0.0, -signed).sum() + pull)

    found = minimize(surprise, np.array(start), method="Nelder-Mead").x
    return round(max(0.1, float(found[0])), 4), round(float(found[1]), 4)


def calibration_error(sureness: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over BINS of equal mass: how far probabilities are from the share that is right."""
    if not len(sureness):
        return 0.0
    order = np.argsort(sureness, kind="stable")
    bins = [one for one in np.array_split(order, BINS) if len(one)]
    return float(sum(abs(sureness[one].mean() - right[one].mean()) * len(one) for one in bins) / len(order))


def lower_bound(right: int, of: int) -> float:
    """The least share that `right` of `of` may stand for (Wilson score interval, one-sided 90 %)."""
    if not of:
        return 0.0
    share, z2 = right / of, CONFIDENCE_Z**2
    middle = share + z2 / (2 * of)
    spread = CONFIDENCE_Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return (middle - spread) / (1 + z2 / of)


def threshold(sureness: Floats, right: npt.NDArray[np.bool_], target: float = TARGET_PRECISION) -> float:
    """The lowest probability from which the lower bound of the precision reaches `target`; NEVER if none does."""
    order = np.argsort(-sureness, kind="stable")
    best = NEVER
    hits = 0
    for count, place in enumerate(order, start=1):
        hits += bool(right[place])
        if lower_bound(hits, count) >= target:
            best = float(sureness[place])
    return best


def thresholds(probabilities: Floats, wanted: Integers, common: float) -> Floats:
    """One threshold per class, from answers on labels that the head was not fitted on; `common` where they are few."""
    first = probabilities.argmax(axis=1)
    found = np.full(probabilities.shape[1], common, np.float32)
    for one in range(probabilities.shape[1]):
        answered = first == one
        if answered.sum() >= LEAST_PER_CLASS:
            found[one] = threshold(probabilities[answered, one], wanted[answered] == one)
    return found
