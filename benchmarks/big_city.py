"""A made-up city of fifty thousand streets, and posts about it: what the speed and memory of places are measured on."""

import random
from collections.abc import Iterator
from itertools import chain, islice, product

from shapely import LineString

from models import Feature, FeatureKind

STREETS = 50_000
LANES = 5
"""A quarter has so many streets each way, and a street one block fewer: ten streets, forty segments, 25 crossings."""
BLOCK = 0.001
"""Degrees from one crossing to the next."""
NUMBERS = 100
SOUTH, WEST = 39.0, -76.0
ACROSS = 80
"""Quarters in a row."""

_FIRST = (
    "Al",
    "Bar",
    "Cor",
    "Del",
    "Ever",
    "Fair",
    "Glen",
    "Har",
    "Ing",
    "Jes",
    "Kil",
    "Lor",
    "Mar",
    "Nor",
    "Oak",
    "Pem",
)
_MIDDLE = ("a", "be", "da", "e", "ing", "ling", "man", "o", "ri", "ster", "ta", "wen")
_LAST = ("bury", "by", "cliff", "dale", "field", "ford", "ham", "hurst", "land", "ley", "more", "ness", "ton", "wick")
_COMMON = ("Washington", "Franklin", "Market", "Spruce", "Pine", "Race", "Church", "Park", "2nd", "5th", "9th", "12th")
_SUFFIXES = ("St", "Ave", "Rd", "Ln", "Ct", "Dr", "Pl", "Way")
_POSTS = (
    "big pothole on {street} near {other}, second week now",
    "{number} {street} trash not picked up again!!",
    "streetlight out at {street} and {other}",
    "can someone look at the {hundred} block of {street}, water everywhere",
    "@city311 graffiti on the wall, {street} between {other} and {third}",
    "it has been days and still nobody came, what do we pay for",
    "thank you for fixing the light so fast",
)


def names() -> list[str]:
    """Names of STREETS streets, one in twenty a common one that many quarters have."""
    rng = random.Random(11)
    pairs = [f"{first}{last}" for first, last in product(_FIRST, _LAST)]
    single = ("".join(parts) for parts in product(_FIRST, _MIDDLE, _LAST))
    double = (f"{one} {other}" for one, other in product(pairs, pairs))
    named = (f"{name} {suffix}" for name in chain(single, double) for suffix in _SUFFIXES)
    return [
        f"{rng.choice(_COMMON)} {rng.choice(_SUFFIXES)}" if rng.random() < 0.05 else name
        for name in islice(named, STREETS)
    ]


def features() -> Iterator[Feature]:
    """The segments of the city, with their lines and house numbers."""
    named = names()
    for first in range(0, STREETS, 2 * LANES):
        quarter = first // (2 * LANES)
        lat, lon = SOUTH + quarter // ACROSS * LANES * BLOCK * 1.2, WEST + quarter % ACROSS * LANES * BLOCK * 1.2
        for lane in range(2 * LANES):
            yield from _segments(named[first + lane], lat, lon, lane % LANES, east=lane < LANES)


def _segments(name: str, lat: float, lon: float, lane: int, *, east: bool) -> Iterator[Feature]:
    for block in range(LANES - 1):
        ends = [(lane, block + step) if east else (block + step, lane) for step in (0, 1)]
        line = LineString([(lon + x * BLOCK, lat + y * BLOCK) for y, x in ends])
        low = block * NUMBERS
        yield Feature(
            FeatureKind.SEGMENT,
            name,
            line.centroid.y,
            line.centroid.x,
            left_from=low + 1,
            left_to=low + 99,
            right_from=low + 2,
            right_to=low + 98,
            shape=line.wkb,
            owner="CITY",
        )


def posts(count: int) -> list[str]:
    """Posts as residents write them; five in seven name a place of the city, in capitals or not."""
    named, rng = names(), random.Random(5)
    made = []
    for _ in range(count):
        quarter = rng.randrange(STREETS // (2 * LANES)) * 2 * LANES
        street, other, third = named[quarter + 1], named[quarter + LANES], named[quarter + LANES + 1]
        text = rng.choice(_POSTS).format(
            street=street, other=other, third=third, number=rng.randrange(1, 400), hundred=rng.randrange(1, 4) * 100
        )
        made.append(text.lower() if rng.random() < 0.4 else text)
    return made
