"""Finds the phrases we do not use in a reply. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models import BannedPhrase

WITHOUT_SPACES = frozenset({"zh-Hans", "zh-Hant", "km"})
"""Where words are not parted by spaces, a phrase may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Found:
    """One phrase in a text; `start` and `end` count code points."""

    start: int
    end: int
    said: str
    say_instead: str
    blocks: bool


def find_phrases(text: str, language: str, phrases: Sequence[BannedPhrase]) -> list[Found]:
    """The phrases of a text in reading order; of two that overlap the longer one. Capitals and spaces do not matter."""
    found = [
        Found(match.start(), match.end(), match[0], one.say_instead, one.blocks)
        for one in phrases
        if one.ended_at is None and one.language in ("", language)
        for match in _pattern(one.phrase, language).finditer(text)
        if one.say_instead != match[0]
    ]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Found] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def said_instead(text: str, found: Found) -> str:
    """The text with one phrase replaced; where there is nothing to say instead, it is left out with its space."""
    instead = found.say_instead
    before, after = text[: found.start], text[found.end :]
    if not instead:
        before, after = before.rstrip(" "), after.lstrip(" ,;:")
        if not after or after[0] in ".!?":
            before = before.rstrip(" ,;:")
        glue = "" if not before or not after or after[0] in ".!?" or before.endswith("\n") else " "
        if not before or before[-1] in ".!?\n":
            after = after[:1].upper() + after[1:]
        return f"{before}{glue}{after}"
    opens = not before.strip() or before.rstrip(" ")[-1] in ".!?\n"
    if opens or (found.said[:1].isupper() and not found.said.isupper()):
        instead = instead[:1].upper() + instead[1:]
    return f"{before}{instead}{after}"


def _pattern(phrase: str, language: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    if not words or language in WITHOUT_SPACES:
        return re.compile(words or r"(?!)", re.IGNORECASE)
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
