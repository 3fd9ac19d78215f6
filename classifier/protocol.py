"""What a classifier is: text in, an answer with evidence out. Sync, no network, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, overload

from classifier.places.phrases import Place
from models import Evidence, Explanation, Guess, Intent, Need, Problem, Service
from models.posts import Pin

if TYPE_CHECKING:
    from classifier.places.resolver import Resolved


class Explanations(Sequence[Explanation]):
    """Why each guess has its score, kept as it is stored (`rows`: fields of Explanation); made a value when asked for.

    Six a text, each with its words: making values of all of them would be a tenth of the time a text takes.
    """

    def __init__(self, rows: Sequence[dict[str, Any]] = ()) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explanations) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment] # it holds what can be changed

    @overload
    def __getitem__(self, place: int) -> Explanation: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Explanation]: ...
    def __getitem__(self, place: int | slice) -> Explanation | Sequence[Explanation]:
        if isinstance(place, slice):
            return [Explanation.model_validate(row) for row in self.rows[place]]
        return Explanation.model_validate(self.rows[place])


@dataclass(frozen=True, slots=True)
class Understood:
    """What a classifier makes of one text.

    Probabilities are 0 to 1. `abstained` means that it is too unsure of the service or the intent to suggest it (of the
    other it may be sure), and `abstained_because` says why; the best guesses then stand in `runners_up`. Spans count
    code points of the text.
    `danger` comes from rules alone, before any model (invariant 7); `danger_score` orders alarms and hides none.
    `intents`: the three most probable. `problems`: where one text tells of several, each with its words.
    `explanations`: why each guess has its score, exactly (invariant 9). `places`: every place phrase, in order.
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
    explanations: "Explanations" = field(default_factory=lambda: Explanations())
    danger_score: float = 0.0
    places: tuple[Place, ...] = ()


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


class FindsPlaces(Protocol):
    """Finds the stretches of a text that name a place."""

    def find(self, text: str) -> Sequence[Place]:
        """Every place phrase, in order, none overlapping another. Never raises."""
        ...


class Places(FindsPlaces, Protocol):
    """Where a text says it is, by the city's gazetteer. Pure; may change between two calls when the city's data do."""

    @property
    def version(self) -> str:
        """Names the gazetteer, for the record."""
        ...

    def resolve(
        self, text: str, places: Sequence[Place], *, need: Need, pin: Pin | None = None, photo: Pin | None = None
    ) -> "Resolved":
        """The candidates, best first. `places`: the place phrases found in the text. `need`: of the service."""
        ...
