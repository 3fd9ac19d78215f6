"""How fast the classifier learns: the least-certain-first loop, played on labelled texts.

From day one to N labels: the head asks for the pool's texts it is least certain of (smallest lead of the first guess),
learns them, and is measured on the test after each round. The temperature stays that of day one: texts that were asked
for because they are uncertain say nothing about how sure to be of the others. Nothing is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.corpus import Example
from classifier.features import Floats
from classifier.heads import Head
from classifier.training.city import Figures, figures, fit_on
from classifier.training.workshop import Ready, Workshop, probabilities

ROUNDS = (50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)
"""Labels after each round; then every further 250."""
_FURTHER = 250


@dataclass(frozen=True, slots=True)
class Round:
    """How the head measures after so many labels."""

    labels: int
    figures: Figures


def stops(most: int) -> list[int]:
    """After how many labels to measure, up to `most`."""
    further = range(ROUNDS[-1] + _FURTHER, most + 1, _FURTHER)
    listed = [one for one in (*ROUNDS, *further) if one < most]
    return [*listed, most] if most else []


def without_shared(pool: Sequence[Example], test: Sequence[Example]) -> list[Example]:
    """The pool without the texts that the test holds too, and each text once."""
    seen = {_plain(one.text) for one in test}
    kept = []
    for one in pool:
        if (plain := _plain(one.text)) not in seen:
            seen.add(plain)
            kept.append(one)
    return kept


def learn(
    shop: Workshop,
    task: str,
    pool: Sequence[Example],
    test: Sequence[Example],
    most: int,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Round]:
    """Plays the loop; yields day one and then every round. Pool and test must share no text."""
    tell(f"reading the corpus, {len(pool)} texts of the pool and {len(test)} of the test")
    base = shop.corpus_material(task)
    waiting, tested = shop.ready(task, pool), shop.ready(task, test)
    learnt: list[Ready] = []
    head = fit_on(shop, task, base, learnt, calibrate=False)
    yield Round(0, figures(head, tested))
    for stop in stops(min(most, len(waiting))):
        tell(f"asking for the {stop - len(learnt)} least certain")
        asked = set(_least_certain(head, waiting, stop - len(learnt)))
        learnt += [one for place, one in enumerate(waiting) if place in asked]
        waiting = [one for place, one in enumerate(waiting) if place not in asked]
        head = fit_on(shop, task, base, learnt, calibrate=False)
        yield Round(len(learnt), figures(head, tested))


def _least_certain(head: Head, waiting: Sequence[Ready], count: int) -> list[int]:
    chances: Floats = np.sort(probabilities(head, waiting), axis=1)
    leads = chances[:, -1] - chances[:, -2]
    return [int(place) for place in np.argsort(leads, kind="stable")[:count]]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
