"""Which of a city's services stand for a category. A city names and numbers its services as it likes."""

from collections.abc import Callable, Sequence

from classifier.category import CategoryScore
from classifier.taxonomy import CATEGORIES
from classifier.words import BLANK, STOP, Words, read_words
from models import Guess, Service


def named(service: Service) -> str:
    """What a service's own words say it is."""
    return f"{service.service_name}. {service.keywords}"


def category_of_service(service: Service, name_category: Callable[[str], str | None]) -> str | None:
    """The category a service stands for: as a person said, else its code if that is one, else what its names say."""
    if service.category in CATEGORIES:
        return service.category
    return service.service_code if service.service_code in CATEGORIES else name_category(named(service))


class ServiceMap:
    """The offered services by category."""

    def __init__(self, services: Sequence[Service], name_category: Callable[[str], str | None]) -> None:
        self._by_category: dict[str, list[tuple[str, frozenset[str]]]] = {}
        self._category_of: dict[str, str] = {}
        self._names = {one.service_code: one.service_name for one in services}
        for one in services:
            category = category_of_service(one, name_category) if one.active else None
            if category:
                words = frozenset(read_words(named(one)).forms) - {BLANK, STOP}
                self._by_category.setdefault(category, []).append((one.service_code, words))
                self._category_of[one.service_code] = category

    def category_of(self, service_code: str) -> str:
        """The category an offered service stands for; "" for any other."""
        return self._category_of.get(service_code, "")

    def name_of(self, service_code: str) -> str:
        """How the city calls a service."""
        return self._names.get(service_code, service_code)

    def codes_of(self, category: str, words: Words) -> list[str]:
        """The services that stand for a category, first the one whose own name the text repeats most."""
        said = frozenset(words.forms)
        candidates = sorted(self._by_category.get(category, ()), key=lambda one: (-len(said & one[1]), one[0]))
        return [code for code, _ in candidates]

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
