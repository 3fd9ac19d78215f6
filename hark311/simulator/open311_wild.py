"""What endpoints in the wild make of GeoReport v2, one quirk at a time, put over the answers of the strict city."""

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from hark311.simulator.spoken import Json
from hark311.simulator.store import Store


class Quirk(StrEnum):
    """One thing that some endpoint out there does."""

    NUMBERS = "numbers"  # ids, codes and coordinates as JSON numbers
    SINGLE = "single"  # an object for a list of one
    WRAPPED = "wrapped"  # {"service_requests": [...]} for [...]
    NO_COORDINATES = "no_coordinates"  # "" for the latitude, null for the longitude
    NAIVE = "naive"  # times without an offset, in city time
    XML_ONLY = "xml_only"  # 404 for .json
    XML_ALWAYS = "xml_always"  # XML, whatever was asked for
    WRONG_TYPE = "wrong_type"  # everything is text/html
    PAGES = "pages"  # lists come in pages of 50
    NO_PAGES = "no_pages"  # the first page whichever is asked for
    DUPLICATES = "duplicates"  # 400 for what is reported already, naming it
    SLOW_TOKENS = "slow_tokens"  # an empty list until a token has its number
    EXTENDED = "extended"  # the words stand in notes, and extended_attributes come along
    REPEATED_UPDATES = "repeated_updates"  # 400 for an update_id that is held
    NO_UPDATES = "no_updates"  # no servicerequestupdates


WILD = frozenset(Quirk) - {Quirk.XML_ONLY, Quirk.XML_ALWAYS, Quirk.NO_PAGES, Quirk.WRAPPED, Quirk.NO_UPDATES}
"""What goes together; the others each exclude one of these or need a client that asks for XML."""
_KEPT = "open311_quirks"
_OFFSET = re.compile(r"[+-]\d\d:\d\d$|Z$")


def quirks_of(store: Store) -> frozenset[Quirk]:
    """What the city's endpoint does as those in the wild do; nothing in the strict mode."""
    return frozenset(Quirk(one) for one in store.recall(_KEPT) or ())


def keep_quirks(store: Store, quirks: Iterable[Quirk]) -> None:
    """Let it behave like this from now on."""
    store.remember(_KEPT, sorted(quirks))


def twisted(content: Any, root: str, quirks: frozenset[Quirk]) -> Any:
    """A strict answer as an endpoint with these quirks gives it."""
    if isinstance(content, list) and root == "service_requests":
        content = [_request(one, quirks) for one in content]
    if Quirk.NAIVE in quirks:
        content = _naive(content)
    if isinstance(content, list) and len(content) == 1 and Quirk.SINGLE in quirks:
        content = content[0]
    return {root: content} if Quirk.WRAPPED in quirks else content


def _request(one: Json, quirks: frozenset[Quirk]) -> Json:
    one = dict(one)
    if Quirk.EXTENDED in quirks and "status" in one:
        one["extended_attributes"] = {"photos": [], "channel": "api"}
        if one.get("notes"):
            one["status_notes"] = None
    if Quirk.NO_COORDINATES in quirks and "lat" in one:
        one |= {"lat": "", "long": None}
    if Quirk.NUMBERS in quirks:
        for name in ("service_request_id", "lat", "long"):
            if re.fullmatch(r"-?\d+(\.\d+)?", str(one.get(name))):
                one[name] = json.loads(str(one[name]).lstrip("0") or "0")
    return one


def _naive(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            name: _OFFSET.sub("", value) if name.endswith("datetime") and isinstance(value, str) else _naive(value)
            for name, value in content.items()
        }
    return [_naive(one) for one in content] if isinstance(content, list) else content
