"""What a classifier is: text in, an answer with evidence out. Sync, no network, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from models import Evidence, Explanation, Guess, Intent, Problem, Service


@dataclass(frozen=True, slots=True)
class Understood:
    """What a classifier makes of one text.

    Probabilities are 0 to 1. `abstained` means that it is too unsure of the service or the intent to suggest one, and
    `abstained_because` says why; the best guesses then stand in `runners_up`. Spans count code points of the text.
    `danger` comes from rules alone, before any model (invariant 7); `danger_score` orders alarms and hides none.
    `intents`: the three most probable. `problems`: where one text tells of several, each with its words.
    `explanations`: why each guess has its score, exactly (invariant 9).
    """

    language: str = "und"
    language_probability: float = 0.0
    intent: Intent | None = None
    intent_probability: float = 0.0
    service_code: str | None = None
    service_probability: float = 0.0
    runners_up: tuple[Guess, ...] = ()
    danger: bool = False
    danger_rule: str = ""
    location_phrase: str = ""
    abstained: bool = False
    abstained_because: str = ""
    evidence: tuple[Evidence, ...] = field(default_factory=tuple)
    intents: tuple[Guess, ...] = ()
    problems: tuple[Problem, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    danger_score: float = 0.0


class Classifier(Protocol):
    """Turns texts into answers, one for one and in order."""

    @property
    def version(self) -> str:
        """Names the rules and weights that answered, for the record."""
        ...

    def classify(
        self, texts: Sequence[str], services: Sequence[Service], hints: Sequence[str | None] = ()
    ) -> Sequence[Understood]:
        """One Understood per text. `services` are the ones the city offers; no other code is suggested.

        `hints`: the language the channel names for each text, a weak prior; empty where it names none.
        """
        ...
