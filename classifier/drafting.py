"""The service request a post asks for: a draft for a person to approve, and what a crew would still need to know."""

import html
import re
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifier.places import PlaceKind, kind_of_place
from classifier.protocol import Understood
from classifier.redaction import redact
from models import Need, Service
from models.posts import Pin

if TYPE_CHECKING:
    from classifier.places.resolver import Resolved

DESCRIPTION_LIMIT = 4000
"""Longest description, in code points. Source: GeoReport v2, POST service request."""

_LEADING_HANDLE = re.compile(r"\s*[.]?@(?P<handle>[\w.-]*\w(?:@[\w.-]*\w)?)[,:]?(?=\s|$)")
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]{0,400}>|<!--|-->")
_OPENING = re.compile(r"<(?=[a-zA-Z!?/])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

PLACE = "place"
WHICH_PLACE = "which_place"
CROSS_STREET = "cross_street"
HOUSE_NUMBER = "house_number"
SERVICE = "service"

_ONE_SPOT = frozenset({PlaceKind.ADDRESS, PlaceKind.BLOCK, PlaceKind.INTERSECTION, PlaceKind.LANDMARK, PlaceKind.STOP})
_ENOUGH: dict[Need, frozenset[PlaceKind]] = {
    Need.POINT: _ONE_SPOT,
    Need.BLOCK: _ONE_SPOT,
    Need.ADDRESS: frozenset({PlaceKind.ADDRESS}),
}


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A draft in the fields of GeoReport v2.

    `missing` holds "service" and one of "place", "which_place", "cross_street", "house_number".
    """

    service_code: str | None
    description: str
    address_string: str
    lat: float | None
    long: float | None
    media_url: str
    missing: tuple[str, ...]


def draft_request(
    understood: Understood,
    text: str,
    *,
    service: Service | None = None,
    pin: Pin | None = None,
    photos: Sequence[str] = (),
    resolved: "Resolved | None" = None,
    our_handles: Collection[str] = (),
    keep: Set[str] = frozenset(),
) -> RequestDraft:
    """Drafts the request for one understood post. Pure.

    `service` is the one whose code was suggested, or the one a person chose. `resolved` is what the city's gazetteer
    makes of the places; without one the words and the pin have to do. `our_handles` are stripped from the start of the
    text; all are, if none are named. `keep` holds the city's own phone numbers and addresses, which are not redacted.
    """
    code = service.service_code if service else understood.service_code
    where = _where(understood, pin, resolved)
    missing = [] if code else [SERVICE]
    if lack := _lacking(service.needs if service else Need.POINT, where):
        missing.append(lack)
    return RequestDraft(
        service_code=code,
        description=describe(text, our_handles=our_handles, keep=keep),
        address_string=redact(_plain(where.address), keep),
        lat=where.lat,
        long=where.long,
        media_url=photos[0] if photos else "",
        missing=tuple(missing),
    )


def describe(text: str, *, our_handles: Collection[str] = (), keep: Set[str] = frozenset()) -> str:
    """The resident's own words: no leading handles, no markup, nothing private, at most DESCRIPTION_LIMIT."""
    ours = {handle.lstrip("@").casefold() for handle in our_handles}
    words = redact(_plain("\n".join(_without_leading_handles(line, ours) for line in text.split("\n"))), keep)
    if len(words) <= DESCRIPTION_LIMIT:
        return words
    return words[: DESCRIPTION_LIMIT - 1].rsplit(maxsplit=1)[0][: DESCRIPTION_LIMIT - 1] + "\u2026"


def _without_leading_handles(line: str, ours: Set[str]) -> str:
    """A line without the handles it begins with: every post of a resident who writes several begins a line."""
    while (lead := _LEADING_HANDLE.match(line)) and (not ours or lead["handle"].casefold() in ours):
        line = line[lead.end() :]
    return line


def _plain(text: str) -> str:
    """No markup: entities are read and tags go until there are none left; what still looks like one is parted."""
    before = None
    while before != text:
        before, text = text, _TAG.sub(" ", _CONTROL.sub("", html.unescape(text)))
    return _OPENING.sub("< ", text).strip()


@dataclass(frozen=True, slots=True)
class _Where:
    """The place of a draft. `kind`: how exact its words are; `exact`: lat and long are the place, not its middle.

    `open`: the gazetteer asks back, where `several` because it may be more than one place.
    """

    address: str
    lat: float | None
    long: float | None
    kind: PlaceKind | None
    exact: bool = False
    open: bool = False
    several: bool = False


def _where(understood: Understood, pin: Pin | None, resolved: "Resolved | None") -> _Where:
    if resolved is None or not resolved.candidates:
        address = (pin and (pin.address or pin.title)) or understood.location_phrase
        kind = PlaceKind.ADDRESS if pin and pin.address else kind_of_place(understood.location_phrase)
        return _Where(address, pin.lat if pin else None, pin.lon if pin else None, kind, exact=pin is not None)
    best = resolved.candidates[0]
    named = {one.name for one in resolved.candidates if one.end > one.start}
    if resolved.needs_clarification or resolved.apart:  # of two places that lie apart, a person chooses
        several = resolved.apart or len(named) > 1
        return _Where(understood.location_phrase, None, None, _kind(best.kind), open=True, several=several)
    spoken = next((one for one in resolved.candidates if one.end > one.start and not one.outside), None)
    address = best.name or (spoken.name if spoken else "") or understood.location_phrase
    kind = _kind(best.kind) or (_kind(spoken.kind) if spoken else None)
    exact = best.lat is not None and best.kind not in (PlaceKind.STREET, PlaceKind.AREA)
    return _Where(address, best.lat, best.lon, kind, exact=exact)


def _kind(kind: str) -> PlaceKind | None:
    """A pin and a photo are points, and no words."""
    return PlaceKind(kind) if kind in set(PlaceKind) else None


def _lacking(need: Need, where: _Where) -> str | None:
    if need is Need.NOTHING:
        return None
    if where.open and where.several:
        return WHICH_PLACE
    if not where.open and where.kind in _ENOUGH.get(need, ()):
        return None
    if where.exact and need is not Need.ADDRESS:
        return None
    if need is Need.ADDRESS and (where.exact or where.kind in _ONE_SPOT):
        return HOUSE_NUMBER
    return CROSS_STREET if where.open or where.kind is PlaceKind.STREET else PLACE
