"""Texts and the places in them that a person confirmed: read from lines of JSON, and with made-up names."""

import json
import random
import string
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from classifier.evaluation.rows import LeftOut, Spot, places
from classifier.places.phrases import kind_of_place
from classifier.places.recognizer import class_of
from classifier.places.word_features import words_of
from models import Channel
from models.labels import RefusedLine

SHARED = 5
"""A word in so many names ("street", "north") is no name's own, and is never made up."""


@dataclass(frozen=True, slots=True)
class TaughtText:
    """A text and the places in it that a person confirmed; `kind` of each is one of the recogniser's CLASSES."""

    text: str
    places: tuple[Spot, ...]


def taught(text: str, spots: Iterable[Spot]) -> TaughtText:
    """With kinds as classes; a place without a kind is what the patterns make of it."""
    kinds = ((one, one.kind or kind_of_place(text[one.start : one.end]) or "") for one in spots)
    return TaughtText(text, tuple(replace(one, kind=class_of(kind)) for one, kind in kinds))


def read_taught(lines: Iterable[str]) -> tuple[list[TaughtText], list[RefusedLine]]:
    """Texts from lines of JSON: `text`, and `locations` or `spans`. Refused are posts from X (`channel`), too."""
    found, refused = [], []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(taught_row(json.loads(line)))
            except LeftOut:
                refused.append(RefusedLine(number, "it has neither locations nor spans"))
            except (ValueError, RecursionError) as error:
                refused.append(RefusedLine(number, str(error)))
    return found, refused


def taught_row(row: object) -> TaughtText:
    """A row of `text`, and `locations` or `spans`. Raises LeftOut where it has neither, ValueError for a wrong row."""
    if not isinstance(row, dict) or not isinstance(text := row.get("text"), str) or not text.strip():
        raise ValueError("it holds no text")
    if str(row.get("channel", "")).lower() == Channel.X:
        raise ValueError("posts from X train nothing")
    spots = places(row)
    if not all(0 <= one.start < one.end <= len(text) for one in spots):
        raise ValueError("its places are no spans of its text")
    return taught(text, spots)


def with_made_up_names(texts: Sequence[TaughtText]) -> list[TaughtText]:
    """The texts that name places, their names' own words and numbers replaced by others of the same shape."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in texts:
        for spot in one.places:
            name = one.text[spot.start : spot.end]
            for word in words_of(name):
                names[word.lower].add(name.lower())
    own = {word for word, found in names.items() if len(found) < SHARED}
    chance = random.Random(1)  # noqa: S311 # always the same made-up names, no secret
    return [_made_up(one, own, chance) for one in texts if one.places]


def _made_up(text: TaughtText, own: set[str], chance: random.Random) -> TaughtText:
    """Nothing changes its length, so that every place stays where it is."""
    signs = list(text.text)
    for spot in text.places:
        for word in words_of(text.text[spot.start : spot.end]):
            if word.text.isdigit() or (word.text.isalpha() and len(word.text) > 1 and word.lower in own):
                start, end = spot.start + word.start, spot.start + word.end
                signs[start:end] = [_sign_like(sign, chance) for sign in word.text]
    return TaughtText("".join(signs), text.places)


def _sign_like(sign: str, chance: random.Random) -> str:
    if sign.isdigit():
        return chance.choice("123456789")
    letter = chance.choice(string.ascii_lowercase)
    return letter.upper() if sign.isupper() else letter
