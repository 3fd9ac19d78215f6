"""Linear heads over a text's features: category and intent, cheap by words, dearer with the sentence's vector.

score(class) = (bias + values . weights + vector . encoder + cue_weight * cues) / temperature, then a softmax. Linear
all through, so that every score is the exact sum of what its words, cues and vector added (invariant 9).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.features import SIZE, Floats, Weighed

NO_ROW = -1
TIERS = ("words", "whole", "others")
MAY_BE_ENGLISH = frozenset({"en", "und"})
"""Languages of the texts that the first two tiers score: the encoder knows English only, and what has no telling
language may well be English."""


class HeadUnreadable(Exception):
    """A head's file is missing or damaged. Says which."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One way of scoring. weights: (rows, classes); encoder: (width, classes) or None; bias: (classes,).

    row_of: the row of each feature number in the weights, or NO_ROW, (SIZE,) int32. Loaded weights are float16.
    """

    row_of: npt.NDArray[np.int32]
    weights: Floats
    bias: Floats
    encoder: Floats | None = None
    temperature: float = 1.0

    def by_word(self, weighed: Weighed, which: Sequence[int], words: int) -> npt.NDArray[np.float64]:
        """What each of a text's words added to the scores of some classes, (classes, words).

        `which`: their numbers. Cues, vector and bias are not in it.
        """
        rows = self.row_of[weighed.features]
        weights = self.weights[rows][:, which].T
        each = np.where(rows >= 0, weighed.values * weights, np.float32(0)) / np.float32(self.temperature)
        spread = each[:, weighed.occurs] * weighed.shares
        return np.stack([np.bincount(weighed.words, weights=one, minlength=words) for one in spread])


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head. `thresholds`: the probability from which each class is suggested, (classes,).

    Tiers: `words` for texts that may be English, `whole` for those that the encoder read too, `others` for all else.
    `cue_weight`: what a point of the lexicons' score counts. `sureness`: slope and offset that turn the log odds of the
    first guess into honest ones (Platt 1999), after the temperature. `facts`: what it was made of and how it measured.
    """

    classes: tuple[str, ...]
    words: Tier
    whole: Tier
    others: Tier
    cue_weight: float
    thresholds: Floats
    sureness: tuple[float, float] = (1.0, 0.0)
    facts: dict[str, Any] = field(default_factory=dict)

    def tier(self, *, english: bool, whole: bool) -> Tier:
        """The tier that scores a text. `whole`: with its vector. Only texts that may be English have one."""
        return self.others if not english else self.whole if whole else self.words

    def scores(self, tier: Tier, weighed: Weighed, cues: Floats, vector: Floats | None = None) -> Floats:
        """The score of every class, (classes,)."""
        rows = tier.row_of[weighed.features]
        known = rows >= 0
        total = (
            tier.bias + weighed.values[known] @ tier.weights[rows[known]].astype(np.float32) + self.cue_weight * cues
        )
        if vector is not None and tier.encoder is not None:
            total = total + vector @ tier.encoder
        return np.asarray(total / tier.temperature, np.float32)

    def chances(self, scores: Floats) -> Floats:
        """Calibrated probabilities of scores, along the last axis. The first guess stays the first."""
        return sure(softmax(scores), *self.sureness)

    def save(self, file: Path) -> None:
        """Writes the head; halves the precision of the weights, which changes no answer that matters."""
        held: dict[str, npt.NDArray[Any]] = {"thresholds": self.thresholds}
        temperatures = {}
        for name in TIERS:
            tier: Tier = getattr(self, name)
            held[f"{name}_rows"] = _in_row_order(tier.row_of)
            held[f"{name}_weights"], held[f"{name}_bias"] = tier.weights.astype(np.float16), tier.bias
            if tier.encoder is not None:
                held[f"{name}_encoder"] = tier.encoder
            temperatures[name] = tier.temperature
        meta = {
            "classes": self.classes,
            "cue_weight": self.cue_weight,
            "temperatures": temperatures,
            "sureness": self.sureness,
            "facts": self.facts,
        }
        held["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        with file.open("wb") as opened:
            np.savez_compressed(opened, **held)  # type: ignore[arg-type] # its stub takes a bool among the arrays

    @classmethod
    def load(cls, file: Path) -> "Head":
        """Reads what `save` wrote. Raises HeadUnreadable."""
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                meta = json.loads(bytes(held["meta"]))
                tiers = {name: _tier(held, name, float(meta["temperatures"][name])) for name in TIERS}
                return cls(
                    classes=tuple(meta["classes"]),
                    cue_weight=float(meta["cue_weight"]),
                    thresholds=held["thresholds"],
                    sureness=tuple(meta.get("sureness", (1.0, 0.0))),
                    facts=meta["facts"],
                    **tiers,
                )
        except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise all sorts
            raise HeadUnreadable(f"{file} cannot be used: {error}") from error


def rows_of(features: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The row of each feature number, when these features have the rows 0, 1, 2 ... in this order; (SIZE,)."""
    row_of = np.full(SIZE, NO_ROW, np.int32)
    row_of[features] = np.arange(len(features), dtype=np.int32)
    return row_of


def _in_row_order(row_of: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    used = np.flatnonzero(row_of >= 0)
    return used[np.argsort(row_of[used])].astype(np.int32)


def _tier(held: "np.lib.npyio.NpzFile", name: str, temperature: float) -> Tier:
    encoder = held[f"{name}_encoder"] if f"{name}_encoder" in held else None  # noqa: SIM401 # its get() is untyped
    weights = held[f"{name}_weights"]  # stay at half precision: they are most of what a head holds
    return Tier(rows_of(held[f"{name}_rows"]), weights, held[f"{name}_bias"], encoder, temperature)


ASK_LEAD = 0.05
"""The encoder is asked where the words' first guess leads the second by less than this."""


def left_open(chances: Floats, lead: float = ASK_LEAD) -> bool:
    """Whether the first guess leads too little to be taken without the encoder. chances: (classes,)."""
    second, first = np.partition(chances, -2)[-2:]
    return bool(first - second < lead)


def softmax(scores: Floats) -> Floats:
    """Probabilities of scores, along the last axis."""
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return probabilities


def sure(chances: Floats, slope: float, offset: float) -> Floats:
    """Probabilities whose largest has its log odds scaled and moved, the others sharing what is left as before."""
    if (slope, offset) == (1.0, 0.0):
        return chances
    first = np.clip(chances.max(axis=-1, keepdims=True), 1e-6, 1 - 1e-6)
    fresh = 1 / (1 + np.exp(-(slope * np.log(first / (1 - first)) + offset)))
    rest = chances * (1 - fresh) / (1 - first)
    top = np.arange(chances.shape[-1]) == chances.argmax(axis=-1)[..., None]
    return np.asarray(np.where(top, fresh, rest), np.float32)
