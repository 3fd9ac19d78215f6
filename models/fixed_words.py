"""What a resident answers when we ask whether it is fixed: yes, no, or something that a person has to read. Pure.

Short words alone are understood, of any language there is a table for, and never against each other: "not fixed" is no
yes, and "no, it's fixed" is neither.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LONGEST = 120
"""Code points of what can be nothing but an answer."""
FALLBACK_LANGUAGE = "en"

_SIGNS = {"\N{THUMBS UP SIGN}": True, "\N{WHITE HEAVY CHECK MARK}": True, "\N{HEAVY CHECK MARK}": True}
_SIGNS |= {"\N{THUMBS DOWN SIGN}": False, "\N{CROSS MARK}": False, "\N{NEGATIVE SQUARED CROSS MARK}": False}
_NO_LETTERS = dict.fromkeys([0xFE0E, 0xFE0F, 0x200B, 0x200E, 0x200F, 0x2066, 0x2067, 0x2068, 0x2069])
_NO_LETTERS |= dict.fromkeys(range(0x1F3FB, 0x1F400))
"""How an emoji is drawn, its skin, and which way the writing runs: nothing of it says anything."""
_ALIKE = {ord(one): "'" for one in "\u2018\u2019\u02bc\u02b9`\u00b4"} | {0x200C: " "}
_HANDLES = re.compile(r"(?:\s*[.]?@[\w.@-]+[,:]?(?=\s|$))+")
_ASKS = re.compile("[?\uff1f\u061f\u037e]")
_NUMBER = re.compile(r"[#(\[]*\b([\w/-]*\d[\w/-]*)[)\]]*\s*$")
_MARKS = ',.;:!()"\u00ab\u00bb\u2026\u2013\u2014\u3002\u3001\uff0c\uff01\uff1b\u060c\u061b\u06d4\u0964\u17d4\u17d5'
_BREAKS = re.compile(rf"\s*[{re.escape(_MARKS)}-]+\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: whether it is fixed, and which request was named beside it ("" for none)."""

    fixed: bool
    number: str = ""


def read_answer(text: str) -> Said | None:
    """What a text answers; None where it is anything but a short yes or no, and a person has to read it."""
    if len(text) > LONGEST or _ASKS.search(text):
        return None
    words = _plain(_HANDLES.sub("", text, count=1) if _HANDLES.match(text) else text)
    number = ""
    if found := _NUMBER.search(words):
        number, words = found[1], words[: found.start()]
    parts = [part for part in _parts(words) if part not in _polite()]
    meant = {_meaning().get(part) for part in parts}
    return Said(meant.pop() is True, number) if meant in ({True}, {False}) else None


def buttons(language: str, number: str = "") -> tuple[str, str]:
    """The two buttons under our question, yes and no, with the number of the request they are about."""
    table = _tables().get(language) or _tables()[FALLBACK_LANGUAGE]
    beside = f" ({number})" if number else ""
    return f"{table['button_yes']}{beside}", f"{table['button_no']}{beside}"


def languages() -> frozenset[str]:
    """The languages an answer is understood in."""
    return frozenset(_tables())


def _plain(text: str) -> str:
    words = unicodedata.normalize("NFC", text.replace("\n", ", ")).translate(_NO_LETTERS).translate(_ALIKE).casefold()
    for sign in _SIGNS:
        words = words.replace(sign, f",{sign},")
    return " ".join(words.split())


def _parts(words: str) -> list[str]:
    """What stands between marks: "no, still not fixed" has two. A whole that we know is not taken apart."""
    whole = " ".join(words.split())
    return [whole] if whole in _meaning() else [part for one in _BREAKS.split(words) if (part := one.strip())]


@cache
def _tables() -> Mapping[str, Mapping[str, str | list[str]]]:
    return tomllib.loads((files("models") / "fixed_words.toml").read_text(encoding="utf-8"))


@cache
def _meaning() -> Mapping[str, bool]:
    """Every word and sign, and what it says. Raises ValueError where one would say both."""
    found = dict(_SIGNS)
    for language, table in _tables().items():
        for name, fixed in (("yes", True), ("no", False)):
            for one in table[name]:
                if found.setdefault(_bare(one), fixed) is not fixed:
                    raise ValueError(f"{one!r} ({language}) says yes in one language and no in another")
    return found


@cache
def _polite() -> frozenset[str]:
    return frozenset(_bare(one) for table in _tables().values() for one in table["polite"])


def _bare(words: str) -> str:
    return _plain(words)
