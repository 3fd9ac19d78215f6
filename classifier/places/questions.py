"""What to ask back when a place is not clear enough, in plain English."""

from collections.abc import Sequence

from classifier.places.found import Found
from classifier.places.lookups import OTHERWISE
from classifier.places.names import StreetName
from models import Need

_MOST = 4


def which_of(found: Sequence[Found], streets: Sequence[StreetName], areas: Sequence[str]) -> str:
    """Which of several places: by direction ("N or S 5th St?"), by area, else by their names.

    `streets`, `areas`: the street of each and the part of the city it is in ("" where unknown).
    """
    directions = [one.direction or one.post_direction for one in streets]
    bases = {(one.base, one.suffix) for one in streets}
    if len(set(directions)) > 1 and len(bases) == 1 and all(directions):
        base, suffix = next(iter(bases))
        return f"{_listed(dict.fromkeys(directions))} {base} {suffix}".strip() + "?"
    names = list(dict.fromkeys(one.name for one in found))
    if len(names) == 1 and len(set(areas)) == len(areas) > 1 and all(areas):
        return f"Which {names[0]}: in {_listed(areas)}?"
    if len(names) > 1:
        return f"Which is it: {_listed(names)}?"
    return f"There is more than one {names[0]}. Which part of the city, or what is the nearest cross street?"


def more_exactly(found: Found | None, need: Need) -> str:
    """What is missing for this service."""
    if found is None:
        return "Where is it? An address or the nearest corner helps."
    if need is Need.ADDRESS and found.kind != "street":
        return f"Which house number is it, near {found.name}?"
    if found.note == OTHERWISE:
        return f"Do you mean {found.name}?"
    if found.kind == "address":
        return f"We know no house number near {found.name}. Is the number right, and what is the nearest cross street?"
    if found.kind == "street":
        return f"Where on {found.name}? A house number or the nearest cross street helps."
    return f"Where in {found.name}? An address or the nearest corner helps."


def unknown(street: str) -> str:
    """A street the gazetteer does not have."""
    return f"We could not find {street} in the city. Is it spelled so, and what is the nearest cross street?"


def elsewhere(place: str, area: str) -> str:
    """A place that is known, but not in the part of the city that the post names."""
    return f"We know no {place} in {area}. Which part of the city is it in?"


def apart(one: str, other: str) -> str:
    """Two streets that do not meet."""
    return f"{one} and {other} do not meet. Which corner is it?"


def unmet(one: str, other: str) -> str:
    """Two streets of which it is not known where they meet."""
    return f"We do not know where {one} and {other} meet. Is there a house number near by?"


def _listed(names: Sequence[str] | dict[str, None]) -> str:
    first = list(names)[:_MOST]
    return first[0] if len(first) == 1 else f"{', '.join(first[:-1])} or {first[-1]}"
