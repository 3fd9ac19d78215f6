"""A resident's place and name, made fit to be said back in a reply. Pure; what is not safe to say comes back empty."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from responders.wording import LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT

SURNAME_FIRST = frozenset({"vi", "ko", "km", "zh-Hans", "zh-Hant"})
"""Where the first of two names is not the one to greet with."""

_BRACKETS = str.maketrans("{}[]", "()()")
_OUTCRY = re.compile(r"[!?…。！？؟۔।]+|\.{2,}")
_REACHES_OUT = re.compile(r"(?<!\w)[@#]\w|://|\bwww\.|\w\.(?:com|org|net|gov|us|io|ly|me)\b", re.IGNORECASE)

_CALLS = re.compile(
    r"(?<![\w@#\uff20\uff03])(?:[@#\uff20\uff03]*[@\uff20][@#\uff20\uff03]*+(?=\w)|[#\uff03]++(?=[^\W\d]))"
)
"""What makes a name or a tag of a word."""

_HOUSE = re.compile(
    r"(\d+)(?:[A-Z]|\s*-\s*\d+|\s+1/2)?\s+(?!-|(?:block|blk)\b)(\D.*|\d+(?:st|nd|rd|th)\b.*)", re.IGNORECASE
)
_UNIT = re.compile(
    r",|#|\b(?:apt|apartment|unit|suite|ste|floor|fl|room|rm|rear|lot|\d+(?:st|nd|rd|th)\s+fl(?:oor|r)?)\b",
    re.IGNORECASE,
)
_STREET_NUMBERS = re.compile(r"\b\d+(?:st|nd|rd|th)\b|\b\d+00(?:\s*-\s*\d+)?\s+(?:block|blk)\b", re.IGNORECASE)

_INSIDE_NAMES = re.compile(r"(?<=.)['’\u200c\u200d-](?=.)")
_NO_NAMES = frozenset(
    {"and", "angry", "city", "concerned", "dear", "dr", "just", "miss", "mr", "mrs", "ms", "my", "not"}
    | {"philadelphia", "philly", "resident", "sir", "the", "your"}
)
_NAME_LENGTH = 20


def sayable_place(
    place: str, language: str, *, public: bool, at_home: bool, find_private: Callable[[str], Sequence[object]]
) -> str:
    """The place as a reply in `language` may name it, or "" where it must not (invariant 8).

    In public a place with a private detail is not said, and of a home (`at_home`) only the block. Brackets become
    round ones so that nothing a resident wrote can act as a slot; a place that holds a link, @name or #tag is not said.
    """
    tidy = _OUTCRY.sub(" ", " ".join(place.split()).translate(_BRACKETS))
    tidy = " ".join(tidy.split()).strip(" .,;:")
    if not tidy or _REACHES_OUT.search(tidy):
        return ""
    if public:
        if find_private(place) or find_private(tidy):
            return ""
        if at_home:
            tidy = block_of(tidy)
    if language in RIGHT_TO_LEFT and re.search(r"[A-Za-z]", tidy):
        # "1200 block of Main St" inside Arabic is otherwise shown as "block of Main St 1200" (Unicode bidi, rule W2).
        return LEFT_TO_RIGHT_MARK + tidy + LEFT_TO_RIGHT_MARK
    if language == "en" and re.match(r"\d+(?:\s*-\s*\d+)?\s+(?:block|blk)\b", tidy):
        return "the " + tidy
    return tidy


def sayable_words(said: str) -> str:
    """Somebody else's words as a draft of ours may hold them: one line, no slots, nobody called by @name or #tag."""
    return _CALLS.sub("", " ".join(said.split()).translate(_BRACKETS))


def block_of(place: str) -> str:
    """A place without its house number: "1234 S 9th St, Apt 2" -> "1200 block of S 9th St".

    Below number 100 only the street is left. Where any number remains that is neither a numbered street nor a block,
    the answer is "": better no place than somebody's home.
    """
    house = _HOUSE.match(place)
    if house is not None:
        street = _UNIT.split(house[2])[0].strip(" .,;:-")
        hundred = int(house[1]) // 100 * 100
        place = f"{hundred} block of {street}" if hundred and street else street
    return "" if re.search(r"\d", _STREET_NUMBERS.sub("", place)) else place


def first_name(name: str, language: str, *, public: bool, find_private: Callable[[str], Sequence[object]]) -> str:
    """The name to greet somebody with, or "" where what they call themself is no name. Never more than one word.

    A shown name is often a slogan or a full name; the second is not repeated in public (invariant 8).
    """
    words = name.split()
    if not words or (len(words) > 1 and language in SURNAME_FIRST) or (public and find_private(name)):
        return ""
    word = words[0]
    if not 1 < len(word) <= _NAME_LENGTH or word.lower() in _NO_NAMES or (word == "An" and len(words) > 1):
        return ""
    letters = _INSIDE_NAMES.sub("", word)
    shouted = len(word) > 2 and word.isupper()
    spelled = word[0].isalpha() and all(unicodedata.category(sign)[0] in "LM" for sign in letters)
    return word if spelled and not shouted and not word[0].islower() else ""
