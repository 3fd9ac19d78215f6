"""The little language the lexicons are written in, and the search for its cues in a text.

pothole                     one word (any ending the word rules know)
street light out            words side by side
(trash|garbage) not taken   one of several; (a|b|) may be left out
dump+                       an English verb in all its forms: dump, dumps, dumped, dumping
tree ~ (fell|fallen)        both within NEAR words of each other, in any order
tree .. down                both within NEAR words, in this order
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.words import form_of, read_words

NEAR = 6
_TRIED_PER_PART = 12
_MOST_PHRASES = 2000
_GROUP = re.compile(r"\(([^()]*)\)")
_VERB = re.compile(r"([a-z]+)\+")
_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_VOWELS = "aeiou"

Hit = tuple[int, int, int]
"""A phrase's number, its first word, the word after its last."""


class CueError(ValueError):
    """A lexicon line that cannot be read. Says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """A cue that a text holds: its number in its list, and where (first word, word after the last) each part stands."""

    cue: int
    places: tuple[tuple[int, int], ...]


def verb_forms(verb: str) -> tuple[str, ...]:
    """The regular forms of an English verb: dump, dumps, dumped, dumping."""
    if verb.endswith("e"):
        return verb, verb + "s", verb + "d", verb[:-1] + "ing"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"
    twice = (
        len(verb) <= 4 and verb[-1] not in "wxy" + _VOWELS and verb[-2] in _VOWELS and verb[-3:-2] not in tuple(_VOWELS)
    )
    root = verb + verb[-1] if twice else verb
    return verb, verb + ("es" if verb.endswith(("s", "x", "ch", "sh")) else "s"), root + "ed", root + "ing"


def spell_out(written: str) -> list[str]:
    """Every plain phrase that a part of a cue stands for. Raises CueError on unbalanced brackets or far too many."""
    waiting = [written]
    plain: list[str] = []
    while waiting:
        if len(waiting) + len(plain) > _MOST_PHRASES:
            raise CueError(f"stands for more than {_MOST_PHRASES} phrases: {written!r}")
        one = waiting.pop()
        if group := _GROUP.search(one):
            waiting += [one[: group.start()] + choice + one[group.end() :] for choice in group[1].split("|")]
        elif verb := _VERB.search(one):
            waiting += [one[: verb.start()] + form + one[verb.end() :] for form in verb_forms(verb[1])]
        elif "(" in one or ")" in one or "|" in one:
            raise CueError(f"brackets do not match: {written!r}")
        else:
            plain.append(" ".join(one.split()))
    return sorted(set(plain))


class PhraseBook:
    """Every phrase that any lexicon looks for, numbered once, so that a text is searched once for all of them."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, phrase: str) -> int:
        """The phrase's number. Raises CueError if nothing of it is left as a word."""
        forms = _forms(phrase)
        if not forms:
            raise CueError(f"no words in {phrase!r}")
        return self._numbers.setdefault(forms, len(self._numbers))

    def numbers(self) -> dict[tuple[str, ...], int]:
        """All phrases, as word forms, with their numbers."""
        return dict(self._numbers)


def _forms(phrase: str) -> tuple[str, ...]:
    """The phrase's words as a text's are read; most are plain letters, and there are 80,000 at every start."""
    if _PLAIN.fullmatch(phrase):
        return tuple(map(form_of, phrase.split(" ")))
    return tuple(read_words(phrase).forms)


class CueList:
    """Cues in one order, looked for together. Among them a longer whole phrase hides the shorter ones inside it."""

    def __init__(self, book: PhraseBook, cues: Sequence[str]) -> None:
        self._whole: dict[int, list[int]] = {}
        self._parts: dict[int, list[tuple[int, int]]] = {}
        self._size: dict[int, tuple[int, bool]] = {}
        for index, cue in enumerate(cues):
            ordered = ".." in cue
            parts = [part.strip() for part in cue.split(".." if ordered else "~")]
            if len(parts) == 1:
                for phrase in spell_out(cue):
                    self._whole.setdefault(book.number(phrase), []).append(index)
                continue
            self._size[index] = (len(parts), ordered)
            for place, part in enumerate(parts):
                for phrase in spell_out(part):
                    self._parts.setdefault(book.number(phrase), []).append((index, place))

    def _unhidden(self, hits: Iterable[Hit]) -> list[Hit]:
        ours = sorted(
            (hit for hit in hits if hit[0] in self._whole or hit[0] in self._parts), key=lambda hit: (hit[1], -hit[2])
        )
        kept, reached = [], -1
        for hit in ours:
            if hit[2] > reached:
                kept.append(hit)
                reached = hit[2] if hit[0] in self._whole else reached
        return kept

    def find(self, hits: Iterable[Hit], *, hide: bool = True, every: bool = False) -> list[Found]:
        """The cues that these hits make up, in order of their number.

        Each stands once, at its first place; with `every`, one that is a whole phrase stands for each of its places.
        `hide=False` lets longer phrases hide nothing.
        """
        found: list[Found] = []
        seen: set[int] = set()
        pieces: dict[int, dict[int, list[tuple[int, int]]]] = {}
        chosen = self._unhidden(hits) if hide else sorted(hits, key=lambda hit: (hit[1], -hit[2]))
        for number, first, last in chosen:
            for cue in self._whole.get(number, ()):
                if every or cue not in seen:
                    seen.add(cue)
                    found.append(Found(cue, ((first, last),)))
            for cue, part in self._parts.get(number, ()):
                places = pieces.setdefault(cue, {}).setdefault(part, [])
                if len(places) < _TRIED_PER_PART:
                    places.append((first, last))
        for cue, parts in pieces.items():
            count, ordered = self._size[cue]
            if len(parts) == count and (near := _together([parts[part] for part in range(count)], ordered)):
                found.append(Found(cue, near))
        return sorted(found, key=lambda one: one.cue)


def _together(parts: list[list[tuple[int, int]]], ordered: bool) -> tuple[tuple[int, int], ...] | None:
    """The first choice of one place per part that stands close enough and does not overlap."""
    for choice in itertools.product(*parts):
        line = list(choice) if ordered else sorted(choice)
        if all(0 <= after[0] - before[1] <= NEAR for before, after in itertools.pairwise(line)):
            return tuple(sorted(choice))
    return None
