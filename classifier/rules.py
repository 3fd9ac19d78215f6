"""The rule classifier: what a text is about, wants and needs, from lexicons and patterns alone. No model, no network.

Each answer names the words it rests on (invariant 9). Danger comes first and from rules alone (invariant 7).
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from classifier.answers import Bars, Judged, Signs, answer
from classifier.category import CategoryRules, CategoryScore
from classifier.cues import PhraseBook
from classifier.intent import IntentRules
from classifier.language import UNDECIDED, guess_language
from classifier.pipeline import Pipeline
from classifier.places.finder import Finder
from classifier.protocol import FindsPlaces, Understood
from classifier.services import ServiceMap
from classifier.taxonomy import service_key
from classifier.urgency import DangerHit, DangerRules
from classifier.words import read_words
from models import Service

BARS = Bars(service=0.5, intent=0.4, lead=0.15)
"""The rules alone suggest a service from one half on, and only when it is clearly before the second."""


class RuleClassifier:
    """Implements `classifier.protocol.Classifier`. Made by `build()`; after that it never changes.

    Looks at the first SCANNED_CODE_POINTS of a text, so that no text takes long. Never raises on any text.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        categories: CategoryRules,
        intents: IntentRules,
        dangers: DangerRules,
        version: str,
        finder: FindsPlaces,
    ) -> None:
        self._pipeline = pipeline
        self._categories = categories
        self._intents = intents
        self._dangers = dangers
        self._version = version
        self._finder = finder
        self._maps: dict[tuple[tuple[str, str, str, bool, str | None], ...], ServiceMap] = {}

    def with_finder(self, finder: FindsPlaces) -> "RuleClassifier":
        """The same rules, with places found by this finder: a city's own."""
        return RuleClassifier(self._pipeline, self._categories, self._intents, self._dangers, self._version, finder)

    @property
    def version(self) -> str:
        """Names the rules and their lexicons, for the record."""
        return self._version

    def classify(
        self, texts: Sequence[str], services: Sequence[Service], hints: Sequence[str | None] = ()
    ) -> Sequence[Understood]:
        """One answer per text, in order. Only active ones among `services` are suggested."""
        offered = self.offered(services)
        found = [self.signs(text, hint) for text, hint in with_hints(texts, hints)]
        return [answer(signs, Judged(signs.categories, signs.intents), offered, BARS) for signs in found]

    def offered(self, services: Sequence[Service]) -> ServiceMap:
        """The services by category; the last list asked for is kept."""
        key = service_key(services)
        if key not in self._maps:
            self._maps = {key: ServiceMap(services, self.category_named)}
        return self._maps[key]

    def category_named(self, text: str) -> str | None:
        """The category that a service's names and keywords speak of; None where they speak of none."""
        scores = self._categories.score(self._pipeline.find(read_words(text)))
        return scores[0].code if scores else None

    def signs(self, text: str, hint: str | None = None) -> Signs:
        """What the rules find in a text; `hint`: the language its channel names. Never raises."""
        words = read_words(text)
        hits = self._pipeline.find(words)
        dangers = self._dangers.find(hits)
        categories = self._categories.score(hits)
        intents = self._intents.score(
            hits,
            category=categories[0].probability if categories else 0.0,
            danger=bool(dangers),
            certain=bool(dangers) and dangers[0].certain,
        )
        language, probability = _language(text, hint, dangers, categories)
        return Signs(text, words, hits, dangers, categories, intents, language, probability, self._finder.find(text))


def with_hints(texts: Sequence[str], hints: Sequence[str | None]) -> Iterator[tuple[str, str | None]]:
    """Each text with the language its channel names, None where there are no hints."""
    return zip(texts, hints or (None,) * len(texts), strict=True)


def _language(
    text: str, hint: str | None, dangers: Sequence[DangerHit], categories: Sequence[CategoryScore]
) -> tuple[str, float]:
    """By script and small words; where those leave it open, the language of the lexicon whose cue the text holds."""
    language, probability = guess_language(text, hint=hint)
    if probability > UNDECIDED:
        return language, probability
    if dangers:
        return dangers[0].cue.partition(":")[0], UNDECIDED
    if categories and categories[0].cues:
        rule, _ = categories[0].cues[0]
        return rule.partition(":")[0].rsplit(" ", 1)[-1], UNDECIDED
    return language, probability


def build(finder: FindsPlaces | None = None) -> RuleClassifier:
    """Reads the lexicons and builds the classifier: two seconds, once a process. Raises CueError on a bad lexicon.

    `finder`: of a city's own places; None finds places by patterns alone.
    """
    return _built().with_finder(finder) if finder else _built()


@lru_cache(maxsize=1)
def _built() -> RuleClassifier:
    book = PhraseBook()
    categories, intents, dangers = CategoryRules(book), IntentRules(book), DangerRules(book)
    return RuleClassifier(Pipeline(book), categories, intents, dangers, f"rules-1+{_fingerprint()}", Finder())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted((files("classifier") / "lexicon").iterdir(), key=lambda one: one.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
