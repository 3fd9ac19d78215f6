"""The classifier at work: rules first, then words, and the sentence encoder only where words leave it open.

Danger comes from the rules alone and before any model (invariant 7). Categories and intents are scored by linear heads
over the words and the lexicons' cues; where the first guess of either barely leads the second and the text may be
English, the encoder reads it and the heads score again. What nobody files is not worth asking about its category.
Without model files the rules answer, as on their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from classifier.answers import Bars, Judged, Signs, answer
from classifier.category import CategoryScore
from classifier.explaining import covered_texts, explain
from classifier.features import Floats, Weighed, Weigher
from classifier.heads import MAY_BE_ENGLISH, Head, Tier, left_open, softmax
from classifier.intent import IntentScore
from classifier.model_files import ModelFiles
from classifier.models_at_work import CATEGORY, DANGER, INTENT, Loaded, load
from classifier.places.recognizer import LIKE_REQUESTS
from classifier.problems import several_problems
from classifier.protocol import Explanations, FindsPlaces, Understood
from classifier.rules import BARS, RuleClassifier, build, with_hints
from classifier.services import ServiceMap
from models import Explanation, Intent, LabelTask, Service

_NOT_FILED = frozenset({Intent.PRAISE, Intent.CHATTER, Intent.QUESTION})
_INTENT_LEAD = 0.12
_READ = 256
"""Code points the encoder is given: what a longer post is about, it says before."""
_KEPT = 5
"""Guesses kept of each task; with the services that share a category that is enough for a first and three more."""


@dataclass(slots=True)
class Read:
    """One text on its way through the cascade."""

    signs: Signs
    weighed: Weighed
    tiers: dict[str, Tier] = field(default_factory=dict)
    cues: dict[str, Floats] = field(default_factory=dict)
    scores: dict[str, Floats] = field(default_factory=dict)
    vector: Floats | None = None


class CascadeClassifier:
    """Implements `classifier.protocol.Classifier` over one set of loaded models; after making it never changes."""

    def __init__(self, rules: RuleClassifier, models: Loaded) -> None:
        self._rules = rules
        self._models = models
        self._bars = {task: _bars(head) for task, head in models.heads.items()}

    @property
    def version(self) -> str:
        """Names the rules and the models that answered, for the record."""
        return f"{self._rules.version} {self._models.name}"

    @property
    def troubles(self) -> list[str]:
        """What could not be loaded, in sentences."""
        return self._models.troubles

    def classify(
        self, texts: Sequence[str], services: Sequence[Service], hints: Sequence[str | None] = ()
    ) -> Sequence[Understood]:
        """One answer per text, in order. Only active ones among `services` are suggested."""
        weigher = self._models.weigher
        if weigher is None or not self._models.heads:
            return self._rules.classify(texts, services, hints)
        offered = self._rules.offered(services)
        return [self._answer(read, offered) for read in self._read(texts, hints, weigher)]

    def _read(self, texts: Sequence[str], hints: Sequence[str | None], weigher: Weigher) -> list[Read]:
        reads = [self._by_words(self._rules.signs(text, hint), weigher) for text, hint in with_hints(texts, hints)]
        open_ones = [read for read in reads if self._left_open(read)]
        vectors = self._models.encode([read.signs.text[:_READ] for read in open_ones]) if open_ones else None
        if vectors is not None:
            for read, vector in zip(open_ones, vectors, strict=True):
                self._with_vector(read, vector)
        return reads

    def _with_vector(self, read: Read, vector: Floats) -> None:
        read.vector = vector
        for task in read.scores:
            head = self._models.heads[task]
            read.tiers[task] = head.tier(english=True, whole=True)
            read.scores[task] = head.scores(read.tiers[task], read.weighed, read.cues[task], vector)

    def _by_words(self, signs: Signs, weigher: Weigher) -> Read:
        weighed = weigher.weigh(signs.words)
        read = Read(signs, weighed)
        for task in (CATEGORY, INTENT):
            if head := self._models.heads.get(task):
                read.tiers[task] = head.tier(english=signs.language in MAY_BE_ENGLISH, whole=False)
                read.cues[task] = signs.cues(task, head.classes)
                read.scores[task] = head.scores(read.tiers[task], weighed, read.cues[task])
        return read

    def _left_open(self, read: Read) -> bool:
        if read.signs.language not in MAY_BE_ENGLISH or not len(read.weighed.features):
            return False
        chances = {task: softmax(scores) for task, scores in read.scores.items()}
        if INTENT in chances:
            wanted = Intent(self._models.heads[INTENT].classes[int(chances[INTENT].argmax())])
            if left_open(chances[INTENT], _INTENT_LEAD) or wanted in _NOT_FILED:
                return left_open(chances[INTENT], _INTENT_LEAD)
        return CATEGORY in chances and left_open(chances[CATEGORY])

    def _answer(self, read: Read, offered: ServiceMap) -> Understood:
        signs = read.signs
        categories, intents = list(signs.categories), list(signs.intents)
        bars = {CATEGORY: BARS, INTENT: BARS} | self._bars
        if CATEGORY in read.scores:
            categories = self._categories(read)
        if INTENT in read.scores:
            intents = self._intents(read)
        judged = Judged(
            categories,
            intents,
            self._explanations(read, categories, intents, offered),
            several_problems(signs, categories, offered),
            self._danger_score(read),
        )
        limits = Bars(
            service=bars[CATEGORY].service,
            lead=bars[CATEGORY].lead,
            categories=bars[CATEGORY].categories,
            intent=bars[INTENT].intent,
            intents=bars[INTENT].intents,
        )
        recognizer = self._models.recognizer
        if recognizer and intents and intents[0].intent in LIKE_REQUESTS:
            signs = replace(signs, places=recognizer.find(signs.text, signs.places))
        return answer(signs, judged, offered, limits)

    def occlude(self, text: str, explanations: Sequence[Explanation], offered: ServiceMap) -> list[Explanation]:
        """The explanations with `occluded`: which words the sentence as a whole leaned on, by covering each in turn.

        Up to half a second. Unchanged where no encoder is there or the text is not one it reads.
        """
        signs = self._rules.signs(text)
        vectors = self._models.encode([text]) if signs.language in MAY_BE_ENGLISH else None
        if vectors is None or self._models.weigher is None:
            return list(explanations)
        covered = covered_texts(text, signs.words)
        encoded = self._models.encode(covered.texts)
        if encoded is None:
            return list(explanations)
        done = []
        for one in explanations:
            head = self._models.heads.get(one.task)
            name = offered.category_of(one.value) if one.task is LabelTask.CATEGORY else one.value
            if head is None or head.whole.encoder is None or name not in head.classes:
                done.append(one)
                continue
            column = head.whole.encoder[:, head.classes.index(name)] / head.whole.temperature
            done.append(one.model_copy(update={"occluded": covered.falls(encoded @ column)}))
        return done

    def offered(self, services: Sequence[Service]) -> ServiceMap:
        """The services by category."""
        return self._rules.offered(services)

    def _categories(self, read: Read) -> list[CategoryScore]:
        head, scores = self._models.heads[CATEGORY], read.scores[CATEGORY]
        chances, known = head.chances(scores), {one.code: one for one in read.signs.categories}
        return [
            CategoryScore(code, float(chances[place]), known[code].cues if code in known else (), float(scores[place]))
            for place in np.argsort(-chances)[:_KEPT]
            for code in (head.classes[place],)
        ]

    def _intents(self, read: Read) -> list[IntentScore]:
        head, scores = self._models.heads[INTENT], read.scores[INTENT]
        chances, known = head.chances(scores), {one.intent: one for one in read.signs.intents}
        return [
            IntentScore(
                intent, float(chances[place]), known[intent].cues if intent in known else (), float(scores[place])
            )
            for place in np.argsort(-chances)
            for intent in (Intent(head.classes[place]),)
        ]

    def _explanations(
        self, read: Read, categories: Sequence[CategoryScore], intents: Sequence[IntentScore], offered: ServiceMap
    ) -> Explanations:
        explained: list[dict[str, Any]] = []
        if CATEGORY in read.scores:
            guesses = [
                (one.code, code, one.probability)
                for one in categories[:3]
                for code in offered.codes_of(one.code, read.signs.words)[:1]
            ]
            explained += explain(self._models.heads[CATEGORY], LabelTask.CATEGORY, read, guesses)
        if INTENT in read.scores:
            wanted = [(str(one.intent), str(one.intent), one.probability) for one in intents[:3]]
            explained += explain(self._models.heads[INTENT], LabelTask.INTENT, read, wanted)
        return Explanations(explained)

    def _danger_score(self, read: Read) -> float:
        """A second opinion, asked only where a rule has raised the alarm: it orders alarms and hides none."""
        if not read.signs.dangers or DANGER not in self._models.heads:
            return 1.0 if read.signs.dangers else 0.0
        head = self._models.heads[DANGER]
        none = np.zeros(len(head.classes), np.float32)
        tier = head.tier(english=read.signs.language in MAY_BE_ENGLISH, whole=False)
        return round(float(softmax(head.scores(tier, read.weighed, none))[head.classes.index("danger")]), 3)


def _bars(head: Head) -> Bars:
    limits = {name: float(bar) for name, bar in zip(head.classes, head.thresholds, strict=True)}
    return Bars(service=1.0, intent=1.0, categories=limits, intents=limits)


class FollowingClassifier:
    """Answers with the models that run now: looks before each batch whether another version was chosen.

    `places`: finds place phrases with the names of a city; None: by patterns alone.
    """

    def __init__(self, files: ModelFiles, places: FindsPlaces | None = None) -> None:
        self._files = files
        self._places = places
        self._stamp = -1
        self._follow()

    def _follow(self) -> CascadeClassifier:
        stamp = self._files.stamp
        if stamp != self._stamp:
            self._now, self._stamp = CascadeClassifier(build(self._places), load(self._files)), stamp
        return self._now

    @property
    def version(self) -> str:
        """Names the rules and the models that answered last, for the record."""
        return self._now.version

    @property
    def now(self) -> CascadeClassifier:
        """The classifier with the models that run now."""
        return self._follow()

    def classify(
        self, texts: Sequence[str], services: Sequence[Service], hints: Sequence[str | None] = ()
    ) -> Sequence[Understood]:
        """As CascadeClassifier.classify."""
        return self._follow().classify(texts, services, hints)
