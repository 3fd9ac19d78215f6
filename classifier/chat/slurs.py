"""Slurs against groups of people, known by their hashes alone: no page, log or file of ours shows one.

Few on purpose: words that are nothing else. Insults and profanity are none (docs/reference/chat-lanes.md).
"""

import hashlib
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from classifier.words import read_words

_LONGEST = 3
"""Words of the longest one."""


def holds_slur(forms: Sequence[str]) -> bool:
    """Whether the words of a text (classifier.words) hold one."""
    known = _known()
    return any(
        _hash(" ".join(forms[at : at + size])) in known
        for size in range(1, _LONGEST + 1)
        for at in range(len(forms) - size + 1)
    )


@lru_cache(maxsize=16_384)
def _hash(words: str) -> str:
    return hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).hexdigest()


@cache
def _known() -> frozenset[str]:
    read = tomllib.loads((files("classifier.chat") / "lexicon" / "slurs.toml").read_text("utf-8"))
    return frozenset(read["hashes"])


if __name__ == "__main__":
    print(_hash(" ".join(read_words(input()).forms)))  # the line for slurs.toml
