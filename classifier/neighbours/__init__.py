"""Who reported it already: other open requests that may be about the same problem, each with its reasons."""

from classifier.neighbours.comparing import Neighbour, Report, compare, neighbours_of
from classifier.neighbours.reach import GROUPS, Reach, reach_of
from classifier.neighbours.texts import Gist, gist_of, likeness, place_key, text_hash

__all__ = [
    "GROUPS",
    "Gist",
    "Neighbour",
    "Reach",
    "Report",
    "compare",
    "gist_of",
    "likeness",
    "neighbours_of",
    "place_key",
    "reach_of",
    "text_hash",
]
