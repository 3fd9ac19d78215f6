"""Which of a chat's questions is nearly the same as a new one. Precision first: a doubt keeps them apart.

Two are alike when nearly all of their telling words are the same, typing errors and endings aside, in any order, when
their numbers are the same, and when they do not ask for different things (when, where, who, what price, why).
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from rapidfuzz.fuzz import ratio

from classifier.chat.numbers import find_marks
from classifier.language import LANGUAGES
from classifier.lexicons import read_lexicon
from classifier.words import BLANK, QUESTION, STOP, form_of, read_words

_ALIKE = 0.72
"""The share of the letters in telling words that both have."""
_SAME_WORD = 82
"""From this on (0 to 100) two words are one with a typing error."""
_LONG = 4
"""Letters from which a word may be misspelt, or begin another one ("pick", "pickup")."""
_MOST = 60
"""Words that are compared; a longer post is no question that many ask."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it is compared: telling words, numbers, and what it asks for."""

    words: tuple[str, ...]
    numbers: frozenset[str]
    wants: frozenset[str]


def most_alike(text: str, others: Sequence[str]) -> int | None:
    """The place in `others` of the question most like `text`; None where none is near-identical. Never raises."""
    asked = _asked(text)
    found = [(_likeness(asked, _asked(other)), -place) for place, other in enumerate(others)]
    best, place = max(found, default=(0.0, 0))
    return -place if best >= _ALIKE else None


def _likeness(one: _Asked, other: _Asked) -> float:
    """0 to 1: the share of the letters that stand in words of both."""
    if not one.words or not other.words or one.numbers != other.numbers:
        return 0.0
    if one.wants and other.wants and one.wants.isdisjoint(other.wants):
        return 0.0
    letters = sum(map(len, one.words)) + sum(map(len, other.words))
    left, shared = list(other.words), 0
    for word in one.words:
        if (twin := next((known for known in left if _is_same(word, known)), None)) is not None:
            left.remove(twin)
            shared += len(word) + len(twin)
    return shared / letters


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < _LONG:
        return False
    return one.startswith(other) or other.startswith(one) or ratio(one, other) >= _SAME_WORD


@lru_cache(maxsize=4096)
def _asked(text: str) -> _Asked:
    words = read_words(text)
    marks = find_marks(words)
    small = _small_words()
    kept = [
        form
        for form, start in zip(words.forms, words.starts, strict=True)
        if form not in (BLANK, STOP, QUESTION) and not any(mark.start <= start < mark.end for mark in marks)
    ][:_MOST]
    spoken = " ".join(words.forms[:_MOST])
    wants = {kind for kind, ways in _wanted().items() if any(f" {way} " in f" {spoken} " for way in ways)}
    telling = tuple(_joined([form for form in kept if form not in small and not form.isdecimal()]))
    return _Asked(telling, frozenset(form for form in kept if form.isdecimal()), frozenset(wants))


def _joined(forms: Sequence[str]) -> Iterator[str]:
    """Words as they are; signs that are words of their own (Chinese, Khmer, Korean) in pairs, which tell more."""
    alone = [len(form) == 1 and not form.isascii() for form in forms]
    for place, form in enumerate(forms):
        if not alone[place]:
            yield form
    yield from (one + two for (one, two), both in zip(pairwise(forms), pairwise(alone), strict=True) if all(both))


@cache
def _wanted() -> dict[str, tuple[str, ...]]:
    read = tomllib.loads((files("classifier.chat") / "alike.toml").read_text("utf-8"))
    return {kind: tuple(" ".join(read_words(way).forms) for way in ways) for kind, ways in read.items()}


@cache
def _small_words() -> frozenset[str]:
    """The small words of every language of the desk, as they are compared."""
    lexicon = read_lexicon("language")
    return frozenset(
        form_of(word) for tag in LANGUAGES if tag in lexicon for word in " ".join(lexicon[tag]["words"]).split()
    )
