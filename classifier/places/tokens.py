"""The text of a post as the place rules see it: words and signs, each with what it may be part of."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from classifier.lexicons import read_lexicon
from classifier.words import SCANNED_CODE_POINTS

_MASK = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}|(?<![\w@])@[^\W\d][\w.-]{0,100}")
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|&amp;|[^\w\s]|\n|_+")
_ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th)")
_HOUSE = re.compile(r"\d{1,5}[a-z]?")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word may be, by its spelling alone."""

    lower: str
    number: bool = False
    ordinal: bool = False
    suffix: bool = False
    plain_suffix: bool = False
    direction: bool = False
    capital: bool = False
    word: bool = False
    common: bool = False
    """A word that often stands before "street" without naming one ("busy street")."""
    landmark: bool = False
    route: bool = False
    street_first: bool = False
    opens: frozenset[str] = frozenset()
    """The phrase lists ("corner", "between", "beside", "in_words") that have a phrase with this first word."""
    join: str = ""
    """How it joins two streets: "sign", "near" or "word"."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign. `start` and `end` count code points of the text; `gap` is whether blanks stand before it."""

    text: str
    start: int
    end: int
    gap: bool
    kind: Kind


@cache
def word_set(section: str, key: str) -> frozenset[str]:
    """A list of words of `lexicon/places.toml`."""
    listed = read_lexicon("places")[section][key]
    return frozenset(listed)


@cache
def phrase_list(key: str) -> tuple[tuple[str, ...], ...]:
    """Phrases of `lexicon/places.toml` as words, the longest first."""
    phrases = [
        tuple(one.group().casefold() for one in _TOKEN.finditer(phrase))
        for phrase in read_lexicon("places")["phrases"][key]
    ]
    return tuple(sorted(phrases, key=len, reverse=True))


@lru_cache(maxsize=16_384)
def kind_of(text: str) -> Kind:
    """What a word may be."""
    lower = text.casefold().replace("\u2019", "'")
    if not text[0].isalnum():
        return Kind(lower, join="sign" if lower in ("&amp;", *word_set("joins", "signs")) else "")
    if text.isdigit() or _HOUSE.fullmatch(lower):
        return Kind(lower, number=True)
    name = lower not in word_set("never_a_name", "words")
    return Kind(
        lower,
        ordinal=bool(_ORDINAL.fullmatch(lower)) or lower in word_set("street", "ordinals"),
        suffix=lower in word_set("street", "suffixes"),
        plain_suffix=lower in word_set("street", "plain_suffixes"),
        direction=lower in word_set("street", "directions"),
        capital=name and text[0].isupper() and len(text) > 1,
        word=name and len(text) > 2 and not text[0].isdigit(),
        common=lower in word_set("never_a_name", "small"),
        landmark=lower in word_set("landmark", "kinds"),
        route=lower in word_set("street", "roads") and text[0].isupper(),
        street_first=lower in word_set("phrases", "street_first"),
        opens=frozenset(
            key
            for key in ("corner", "between", "beside", "in_words")
            if any(lower == one[0] for one in phrase_list(key))
        ),
        join=_join_of(lower),
    )


def _join_of(lower: str) -> str:
    if lower in word_set("joins", "near"):
        return "near"
    return "word" if lower in word_set("joins", "words") or lower in word_set("joins", "letters") else ""


def tokens_of(text: str) -> list[Token]:
    """The words and signs of the first SCANNED_CODE_POINTS. Web and e-mail addresses and @handles are left out."""
    masked = _MASK.sub(lambda mask: "_" * len(mask.group()), text[:SCANNED_CODE_POINTS])
    tokens, before = [], 0
    for match in _TOKEN.finditer(masked):
        found, start = match.group(), match.start()
        tokens.append(Token(found, start, match.end(), start > before, kind_of(found)))
        before = match.end()
    return tokens
