"""Whose is it: the district, ward and department of a point, and whether the road there is the city's to mend.

Source: domain.md section 5.3. Areas and roads come from the gazetteer, what an owner's code means from the table
`road_owner`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from classifier.lexicons import read_lexicon
from models.places import AreaKind
from models.responsibility import RoadOwner

ROAD_WITHIN_M = 40.0
"""Metres from the point to the middle of the road. The widest city streets are about 40 m from house to house."""


class AreaHere(Protocol):
    """An area that a point lies in."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def owner(self) -> str: ...


class RoadHere(Protocol):
    """The piece of road nearest to a point."""

    @property
    def name(self) -> str: ...
    @property
    def owner(self) -> str: ...


class Ground(Protocol):
    """What a gazetteer knows about a point, degrees WGS 84."""

    def areas_at(self, lat: float, lon: float) -> Sequence[AreaHere]: ...

    def nearest_segment(self, lat: float, lon: float, within_m: float) -> RoadHere | None: ...


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who answers for a problem at a point. Names are "" where the city's data do not tell.

    `ours` is False only where somebody else is known to keep the road and the problem is one of the road. `note` says
    so with whom to call, or what is not known; `checked`: a person has made sure of that number.
    """

    neighbourhood: str = ""
    district: str = ""
    ward: str = ""
    department: str = ""
    road: str = ""
    road_owner: str = ""
    ours: bool = True
    note: str = ""
    checked: bool = True


def road_decides(category: str | None) -> bool:
    """Whether problems of this category are mended by whoever keeps the road."""
    return category in read_lexicon("responsibility")["road"]["decides"]


def responsibility(
    ground: Ground, lat: float, lon: float, category: str | None, owners: Mapping[str, RoadOwner]
) -> Responsibility:
    """Who answers for a problem of this category at a point (degrees WGS 84).

    `category` is the kind the service stands for, None where that is not known; then no road decides. `owners`: by the
    code that stands in the street data.
    """
    areas = ground.areas_at(lat, lon)
    road = ground.nearest_segment(lat, lon, ROAD_WITHIN_M)
    decided = _by_road(road, owners) if road and road_decides(category) else _Verdict()
    return Responsibility(
        neighbourhood=_name(areas, AreaKind.NEIGHBOURHOOD),
        district=_name(areas, AreaKind.DISTRICT),
        ward=_name(areas, AreaKind.WARD),
        department=_department(areas),
        road=road.name if road else "",
        road_owner=road.owner if road else "",
        ours=decided.ours,
        note=decided.note,
        checked=decided.checked,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    ours: bool = True
    note: str = ""
    checked: bool = True


def _by_road(road: RoadHere, owners: Mapping[str, RoadOwner]) -> _Verdict:
    if not road.owner:
        return _Verdict()
    owner = owners.get(road.owner)
    if owner is None:
        return _Verdict(note=f"The street data say that {road.owner} keeps {road.name}; nobody has said who that is.")
    if owner.ours:
        return _Verdict()
    whom = ", ".join(filter(None, (owner.call, owner.number)))
    sentences = [
        f"{road.name} here is kept by {owner.name}, not by the city.",
        f"Call {whom}." if whom else "",
        owner.note,
    ]
    return _Verdict(False, " ".join(filter(None, sentences)), checked=not whom or owner.checked_on is not None)


def _name(areas: Sequence[AreaHere], kind: AreaKind) -> str:
    return next((area.name for area in areas if area.kind == kind), "")


def _department(areas: Sequence[AreaHere]) -> str:
    """The owner of the area that is drawn for a department, else of any part of the city that names one."""
    drawn = [area for area in areas if area.kind == AreaKind.DEPARTMENT]
    if drawn:
        return drawn[0].owner or drawn[0].name
    return next((area.owner for area in areas if area.owner and area.kind != AreaKind.CITY), "")
