"""Finding place phrases with the names of a city's own gazetteer."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from classifier.corpus import categories, dangers
from classifier.places.kinds import Place, PlaceKind
from classifier.places.namebook import Name, NameBook
from classifier.places.phrases import kind_of_place, places_in
from classifier.places.tokens import Trust, plain_words, word_set, words_of
from classifier.places.written import plain_words_of, short_forms, tells_kind
from models.places import AreaKind, Feature, FeatureKind

_KINDS = {
    FeatureKind.LANDMARK: PlaceKind.LANDMARK,
    FeatureKind.STOP: PlaceKind.STOP,
    FeatureKind.WATERWAY: PlaceKind.WATERWAY,
    FeatureKind.AREA: PlaceKind.AREA,
}
_STREETS = frozenset({FeatureKind.STREET, FeatureKind.SEGMENT, FeatureKind.CROSSING, FeatureKind.HOUSE})
_LONGEST_NAME = 8
"""Words; what is longer is a sentence in the wrong column."""
_WORD = re.compile(r"[^\W\d_]{3,}|\w+|&")
_JOINS = frozenset({"and", "&", "n"})
_OFTEN = 3
"""Texts of the corpus with a word in small letters, from which on it is a common one; streets stand there too."""
_SHORT = 4
"""Letters; a shorter word alone that can be spoken is a place only in capitals and where a place is said to follow."""
_LONG = 5
_VOWEL = re.compile("[aeiouy]")


class Finder:
    """Finds place phrases by patterns and, where `features` are given, by the names of a city's gazetteer.

    Half a second for 50,000 streets; after making it never changes.
    """

    def __init__(self, features: Iterable[Feature] = ()) -> None:
        names = list(_names(features))
        self._own_areas = any(name.kind == PlaceKind.AREA for name in names)
        self._names = NameBook([*names, *_short(names)], common=_common_words() if names else frozenset())

    def find(self, text: str) -> list[Place]:
        """Every place phrase, in order, none overlapping another. Never raises."""
        return places_in(text, self._names, own_areas=self._own_areas)


def _names(features: Iterable[Feature]) -> Iterator[Name]:
    seen: set[tuple[FeatureKind, str]] = set()
    for feature in features:
        for name in (feature.name, feature.other) if feature.kind is FeatureKind.CROSSING else (feature.name,):
            if (feature.kind, name) in seen:
                continue
            seen.add((feature.kind, name))
            if feature.kind in _STREETS:
                yield from _street(name)
            elif feature.kind is FeatureKind.NICKNAME:
                kind = kind_of_place(feature.other) or PlaceKind.LANDMARK
                yield Name(name, kind, _alone(words_of(name)))
            elif feature.kind in _KINDS and feature.other != AreaKind.CITY:
                yield Name(name, _KINDS[feature.kind], _alone(words_of(name)))


def _short(names: Iterable[Name]) -> Iterator[Name]:
    """Landmarks as they are called for short. One that still says what it is needs no more to speak for it."""
    for name in names:
        if name.kind == PlaceKind.LANDMARK:
            for form in short_forms(plain_words_of(name.text)):
                yield Name(" ".join(form), name.kind, Trust.ALONE if tells_kind(form[-1]) else Trust.CAPITAL)


def _street(name: str) -> Iterator[Name]:
    """The name without direction and street word, which are read from the text."""
    words = words_of(name)
    suffixes, directions = word_set("street", "suffixes"), word_set("street", "directions")
    first, last = 0, len(words)
    if len(words) > 1 and words[0] in directions and words[1] not in suffixes:
        first = 1
    while last - 1 > first and (words[last - 1] in directions or words[last - 1] == "."):
        last -= 1
    if last - 1 > first and words[last - 1] in suffixes:
        last -= 1
    base = words[first:last]
    if base and len(base) < _LONGEST_NAME and not (len(base) == 1 and base[0][0].isdigit()):
        common = len(base) == 1 and base[0] in _words_of_posts()
        yield Name(" ".join(base), PlaceKind.STREET, Trust.PLACED if common else _trust(base))


def _alone(words: list[str]) -> Trust:
    """Of a name that is no street: several words, or one that posts seldom use in small letters, need nothing."""
    if len(words) == 2 and words[0] == "the":
        return Trust.ALONE if len(words[1]) > _LONG and words[1] not in _common_words() else Trust.CAPITAL
    if len(words) > 1:
        return Trust.CAPITAL if plain_words().issuperset(words) else Trust.ALONE
    trust = _trust(words)
    return Trust.ALONE if trust is Trust.CAPITAL and words[0] not in _words_of_posts() else trust


def _common_words() -> frozenset[str]:
    return _words_of_posts() | plain_words()


@cache
def _words_of_posts() -> frozenset[str]:
    """Words that the corpus often has in small letters where no street is named."""
    around = word_set("phrases", "before_names") | word_set("street", "suffixes") | word_set("street", "directions")
    counts: Counter[str] = Counter()
    for example in [*categories(), *dangers()]:
        if example.language == "en":
            words = ["", *_WORD.findall(example.text), ""]
            counts.update(
                word
                for before, word, behind in zip(words, words[1:], words[2:], strict=False)
                if word.islower()
                and not (before in around or before.isdigit() or {before, behind} & _JOINS or behind in around)
            )
    return frozenset(word for word, times in counts.items() if times >= _OFTEN)


def _trust(words: list[str]) -> Trust:
    """One word alone needs a capital or words that place it; common ones both."""
    if len(words) > 1:
        return Trust.PLACED if plain_words().issuperset(words) else Trust.ALONE
    if not words or words[0] in plain_words() or (len(words[0]) < _SHORT and _VOWEL.search(words[0])):
        return Trust.PLACED
    return Trust.CAPITAL
