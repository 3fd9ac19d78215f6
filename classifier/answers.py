"""From what was found in a text to the answer about it: what to suggest, when to abstain, and the evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classifier.category import CategoryScore
from classifier.cues import Hit
from classifier.features import Floats
from classifier.intent import IntentScore
from classifier.places import Place, most_exact
from classifier.protocol import Explanations, Understood
from classifier.redaction import find_private
from classifier.services import ServiceMap
from classifier.urgency import DangerHit
from classifier.words import SCANNED_CODE_POINTS, Words
from models import Evidence, EvidenceKind, Guess, Intent, LabelTask, Problem

RUNNERS_UP = 3
_SHOWN_CUES, _SHOWN_DANGERS, _SHOWN_WORDS = 4, 8, 3
_ABOUT_A_SERVICE = frozenset({Intent.SERVICE_REQUEST, Intent.STATUS_ENQUIRY, Intent.COMPLAINT, Intent.EMERGENCY})


@dataclass(slots=True)
class Signs:
    """What the rules find in one text: its words, every phrase of the lexicons, and what these speak for."""

    text: str
    words: Words
    hits: Sequence[Hit]
    dangers: Sequence[DangerHit]
    categories: Sequence[CategoryScore]
    intents: Sequence[IntentScore]
    language: str
    language_probability: float
    places: Sequence[Place] = ()

    def cues(self, task: str, classes: Sequence[str]) -> Floats:
        """What the lexicons say for each class of a task, (classes,)."""
        cues = np.zeros(len(classes), np.float32)
        said: Sequence[CategoryScore | IntentScore] = self.categories if task == LabelTask.CATEGORY else self.intents
        for one in said:
            cues[classes.index(one.code if isinstance(one, CategoryScore) else one.intent)] = one.score
        return cues


@dataclass(frozen=True, slots=True)
class Bars:
    """From which probability on something is suggested. `lead`: how far the first service must be before the second.

    Categories and intents that are not named take `service` and `intent`.
    """

    service: float
    intent: float
    lead: float = 0.0
    categories: Mapping[str, float] = field(default_factory=dict)
    intents: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Judged:
    """What is to be said about one text: categories and intents with probabilities, best first, and why."""

    categories: Sequence[CategoryScore]
    intents: Sequence[IntentScore]
    explanations: Explanations = field(default_factory=Explanations)
    problems: Sequence[Problem] = ()
    danger_score: float = 0.0


def answer(signs: Signs, judged: Judged, offered: ServiceMap, bars: Bars) -> Understood:
    """The answer about one text."""
    guesses = offered.guesses(judged.categories, signs.words)
    code, intent, why = _decide(guesses, judged, offered, bars)
    place = most_exact(signs.places)
    return Understood(
        language=signs.language,
        language_probability=signs.language_probability,
        intent=intent.intent if intent else None,
        intent_probability=round(intent.probability, 4) if intent else 0.0,
        service_code=code,
        service_probability=guesses[0].probability if code else 0.0,
        runners_up=tuple(guesses[1 : 1 + RUNNERS_UP] if code else guesses[:RUNNERS_UP]),
        danger=bool(signs.dangers),
        danger_rule=signs.dangers[0].rule if signs.dangers else "",
        location_phrase=signs.text[place.start : place.end] if place else "",
        abstained=bool(why),
        abstained_because=why,
        evidence=tuple(_evidence(signs, judged, intent)),
        intents=tuple(Guess(value=one.intent, probability=round(one.probability, 4)) for one in judged.intents[:3]),
        problems=tuple(judged.problems),
        explanations=judged.explanations,
        danger_score=judged.danger_score,
        places=tuple(signs.places),
    )


def _decide(
    guesses: Sequence[Guess], judged: Judged, offered: ServiceMap, bars: Bars
) -> tuple[str | None, IntentScore | None, str]:
    """The service code to suggest, the intent, and why one of them is not suggested where it should be."""
    first = judged.intents[0] if judged.intents else None
    intent = first if first and first.probability >= bars.intents.get(first.intent, bars.intent) else None
    why = "" if intent else _unsure("what it wants", [(str(one.intent), one.probability) for one in judged.intents])
    if first is None or first.intent in (Intent.PRAISE, Intent.CHATTER):
        return None, intent, why
    if guesses:
        bar = bars.categories.get(offered.category_of(guesses[0].value), bars.service)
        lead = guesses[0].probability - (guesses[1].probability if len(guesses) > 1 else 0.0)
        if guesses[0].probability >= bar and lead >= bars.lead:
            return guesses[0].value, intent, why
    if first.intent not in _ABOUT_A_SERVICE:
        return None, intent, why
    names = [(offered.name_of(one.value), one.probability) for one in guesses]
    return None, intent, why or _unsure("which service it is for", names)


def _unsure(what: str, guesses: Sequence[tuple[str, float]]) -> str:
    shown = [f"{name.replace('_', ' ')} {probability:.0%}" for name, probability in guesses[:2] if probability >= 0.01]
    return f"too unsure {what}: {', '.join(shown)}" if shown else f"nothing in it tells {what}"


def _evidence(signs: Signs, judged: Judged, intent: IntentScore | None) -> list[Evidence]:
    text, words = signs.text, signs.words
    evidence = [
        one
        for hit in signs.dangers[:_SHOWN_DANGERS]
        for one in _spanned(EvidenceKind.DANGER, text, words, hit.places, f"{hit.rule}: {hit.cue}")
    ]
    if judged.categories:
        evidence += _for_guess(EvidenceKind.CATEGORY, LabelTask.CATEGORY, judged.categories[0].cues, signs, judged)
    if intent:
        evidence += _for_guess(EvidenceKind.INTENT, LabelTask.INTENT, intent.cues, signs, judged)
    evidence += [
        Evidence(kind=EvidenceKind.LOCATION, start=one.start, end=one.end, rule=f"{one.kind}: {one.rule}")
        for one in signs.places
    ]
    evidence += [
        Evidence(kind=EvidenceKind.PRIVATE, start=one.start, end=one.end, rule=one.kind)
        for one in find_private(text[:SCANNED_CODE_POINTS])
    ]
    return list({(one.kind, one.start, one.end): one for one in reversed(evidence)}.values())[::-1]


def _for_guess(
    kind: EvidenceKind, task: LabelTask, cues: Sequence["Cue"], signs: Signs, judged: Judged
) -> list[Evidence]:
    """The cues for the first guess; where the lexicons are silent, the words that weighed most for it."""
    if cues:
        return [one for rule, spoken in _telling(cues) for one in _spanned(kind, signs.text, signs.words, spoken, rule)]
    first = next((row for row in judged.explanations.rows if row["task"] == task), None)
    told = sorted((one for one in first["words"] if one["weight"] > 0), key=lambda one: -one["weight"]) if first else []
    return [
        Evidence(kind=kind, start=one["start"], end=one["end"], rule=f"{first['value']} words: {one['weight']:+.2f}")
        for one in told[:_SHOWN_WORDS]
        if first
    ]


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
