"""What kind of problem a text tells of: weighted cues per category, and an honest probability.

A cue counts once, and the same words count once for a category whatever languages share them. Each further cue counts
less than the one before, because they often say the same thing twice. The scores meet a constant for "nothing known"
in a softmax, so that thin evidence gives a low probability for everything.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.cues import CueList, Found, Hit, PhraseBook
from classifier.lexicons import lexicon_names, read_lexicon
from classifier.taxonomy import CATEGORIES

STRENGTH: Mapping[str, float] = {"sure": 4.5, "strong": 3.0, "plain": 1.4, "weak": 0.6, "against": -1.2}
FADE = 0.55
"""Each further cue of a category counts this much of the one before it."""
SHARPNESS = 1.0
UNKNOWN = 0.9
"""The score that stands for "none of these"."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """One category's probability, and the cues for it: (rule name, places as word numbers).

    `score` is the sum of `parts`: what each cue, for or against, weighs after fading, and its places.
    """

    code: str
    probability: float
    cues: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    score: float = 0.0
    parts: tuple[tuple[float, tuple[tuple[int, int], ...]], ...] = ()


class CategoryRules:
    """Scores the categories of CATEGORIES. Built once from the `category_*` lexicons."""

    def __init__(self, book: PhraseBook) -> None:
        cues: list[str] = []
        self._meaning: list[tuple[str, float, str]] = []
        for name in lexicon_names("category"):
            language = name.removeprefix("category_")
            for code, groups in read_lexicon(name).items():
                if code not in CATEGORIES:
                    raise KeyError(f"{name}.toml has [{code}], which is no category")
                for strength, listed in groups.items():
                    for cue in listed:
                        cues.append(cue)
                        self._meaning.append((code, STRENGTH[strength], f"{code} {strength} {language}: {cue}"))
        self._cues = CueList(book, cues)

    def score(self, hits: Sequence[Hit]) -> list[CategoryScore]:
        """The categories that some cue speaks for, most probable first. Probabilities sum to less than 1."""
        weights: dict[str, list[tuple[float, Found]]] = {}
        told: set[tuple[str, tuple[tuple[int, int], ...]]] = set()
        for found in self._cues.find(hits):
            code, weight, _ = self._meaning[found.cue]
            if (code, found.places) not in told:
                told.add((code, found.places))
                weights.setdefault(code, []).append((weight, found))
        parts = {
            code: tuple(zip(fading([weight for weight, _ in held]), (found.places for _, found in held), strict=True))
            for code, held in weights.items()
        }
        scores = {code: sum(weight for weight, _ in held) for code, held in parts.items()}
        odds = {code: math.exp(SHARPNESS * score) for code, score in scores.items() if score > 0}
        total = sum(odds.values()) + math.exp(SHARPNESS * UNKNOWN)
        ranked = sorted(odds, key=lambda code: (-odds[code], code))
        return [
            CategoryScore(code, odds[code] / total, self._speaking(weights[code]), scores[code], parts[code])
            for code in ranked
        ]

    def _speaking(self, held: list[tuple[float, Found]]) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
        speaking = sorted((one for one in held if one[0] > 0), key=lambda one: (-one[0], one[1].places))
        return tuple((self._meaning[found.cue][2], found.places) for _, found in speaking)


def fading(weights: Sequence[float]) -> list[float]:
    """What each weight still counts, in their order: those for and those against, each side fading from its largest."""
    left = list(weights)
    for sign in (1, -1):
        share = 1.0
        for place in sorted((i for i, one in enumerate(weights) if one * sign > 0), key=lambda i: -abs(weights[i])):
            left[place] = weights[place] * share
            share *= FADE
    return left
