"""What a text wants: a repair, news of an earlier report, an answer, to complain, to thank, help at once, or nothing.

The same weighted cues as the categories. What the problem is also tells: a text with a clear category asks for it
unless its words say otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.category import STRENGTH, fading
from classifier.cues import CueList, Hit, PhraseBook
from classifier.lexicons import lexicon_names, read_lexicon
from models import Intent

SHARPNESS = 0.9
UNKNOWN = 0.2
CATEGORY_COUNTS = 3.0
"""How much a wholly sure category speaks for a service request."""
EMERGENCY_NOW, EMERGENCY_UNSURE = 4.5, 0.8

Cues = tuple[tuple[str, tuple[tuple[int, int], ...]], ...]


@dataclass(frozen=True, slots=True)
class IntentScore:
    """One intent's probability and score, and the cues for it: (rule name, places as word numbers)."""

    intent: Intent
    probability: float
    cues: Cues
    score: float = 0.0


class IntentRules:
    """Scores the intents. Built once from the `intent_*` lexicons."""

    def __init__(self, book: PhraseBook) -> None:
        cues: list[str] = []
        self._meaning: list[tuple[Intent, float, str]] = []
        for name in lexicon_names("intent"):
            language = name.removeprefix("intent_")
            for intent, groups in read_lexicon(name).items():
                for strength, listed in groups.items():
                    cues += listed
                    self._meaning += [
                        (Intent(intent), STRENGTH[strength], f"{intent} {strength} {language}: {cue}") for cue in listed
                    ]
        self._cues = CueList(book, cues)

    def score(
        self, hits: Sequence[Hit], *, category: float = 0.0, danger: bool = False, certain: bool = False
    ) -> list[IntentScore]:
        """All intents that something speaks for, most probable first.

        `category` is the probability of the best category; `danger` and `certain` are what the danger rules found.
        """
        held: Mapping[Intent, list[tuple[float, str, tuple[tuple[int, int], ...]]]] = {intent: [] for intent in Intent}
        told: set[tuple[Intent, tuple[tuple[int, int], ...]]] = set()
        for found in self._cues.find(hits):
            intent, weight, rule = self._meaning[found.cue]
            if (intent, found.places) not in told:
                told.add((intent, found.places))
                held[intent].append((weight, rule, found.places))
        scores = {intent: sum(fading([one[0] for one in found])) for intent, found in held.items()}
        scores[Intent.SERVICE_REQUEST] += CATEGORY_COUNTS * category
        if danger:
            scores[Intent.EMERGENCY] += EMERGENCY_NOW if certain else EMERGENCY_UNSURE
        odds = {intent: math.exp(SHARPNESS * score) for intent, score in scores.items() if score > 0}
        total = sum(odds.values()) + math.exp(SHARPNESS * UNKNOWN)
        ranked = sorted(odds, key=lambda intent: (-odds[intent], intent))
        return [IntentScore(intent, odds[intent] / total, _speaking(held[intent]), scores[intent]) for intent in ranked]


def _speaking(held: Sequence[tuple[float, str, tuple[tuple[int, int], ...]]]) -> Cues:
    speaking = sorted((one for one in held if one[0] > 0), key=lambda one: (-one[0], one[2]))
    return tuple((rule, places) for _, rule, places in speaking)
