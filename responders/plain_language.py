"""How hard a reply is to read: the Flesch-Kincaid grade for English, LIX for some other languages. Pure.

Sources: Kincaid et al. 1975 (grade = 0.39 words per sentence + 11.8 syllables per word - 15.59); Björnsson 1968
(LIX = words per sentence + 100 x words of more than six letters / words), which holds for languages in Latin letters
with words of like length. Elsewhere nothing is said. Syllables are counted by Pyphen's hyphenation and by vowels.
"""

import re
from dataclasses import dataclass
from functools import cache

import pyphen

from responders.wording import sentences

TARGET_GRADE = 8.0
TARGET_LIX = 40.0
"""Below it a text counts as easy to middling."""
LIX_LANGUAGES = frozenset({"es", "fr", "pt"})
FEWEST_WORDS = 8
"""Below it a figure says nothing."""
LONG_SENTENCE = 20

_UNREAD = re.compile(r"https?://\S+|[@#]\w+|\s[\^/\u2013\u2014-]\w{1,4}\s*\Z")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,:/-]*")
_SAID = {"{number}": "number", "{date}": "Friday, May 1"}
_SILENT = re.compile(r"(?<![le])es?$(?<![cgsxzh]es)|(?<![td])ed$|(?<=[aeiou])le$")
"""Endings that are written and not spoken: care, holes, missed, whole."""
_VOWELS = re.compile(r"[aeiouy]+")


@dataclass(frozen=True, slots=True)
class Grade:
    """`figure` on `scale` ("grade" or "LIX"), and the sentence that weighs most where it is too long."""

    scale: str
    figure: float
    target: float
    longest: str
    longest_words: int

    @property
    def plain(self) -> bool:
        return self.figure <= self.target

    @property
    def too_long(self) -> bool:
        """Whether the longest sentence is worth cutting in two."""
        return self.longest_words > LONG_SENTENCE


def grade_of(text: str, language: str) -> Grade | None:
    """How hard a reply is to read; None where there is too little of it, or no scale holds for its language."""
    if language != "en" and language not in LIX_LANGUAGES:
        return None
    parts = [(part.strip(), _words(part)) for part in sentences(_UNREAD.sub(" ", text))]
    parts = [(part, words) for part, words in parts if words]
    everything = [word for _, words in parts for word in words]
    if len(everything) < FEWEST_WORDS:
        return None
    longest, most = max(parts, key=lambda one: len(one[1]))
    a_sentence = len(everything) / len(parts)
    if language == "en":
        syllables = sum(map(syllables_in, everything)) / len(everything)
        figure, scale, target = 0.39 * a_sentence + 11.8 * syllables - 15.59, "grade", TARGET_GRADE
    else:
        long_words = sum(1 for word in everything if len(word) > 6)
        figure, scale, target = a_sentence + 100 * long_words / len(everything), "LIX", TARGET_LIX
    return Grade(scale, round(max(figure, 0.0), 1), target, longest, len(most))


def syllables_in(word: str) -> int:
    """Syllables of an English word, at least one; a figure is read as one."""
    letters = word.lower()
    if not letters[0].isalpha():
        return 1
    vowels = len(_VOWELS.findall(_SILENT.sub("", letters)))
    return max(1, vowels, len(_hyphens().positions(letters)) + 1)


def _words(text: str) -> list[str]:
    for slot, words in _SAID.items():
        text = text.replace(slot, words)
    return _WORD.findall(text)


@cache
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")
