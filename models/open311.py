"""Shapes of Open311 GeoReport v2 as they come over the wire, read kindly: cities bend the standard.

Source: wiki.open311.org/GeoReport_v2; deviations seen in the wild: null or empty lat/long, numbers as ids, ids with
leading zeros, single objects instead of lists.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _text(value: object) -> object:
    return "" if value is None else str(value) if isinstance(value, int | float) else value


def _number(value: object) -> object:
    return None if value in ("", None) else value


def _moment(value: object) -> object:
    if value in ("", None):
        return None
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _status(value: object) -> object:
    return str(value or "").strip().lower()


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[float | None, BeforeValidator(_number)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ServiceShape(_Shape):
    """One entry of GET services."""

    service_code: Text
    service_name: Text = ""
    description: Text = ""
    metadata: bool = False
    type: Text = "realtime"
    keywords: Text = ""
    group: Text = ""


class AnswerShape(_Shape):
    """What POST requests and GET tokens answer: a service_request_id or a token."""

    service_request_id: Text = ""
    token: Text = ""
    service_notice: Text = ""
    account_id: Text = ""


class RequestShape(_Shape):
    """One entry of GET requests."""

    service_request_id: Text
    status: Annotated[str, BeforeValidator(_status)] = ""
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


class ErrorShape(_Shape):
    """One entry of an error answer."""

    code: Text = ""
    description: Text = Field(default="")


def as_list(answer: Any) -> list[Any]:
    """A list, also where a server answers a single object."""
    return answer if isinstance(answer, list) else [answer]
