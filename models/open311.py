"""Shapes of Open311 GeoReport v2 as they come over the wire, read kindly: cities bend the standard.

Source: wiki.open311.org/GeoReport_v2 and its extensions; deviations seen in the wild: null or empty lat/long, numbers
as ids, ids and codes with leading zeros, single objects and wrapper objects instead of lists, times without an offset,
notes and extended attributes beside the fields.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

WRAPPERS = {
    "services": "service",
    "service_requests": "request",
    "requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "notes": "note",
}
"""What GeoReport wraps a list in, and what it calls one of its entries. Source: GeoReport v2, XML samples."""
_WHOLE_ANSWERS = (
    "services",
    "service_definition",
    "service_requests",
    "requests",
    "service_request_updates",
    "errors",
)
"""Wrappers that some put around the list of a whole JSON answer; the others are also names of fields."""

CLOSED_STATES = frozenset(
    {
        "closed",
        "fixed",
        "fixed_council",
        "fixed_user",
        "duplicate",
        "no_further_action",
        "not_councils_responsibility",
        "not_responsible",
        "unable_to_fix",
    }
)
"""Finer states of the updates extension that mean: nothing more happens. Source: FixMyStreet, additional states."""


def state_of(status: str) -> str:
    """A state as the tables name it: "Fixed - Council" is fixed_council."""
    return "_".join(re.findall(r"[a-z]+", status.lower().replace("'", "")))


def open_or_closed(status: str) -> str:
    """GeoReport's status for a state of the updates extension; "" stays ""."""
    return ("closed" if state_of(status) in CLOSED_STATES else "open") if status else ""


LONGEST_TEXT = 20_000
"""Of a field, in characters: a description of 4,000 with our reference fits in it, whatever an endpoint adds."""
_UNWANTED = {0: " "} | dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""NUL, which no database takes; and the marks that turn the writing round, for they would turn our words too."""


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        return value[:LONGEST_TEXT].encode("utf-8", "replace").decode().translate(_UNWANTED)
    return str(value) if isinstance(value, int | float) else value


FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Of times that are meant: 0001-01-01 and 9999-12-31 are how systems write none, and have no time in other zones."""


def _number(value: object) -> object:
    return None if value in ("", None) else value


def _moment(value: object, info: ValidationInfo) -> object:
    if value in ("", None):
        return None
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        zone = (info.context or {}).get("zone")
        moment = moment.replace(tzinfo=zone if isinstance(zone, ZoneInfo) else UTC)
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _status(value: object) -> object:
    return str(_text(str(value or ""))).strip().lower()


def _flag(value: object) -> object:
    return False if value in ("", None) else value


def _entries(value: object) -> object:
    return [] if value in ("", None) else entries_of(value)


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[float | None, BeforeValidator(_number)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""Aware; one without an offset is taken for the time of the validation context's `zone`, or for UTC."""
Status = Annotated[str, BeforeValidator(_status)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ServiceShape(_Shape):
    """One entry of GET services."""

    service_code: Text
    service_name: Text = ""
    description: Text = ""
    metadata: Flag = False
    type: Text = "realtime"
    keywords: Text = ""
    group: Text = ""


class ValueShape(_Shape):
    """One choice of a list attribute."""

    key: Text
    name: Text = ""


class AttributeShape(_Shape):
    """One question of GET service definition. `variable` False: information only."""

    code: Text
    variable: Flag = True
    datatype: Status = "string"
    required: Flag = False
    datatype_description: Text = ""
    description: Text = ""
    order: Annotated[int, BeforeValidator(lambda value: value or 0)] = 0
    values: Annotated[list[ValueShape], BeforeValidator(_entries)] = []


class DefinitionShape(_Shape):
    """GET service definition."""

    service_code: Text = ""
    attributes: Annotated[list[AttributeShape], BeforeValidator(_entries)] = []


class AnswerShape(_Shape):
    """What POST requests and GET tokens answer: a service_request_id or a token."""

    service_request_id: Text = ""
    token: Text = ""
    service_notice: Text = ""
    account_id: Text = ""


def _moment_or_none(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None


class NoteShape(_Shape):
    """One entry of a request's history, an extension (Chicago, Boston, San Francisco)."""

    datetime: Text = ""
    description: Text = ""
    summary: Text = ""
    type: Text = ""

    @property
    def said(self) -> str:
        return self.description or self.summary


NOTED_WITHIN = timedelta(minutes=1)
"""A note stands this shortly before the change it tells of, where a city keeps both."""


class RequestShape(_Shape):
    """One entry of GET requests."""

    service_request_id: Text
    status: Status = ""
    status_notes: Text = ""
    service_name: Text = ""
    service_code: Text = ""
    description: Text = ""
    agency_responsible: Text = ""
    service_notice: Text = ""
    requested_datetime: Moment = None
    updated_datetime: Moment = None
    expected_datetime: Moment = None
    address: Text = ""
    lat: Number = None
    long: Number = None
    media_url: Text = ""
    notes: Annotated[list[Any], BeforeValidator(_entries)] = []

    @property
    def said(self) -> str:
        """The city's words on where it stands: its status notes, else the newest note of its history.

        A note that is older than the request's last change says nothing of that change.
        """
        if self.status_notes:
            return self.status_notes
        notes = [NoteShape.model_validate(one) for one in self.notes if isinstance(one, dict)]
        newest = max((one for one in notes if one.said), key=lambda one: one.datetime, default=None)
        if newest is None:
            return ""
        at = _moment_or_none(newest.datetime)
        older = at is not None and self.updated_datetime is not None and at < self.updated_datetime - NOTED_WITHIN
        return "" if older else newest.said


class UpdateShape(_Shape):
    """One entry of GET servicerequestupdates. Source: FixMyStreet, Open311 extension for updates."""

    update_id: Text
    service_request_id: Text
    status: Status = ""
    updated_datetime: Moment = None
    description: Text = ""
    media_url: Text = ""


class EndpointShape(_Shape):
    """One endpoint of GET discovery."""

    specification: Text = ""
    url: Text
    type: Status = ""
    formats: Annotated[list[Text], BeforeValidator(_entries)] = []


class DiscoveryShape(_Shape):
    """GET discovery. Source: GeoReport v2, service discovery."""

    endpoints: Annotated[list[EndpointShape], BeforeValidator(_entries)] = []
    contact: Text = ""
    key_service: Text = ""


class ErrorShape(_Shape):
    """One entry of an error answer."""

    code: Text = ""
    description: Text = ""


def entries_of(answer: Any) -> list[Any]:
    """The entries of an answer: of a list, of a single object, or of a list in GeoReport's wrappers."""
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict):
        inner = next((answer[name] for name in _WHOLE_ANSWERS if name in answer), None)
        if inner is None and len(answer) == 1 and next(iter(answer)) in WRAPPERS.values():
            inner = next(iter(answer.values()))
        if isinstance(inner, list | dict):
            return entries_of(inner)
    return [answer]
