"""Whether a post says nothing but that its author has the same problem: "same here", "+1", "yo también". Pure."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from models.commands import LONGEST, bare, without_handles

_PARTS = re.compile(r"[,.;!?…。，！？،؟।៕។]+|\s[-–—]\s")


def says_same(text: str) -> bool:
    """Whether every part of a post, without the names before it, is one of the known ways to say so."""
    if len(text) > LONGEST:
        return False
    said = [word for part in _PARTS.split(without_handles(text)) if (word := _word(part))]
    return bool(said) and all(word in _ways() for word in said)


def _word(part: str) -> str:
    """A part in its bare words; a plus before them is one of them: "+1" is no "1"."""
    words = bare(part)
    plus = "+" if part.strip().startswith("+") else ""
    return plus + words


@cache
def _ways() -> frozenset[str]:
    spoken = tomllib.loads((files("models") / "me_too.toml").read_text(encoding="utf-8"))
    return frozenset(_word(way) for ways in spoken.values() for way in ways)
