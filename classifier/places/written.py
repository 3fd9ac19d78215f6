"""The ways in which people write the names of landmarks, stops and areas: "McPherson Sq", "Gray's Ferry"."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from classifier.lexicons import read_lexicon

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|&")
_BRACKET = re.compile(r"\s*\([^)]*\)\s*$")


@cache
def _listed(key: str) -> frozenset[str]:
    """A word list of `lexicon/written.toml`."""
    return frozenset(read_lexicon("written")["words"][key])


@cache
def _same() -> dict[str, str]:
    """Each short or other spelling of a word -> the whole word."""
    return {form: word for word, forms in read_lexicon("written")["same"].items() for form in forms}


@lru_cache(maxsize=16_384)
def plain_word(word: str) -> str:
    """A word in small letters, whole and without apostrophes: "Sq" -> "square"."""
    lower = word.casefold().replace("\u2019", "").replace("'", "")
    return _same().get(lower, lower)


def plain_words_of(name: str) -> list[str]:
    """The plain words of a name. What stands in brackets behind it tells it from others and is no part of it."""
    return [plain_word(one) for one in _WORD.findall(_BRACKET.sub("", name))]


def short_forms(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What is left of a landmark's name of several words when people leave out what it is ("Penn Treaty" Park)."""
    left = tuple(words[1:] if words[:1] == ["the"] else words)
    while len(left) > 2 and left[-1] in _listed("left_out"):
        left = left[:-1]
        if left[-1] not in _listed("streets") and left[-1] not in _listed("small"):
            yield left


def tells_kind(word: str) -> bool:
    """Whether a plain word says what kind of place a name is of: "recreation", "high"."""
    return word in _listed("left_out") or word in _listed("kinds")


def place_key(name: str) -> str:
    """What two ways of writing the name of a place share."""
    words = plain_words_of(name)
    return "".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def short_keys(name: str) -> list[str]:
    """The keys of a landmark's short forms."""
    return ["".join(one) for one in short_forms(plain_words_of(name))]


def stop_name(words: Sequence[str]) -> tuple[str, ...]:
    """The name of a stop without what says that it is one: "somerset" of "Somerset el stop"."""
    first, last = 0, len(words)
    while last > 1 and (is_train(words[last - 1]) or is_stop(words[last - 1]) or words[last - 1] in _listed("around")):
        last -= 1
    while first < last - 1 and words[first] == "the":
        first += 1
    return tuple(words[first:last])


def stop_parts(name: str) -> list[tuple[str, ...]]:
    """What else a stop is called by: one street of two ("Tasker-Morris"), a number alone, or with its "St"."""
    parts = [tuple(plain_words_of(one)) for one in name.split("-")] if "-" in name else []
    parts = [stop_name(one) for one in parts]
    base = stop_name(plain_words_of(name))
    return [*parts, base[:-1] if len(base) > 1 and base[-1] in _listed("streets") else (*base, "street")]


def is_train(word: str) -> bool:
    """Whether a plain word is one for trains: "el", "subway"."""
    return word in _listed("trains")


def is_stop(word: str) -> bool:
    """Whether a plain word is one for where trains stop: "station"."""
    return word in _listed("stops")


def is_doubtful_train(word: str) -> bool:
    """Whether a word for trains is one only where a stop is named too: "sub", "L"."""
    return word in _listed("doubtful_trains")
