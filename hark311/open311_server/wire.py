"""Answers as GeoReport v2 has them: one shape, written as JSON or as XML; errors are lists of code and description.

The two validators disagree on content types: one wants exactly text/xml, the other text/xml with its charset. The
charset is said, because a client that trusts HTTP's default would read names in other scripts wrongly. JSON is UTF-8 by
definition and says none. Source: GeoReport v2, formats and errors; RFC 8259, section 8.1.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

from starlette.responses import Response

Json = dict[str, Any]

MEDIA_TYPES = {"json": "application/json", "xml": "text/xml; charset=utf-8"}
SERVICES, DEFINITION, REQUESTS = "services", "service_definition", "service_requests"
UPDATES, ERRORS, DISCOVERY = "service_request_updates", "errors", "discovery"
_ENTRY = {
    SERVICES: "service",
    REQUESTS: "request",
    UPDATES: "request_update",
    ERRORS: "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What an entry of a list is called in XML; JSON has no names for them."""
_NO_XML = re.compile("[^\t\n\r\u0020-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even escaped, and what turns the writing round. Source: XML 1.0, production 2."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the HTTP status it stands for, and a sentence for the developer who called."""

    code: int
    description: str


class Refused(Exception):
    """A call that is not answered as asked. The first fault gives the HTTP status."""

    def __init__(self, *faults: Fault, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("; ".join(one.description for one in faults))
        self.faults = faults
        self.headers = headers


def refused(code: int, description: str) -> Refused:
    """A refusal for one reason."""
    return Refused(Fault(code, description))


def answer(form: str, root: str, content: Json | Sequence[Json], status: int = 200) -> Response:
    """An answer in the format of the path's ending. Raises Refused for a format there is none of."""
    if form not in MEDIA_TYPES:
        raise refused(404, "there is no such format: requests end in .json or .xml")
    if form == "xml":
        return Response(to_xml(root, content), status, {"content-type": MEDIA_TYPES["xml"]})
    body = json.dumps(_clean(content), ensure_ascii=False, allow_nan=False).encode()
    return Response(body, status, {"content-type": MEDIA_TYPES["json"]})


def error_answer(form: str, error: Refused) -> Response:
    """A refusal as GeoReport writes errors; in JSON where the path names no format."""
    content = [{"code": one.code, "description": one.description} for one in error.faults]
    said = answer(form if form in MEDIA_TYPES else "json", ERRORS, content, error.faults[0].code)
    said.headers.update(error.headers or {})
    return said


def to_xml(root: str, content: Json | Sequence[Json]) -> bytes:
    """A JSON answer as the XML of the specification, in UTF-8: well-formed whatever somebody wrote."""
    element = Xml.Element(root)
    _fill(element, content)
    written: bytes = Xml.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _fill(element: Xml.Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _fill(Xml.SubElement(element, name), inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _fill(Xml.SubElement(element, _ENTRY[element.tag]), inner)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = cleaned(str(value))


def _clean(value: Any) -> Any:
    """The same with texts that any reader takes: no half of a surrogate pair, no control character."""
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return cleaned(value) if isinstance(value, str) else value


def cleaned(text: str) -> str:
    """A text without what no XML document may hold, and without what would turn the words beside it round."""
    return _NO_XML.sub("", text)


def moment(at: datetime | None, zone: ZoneInfo) -> str | None:
    """A time as GeoReport writes it: whole seconds, the city's time, with its offset."""
    return at.astimezone(zone).isoformat(timespec="seconds") if at else None
