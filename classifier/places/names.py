"""The one way a street's name is written: "north fifth st." and "N 5TH STREET" are both "N 5th St".

Directions and street words are the postal service's abbreviations, ordinals are digits, other words begin with a
capital. Nothing here knows a city's streets.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from classifier.lexicons import read_lexicon

LONGEST_NAME = 120
"""Code points; a longer text is no street name and is read only so far."""
_ROUTE = re.compile(r"\b([A-Za-z]{1,3})-(?=\d)")
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_DOTTED = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_]\b)")
_ORDINAL = re.compile(r"([0-9olit]{1,3})[ -]?(st|nd|rd|th|ht|thh|tj)")
_MISREAD = str.maketrans("olit", "0111")
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class StreetName:
    """A street's name in parts, each in its normal form; "" for a part that is missing."""

    direction: str = ""
    base: str = ""
    suffix: str = ""
    post_direction: str = ""

    @property
    def normal(self) -> str:
        """The parts as they are written: "N 5th St"."""
        return " ".join(part for part in (self.direction, self.base, self.suffix, self.post_direction) if part)

    @property
    def key(self) -> str:
        """The base without blanks, signs and accents, by which spellings meet: "oneill", "mckean", "5th"."""
        return name_key(self.base)


@cache
def _forms(section: str) -> dict[str, str]:
    """Each spelling of a section of `lexicon/streets.toml` -> the normal form."""
    listed = read_lexicon("streets")[section]
    return {form: normal for normal, forms in listed.items() for form in forms}


@cache
def _numbers(section: str) -> dict[str, int]:
    return {form: int(number) for form, number in _forms(section).items()}


@cache
def _spelling(key: str) -> frozenset[str]:
    return frozenset(read_lexicon("streets")["spelling"][key])


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Small letters and digits alone, without accents: what two spellings of one name share."""
    if name.isascii():
        return _NOT_A_LETTER.sub("", name.lower())
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return _NOT_A_LETTER.sub("", plain.casefold())


@lru_cache(maxsize=16_384)
def first_word(name: str) -> str:
    """The first word of a name in its normal form and small letters: "fifth" and "5th" are one."""
    words = _words(name)[:1]
    if not words:
        return ""
    head = _forms("first_words").get(words[0], words[0])
    return (ordinal(number) if (number := _ordinal(words, "", spanish=False)) else head).casefold()


@cache
def street_words() -> frozenset[str]:
    """Every spelling of a street word in small letters: "street", "st", "ave"."""
    return frozenset(_forms("suffixes"))


def short_names() -> dict[str, str]:
    """What people call a street for short -> its base ("mass" -> "Massachusetts")."""
    return _forms("short_names")


@cache
def tens() -> frozenset[str]:
    """ "twenty" to "ninety", which an ordinal may go on from."""
    return frozenset(_numbers("tens"))


@cache
def name_endings() -> frozenset[str]:
    """Words a longer name goes on with, though they are no street words: "park", "hill"."""
    return frozenset(one.casefold() for pair in _forms("last_words").items() for one in pair)


def without_article(name: str) -> str:
    """ "the Boulevard" -> "Boulevard"."""
    return name[4:] if name[:4].casefold() == "the " else name


def direction_of(word: str) -> str:
    """The abbreviation of a direction ("north" -> "N"), "" for any other word."""
    return _forms("directions").get(word.casefold(), "")


@lru_cache(maxsize=65_536)
def read_street_name(text: str) -> StreetName:
    """The parts of a street's name, however it is spelled. Never raises; a text without a word has no parts."""
    words, suffix, spanish = _street_first(_words(text))
    directions, suffixes = _forms("directions"), _forms("suffixes")
    post_direction = ""
    own = len(words) - (bool(words) and words[0] in directions)
    if len(words) > 2 and words[-1] in directions and (len(words[-1]) == 1 or (own > 2 and words[-2] in suffixes)):
        post_direction = directions[words.pop()]
    if not suffix and len(words) > 1 and words[-1] in suffixes and not _is_letter_street(words):
        suffix = suffixes[words.pop()]
    direction = directions[words.pop(0)] if len(words) > 1 and words[0] in directions else ""
    return StreetName(direction, _base(words, suffix, spanish), suffix, post_direction)


