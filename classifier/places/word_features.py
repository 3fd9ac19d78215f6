"""What the recogniser sees of each word: its form, shape and ends, its neighbours, and the names it may be part of.

Every feature is a number (CRC-32), so that a trained model holds none of the words it was taught with.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from zlib import crc32

from classifier.words import SCANNED_CODE_POINTS

LONGEST_NAME = 8
"""Words of the longest name that is looked up."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?|[^\w\s]|_")
_REPEATED = re.compile(r"(.)\1{2,}")
_FAR, _NEAR = 3, 2
_AWAY = tuple(away for away in range(-_FAR, _FAR + 1) if away)
_LONGEST_WORD = 40
_NAME = crc32(b"name=")
_ENDS = (2, 3, 4)

NameOf = Callable[[int], str | None]
"""The number of a name -> what it names, or None."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or sign: code points `start` to `end` of the text."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower()[:_LONGEST_WORD]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The numbers of one word: for itself, and for the words around it by how far away it is."""

    itself: tuple[int, ...]
    around: dict[int, tuple[int, ...]]


def words_of(text: str) -> list[Word]:
    """The words and signs of the first SCANNED_CODE_POINTS."""
    return [Word(match[0], match.start(), match.end()) for match in _WORD.finditer(text[:SCANNED_CODE_POINTS])]


def name_number(words: Sequence[Word]) -> int:
    """The number by which a name is known; upper and lower case are the same."""
    return _name_numbers([word.lower.encode("utf-8", "replace") for word in words])[-1]


def features_of(words: Sequence[Word], named: NameOf) -> list[list[int]]:
    """The feature numbers of every word."""
    seen, lower = [_seen(word.text) for word in words], [word.lower for word in words]
    shapes = [_shape(word.text) for word in words]
    last = len(words) - 1
    found = []
    for at, one in enumerate(seen):
        features = [*one.itself]
        for away in _AWAY:
            features += seen[at + away].around[away] if 0 <= at + away <= last else _EDGE[away]
        if at:
            features += _pair(lower[at - 1], lower[at], shapes[at - 1], shapes[at], -1)
        if at < last:
            features += _pair(lower[at], lower[at + 1], shapes[at], shapes[at + 1], 1)
        if 0 < at < last:
            features.append(_number("shapes", f"{shapes[at - 1]} {shapes[at]} {shapes[at + 1]}"))
        found.append(features)
    _add_names(found, words, named)
    return found


def _name_numbers(words: Sequence[bytes]) -> list[int]:
    """The numbers of the names of the first word, the first two, and so on; words in small letters."""
    numbers = list(accumulate(words, lambda number, word: crc32(word + b" ", number), initial=_NAME))
    return numbers[1:]


def _add_names(found: list[list[int]], words: Sequence[Word], named: NameOf) -> None:
    """The longest known names, left to right; a word knows of its neighbours' as well."""
    marks = [""] * len(words)
    lower = [word.lower.encode("utf-8", "replace") for word in words]
    at = 0
    while at < len(words):
        numbers = _name_numbers(lower[at : at + LONGEST_NAME])
        known = ((size, what) for size in range(len(numbers), 0, -1) if (what := named(numbers[size - 1])))
        size, what = next(known, (1, ""))
        if what:
            small = "" if words[at].text[0].isupper() else " small"
            marks[at : at + size] = [f"{part_of(place, size)} {what}{small}" for place in range(size)]
        at += size
    for at, mark in enumerate(marks):
        for place, away in ((at, 0), (at - 1, 1), (at + 1, -1)):
            if mark and 0 <= place < len(words):
                found[place].append(_number(f"named {away}", mark))


def part_of(place: int, size: int) -> str:
    """Which part of a phrase of `size` words the word at `place` is: beginning, inside, end, or single."""
    if size == 1:
        return "S"
    return "B" if place == 0 else "E" if place == size - 1 else "I"


def _number(what: str, value: str) -> int:
    return crc32(f"{what}={value}".encode("utf-8", "replace"))


@lru_cache(maxsize=16_384)
def _seen(text: str) -> _Seen:
    lower, shape = text.lower()[:_LONGEST_WORD], _shape(text)
    ends = [(f"first {size}", lower[:size]) for size in _ENDS] + [(f"last {size}", lower[-size:]) for size in _ENDS]
    itself = (_number("any", ""), _number("word", lower), _number("shape", shape), *(_number(*one) for one in ends))
    around = {}
    for away in _AWAY:
        numbers = [_number(f"word {away}", lower)]
        if abs(away) <= _NEAR:
            numbers.append(_number(f"shape {away}", shape))
        around[away] = tuple(numbers)
    return _Seen(itself, around)


_EDGE = {away: (_number(f"word {away}", "\n"),) for away in _AWAY}


@lru_cache(maxsize=32_768)
def _pair(first: str, second: str, first_shape: str, second_shape: str, away: int) -> tuple[int, int]:
    return _number(f"words {away}", f"{first} {second}"), _number(f"shapes {away}", f"{first_shape} {second_shape}")


@lru_cache(maxsize=16_384)
def _shape(text: str) -> str:
    """ "Mc5th" -> "Xxdxx"; no sign stands more than twice in a row."""
    signs = (
        "d" if sign.isdigit() else "X" if sign.isupper() else "x" if sign.islower() else sign
        for sign in text[:_LONGEST_WORD]
    )
    return _REPEATED.sub(r"\1\1", "".join(signs))
