"""Names of a gazetteer, found in a text word by word: one look in a table for each word that may begin a name.

With 50,000 street names 0.011 ms a post. pyahocorasick takes 0.006 but knows no words; spaCy's PhraseMatcher 0.002
after 0.19 to cut the post into its own words, and 300 MB.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from classifier.places.tokens import Known, Token, Trust
from classifier.places.written import plain_words_of, stop_name, stop_parts

_SHORTEST_TYPO = 5
_SHORTEST_SLIP = 5
"""Letters; a shorter word of a name is as often another word."""
_SHORTEST_PARTED = 8
_LETTERS_TO_A_SLIP = 7
"""Of a name of one word, for each slip."""
_TYING = frozenset("-.'\u2019")


def _is_street(token: Token) -> bool:
    return token.kind.ordinal or (token.known is not None and token.known.kind == "street")


def _may_be_typo(token: Token) -> bool:
    return token.known is None and token.kind.word and len(token.text) >= _SHORTEST_TYPO and not token.kind.suffix


@dataclass(frozen=True, slots=True)
class Name:
    """A name, its kind as PlaceKind spells it, and what must speak for it in a text."""

    text: str
    kind: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class _Listed:
    kind: str
    trust: Trust
    also: str = ""


class NameBook:
    """Names by their plain words; of two that begin at one word the longer is found, of two alike the first given."""

    def __init__(self, names: Iterable[Name], *, common: frozenset[str] = frozenset()) -> None:
        """`common`: words that are never taken for a misspelled name."""
        self._names: dict[str, _Listed] = {}
        self._longest: dict[str, int] = {}
        self._by_letter: dict[str, list[str]] | None = None
        self._common = common
        self._stops: dict[str, set[str]] = {}
        self._words: dict[str, list[str]] = {}
        self._in_names: set[str] = set()
        for name in names:
            self._add(name)
        self._mended = lru_cache(maxsize=16_384)(self._mend)

    def _add(self, name: Name) -> None:
        words = plain_words_of(name.text)
        if not words:
            return
        key = " ".join(words)
        there = self._names.get(key)
        if there is None:
            self._names[key] = _Listed(name.kind, name.trust)
            for first in {words[0], words[0].removesuffix("s") or words[0]}:  # "Gray's Ferry" is Grays Ferry
                self._longest[first] = max(len(words), self._longest.get(first, 0))
        elif there.kind == "street" != name.kind and not there.also:
            self._names[key] = _Listed(there.kind, there.trust, name.kind)
        elif name.kind == "street" != there.kind:
            self._names[key] = _Listed(name.kind, name.trust, there.kind)
        if name.kind == "stop" and len(stop := stop_name(words)) < len(words):
            for one in (stop, *stop_parts(name.text)):
                self._stops.setdefault(one[0], set()).add(" ".join(one))
        if name.kind != "street":
            for word in words:
                if len(word) >= _SHORTEST_TYPO and word.isalpha() and word not in self._in_names:
                    self._in_names.add(word)
                    self._words.setdefault(word[0], []).append(word)

    def __len__(self) -> int:
        return len(self._names)

    def mark_typos(self, tokens: list[Token]) -> None:
        """Marks a word one slip from a street's name where something joins it to a street ("5th and makret")."""
        for at in range(1, len(tokens) - 1):
            if not tokens[at].kind.join or tokens[at].kind.lower in ("by", "off"):
                continue
            for here, other in ((at - 1, at + 1), (at + 1, at - 1)):
                if _is_street(tokens[other]) and _may_be_typo(tokens[here]) and self._like(tokens[here].kind.lower):
                    tokens[here].known = Known(here + 1, "street", Trust.CAPITAL)

    def _like(self, word: str) -> bool:
        """Whether a street has nearly this name: the same first letter, and one slip in four letters."""
        if self._by_letter is None:
            by_letter: dict[str, list[str]] = {}
            for name, listed in self._names.items():
                if listed.kind == "street" and name.isalpha():
                    by_letter.setdefault(name[0], []).append(name)
            self._by_letter = by_letter  # whole at once: several threads may ask
        near = process.extractOne(
            word, self._by_letter.get(word[0], ()), scorer=DamerauLevenshtein.distance, score_cutoff=len(word) // 4
        )
        return near is not None

    def mark(self, tokens: list[Token], *, area: str = "area") -> None:
        """Writes into each token the longest name that begins there, if it is longer than what stands there.

        `area` is what its areas are called there. A street called as a well-known area needs more to speak for it.
        """
        for at, token in enumerate(tokens):
            longest = self._longest.get(token.kind.plain) if token.kind.plain else None
            if longest is None:
                continue
            for after, key in self._keys(tokens, at, longest):
                if found := self._names.get(key):
                    kind, trust = found.kind, found.trust
                    if token.known is None or token.known.after < after:
                        token.known = Known(after, area if kind == "area" else kind, trust, found.also)
                    elif (
                        kind == "area" and trust > Trust.PLACED and token.known == Known(after, "street", Trust.CAPITAL)
                    ):
                        token.known = Known(after, "street", Trust.PLACED)
                    break

    def mark_stops(self, tokens: list[Token]) -> None:
        """Marks names of stops without their "Station", where a text is about trains."""
        if not self._stops or not any(one.kind.transit for one in tokens):
            return
        for at, token in enumerate(tokens):
            names = self._stops.get(token.kind.plain, ())
            for after, key in self._keys(tokens, at, 4) if names else ():
                if key in names:
                    token.stop = after
                    break

    def mark_slips(self, tokens: list[Token]) -> None:
        """Marks misspelled names that are no streets ("brewrytown", "art musuem")."""
        mends = [self._mended(one.kind.plain) if self._may_be_slip(one) else ("", 0) for one in tokens]
        if not any(slips for _, slips in mends):
            return
        plain = [word for word, _ in mends]
        for slip, (mended, slips) in enumerate(mends):
            if not mended:
                continue
            for at in range(max(0, slip - 3), slip + 1):
                longest = self._longest.get(plain[at] or tokens[at].kind.plain, 0)
                for after, key in self._keys(tokens, at, longest, plain):
                    found = self._names.get(key)
                    if after <= slip or found is None or (after == at + 1 and len(key) < _LETTERS_TO_A_SLIP * slips):
                        continue
                    kind, known = found.also or found.kind, tokens[at].known
                    if kind != "street" and (known is None or known.after < after):
                        tokens[at].known = Known(after, kind, Trust.ALONE if found.also else found.trust)
                        break

    def mark_parted(self, tokens: list[Token]) -> None:
        """Marks names that are no streets and whose first word is written in two ("ritten house square")."""
        for at in range(len(tokens) - 1):
            one, other = tokens[at].kind.plain, tokens[at + 1].kind.plain
            first = one + other
            if len(first) < _SHORTEST_PARTED or first not in self._longest or not (one and other):
                continue
            more = self._keys(tokens, at + 2, self._longest[first] - 1) if at + 2 < len(tokens) else ()
            for after, key in [*more, (at + 2, "")]:
                found, known = self._names.get(f"{first} {key}".strip()), tokens[at].known
                kind = (found.also or found.kind) if found else "street"
                if found and kind != "street" and (known is None or known.after < after):
                    tokens[at].known = Known(after, kind, found.trust)
                    break

    def _may_be_slip(self, token: Token) -> bool:
        return len(token.text) >= _SHORTEST_SLIP and token.known is None and token.kind.word

    def _mend(self, word: str) -> tuple[str, int]:
        """The word of a name that this may have been meant for, and the slips; "" for none."""
        if word in self._common or not word.isalpha() or word in self._in_names:
            return "", 0
        slips = 1 if len(word) < _LETTERS_TO_A_SLIP else 2
        near = process.extractOne(
            word, self._words.get(word[0], ()), scorer=DamerauLevenshtein.distance, score_cutoff=slips
        )
        if near is None or {word, near[0]} == {word, word + "s"} or near[0] + "s" == word:
            return "", 0
        return str(near[0]), int(near[1])

    def _keys(
        self, tokens: Sequence[Token], at: int, longest: int, mended: Sequence[str] | None = None
    ) -> Iterator[tuple[int, str]]:
        """The token after and the plain words of what begins here, the longest first."""
        if longest == 1 and not mended and not (at + 1 < len(tokens) and tokens[at + 1].kind.lower == "'s"):
            yield at + 1, tokens[at].kind.plain
            return
        words: list[str] = []
        bare: list[str] = []
        ends: list[int] = []
        for here in range(at, min(len(tokens), at + 2 * longest)):
            kind = tokens[here].kind
            if kind.plain:
                if len(words) == longest:
                    break
                words.append((mended[here] if mended else "") or kind.plain)
                bare.append(words[-1])
                ends.append(here + 1)
            elif kind.lower == "'s" and words:
                words[-1] += "s"
                ends[-1] = here + 1
            elif tokens[here].text not in _TYING or tokens[here].gap:
                break
        for count in range(len(words), 0, -1):
            yield ends[count - 1], " ".join(words[:count])
            if words[:count] != bare[:count]:
                yield ends[count - 1] - (words[count - 1] != bare[count - 1]), " ".join(bare[:count])
