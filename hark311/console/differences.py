"""What an edit changed, word by word, small enough to read at a glance."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORDS = re.compile(r"\s+|[\w'’]+|[^\w\s]")
LONGEST = 4000
"""Words compared; a longer post is shown as one change."""


class Change(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text and what an edit did to it."""

    text: str
    change: Change


def difference(before: str, after: str) -> list[Part]:
    """The words of both versions in reading order: what stayed, what went, what came."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > LONGEST:
        return [Part(before, Change.GONE), Part(after, Change.NEW)]
    return list(_parts(old, new))


def _parts(old: list[str], new: list[str]) -> Iterator[Part]:
    for what, i, j, k, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield Part("".join(old[i:j]), Change.SAME)
            continue
        if i < j:
            yield Part("".join(old[i:j]), Change.GONE)
        if k < end:
            yield Part("".join(new[k:end]), Change.NEW)
