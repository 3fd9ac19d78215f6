"""The text of a post as the place rules see it: words and signs, each with what it may be part of."""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache

from classifier.lexicons import read_lexicon
from classifier.places.written import is_stop, is_train, plain_word
from classifier.words import SCANNED_CODE_POINTS

_MASK = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}|(?<![\w@])@[^\W\d][\w.-]{0,100}")
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019](?!s\b)[^\W_]+)*|['\u2019]s\b|&\s?amp\s?;|[^\w\s]|\n|_+")
_ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th)")
_HOUSE = re.compile(r"\d{1,5}[a-z]?")
_ROUTE = re.compile(r"(?:ih?|us|sr|sh|fm|hwy|rt|rte)\d{1,4}[nsew]?")
_CAPITALS, _SMALLS = re.compile(r"[A-Z]"), re.compile(r"[a-z]")
_SHOUTED_LETTERS, _SHOUTED_SHARE = 12, 0.8
ELSEWHERE = "elsewhere"
_OPENERS = ("corner", "between", "run", "beside", "in_words")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a word may be, by its spelling alone."""

    lower: str
    number: bool = False
    ordinal: bool = False
    suffix: bool = False
    plain_suffix: bool = False
    weak_suffix: bool = False
    """In small letters a street only where the words before it say so ("on maple drive")."""
    whole: bool = False
    """A street word that is written out, short as it is: the dot behind it ends a sentence ("Road.")."""
    direction: bool = False
    capital: bool = False
    letter: bool = False
    """One capital: a street only with a street word ("Q Ave"), or an initial."""
    word: bool = False
    common: bool = False
    """A word that often stands before "street" or "park" without naming one ("busy street")."""
    head: str = ""
    """The kind of place that a name ending in this word is: "landmark", "stop", "area" or "waterway"."""
    route: bool = False
    street_first: bool = False
    opens: frozenset[str] = frozenset()
    """The phrase lists ("corner", "between", "beside", "in_words") that have a phrase with this first word."""
    join: str = ""
    """How it joins two streets: "sign", "near" or "word"."""
    transit: bool = False
    """A word for trains, or for where they stop."""
    plain: str = ""
    """The whole word without apostrophes, by which names of lists are found; "" for a sign."""


class Trust(IntEnum):
    """What must speak for a name of a list before it counts as a place."""

    PLACED = 0
    """Capitals, and words before it that place something."""
    CAPITAL = 1
    """One of these."""
    ALONE = 2


@dataclass(frozen=True, slots=True)
class Known:
    """A name of a list: the token after its last, its kind, and what must speak for it.

    The kind is a PlaceKind's value, or ELSEWHERE for a city or county that is none of the city's own. `also`: what else
    than a street has the name.
    """

    after: int
    kind: str
    trust: Trust
    also: str = ""


@dataclass(slots=True)
class Token:
    """One word or sign. `start` and `end` count code points of the text; `gap` is whether blanks stand before it.

    `known`: the longest name of a gazetteer that begins here. `stop`: the token after the name of a stop, 0 for none.
    """

    text: str
    start: int
    end: int
    gap: bool
    kind: Kind
    known: Known | None = None
    stop: int = 0


@cache
def word_set(section: str, key: str) -> frozenset[str]:
    """A list of words of `lexicon/places.toml`."""
    listed = read_lexicon("places")[section][key]
    return frozenset(listed)


@cache
def phrase_list(key: str) -> tuple[tuple[str, ...], ...]:
    """Phrases of `lexicon/places.toml` as words, the longest first."""
    phrases = [tuple(words_of(phrase)) for phrase in read_lexicon("places")["phrases"][key]]
    return tuple(sorted(phrases, key=len, reverse=True))


def words_of(phrase: str) -> list[str]:
    """The words and signs of a phrase in small letters, as tokens have them."""
    return [_small(one.group()) for one in _TOKEN.finditer(phrase)]


@cache
def _openers() -> dict[str, frozenset[str]]:
    """The first words of the phrase lists -> the lists."""
    firsts = {key: {phrase[0] for phrase in phrase_list(key)} for key in _OPENERS}
    return {word: frozenset(key for key in _OPENERS if word in firsts[key]) for word in set().union(*firsts.values())}


@cache
def plain_words() -> frozenset[str]:
    """Words that posts are full of: alone, no list of names makes a place of them."""
    lists = read_lexicon("places")
    named = [lists["never_a_name"]["words"], lists["never_a_name"]["small"], lists["named"]["no_place"]]
    street = [lists["street"]["suffixes"], lists["street"]["directions"], lists["street"]["ordinals"]]
    return frozenset().union(*named, *street, *lists["heads"].values())


def _small(text: str) -> str:
    return text.casefold().replace("\u2019", "'")


@lru_cache(maxsize=16_384)
def kind_of(text: str) -> Kind:
    """What a word may be."""
    lower = _small(text)
    if not text[0].isalnum():
        if lower == "'s":
            return Kind(lower)
        if lower.startswith("&"):
            return Kind("&", join="sign", plain="&")
        return Kind(lower, join="sign" if lower in word_set("joins", "signs") else "")
    if text.isdigit() or _HOUSE.fullmatch(lower):
        return Kind(lower, number=True, plain=lower)
    name = lower not in word_set("never_a_name", "words")
    return Kind(
        lower,
        ordinal=bool(_ORDINAL.fullmatch(lower)) or lower in word_set("street", "ordinals"),
        suffix=lower in word_set("street", "suffixes"),
        plain_suffix=lower in word_set("street", "plain_suffixes"),
        weak_suffix=lower in word_set("street", "weak_suffixes"),
        whole=lower in word_set("street", "whole_suffixes"),
        direction=lower in word_set("street", "directions"),
        capital=name and text[0].isupper() and len(text) > 1,
        letter=len(text) == 1 and text.isupper(),
        word=name and len(text) > 2 and not text[0].isdigit(),
        common=lower in word_set("never_a_name", "small"),
        head=_head_of(lower),
        route=(lower in word_set("street", "roads") and text[0].isupper())
        or lower in word_set("street", "roads_in_small")
        or bool(_ROUTE.fullmatch(lower)),
        street_first=lower in word_set("phrases", "street_first"),
        opens=_openers().get(lower, frozenset()),
        join=_join_of(lower),
        plain=(plain := plain_word(lower)),
        transit=is_train(plain) or is_stop(plain),
    )


def _head_of(lower: str) -> str:
    return next((key for key in ("landmark", "stop", "area", "waterway") if lower in word_set("heads", key)), "")


def _join_of(lower: str) -> str:
    if lower in word_set("joins", "near"):
        return "near"
    return "word" if lower in word_set("joins", "words") or lower in word_set("joins", "letters") else ""


def tokens_of(text: str) -> list[Token]:
    """The words and signs of the first SCANNED_CODE_POINTS. Web and e-mail addresses and @handles are left out.

    Capitals say nothing where a whole post is shouted: its words are then read as if in small letters. A line that
    breaks within a name ("Collier\\nDr.") goes on.
    """
    masked = _MASK.sub(lambda mask: "_" * len(mask.group()), text[:SCANNED_CODE_POINTS])
    shouted = _is_shouted(masked)
    tokens: list[Token] = []
    before = 0
    for match in _TOKEN.finditer(masked):
        found, start = match.group(), match.start()
        kind = kind_of(found.lower() if shouted and len(found.lower()) == len(found) else found)
        if tokens and tokens[-1].text == "\n" and (kind.suffix or kind.lower == "&" or _joins(tokens)):
            _go_on(tokens)
            before = -1
        tokens.append(Token(found, start, match.end(), start > before, kind))
        before = match.end()
    return tokens


def _joins(tokens: list[Token]) -> bool:
    """Whether the line before the breaks at the end stops at "&"."""
    return next((one.kind.lower == "&" for one in reversed(tokens) if one.text != "\n"), False)


def _go_on(tokens: list[Token]) -> None:
    """Takes away the line breaks at the end, where what comes next belongs to the line before."""
    while tokens and tokens[-1].text == "\n":
        tokens.pop()


def _is_shouted(text: str) -> bool:
    capitals = len(_CAPITALS.findall(text))
    return capitals >= _SHOUTED_LETTERS and capitals > _SHOUTED_SHARE * (capitals + len(_SMALLS.findall(text)))
