"""Place phrases as a city's confirmed drafts taught them: a linear-chain conditional random field over words.

It tells four classes apart, which is what people agree on; how exact a point is, the patterns say. Which of the rules
it gives way to was measured when it was trained. It reads only posts that look like requests (LIKE_REQUESTS).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from classifier.model_files import DAY_ONE, ModelFiles, ModelFileTrouble
from classifier.places.phrases import Place, PlaceKind, kind_of_place
from classifier.places.word_features import Word, features_of, part_of, words_of
from models import Intent

PLACES = "places"
"""The task, as the manifest and `hark train` call it."""
LEARNT = "learnt"
"""The rule of a place that the recogniser found."""
LIKE_REQUESTS = frozenset({Intent.SERVICE_REQUEST, Intent.EMERGENCY, Intent.COMPLAINT, Intent.STATUS_ENQUIRY})
POINT, AREA, ROAD, RIVER = CLASSES = ("point", "area", "road", "river")
OUTSIDE = "O"
TAGS = (OUTSIDE, *(f"{part}-{one}" for one in CLASSES for part in "BIES"))
"""Every word is outside, or the beginning, inside, end or single word of a phrase of a class."""
NEVER = -1e4
_ALONE = "The rules find places alone."

_KINDS = {ROAD: PlaceKind.STREET, RIVER: PlaceKind.WATERWAY, AREA: PlaceKind.AREA}
_CLASS_OF = {str(kind): one for one, kind in _KINDS.items()}

Floats = npt.NDArray[np.float32]


def class_of(kind: str) -> str:
    """The class of a PlaceKind, or of a class's own name; whatever is no street, waterway or area is a point."""
    return kind if kind in CLASSES else _CLASS_OF.get(kind, POINT)


def may_follow(tag: str, after: str) -> bool:
    """Whether `tag` may stand behind `after`; OUTSIDE stands for the ends of the text, too."""
    inside = after[0] in "BI"
    return tag[0] in "IE" and tag[1:] == after[1:] if inside else tag[0] in "OBS"