def normal_street(text: str) -> str:
    """The normal form of a street's name: "north fifth st." -> "N 5th St"."""
    return read_street_name(text).normal


def _words(text: str) -> list[str]:
    plain = _ROUTE.sub(r"\1 ", _DOTTED.sub(r"\1", text[:LONGEST_NAME].casefold()))
    return [one.replace("\u2019", "'") for one in _WORD.findall(plain)]


def ordinal(number: int) -> str:
    """5 -> "5th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _street_first(words: list[str]) -> tuple[list[str], str, bool]:
    """ "calle Quinta": the words after the street word, and which one it is."""
    first = _forms("street_first").get(words[0]) if words else None
    if first is None or first == "between":
        return words, "", False
    rest = words[1:]
    while rest and rest[0] in _forms("street_first"):
        rest = rest[1:]
    if not rest or all(one in _forms("suffixes") or one in _forms("directions") for one in rest):
        return words, "", False
    return rest, "" if rest[-1] in _forms("suffixes") else first, True


def _is_letter_street(words: Sequence[str]) -> bool:
    """ "Avenue C": the word is the name's."""
    return len(words) == 2 and words[0] in ("avenue", "ave") and len(words[1]) == 1


def _base(words: list[str], suffix: str, spanish: bool) -> str:
    if not words:
        return ""
    if same := _forms("same_name").get(" ".join(words)):
        return same
    if number := _ordinal(words, suffix, spanish):
        return ordinal(number)
    if len(words) == 2 and words[1].isdigit() and (route := _forms("routes").get(words[0])):
        return f"{route}{'-' if route == 'I' else ' '}{words[1]}"
    if len(words) == 3 and words[2].isdigit() and words[0] == "us" and words[1] in _forms("routes"):
        return f"US {words[2]}"
    if len(words) == 2 and words[0] in ("ave", "avenue") and len(words[1]) == 1:
        return f"Avenue {words[1].upper()}"
    written = [_capitals(word, at) for at, word in enumerate(words)]
    if len(words) > 1 and (head := _forms("first_words").get(words[0])):
        written[0] = head
    if len(words) > 1:
        written[-1] = _forms("last_words").get(words[-1], written[-1])
    return " ".join(written)


def _ordinal(words: Sequence[str], suffix: str, spanish: bool) -> int:
    """The number of a name that is an ordinal and nothing else; 0 for any other."""
    if len(words) == 1 and "-" in words[0]:
        words = words[0].split("-")
    spoken = " ".join(words)
    if (match := _ORDINAL.fullmatch(spoken)) and (digits := match[1].translate(_MISREAD)).isascii():
        return int(digits) if any(sign.isdigit() for sign in match[1]) else 0
    if len(words) == 1:
        if spanish and spoken in _numbers("ordinals_after_calle"):
            return _numbers("ordinals_after_calle")[spoken]
        if spoken.isascii() and spoken.isdigit() and len(spoken) <= 3 and (spanish or suffix in ("St", "Ave")):
            return int(spoken)
        return _numbers("ordinals").get(spoken, 0)
    if len(words) == 2 and words[0] in _numbers("tens"):
        last = _numbers("ordinals").get(words[1], 0) or _digits_ordinal(words[1])
        return _numbers("tens")[words[0]] + last if 0 < last < 10 else 0
    return 0


def _digits_ordinal(word: str) -> int:
    return int(match[1]) if (match := re.fullmatch(r"([1-9])(?:st|nd|rd|th)", word)) else 0


def _capitals(word: str, at: int) -> str:
    if (at and word in _spelling("small")) or (word[0].isdigit() and word[-1].isalpha()):
        return word
    if word in _spelling("capitals"):
        return word.upper()
    if "-" in word:
        return "-".join(_capitals(part, at) for part in word.split("-"))
    head, mark, tail = word.partition("'")
    if mark:
        return f"{head.upper()}'{_capitals(tail, 0)}" if len(head) == 1 else f"{_capitals(head, 0)}'{tail}"
    if word.startswith("mc") and len(word) > 4:
        return f"Mc{word[2:].capitalize()}"
    if word in _spelling("mac"):
        return f"Mac{word[3:].capitalize()}"
    return word.capitalize()
