"""Places that the patterns passed over and the gazetteer proves: "92 prince", "tremont and west"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from classifier.lexicons import read_lexicon
from classifier.places.gazetteer import Area, Gazetteer
from classifier.places.names import (
    StreetName,
    direction_of,
    first_word,
    name_endings,
    read_street_name,
    street_words,
    tens,
)
from classifier.places.readings import Form, Reading
from classifier.places.written import place_key
from classifier.words import SCANNED_CODE_POINTS

_WORD = re.compile(r"b/[wtn](?!\w)|[^\W_]+(?:['\u2019][^\W_]+)*|[&+/@]")
_BETWEEN_WORDS = 4
"""So many words stand at most from a street to "between Y and Z"."""
_NAME_WORDS = 4


@cache
def _listed(key: str) -> frozenset[str]:
    """A word list of `lexicon/streets.toml`."""
    return frozenset(read_lexicon("streets")["around"][key])


@dataclass(frozen=True, slots=True)
class Words:
    """The words and signs of a text: as written, in small letters, and where they are in code points."""

    text: str
    written: list[str]
    lower: list[str]
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, text: str) -> "Words":
        """The words of the first SCANNED_CODE_POINTS of a text."""
        found = list(_WORD.finditer(text[:SCANNED_CODE_POINTS]))
        written = [one.group() for one in found]
        return cls(text, written, [one.casefold() for one in written], [one.span() for one in found])

    def is_number(self, at: int) -> bool:
        """Whether this may be a house number."""
        return 0 <= at < len(self.lower) and len(self.lower[at]) <= 5 and self.lower[at].isdecimal()


@dataclass(frozen=True, slots=True)
class _Said:
    """A street's name in a text: words `first` to before `after`. `sure`: with a street word or direction."""

    first: int
    after: int
    name: StreetName
    sure: bool


class Rereader:
    """Reads texts anew with the names of one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._first_words = {first_word(name.base) for name in gazetteer.streets}
        self._area_words = {first_word(area.name) for area in gazetteer.area_names.values()}

    def readings(self, words: Words) -> list[Reading]:
        """House numbers before a street's name, then every two names joined; likeliest first."""
        said = list(self._streets(words))
        return [*self._addresses(words, said), *self._pairs(words, said)]

    def is_common(self, reading: Reading) -> bool:
        """Whether a number and a word are no address, though there is such a street ("2 weeks")."""
        return reading.form is Form.ADDRESS and reading.streets[0][0].base.casefold() in _listed("never")

    def areas(self, words: Words, taken: Sequence[tuple[int, int]]) -> list[Area]:
        """The areas a text names outside of the spans that are taken by streets."""
        found: list[Area] = []
        free = 0
        for at, lower in enumerate(words.lower):
            if at < free or lower not in self._area_words:
                continue
            count, area = self._area_at(words, at)
            free = at + count
            if area is not None and not any(start <= words.spans[at][0] < end for start, end in taken):
                found.append(area)
        return list(dict.fromkeys(found))

    def _area_at(self, words: Words, at: int) -> tuple[int, Area | None]:
        """The longest area name at a word, and how many words it has."""
        for count in (3, 2, 1):
            area = self._gazetteer.area_names.get(place_key(" ".join(words.lower[at : at + count])))
            if area is not None:
                is_street = at + count < len(words.lower) and words.lower[at + count] in street_words()
                return count, None if is_street else area
        return 0, None

    def _streets(self, words: Words) -> Iterator[_Said]:
        """The longest street name at each word, none overlapping another."""
        at = 0
        while at < len(words.lower):
            if said := self._street_at(words, at):
                yield said
                at = said.after
            else:
                at += 1

    def _street_at(self, words: Words, at: int) -> _Said | None:
        lower = words.lower
        directed = bool(direction_of(lower[at])) and at + 1 < len(lower) and lower[at + 1] not in street_words()
        first = at + directed
        if lower[first] in _listed("never") or not self._may_begin(lower, first):
            return None
        for count in range(min(_NAME_WORDS, len(lower) - first), 0, -1):
            after = first + count
            name = read_street_name(" ".join(lower[first:after]))
            if (
                not self._gazetteer.with_key(name.key)
                or not lower[after - 1][0].isalnum()
                or words.is_number(after - 1)
            ):
                continue
            suffixed = after < len(lower) and lower[after] in street_words()
            name = read_street_name(" ".join(lower[at : after + suffixed]))
            if self._gazetteer.with_key(name.key) and (suffixed or not self._goes_on(words, after)):
                return _Said(at, after + suffixed, name, bool(suffixed or directed or name.suffix))
        return None

    def _may_begin(self, lower: Sequence[str], at: int) -> bool:
        """Whether some street's name begins with this word, or with this and the next one ("twenty" "ninth")."""
        if first_word(lower[at]) in self._first_words:
            return True
        pair = read_street_name(" ".join(lower[at : at + 2])).base if lower[at] in tens() else ""
        return pair.casefold() in self._first_words

    def _goes_on(self, words: Words, after: int) -> bool:
        """ "Pleasant" of "Pleasant Hill Ave": the name is a longer one."""
        lower = words.lower
        if after < len(lower) and lower[after] in name_endings():
            return True
        return after + 1 < len(lower) and lower[after + 1] in street_words() and lower[after] not in _listed("joins")

    def _addresses(self, words: Words, said: Sequence[_Said]) -> Iterator[Reading]:
        for one in said:
            at = one.first - 1
            if words.is_number(at) and (one.sure or _is_placed(words, at) or _stands_alone(words, one)):
                span, number = (words.spans[at][0], words.spans[one.after - 1][1]), words.lower[at]
                yield Reading(Form.ADDRESS, *span, number=number, low=int(number), streets=((one.name,),))

    def _pairs(self, words: Words, said: Sequence[_Said]) -> Iterator[Reading]:
        for at, (one, other) in enumerate(pairwise(said)):
            between = set(words.lower[one.after : other.first])
            before = words.lower[one.first - 1] if one.first else ""
            joins = _listed("joins") | (_listed("until") if before == "from" else frozenset())
            if not (between & joins and between <= joins | _listed("filling")):
                continue
            if not all(one_of.sure or len(one_of.name.key) > 1 for one_of in (one, other)):
                continue
            first = one
            streets: tuple[StreetName, ...] = (one.name, other.name)
            if before in _listed("between"):
                if not at or one.first - said[at - 1].after > _BETWEEN_WORDS:
                    continue
                first = said[at - 1]
                streets = (first.name, *streets)
            form = Form.STRETCH if before in _listed("between") else Form.CROSSING
            yield Reading(form, words.spans[first.first][0], words.spans[other.after - 1][1], streets=(streets,))


def _is_placed(words: Words, at: int) -> bool:
    """Whether a word of place, or nothing, stands before a house number or several."""
    while words.is_number(at):
        at -= 1
    return at < 0 or words.lower[at] in _listed("placing")


def _stands_alone(words: Words, one: _Said) -> bool:
    """Whether a name without a street word is written as one, or ends its sentence ("92 prince.")."""
    last = words.written[one.after - 1]
    end = words.spans[one.after - 1][1]
    after = words.text[end : end + 1]
    return len(last) > 3 and (last[0].isupper() or not after or after in ".,;:!?)\n")
