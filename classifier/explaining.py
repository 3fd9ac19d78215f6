"""Why a guess has its score: what its words, the lexicons' cues and the sentence as a whole added, exactly.

The words that weigh most are kept with their weights; all else is summed in `rest`, so that the parts add up to the
score (invariant 9). What the encoder saw is not a sum over words: covering words one at a time shows which it leaned
on, for the person who opens the mention.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from classifier.features import Floats
from classifier.heads import Head
from classifier.words import BLANK, STOP, Words
from models import Contribution, LabelTask

if TYPE_CHECKING:
    from classifier.cascade import Read

SHOWN = 6
"""Words kept of each guess."""
FAINT = 0.02
MOST_COVERED = 40
"""Words covered one by one for one mention: at a few milliseconds each it stays under half a second."""

Guessed = tuple[str, str, float]
"""(class of the head, how the guess is called outside: service_code or intent, probability)"""


def explain(head: Head, task: LabelTask, read: "Read", guesses: Sequence[Guessed]) -> list[dict[str, Any]]:
    """One explanation per guess, as the fields of an Explanation."""
    if not guesses:
        return []
    tier, words = read.tiers[task], read.signs.words
    numbers = [head.classes.index(name) for name, _, _ in guesses]
    by_word = tier.by_word(read.weighed, numbers, len(words.forms))
    for (name, _, _), added in zip(guesses, by_word, strict=True):
        for word, weight in _cue_weights(read, task, name, head.cue_weight / tier.temperature).items():
            added[word] += weight
    explained: list[dict[str, Any]] = []
    for (_, called, probability), which, shown in zip(guesses, numbers, _strongest(by_word, words), strict=True):
        score = float(read.scores[task][which])
        encoder = 0.0
        if read.vector is not None and tier.encoder is not None:
            encoder = float(read.vector @ tier.encoder[:, which]) / tier.temperature
        explained.append(
            {
                "task": task.value,
                "value": called,
                "probability": round(probability, 4),
                "score": score,
                "rest": score - encoder - sum(one["weight"] for one in shown),
                "encoder": encoder,
                "words": shown,
            }
        )
    return explained


def _cue_weights(read: "Read", task: LabelTask, name: str, point: float) -> dict[int, float]:
    """What each word added through the lexicons' category cues; those of an intent rest on more than words."""
    if task is not LabelTask.CATEGORY:
        return {}
    parts = next((one.parts for one in read.signs.categories if one.code == name), ())
    added: dict[int, float] = {}
    for weight, places in parts:
        spoken = [word for first, last in places for word in range(first, last)]
        for word in spoken:
            added[word] = added.get(word, 0.0) + weight * point / len(spoken)
    return added


def _strongest(added: npt.NDArray[np.float64], words: Words) -> list[list[dict[str, Any]]]:
    """For each guess the words that added or took most, in their order, as a Contribution's fields.

    added: (guesses, words).
    """
    starts, ends = words.starts, words.ends
    places = np.sort(np.argsort(-np.abs(added), axis=1, kind="stable")[:, :SHOWN], axis=1)
    return [
        [
            {"start": starts[word], "end": ends[word], "weight": round(weight, 4)}
            for word, weight in zip(chosen, weights, strict=True)
            if abs(weight) >= FAINT
        ]
        for chosen, weights in zip(places.tolist(), np.take_along_axis(added, places, axis=1).tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Covered:
    """A text, and the same with one word after the other covered; `spans` of the covered words, in code points."""

    texts: list[str]
    spans: list[tuple[int, int]]

    def falls(self, scores: Floats) -> list[Contribution]:
        """How far a score falls when a word is covered, the words that matter most. scores: one per text."""
        fall = [float(scores[0] - one) for one in scores[1:]]
        chosen = sorted(sorted(range(len(fall)), key=lambda place: -abs(fall[place]))[:SHOWN])
        return [
            Contribution(start=self.spans[place][0], end=self.spans[place][1], weight=round(fall[place], 4))
            for place in chosen
            if abs(fall[place]) >= FAINT
        ]


def covered_texts(text: str, words: Words) -> Covered:
    """The text and its first MOST_COVERED words covered one by one."""
    places = [place for place, form in enumerate(words.forms) if form not in (BLANK, STOP)][:MOST_COVERED]
    spans = [words.span(place, place + 1) for place in places]
    return Covered([text, *(f"{text[:start]} {text[end:]}" for start, end in spans)], spans)
