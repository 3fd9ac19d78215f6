"""Measures of answers that rank labels: category, intent, language. All shares are 0 to 1.

A guess is right when it is the row's label or one of its second labels (`NAME_alt`). The ranking counts whether or not
the classifier abstained. "Confidence" is the probability of the first guess.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from models import Guess

NOTHING = "(nothing)"
BINS = 15
ROWS_OF_A_CLASS = 10
"""A class with fewer labelled rows says too little to enter the macro-F1."""
TARGET = 0.9
_DIGITS = 4

Floats = NDArray[np.float64]
Curve = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row and its answer. `guesses`: best first. `suggested`: false where the classifier abstained."""

    wanted: str
    also: frozenset[str]
    guesses: tuple[Guess, ...]
    suggested: bool
    language: str

    @property
    def first(self) -> str:
        """The first guess, NOTHING where there is none."""
        return self.guesses[0].value if self.guesses else NOTHING

    @property
    def confidence(self) -> float:
        """The probability of the first guess."""
        return self.guesses[0].probability if self.guesses else 0.0

    @property
    def right(self) -> bool:
        """Whether the first guess is right."""
        return self.takes(self.first)

    @property
    def counted_as(self) -> str:
        """The label the row counts as per class: the first guess where that is right, else the row's own label."""
        return self.first if self.right else self.wanted

    def takes(self, label: str) -> bool:
        """Whether this label is right."""
        return label == self.wanted or label in self.also


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of similar confidence: how many, what they promise on average, and the share that is right."""

    n: int
    promised: float
    right: float


def ranked_measures(rows: Sequence[Ranked]) -> dict[str, Any]:
    """All measures of these rows by name. `macro_f1` is None where no class has ROWS_OF_A_CLASS rows."""
    if not rows:
        return {"n": 0}
    classes = per_class(rows)
    weighty = [one["f1"] for one in classes.values() if one["n"] >= ROWS_OF_A_CLASS]
    bins = calibration(rows)
    return {
        "n": len(rows),
        "top1": _mean([row.right for row in rows]),
        "top1_strict": _mean([row.first == row.wanted for row in rows]),
        "top3": _mean([any(row.takes(guess.value) for guess in row.guesses[:3]) for row in rows]),
        "macro_f1": _mean(weighty) if weighty else None,
        "ece": round(sum(one.n * abs(one.promised - one.right) for one in bins) / len(rows), _DIGITS),
        "coverage_at_90": round(coverage_at(risk_coverage(rows), TARGET), _DIGITS),
        "abstained": _mean([not row.suggested for row in rows]),
        "per_class": classes,
        "per_language": per_language(rows),
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), _DIGITS)


def per_class(rows: Sequence[Ranked]) -> dict[str, dict[str, Any]]:
    """By label: rows that hold it, first guesses that name it, precision, recall and F1 (0 where undefined)."""
    wanted, given = Counter(row.wanted for row in rows), Counter(row.first for row in rows)
    labels = sorted((wanted.keys() | given.keys()) - {NOTHING})
    if not labels:
        return {}
    precisions, recalls, f1s, _ = precision_recall_fscore_support(
        [row.counted_as for row in rows], [row.first for row in rows], labels=labels, zero_division=0
    )
    return {
        label: {
            "n": wanted[label],
            "answers": given[label],
            "precision": round(float(precision), _DIGITS),
            "recall": round(float(recall), _DIGITS),
            "f1": round(float(f1), _DIGITS),
        }
        for label, precision, recall, f1 in zip(labels, precisions, recalls, f1s, strict=True)
    }


def per_language(rows: Sequence[Ranked]) -> dict[str, dict[str, Any]]:
    """By language: rows, and the share whose first guess is right."""
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        found[row.language].append(row.right)
    return {code: {"n": len(right), "top1": _mean(right)} for code, right in sorted(found.items())}


def calibration(rows: Sequence[Ranked], bins: int = BINS) -> list[Bin]:
    """Equal-mass bins by rising confidence; fewer where there are fewer rows."""
    promised, right = _sorted(rows)
    parts = zip(np.array_split(promised, bins), np.array_split(right, bins), strict=True)
    return [Bin(len(one), float(one.mean()), float(other.mean())) for one, other in parts if len(one)]


def risk_coverage(rows: Sequence[Ranked]) -> Curve:
    """(share of rows, share of them that is right), the most confident first.

    One point per confidence that occurs: a threshold cannot part rows of equal confidence.
    """
    promised, right = (one[::-1] for one in _sorted(rows))
    if not len(promised):
        return []
    last = np.append(promised[1:] != promised[:-1], True)
    taken = np.arange(1, len(right) + 1)
    accuracy = np.cumsum(right) / taken
    return [(float(share), float(one)) for share, one in zip(taken[last] / len(right), accuracy[last], strict=True)]


def coverage_at(curve: Curve, accuracy: float) -> float:
    """The largest share of rows of which at least this share is right; 0 where there is none."""
    return max((share for share, one in curve if one >= accuracy), default=0.0)


def _sorted(rows: Sequence[Ranked]) -> tuple[Floats, Floats]:
    """Confidence, rising, and 1.0 where the first guess is right."""
    promised = np.array([row.confidence for row in rows], dtype=np.float64)
    right = np.array([row.right for row in rows], dtype=np.float64)
    order = np.argsort(promised, kind="stable")
    return promised[order], right[order]
