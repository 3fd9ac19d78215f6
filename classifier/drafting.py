"""The service request a post asks for: a draft for a person to approve, and what a crew would still need to know."""

import html
import re
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

from classifier.places import PlaceKind, kind_of_place
from classifier.protocol import Understood
from classifier.redaction import redact
from models import Need, Service
from models.posts import Pin

DESCRIPTION_LIMIT = 4000
"""Longest description, in code points. Source: GeoReport v2, POST service request."""

_LEADING_HANDLE = re.compile(r"\s*[.]?@(?P<handle>[\w.-]*\w(?:@[\w.-]*\w)?)[,:]?(?=\s|$)")
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]{0,400}>|<!--|-->")
_OPENING = re.compile(r"<(?=[a-zA-Z!?/])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

PLACE = "place"
CROSS_STREET = "cross_street"
HOUSE_NUMBER = "house_number"
SERVICE = "service"

_ENOUGH: dict[Need, frozenset[PlaceKind]] = {
    Need.POINT: frozenset({PlaceKind.ADDRESS, PlaceKind.BLOCK, PlaceKind.INTERSECTION, PlaceKind.LANDMARK}),
    Need.BLOCK: frozenset({PlaceKind.ADDRESS, PlaceKind.BLOCK, PlaceKind.INTERSECTION, PlaceKind.LANDMARK}),
    Need.ADDRESS: frozenset({PlaceKind.ADDRESS}),
}


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A draft in the fields of GeoReport v2. `missing` holds "service", "place", "cross_street", "house_number"."""

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
    photo_urls: Sequence[str] = (),
    photo_point: tuple[float, float] | None = None,
    our_handles: Collection[str] = (),
    keep: Set[str] = frozenset(),
) -> RequestDraft:
    """Drafts the request for one understood post. Pure.

    `service` is the one whose code was suggested, or the one a person chose. `photo_point` (lat, long) is where a photo
    was taken, if the channel told. `our_handles` are stripped from the start of the text; all are, if none are named.
    `keep` holds the city's own phone numbers and addresses, which are not redacted.
    """
    code = service.service_code if service else understood.service_code
    lat, long = (pin.lat, pin.lon) if pin else photo_point or (None, None)
    address = _address(understood, pin)
    kind = PlaceKind.ADDRESS if pin and pin.address else kind_of_place(understood.location_phrase)
    missing = [] if code else [SERVICE]
    if lack := _lacking(service.needs if service else Need.POINT, kind, lat is not None):
        missing.append(lack)
    return RequestDraft(
        service_code=code,
        description=describe(text, our_handles=our_handles, keep=keep),
        address_string=redact(_plain(address), keep),
        lat=lat,
        long=long,
        media_url=photo_urls[0] if photo_urls else "",
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


def _address(understood: Understood, pin: Pin | None) -> str:
    return (pin and (pin.address or pin.title)) or understood.location_phrase


def _lacking(need: Need, kind: PlaceKind | None, has_point: bool) -> str | None:
    if need is Need.NOTHING or kind in _ENOUGH.get(need, ()):
        return None
    if has_point and need is not Need.ADDRESS:
        return None
    if need is Need.ADDRESS and (has_point or kind in _ENOUGH[Need.POINT]):
        return HOUSE_NUMBER
    return CROSS_STREET if kind is PlaceKind.STREET else PLACE
