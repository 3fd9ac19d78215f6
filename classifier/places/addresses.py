"""Reading an address as a city's system writes it: house numbers, a street or two, and the part of the city behind."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from classifier.lexicons import read_lexicon
from classifier.places.names import direction_of, normal_street, street_words

_CROSSING = re.compile(r"^\W*(?:(?:the )?(?:intersection|corner|cor|c/o)\b\.?(?: of| at)?|of)\s+", re.I)
_JOIN = re.compile(r"\s+(?:and|near|at|by|off|n)\s+|\s*(?:&amp;|[&@+/])\s*", re.I)
_BETWEEN = re.compile(r"\s+(?:between|btwn|b/w|from)\s+", re.I)
_HOUSE = re.compile(
    r"^#?(\d{1,5})(?:[a-z]\b|\s*1/2\b)?(?:(?:\s*[-\u2013]\s*|\s+)(\d{1,5})(?:[a-z]\b)?)?(?:\s+(?=\S)|(?=[a-z]{3}))",
    re.I,
)
_SECOND_HOUSE = re.compile(r"^(?:and|&|,)\s*\d[\d\s-]*\s+", re.I)
_UNIT = re.compile(r"^(?:apt|unit|#|suite|ste|fl|floor|bldg)?\W*[\dA-Za-z]{0,3}[\d\s-]*[A-Za-z]?$", re.I)
_POSTCODE = re.compile(r"\b(\d{5})(?:-\d{4})?\b")
_BLANKS = re.compile(r"\s+")
_ENOUGH = 3
"""So often must words stand behind a street word to be a part of the city."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts: `low` to `high` house numbers (0: none), a street or two, the part of the city.

    `named`: no street at all but a name, as of a park.
    """

    street: str = ""
    other: str = ""
    low: int = 0
    high: int = 0
    area: str = ""
    postcode: str = ""
    named: bool = False


def known_tails(addresses: Iterable[str]) -> frozenset[str]:
    """The words these addresses end in behind the street: "south end", "springfield". Small letters."""
    counts: Counter[str] = Counter()
    for address in addresses:
        head, *parts = _parts(address)
        counts.update(part for part in parts if not _UNIT.match(part))
        if tail := _after_street_word(head):
            counts[tail] += 1
    return frozenset(tail for tail, count in counts.items() if count >= _ENOUGH and not tail.isdigit())


def read_address(address: str, tails: Collection[str]) -> Address:
    """The parts of one address. `tails`: of `known_tails`. An address that holds none of them is a named place."""
    head, *parts = _parts(address)
    postcode = codes[-1] if "," in address and (codes := _POSTCODE.findall(address)) else ""
    area = next((part for part in parts if part in tails), "")
    while (tail := next((one for one in _endings(head) if one in tails), "")) and len(head) > len(tail):
        head, area = head[: -len(tail)].strip(" ,-"), tail
    if crossing := _CROSSING.match(head):
        head = head[crossing.end() :]
    head = _BETWEEN.split(head, maxsplit=1)[0]
    if house := _HOUSE.match(head):
        return _house(house, head, area, postcode)
    if len(sides := _JOIN.split(head, maxsplit=1)) == 2 and all(sides):
        return Address(normal_street(sides[0]), normal_street(sides[1]), area=area, postcode=postcode)
    street = normal_street(head)
    return Address(street, area=area, postcode=postcode, named=not _ends_as_street(head))


def _house(house: re.Match[str], head: str, area: str, postcode: str) -> Address:
    low, high = int(house[1]), int(house[2] or house[1])
    if not low <= high <= low + 200:
        high = low
    rest = _SECOND_HOUSE.sub("", head[house.end() :])
    return Address(normal_street(_JOIN.split(rest, maxsplit=1)[0]), "", low, high, area, postcode)


def _parts(address: str) -> list[str]:
    """What stands between commas, in small letters, without postal codes, states and countries."""
    plain = _BLANKS.sub(" ", _POSTCODE.sub(" ", address.casefold()) if "," in address else address.casefold())
    head, *rest = [part.strip(" .-") for part in plain.split(",")]
    return [_without_state(head), *(part for one in rest if (part := _without_state(one)))]


def _without_state(part: str) -> str:
    states = read_lexicon("streets")["address_tails"]["words"]
    if part in states:
        return ""
    for words in (1, 2):
        head, _, tail = part.rpartition(" ") if words == 1 else _last_two(part)
        if head and tail in states and not direction_of(tail) and tail not in street_words():
            return head
    return part


def _last_two(part: str) -> tuple[str, str, str]:
    words = part.rsplit(" ", 2)
    return (words[0], " ", " ".join(words[1:])) if len(words) == 3 else ("", "", part)


def _endings(head: str) -> Iterable[str]:
    """The last one to three words, the longest first."""
    words = head.split(" ")
    return (" ".join(words[-count:]) for count in (3, 2, 1) if len(words) > count)


def _after_street_word(head: str) -> str:
    words = head.split(" ")
    for at in range(len(words) - 1, 0, -1):
        if words[at].strip(".") in street_words():
            rest = words[at + 1 :]
            while rest and len(rest[0]) <= 2 and direction_of(rest[0]):
                rest = rest[1:]
            return " ".join(rest)
    return ""


def _ends_as_street(head: str) -> bool:
    words = head.split(" ")
    return len(words) > 1 and any(word.strip(".") in street_words() for word in words[-2:])
