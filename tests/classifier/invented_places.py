"""Sentences with invented places that no pattern knows, by which a recogniser learns in a second."""

from itertools import product

from classifier.evaluation.rows import Spot
from classifier.training.taught_places import TaughtText

_FIRST = ("bra", "dun", "fel", "gor", "hal", "kin", "lor", "mos", "nev", "tal")
_LAST = ("wick", "by", "ham", "mere", "stow")
_FRAMES = {
    "point": (
        "there is trash piled beside <>, please come",
        "a lamp is out beside <> since monday",
        "someone left a couch beside <> again",
    ),
    "area": ("no water all over <> this morning", "it is dark all over <> tonight", "rats all over <> for weeks"),
}
_NOTHING = (
    "thank you for the quick answer",
    "when will the office open again",
    "the truck never came this week",
    "who do i call about this",
)


def framed(frame: str, name: str, what: str) -> TaughtText:
    """The frame with the name in place of <>."""
    start = frame.index("<>")
    return TaughtText(frame.replace("<>", name), (Spot(start, start + len(name), what),))


def invented() -> list[TaughtText]:
    """A hundred texts that name a place each, no place twice, and some without one."""
    found = [
        framed(frames[number % len(frames)], name(first, last), what)
        for (what, frames), name in zip(_FRAMES.items(), (_ahead, _behind), strict=True)
        for number, (first, last) in enumerate(product(_FIRST, _LAST))
    ]
    return found + [TaughtText(text, ()) for text in _NOTHING]


def _ahead(first: str, last: str) -> str:
    return f"{first}{last} {last}o{first}"


def _behind(first: str, last: str) -> str:
    return f"{last}e{first} {first}a{last}"
