"""What a text is weighed by: its words, pairs of words and pieces of words, hashed, by TF-IDF.

The words are those of `classifier.words`, so every language the lexicons know is cut as it must be; pieces (3 to 5
letters with the word's ends) carry languages with many endings, and typing errors. Features are hashed (CRC-32), so
that a word first met in a city's own labels has its place at once. How rare a feature is was counted once, over the
corpus; one never met there counts as rarest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import numpy.typing as npt

from classifier.words import BLANK, STOP, Words, read_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BITS = 18
SIZE = 1 << BITS
"""Feature numbers. Even ones are words and pairs of words, odd ones pieces of words."""
_SILENT = frozenset({BLANK, STOP})
_SHORTEST_PIECE, _LONGEST_PIECE = 3, 5
_LONGEST_WORD = 40
"""Of a longer run of letters only the beginning is cut into pieces."""

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def _number(feature: str, *, piece: bool) -> int:
    return (crc32(feature.encode("utf-8", "replace")) % (SIZE // 2)) * 2 + piece


@lru_cache(maxsize=32_768)
def _numbers_of(form: str) -> Numbers:
    """The word itself, and its pieces."""
    marked = f"<{form[:_LONGEST_WORD]}>"
    pieces = (
        marked[start : start + size]
        for size in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1)
        for start in range(len(marked) - size + 1)
    )
    alone = len(form) == 1
    numbers = (_number(form, piece=False), *(() if alone else (_number(one, piece=True) for one in pieces)))
    return np.array(numbers, np.int64)


@lru_cache(maxsize=65_536)
def _number_of_pair(first: str, second: str) -> int:
    return _number(f"{first} {second}", piece=False)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text as numbers: `features` with their `values`, and which words each of them came from.

    occurrences: for each time a feature occurs in a word, (place in `features`, word number, share of the value).
    The shares of one feature sum to 1.
    """

    features: Numbers
    values: Floats
    occurs: Numbers
    words: Numbers
    shares: Floats


class Weigher:
    """Turns texts into features. `rarity`: inverse document frequency by feature number, (SIZE,)."""

    def __init__(self, rarity: Floats) -> None:
        self.rarity = rarity

    @classmethod
    def count(cls, texts: Sequence[str]) -> "Weigher":
        """Counts over a corpus how rare each feature is: ln((1 + texts) / (1 + texts with it)) + 1."""
        held = np.zeros(SIZE, np.int64)
        for text in texts:
            features, _, _ = _occurrences(read_words(text))
            held[np.unique(features)] += 1
        return cls((np.log((1 + len(texts)) / (1 + held)) + 1).astype(np.float32))

    @classmethod
    def load(cls, file: Path) -> "Weigher":
        """Raises OSError or ValueError for a file that is none."""
        return cls(np.load(file, allow_pickle=False).astype(np.float32))

    def save(self, file: Path) -> None:
        np.save(file, self.rarity.astype(np.float16), allow_pickle=False)

    def weigh(self, words: Words) -> Weighed:
        """Word features and piece features each have unit length, so that neither drowns the other."""
        found, places, halves = _occurrences(words)
        features, occurs = np.unique(found, return_inverse=True)
        counts = np.bincount(occurs, weights=halves, minlength=len(features))
        values = (1 + np.log(np.maximum(counts, 1))) * self.rarity[features]
        pieces = (features & 1).astype(bool)
        for block in (pieces, ~pieces):
            length = math.sqrt(float(values[block] @ values[block]))
            if length:
                values[block] /= length
        shares = (halves / counts[occurs]).astype(np.float32) if len(found) else halves
        return Weighed(features, values.astype(np.float32), occurs, places, shares)

    def matrix(self, texts: Sequence[str]) -> "csr_matrix":
        """All texts, (texts, SIZE), for training."""
        from scipy.sparse import csr_matrix  # answering does without

        rows = [self.weigh(read_words(text)) for text in texts]
        ends = np.cumsum([0, *(len(row.features) for row in rows)])
        if not rows:
            return csr_matrix((0, SIZE), dtype=np.float32)
        values = np.concatenate([row.values for row in rows])
        features = np.concatenate([row.features for row in rows])
        return csr_matrix((values, features, ends), shape=(len(rows), SIZE))


def _occurrences(words: Words) -> tuple[Numbers, Numbers, Floats]:
    """Every feature each time it occurs: its number, the word it is in, and how much of it (a pair: half in each)."""
    forms = words.forms
    spoken = [place for place, form in enumerate(forms) if form not in _SILENT]
    alone = [_numbers_of(forms[place]) for place in spoken]
    pairs: list[int] = []
    paired: list[int] = []
    for place, (first, second) in enumerate(pairwise(forms)):
        if first not in _SILENT and second not in _SILENT:
            number = _number_of_pair(first, second)
            pairs += (number, number)
            paired += (place, place + 1)
    found = np.concatenate([*alone, np.array(pairs, np.int64)])
    places = np.repeat(np.array(spoken, np.int64), [len(numbers) for numbers in alone])
    halves = np.ones(len(found), np.float32)
    halves[len(places) :] = 0.5
    return found, np.concatenate([places, np.array(paired, np.int64)]), halves