FORBIDDEN = np.array([[0.0 if may_follow(tag, after) else NEVER for tag in TAGS] for after in TAGS], np.float32)
"""Added to the score of a tag (column) after another (row)."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A trained recogniser; one without features finds nothing and changes nothing.

    features: the numbers it knows, rising. weights: (features, TAGS). steps: score of a tag after another (rows),
    (TAGS, TAGS). names: number of a taught name -> its class. firm: rules whose places stand against a learnt one.
    dropped: rules whose places do not stand alone. facts: what it was made of and how it measured.
    """

    features: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    weights: Floats = field(default_factory=lambda: np.zeros((0, len(TAGS)), np.float32))
    steps: Floats = field(default_factory=lambda: np.zeros((len(TAGS), len(TAGS)), np.float32))
    names: Mapping[int, str] = field(default_factory=dict)
    firm: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def find(self, text: str, places: Sequence[Place] = ()) -> list[Place]:
        """What it finds, merged with the places the rules found; in order, none overlapping another. Never raises."""
        learnt = self.read(text)
        if not learnt and not self.dropped:
            return list(places)
        kept = [one for one in places if one.rule in self.firm]
        kept += apart_from(kept, learnt)
        kept += apart_from(kept, [one for one in places if one.rule not in self.firm | self.dropped])
        return sorted(kept, key=lambda one: one.start)

    def read(self, text: str) -> list[Place]:
        """What it finds alone."""
        words = words_of(text) if len(self.features) else []
        if not words:
            return []
        found = []
        for first, last, what in phrases_of(self._best(self._scores(words))):
            start, end = words[first].start, words[last].end
            found.append(Place(_kind(what, text[start:end]), start, end, LEARNT))
        return found

    def _scores(self, words: Sequence[Word]) -> Floats:
        """The score of every tag for every word, (words, TAGS)."""
        listed = features_of(words, self.names.get)
        numbers = np.array([one for word in listed for one in word], np.uint32)
        rows = np.searchsorted(self.features, numbers)
        rows[rows == len(self.features)] = 0
        weights = np.where((self.features[rows] == numbers)[:, None], self.weights[rows], np.float32(0))
        starts = np.cumsum([0, *(len(word) for word in listed[:-1])])
        scores: Floats = np.add.reduceat(weights, starts, axis=0, dtype=np.float32)
        return scores

    def _best(self, scores: Floats) -> list[str]:
        """The likeliest tags (Viterbi)."""
        steps = self.steps + FORBIDDEN
        total = scores[0] + FORBIDDEN[0]
        came_from = []
        for row in scores[1:]:
            ways = total[:, None] + steps
            best = ways.argmax(axis=0)
            came_from.append(best)
            total = ways[best, np.arange(len(TAGS))] + row
        tag = int((total + FORBIDDEN[:, 0]).argmax())
        path = [tag]
        for best in reversed(came_from):
            tag = int(best[tag])
            path.append(tag)
        return [TAGS[one] for one in reversed(path)]

    @classmethod
    def load(cls, file: Path) -> Self:
        """Raises ModelFileTrouble for a file that is none."""
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                about = json.loads(bytes(held["meta"]))
                names = zip(held["names"].tolist(), (CLASSES[one] for one in held["name_classes"]), strict=True)
                made = cls(
                    held["features"],
                    held["weights"].astype(np.float32),
                    held["steps"].astype(np.float32),
                    dict(names),
                    frozenset(about["firm"]),
                    frozenset(about["dropped"]),
                    about["facts"],
                )
        except (OSError, BadZipFile, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelFileTrouble(
                f"{file} holds no place recogniser ({error}). The rules find places alone."
            ) from None
        if made.weights.shape != (len(made.features), len(TAGS)) or made.steps.shape != FORBIDDEN.shape:
            raise ModelFileTrouble(f"{file} is of another version. {_ALONE}")
        return made

    def save(self, file: Path) -> None:
        """Weights at half precision, which moves no answer."""
        about = {"firm": sorted(self.firm), "dropped": sorted(self.dropped), "facts": dict(self.facts)}
        with file.open("wb") as opened:
            np.savez(
                opened,
                features=self.features,
                weights=self.weights.astype(np.float16),
                steps=self.steps.astype(np.float16),
                names=np.array(list(self.names), np.uint32),
                name_classes=np.array([CLASSES.index(one) for one in self.names.values()], np.uint8),
                meta=np.frombuffer(json.dumps(about).encode(), np.uint8),
            )


def load_recognizer(files: ModelFiles) -> Recognizer | None:
    """The recogniser that runs; None where the rules find places alone. Raises ModelFileTrouble."""
    version = files.running(PLACES)
    return None if version == DAY_ONE else Recognizer.load(files.verified(f"{PLACES}/{version}.npz"))


def tags_of(words: Sequence[Word], spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """The tags of words under spans (start, end, class); of two that overlap the first counts."""
    tags = [OUTSIDE] * len(words)
    for start, end, what in spans:
        inside = [at for at, word in enumerate(words) if word.end > start and word.start < end]
        if all(tags[at] == OUTSIDE for at in inside):
            for place, at in enumerate(inside):
                tags[at] = f"{part_of(place, len(inside))}-{what}"
    return tags


def phrases_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """First word, last word and class of each phrase of a well-formed row of tags."""
    found, first = [], 0
    for at, tag in enumerate(tags):
        if tag[0] in "BS":
            first = at
        if tag[0] in "ES":
            found.append((first, at, tag[2:]))
    return found


def apart_from(kept: Sequence[Place], others: Sequence[Place]) -> list[Place]:
    """Those of the others that overlap none that is kept."""
    return [two for two in others if not any(one.start < two.end and two.start < one.end for one in kept)]


def _kind(what: str, phrase: str) -> PlaceKind:
    """The kind of a phrase of a class; for a point what the patterns make of it."""
    if kind := _KINDS.get(what):
        return kind
    kind = kind_of_place(phrase)
    return kind if kind and class_of(kind) == POINT else PlaceKind.LANDMARK
