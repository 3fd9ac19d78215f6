"""Which of a city's services stand for a category. A city names and numbers its services as it likes."""

from collections.abc import Callable, Sequence

from classifier.category import CategoryScore
from classifier.taxonomy import CATEGORIES
from classifier.words import BLANK, STOP, Words, read_words
from models import Guess, Service


class ServiceMap:
    """The offered services by category: by a code that is a category's own, else by what name and keywords speak of."""

    def __init__(self, services: Sequence[Service], name_category: Callable[[str], str | None]) -> None:
        self._by_category: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for one in services:
            if not one.active:
                continue
            named = f"{one.service_name}. {one.keywords}"
            category = one.service_code if one.service_code in CATEGORIES else name_category(named)
            if category:
                words = frozenset(read_words(named).forms) - {BLANK, STOP}
                self._by_category.setdefault(category, []).append((one.service_code, words))

    def guesses(self, scores: Sequence[CategoryScore], words: Words) -> list[Guess]:
        """The services for these categories, most probable first.

        Services that share a category share its probability, more to those whose own name the text repeats.
        """
        shared: list[tuple[float, str]] = []
        said = frozenset(words.forms)
        for score in scores:
            candidates = self._by_category.get(score.code, ())
            weights = [(1 + len(said & named)) ** 2 for _, named in candidates]
            total = sum(weights)
            shared += [
                (score.probability * weight / total, code)
                for weight, (code, _) in zip(weights, candidates, strict=True)
            ]
        ranked = sorted(shared, key=lambda one: (-one[0], one[1]))
        return [Guess(value=code, probability=round(probability, 4)) for probability, code in ranked]
