"""What a place phrase says, taken apart: house number, street, cross streets, or a name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from classifier.places.names import StreetName, ordinal, read_street_name
from classifier.places.phrases import Place, PlaceKind


class Form(StrEnum):
    """How a phrase says where."""

    ADDRESS = "address"
    CROSSING = "crossing"
    BLOCK = "block"
    STRETCH = "stretch"
    STREET = "street"
    NAME = "name"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Reading:
    """A phrase taken apart. `start`, `end`: code points of the post's text.

    `number`: as written ("12B", "1208-1210"); `low`: its first number, of a BLOCK its hundred (0: the unit block).
    `streets`: the street, or the ways to read two or three of them; `name`: the words.
    """

    form: Form
    start: int
    end: int
    name: str = ""
    number: str = ""
    low: int = 0
    streets: tuple[tuple[StreetName, ...], ...] = ()


_WORDS = (
    r"and|n|'n|at|near|off|by|y|e|con|et|ak|v\u00e0|va|\u0438|\u0456|\u0439|\u0442\u0430|x|cross(?:es)?|"
    r"corner(?: of)?|meets|close to|just (?:off|past|before)"
)
_JOIN = re.compile(
    rf"\s*(?:&amp;|[&+/@\u548c\u4e0e\u8207\u53ca\u8ddf])\s*|\s*,?\s+(?:{_WORDS})\s+|\s*,\s*|\s+-+\s+"
    r"|(?<=\S)[\uc640\uacfc]\s+",
    re.I,
)
_LEAD = re.compile(
    r"^(?:\W|(?:the|at|on|near|in|corner|cor|intersection|intersections|crossing|junction|both|of)\b\.?)+", re.I
)
_HOUSE = re.compile(
    r"#?(?P<number>\d{1,5}(?:[a-z]\b|\s?1/2)?(?:\s?[-\u2013/]\s?\d{1,5}[a-z]?\b)?)"
    r"(?:(?:\s?[,&]\s?|\s(?:and|or|y)\s)#?\d{1,5}[a-z]?\b)*\s*,?\s+(?=\S)",
    re.I,
)
_HOUSE_BEHIND = re.compile(r"^(?P<street>.*\D)[\s,#]+(?P<number>\d{3,4})$", re.S)
_BLOCK = re.compile(
    r"(?P<hundred>\d{1,5}|unit)(?:s|'s)?\s*(?:-\s?\d{1,5}\s*)?(?:hundred\s+)?(?:block|blk|bk)s?\b\.?\s*"
    r"(?:(?:of|on|the)\s+)*",
    re.I,
)
_SIDE_AFTER = re.compile(r"\s+(?:north|south|east|west|[nsew])(?=\s*[,.;:!?)\n]|\s*$)", re.I)
_BLOCK_FIRST = re.compile(
    r"(?:block|blk|cuadra|bloque|quadra)\s+(?P<hundred>\d{1,5})\s+(?:(?:of|on|the|de|del|da|la|el)\s+)*", re.I
)
_BETWEEN = re.compile(
    r"^(?P<street>.*?)\s*,?\s*\b(?:in )?(?:between|b/[wtn]|btwn|btw|bet|entre)\b\.?\s+(?P<rest>.+)$", re.I | re.S
)
_FROM = re.compile(
    r"^(?P<street>.*?)\s*,?\s*\bfrom\s+(?P<first>.+?)\s+(?:all the way )?(?:to|until|through|thru)\s+(?P<last>.+)$",
    re.I | re.S,
)
_TAG = re.compile(r"(?<=[a-z])(?:(?=[A-Z\d])|(?=And[A-Z\d]))")
_TAG_JOIN = re.compile(r"(?<=\w)(?:And|and|N)(?=[A-Z\d])")


def read_place(text: str, place: Place) -> Reading:
    """The place phrase of a text, taken apart."""
    words = text[place.start : place.end]
    if side := _SIDE_AFTER.match(text[place.end : place.end + 12]):
        words += side.group()
    if place.rule == "hashtag":
        words = _TAG.sub(" ", _TAG_JOIN.sub(" & ", words.lstrip("#")))
    return read_phrase(words, place.kind, place.start, place.end)


def read_phrase(words: str, kind: PlaceKind | None, start: int, end: int) -> Reading:
    """A phrase taken apart. `kind` None: it is told from the words."""
    if kind is PlaceKind.STOP:
        return Reading(Form.STOP, start, end, name=words)
    if stretch := _stretch(words):
        return Reading(Form.STRETCH, start, end, streets=stretch)
    if block := _BLOCK.match(words) or _BLOCK_FIRST.match(words):
        hundred = 0 if block["hundred"].casefold() == "unit" else int(block["hundred"]) // 100 * 100
        return Reading(Form.BLOCK, start, end, low=hundred, streets=((read_street_name(words[block.end() :]),),))
    house = _HOUSE.match(words)
    if house and kind in (None, PlaceKind.ADDRESS, PlaceKind.BLOCK):
        number = house["number"].upper().replace(" ", "").replace("\u2013", "-")
        low = int(re.split(r"\D", number, maxsplit=1)[0])
        street = read_street_name(words[house.end() :])
        return Reading(Form.ADDRESS, start, end, number=number, low=low, streets=((street,),))
    if kind is PlaceKind.ADDRESS and (behind := _HOUSE_BEHIND.match(words)):
        number, street = behind["number"], read_street_name(behind["street"])
        return Reading(Form.ADDRESS, start, end, number=number, low=int(number), streets=((street,),))
    if kind in (None, PlaceKind.INTERSECTION) and (pairs := tuple(two_streets(words))):
        return Reading(Form.CROSSING, start, end, name=words, streets=pairs)
    if kind in (PlaceKind.STREET, PlaceKind.ADDRESS, PlaceKind.INTERSECTION, PlaceKind.BLOCK):
        return Reading(Form.STREET, start, end, name=words, streets=((read_street_name(_LEAD.sub("", words)),),))
    streets = () if kind is PlaceKind.AREA else ((read_street_name(_LEAD.sub("", words)),),)
    return Reading(Form.NAME, start, end, name=words, streets=streets)


def two_streets(words: str) -> Iterator[tuple[StreetName, StreetName]]:
    """Every way to read these words as two streets, the likeliest first."""
    for join in _JOIN.finditer(words):
        left, right = _LEAD.sub("", words[: join.start()]), _LEAD.sub("", words[join.end() :])
        one, last = read_street_name(left), _JOIN.split(right, maxsplit=1)[0].split()
        for count in range(len(last), 0, -1):  # the span may hold a word too many
            other = read_street_name(" ".join(last[:count]))
            if one.base and other.base:
                yield _numbered(one), _numbered(other)


def _numbered(name: StreetName) -> StreetName:
    """A bare number joined to a street is a numbered one ("5 and Market")."""
    return replace(name, base=ordinal(int(name.base))) if name.base.isascii() and name.base.isdigit() else name


def _stretch(words: str) -> tuple[tuple[StreetName, ...], ...]:
    """The street (its base "" where none is named) and the two that bound the stretch."""
    if found := _FROM.match(words):
        return ((_name(found["street"]), _name(found["first"]), _name(found["last"])),)
    if found := _BETWEEN.match(words):
        street = _name(found["street"])
        return tuple((street, *pair) for pair in two_streets(found["rest"]))
    return ()


def _name(words: str) -> StreetName:
    return read_street_name(_LEAD.sub("", words))
