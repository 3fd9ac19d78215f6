"""The rule classifier: what a text is about, wants and needs, from lexicons and patterns alone. No model, no network.

Each answer names the words it rests on (invariant 9). Danger comes first and from rules alone (invariant 7).
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

from classifier.category import CategoryRules, CategoryScore
from classifier.cues import PhraseBook
from classifier.intent import IntentRules, IntentScore
from classifier.language import UNDECIDED, guess_language
from classifier.pipeline import Pipeline
from classifier.places import Place, find_places, most_exact
from classifier.protocol import Understood
from classifier.redaction import find_private
from classifier.services import ServiceMap
from classifier.taxonomy import service_key
from classifier.urgency import DangerHit, DangerRules
from classifier.words import SCANNED_CODE_POINTS, Words, read_words
from models import Evidence, EvidenceKind, Guess, Intent, Service

SURE_ENOUGH = 0.5
"""A service is suggested from this probability on; below, the classifier abstains."""
CLEARLY_FIRST = 0.15
"""And only with this much before the second."""
INTENT_ENOUGH = 0.4
RUNNERS_UP = 3
_SHOWN_CUES, _SHOWN_DANGERS = 4, 8
_ABOUT_A_SERVICE = frozenset({Intent.SERVICE_REQUEST, Intent.STATUS_ENQUIRY, Intent.COMPLAINT, Intent.EMERGENCY})


class RuleClassifier:
    """Implements `classifier.protocol.Classifier`. Made by `build()`; after that it never changes.

    Looks at the first SCANNED_CODE_POINTS of a text, so that no text takes long. Never raises on any text.
    """

    def __init__(
        self, pipeline: Pipeline, categories: CategoryRules, intents: IntentRules, dangers: DangerRules, version: str
    ) -> None:
        self._pipeline = pipeline
        self._categories = categories
        self._intents = intents
        self._dangers = dangers
        self._version = version
        self._maps: dict[tuple[tuple[str, str, str, bool], ...], ServiceMap] = {}

    @property
    def version(self) -> str:
        """Names the rules and their lexicons, for the record."""
        return self._version

    def classify(self, texts: Sequence[str], services: Sequence[Service]) -> Sequence[Understood]:
        """One answer per text, in order. Only active ones among `services` are suggested."""
        offered = self._service_map(services)
        return [self._understand(text, offered) for text in texts]

    def _service_map(self, services: Sequence[Service]) -> ServiceMap:
        key = service_key(services)
        if key not in self._maps:
            self._maps = {key: ServiceMap(services, self._name_category)}
        return self._maps[key]

    def _name_category(self, text: str) -> str | None:
        scores = self._categories.score(self._pipeline.find(read_words(text)))
        return scores[0].code if scores else None

    def _understand(self, text: str, offered: ServiceMap) -> Understood:
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
        guesses = offered.guesses(categories, words)
        code, intent, abstained = _decide(guesses, intents)
        language, language_probability = _language(text, dangers, categories)
        places = find_places(text)
        place = most_exact(places)
        return Understood(
            language=language,
            language_probability=language_probability,
            intent=intent.intent if intent else None,
            intent_probability=round(intent.probability, 4) if intent else 0.0,
            service_code=code,
            service_probability=guesses[0].probability if code else 0.0,
            runners_up=tuple(guesses[1 : 1 + RUNNERS_UP] if code else guesses[:RUNNERS_UP]),
            danger=bool(dangers),
            danger_rule=dangers[0].rule if dangers else "",
            location_phrase=text[place.start : place.end] if place else "",
            abstained=abstained,
            evidence=tuple(_evidence(text, words, dangers, categories, intent, places)),
        )


def _decide(guesses: Sequence[Guess], intents: Sequence[IntentScore]) -> tuple[str | None, IntentScore | None, bool]:
    """The service code to suggest, the intent, and whether we abstain."""
    intent = intents[0] if intents and intents[0].probability >= INTENT_ENOUGH else None
    clear = bool(guesses) and guesses[0].probability >= SURE_ENOUGH
    if clear and len(guesses) > 1:
        clear = guesses[0].probability - guesses[1].probability >= CLEARLY_FIRST
    if intent is None:
        return None, None, True
    if intent.intent in (Intent.PRAISE, Intent.CHATTER):
        return None, intent, False
    code = guesses[0].value if clear else None
    return code, intent, code is None and intent.intent in _ABOUT_A_SERVICE


def _language(text: str, dangers: Sequence[DangerHit], categories: Sequence[CategoryScore]) -> tuple[str, float]:
    """By script and small words; where those leave it open, the language of the lexicon whose cue the text holds."""
    language, probability = guess_language(text)
    if probability > UNDECIDED:
        return language, probability
    if dangers:
        return dangers[0].cue.partition(":")[0], UNDECIDED
    if categories and categories[0].cues:
        rule, _ = categories[0].cues[0]
        return rule.partition(":")[0].rsplit(" ", 1)[-1], UNDECIDED
    return language, probability


def _evidence(
    text: str,
    words: Words,
    dangers: Sequence[DangerHit],
    categories: Sequence[CategoryScore],
    intent: IntentScore | None,
    places: Sequence[Place],
) -> list[Evidence]:
    evidence = [
        one
        for hit in dangers[:_SHOWN_DANGERS]
        for one in _spanned(EvidenceKind.DANGER, text, words, hit.places, f"{hit.rule}: {hit.cue}")
    ]
    if categories:
        for rule, spoken in _telling(categories[0].cues):
            evidence += _spanned(EvidenceKind.CATEGORY, text, words, spoken, rule)
    if intent:
        for rule, spoken in _telling(intent.cues):
            evidence += _spanned(EvidenceKind.INTENT, text, words, spoken, rule)
    evidence += [
        Evidence(kind=EvidenceKind.LOCATION, start=one.start, end=one.end, rule=f"{one.kind}: {one.rule}")
        for one in places
    ]
    evidence += [
        Evidence(kind=EvidenceKind.PRIVATE, start=one.start, end=one.end, rule=one.kind)
        for one in find_private(text[:SCANNED_CODE_POINTS])
    ]
    return list({(one.kind, one.start, one.end): one for one in reversed(evidence)}.values())[::-1]


Cue = tuple[str, tuple[tuple[int, int], ...]]
"""(rule name: what it speaks for, how strongly, the words; places as word numbers)"""


def _telling(cues: Sequence[Cue]) -> Sequence[Cue]:
    """The cues a person would underline: the strong ones; without any, two plain ones, or the best there is."""
    strength = {cue: cue[0].split()[1] for cue in cues}
    strong = [cue for cue in cues if strength[cue] in ("sure", "strong")]
    plain = [cue for cue in cues if strength[cue] == "plain"]
    return strong[:_SHOWN_CUES] or plain[:2] or cues[:1]


def _spanned(
    kind: EvidenceKind, text: str, words: Words, places: Iterable[tuple[int, int]], rule: str
) -> list[Evidence]:
    """The spans of one cue; words of it that stand side by side are one span."""
    joined: list[Evidence] = []
    for start, end in sorted(words.span(*place) for place in places):
        if joined and not text[joined[-1].end : start].strip():
            joined[-1] = joined[-1].model_copy(update={"end": max(end, joined[-1].end)})
        else:
            joined.append(Evidence(kind=kind, start=start, end=end, rule=rule))
    return joined


@lru_cache(maxsize=1)
def build() -> RuleClassifier:
    """Reads the lexicons and builds the classifier: two seconds, once a process. Raises CueError on a bad lexicon."""
    book = PhraseBook()
    categories, intents, dangers = CategoryRules(book), IntentRules(book), DangerRules(book)
    return RuleClassifier(Pipeline(book), categories, intents, dangers, f"rules-1+{_fingerprint()}")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted((files("classifier") / "lexicon").iterdir(), key=lambda one: one.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
