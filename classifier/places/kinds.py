"""What a place phrase is."""

from dataclasses import dataclass
from enum import StrEnum


class PlaceKind(StrEnum):
    """How exactly a phrase says where, from most to least exact."""

    ADDRESS = "address"
    INTERSECTION = "intersection"
    BLOCK = "block"
    LANDMARK = "landmark"
    STOP = "stop"
    STREET = "street"
    WATERWAY = "waterway"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Place:
    """A place phrase: code points `start` to `end` of the text, and the rule that found it."""

    kind: PlaceKind
    start: int
    end: int
    rule: str


Found = tuple[PlaceKind, int, int, str]
"""Kind, first token, token after the last, rule."""
