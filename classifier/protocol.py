"""What a classifier is: text in, an answer with evidence out. Sync, no network, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from models import Evidence, Guess, Intent, Service


@dataclass(frozen=True, slots=True)
class Understood:
    """What a classifier makes of one text.

    Probabilities are 0 to 1. `abstained` means that it is too unsure of the service or the intent to suggest one; the
    best guesses then stand in `runners_up`. `evidence` spans count code points of the text (invariant 9).
    `danger` comes from rules alone, never from a model (invariant 7).
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
    evidence: tuple[Evidence, ...] = field(default_factory=tuple)


class Classifier(Protocol):
    """Turns texts into answers, one for one and in order."""

    @property
    def version(self) -> str:
        """Names the rules and weights that answered, for the record."""
        ...

    def classify(self, texts: Sequence[str], services: Sequence[Service]) -> Sequence[Understood]:
        """One Understood per text. `services` are the ones the city offers; no other code is suggested."""
        ...
