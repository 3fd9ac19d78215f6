"""A provider's name for a place, written as our own gazetteer writes it."""

import re

from classifier.places.names import normal_street

_ADDRESS = re.compile(r"(?P<number>\d+(?:-\d+)?[A-Z]?) (?P<street>\S.*)")
_BLOCK = re.compile(r"(?P<from>\d+)(?:-\d+)? block of (?P<street>.+)", re.IGNORECASE)
_CROSSING = re.compile(r" (?:&|and) ", re.IGNORECASE)


def written(name: str) -> str:
    """ "1336 CHESTNUT STREET" as "1336 Chestnut St"; crossings and blocks too. For street names, not for landmarks."""
    name = " ".join(name.split())
    if block := _BLOCK.fullmatch(name):
        return f"{block['from']} block of {normal_street(block['street'])}"
    streets = _CROSSING.split(name)
    if len(streets) == 2:
        return " & ".join(map(normal_street, streets))
    if address := _ADDRESS.fullmatch(name):
        return f"{address['number']} {normal_street(address['street'])}"
    return normal_street(name)
