"""What a resident's answer to our question about an attribute means: a value, "I do not know", or nothing. Pure.

Digits of every script are read, a choice by its number or its name, a day by its date or as today and yesterday. What
is not plain is not guessed at: it is asked once more, and then a person reads it.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from models.attributes import Datatype, ServiceAttribute

LONGEST = 500
"""Code points of what is taken as an answer in free words."""
_HANDLES = re.compile(r"(?:\s*[.]?@[\w.@-]+[,:]?(?=\s|$))+")
_MARKS = dict.fromkeys([0xFE0E, 0xFE0F, 0x200B, 0x200E, 0x200F, 0x2066, 0x2067, 0x2068, 0x2069, 0x061C])
_ALIKE = {ord(one): "'" for one in "\u2018\u2019\u02bc\u02b9`\u00b4"} | {0x200C: " "}
_BETWEEN = re.compile(r"[\s,.;:!?\u3001\u3002\uff0c\u060c\u0964]+")
_NUMBER = re.compile(r"(?<![\d.,])-?\d{1,12}(?:[.,\u066b]\d{1,6})?(?![\d.,]*\d)")
_DAY = re.compile(r"(\d{1,4})\s*[-/.\u5e74]\s*(\d{1,2})\s*[-/.\u6708]\s*(\d{1,4})\u65e5?")
_SEVERAL = re.compile(r"\s*[,;&+\u3001\uff0c\u060c\n]\s*|\s+(?:and|y|et|e|và|ak|и|та|و|او|এবং|및)\s+|\s*[和与與]\s*")


@dataclass(frozen=True, slots=True)
class Meant:
    """A readable answer. `value` as GeoReport takes it: text, or keys of a list; None: they do not know, or none."""

    value: str | list[str] | None


UNKNOWN = Meant(None)


def read_said(attribute: ServiceAttribute, text: str, today: date, language: str = "en") -> Meant | None:
    """What an answer to this attribute's question means; None where it cannot be read.

    `today` is the day it was written on, in the city. `language` decides which of day and month comes first.
    """
    words = _bare(_HANDLES.sub("", text, count=1) if _HANDLES.match(text) else text)
    if not words or len(words) > LONGEST:
        return None
    match attribute.datatype:
        case Datatype.SINGLE_VALUE_LIST:
            chosen = _one_of(attribute.values, words)
            return Meant(chosen) if chosen is not None else _unknown(words)
        case Datatype.MULTI_VALUE_LIST:
            several = _several_of(attribute.values, words)
            return Meant(several) if several else _unknown(words)
        case Datatype.NUMBER:
            number = _number(words)
            return Meant(number) if number else _unknown(words)
        case Datatype.DATETIME:
            day = _day(words, today, language)
            return Meant(day.isoformat()) if day else _unknown(words)
        case Datatype.STRING | Datatype.TEXT:
            return _unknown(words) or Meant(_said(text))


def says_unknown(text: str) -> bool:
    """Whether all that is written is that somebody does not know."""
    return _unknown(_bare(_HANDLES.sub("", text, count=1) if _HANDLES.match(text) else text)) is not None


def says_yes(text: str) -> bool | None:
    """Whether all that is written is yes, or no; None where it is something else."""
    words = _bare(text)
    return True if words in _all("yes") else False if words in _all("no") else None


def _unknown(words: str) -> Meant | None:
    return UNKNOWN if words in _all("unknown") else None


def _said(text: str) -> str:
    """Free words without the names before them, in one line."""
    return " ".join((_HANDLES.sub("", text, count=1) if _HANDLES.match(text) else text).split())[:LONGEST]


def _one_of(values: Sequence[Mapping[str, object]], words: str) -> str | None:
    """The key of the one value that is meant: by its number in the list, its name or key, or yes and no."""
    keys = [str(one.get("key", "")) for one in values]
    names = [_names(one) for one in values]
    exact = {key for key, called in zip(keys, names, strict=True) if words in called}
    if len(exact) == 1:
        return exact.pop()
    if words.isdecimal():
        place = int(words)
        return keys[place - 1] if len(words) < 4 and 1 <= place <= len(keys) else None
    if yes_no := _yes_no(names, keys, words):
        return yes_no
    if words in _all("unknown"):
        return None
    within = {key for key, called in zip(keys, names, strict=True) if any(_holds(words, one) for one in called if one)}
    return within.pop() if len(within) == 1 else None


def _yes_no(names: Sequence[frozenset[str]], keys: Sequence[str], words: str) -> str | None:
    """A list of nothing but yes and no is answered in any language."""
    if len(keys) != 2:
        return None
    said = {meaning for meaning in ("yes", "no") if words in _all(meaning)}
    meant = {
        meaning: key
        for key, called in zip(keys, names, strict=True)
        for meaning in ("yes", "no")
        if called & _all(meaning)
    }
    return meant.get(said.pop()) if len(said) == 1 and len(meant) == 2 else None


def _several_of(values: Sequence[Mapping[str, object]], words: str) -> list[str]:
    """The keys of all values that are meant; [] where one part of the answer is none of them."""
    whole = _one_of(values, words)
    if whole is not None and not _SEVERAL.search(words):
        return [whole]
    parts = [part for one in _SEVERAL.split(words) if (part := _bare(one))]
    if len(parts) == 1 and all(part.isdecimal() for part in words.split()):
        parts = words.split()
    found = [_one_of(values, part) for part in parts]
    return list(dict.fromkeys(one for one in found if one is not None)) if found and None not in found else []


def _names(value: Mapping[str, object]) -> frozenset[str]:
    """What a value of a list may be called: its name, its key, and its names in other languages where it has some."""
    others = value.get("names")
    called = [value.get("name", ""), value.get("key", ""), *(others.values() if isinstance(others, dict) else ())]
    return frozenset(_bare(str(one)) for one in called) - {""}


def _holds(said: str, name: str) -> bool:
    """Whether one stands in the other in whole words: "blue" for "Dark blue", "it is blue" for "Blue"."""
    one, other = (f" {' '.join(re.split(_BETWEEN, words))} " for words in (said, name))
    return one in other or other in one


def _number(words: str) -> str:
    """The one number of an answer in ASCII digits; "" where there is none, or more than one."""
    found = _NUMBER.findall(words)
    if len(found) != 1:
        return ""
    plain = found[0].replace(",", ".").replace("\u066b", ".")
    return "".join(str(unicodedata.digit(one)) if one.isdecimal() else one for one in plain)


def _day(words: str, today: date, language: str) -> date | None:
    if words in _all("today"):
        return today
    if words in _all("yesterday"):
        return today - timedelta(days=1)
    found = _DAY.search(words)
    if found is None:
        return None
    one, two, three = (int(part) for part in found.groups())
    if len(found[1]) == 4:
        year, month, day = one, two, three
    elif language == "en":
        year, month, day = three, one, two
    else:
        year, month, day = three, two, one
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def _bare(text: str) -> str:
    """Lower case, one kind of apostrophe, one space between words, no marks at either end."""
    plain = unicodedata.normalize("NFC", text).translate(_MARKS).translate(_ALIKE)
    words = " ".join(plain.casefold().split())
    start, end = 0, len(words)
    while start < end and unicodedata.category(words[start])[0] in "PSCZ" and words[start] != "-":
        start += 1
    while end > start and unicodedata.category(words[end - 1])[0] in "PSCZ":
        end -= 1
    return words[start:end]


@cache
def _all(meaning: str) -> frozenset[str]:
    """Every word of a meaning, of all languages together: who answers may well answer in another one."""
    tables = tomllib.loads((files("models") / "said_plainly.toml").read_text(encoding="utf-8"))
    return frozenset(_bare(one) for table in tables.values() for one in table[meaning])
