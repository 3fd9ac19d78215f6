"""Linear heads over a text's features: category and intent, cheap by words, dearer with the sentence's vector.

score(class) = (bias + values . weights + vector . encoder + cue_weight * cues) / temperature, then a softmax. Linear
all through, so that every score is the exact sum of what its words, cues and vector added (invariant 9).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.features import SIZE, Floats, Weighed

NO_ROW = -1


class HeadUnreadable(Exception):
    """A head's file is missing or damaged. Says which."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One way of scoring. weights: (rows, classes); encoder: (width, classes) or None; bias: (classes,)."""

    weights: Floats
    bias: Floats
    encoder: Floats | None = None
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head. `row_of`: the row of each feature number in the weights, or NO_ROW, (SIZE,) int32.

    `thresholds`: the probability from which each class is suggested, (classes,). `cue_weight`: what a point of the
    lexicons' score counts. `facts`: what it was made of and how it measured, for people.
    """

    classes: tuple[str, ...]
    row_of: npt.NDArray[np.int32]
    words: Tier
    whole: Tier
    others: Tier
    cue_weight: float
    thresholds: Floats
    facts: dict[str, object] = field(default_factory=dict)

    def tier(self, *, english: bool, whole: bool) -> Tier:
        """The tier that scores a text. `whole`: with its vector. Only texts that may be English have one."""
        return self.others if not english else self.whole if whole else self.words

    def scores(self, tier: Tier, weighed: Weighed, cues: Floats, vector: Floats | None = None) -> Floats:
        """The score of every class, (classes,)."""
        rows = self.row_of[weighed.features]
        known = rows >= 0
        total = tier.bias + weighed.values[known] @ tier.weights[rows[known]] + self.cue_weight * cues
        if vector is not None and tier.encoder is not None:
            total = total + vector @ tier.encoder
        return np.asarray(total / tier.temperature, np.float32)

    def by_word(self, tier: Tier, weighed: Weighed, which: int) -> dict[int, float]:
        """What each word (by number) added to the score of class `which`; cues, vector and bias are not in it."""
        rows = self.row_of[weighed.features]
        each = np.where(rows >= 0, weighed.values * tier.weights[rows, which], 0.0) / tier.temperature
        added = np.bincount(weighed.words, weights=each[weighed.occurs] * weighed.shares)
        return {int(word): float(added[word]) for word in np.unique(weighed.words)}

    def save(self, file: Path) -> None:
        """Writes the head; halves the precision of the weights, which changes no answer that matters."""
        meta = {
            "classes": self.classes,
            "cue_weight": self.cue_weight,
            "temperatures": [one.temperature for one in (self.words, self.whole, self.others)],
            "facts": self.facts,
        }
        held = {
            "rows": np.flatnonzero(self.row_of >= 0)[np.argsort(self.row_of[self.row_of >= 0])].astype(np.int32),
            "words": self.words.weights.astype(np.float16),
            "words_bias": self.words.bias,
            "whole": self.whole.weights.astype(np.float16),
            "whole_bias": self.whole.bias,
            "others": self.others.weights.astype(np.float16),
            "others_bias": self.others.bias,
            "thresholds": self.thresholds,
            "meta": np.frombuffer(json.dumps(meta).encode(), np.uint8),
        }
        if self.whole.encoder is not None:
            held["encoder"] = self.whole.encoder.astype(np.float32)
        with file.open("wb") as opened:
            np.savez_compressed(opened, **held)  # type: ignore[arg-type] # its stub takes a bool among the arrays

    @classmethod
    def load(cls, file: Path) -> "Head":
        """Reads what `save` wrote. Raises HeadUnreadable."""
        try:
            with np.load(file, allow_pickle=False) as held:
                meta = json.loads(bytes(held["meta"]))
                row_of = np.full(SIZE, NO_ROW, np.int32)
                row_of[held["rows"]] = np.arange(len(held["rows"]), dtype=np.int32)
                by_words, by_whole, by_others = meta["temperatures"]
                encoder = held.get("encoder")
                return cls(
                    classes=tuple(meta["classes"]),
                    row_of=row_of,
                    words=Tier(held["words"].astype(np.float32), held["words_bias"], None, by_words),
                    whole=Tier(held["whole"].astype(np.float32), held["whole_bias"], encoder, by_whole),
                    others=Tier(held["others"].astype(np.float32), held["others_bias"], None, by_others),
                    cue_weight=meta["cue_weight"],
                    thresholds=held["thresholds"],
                    facts=meta["facts"],
                )
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise HeadUnreadable(f"{file} cannot be used: {error}") from error


def softmax(scores: Floats) -> Floats:
    """Probabilities of scores, along the last axis."""
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return probabilities
