"""Open311 GeoReport v2 over HTTP, JSON and XML: discovery, services, requests, tokens, errors as the spec has them."""

import hmac
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast
from xml.etree import ElementTree as Xml

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.faults import Fault
from hark311.simulator.open311_requests import City, NotTaken
from hark311.simulator.open311_services import BY_CODE, SERVICES
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import ms_of

DAYS_90_MS = 90 * 24 * 3600 * 1000
LONGEST_PAGE = 1000
_CHILDREN = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}


class Open311Voice:
    """The names of the city's calls and its way to refuse them."""

    channel = "open311"

    def operation(self, method: str, path: str) -> str:
        """discovery, services, service, post_request, requests, request or token."""
        parts = path.removeprefix("/v2").strip("/").rpartition(".")[0].split("/")
        if method == "POST":
            return "post_request"
        if len(parts) > 1:
            return {"services": "service", "requests": "request", "tokens": "token"}.get(parts[0], "unknown")
        return parts[0]

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """429 with Retry-After."""
        del now
        body = [{"code": 429, "description": "too many requests"}]
        return 429, {"retry-after": str(max(1, round(fault.reset_in)))}, json.dumps(body).encode()

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """403, as GeoReport answers a wrong api_key."""
        return 403, {}, json.dumps([{"code": 403, "description": "api_key is not valid"}]).encode()


class Open311Api:
    """The HTTP face of a `City`."""

    voice = Open311Voice()

    def __init__(self, city: City, settings: SimulatorSettings) -> None:
        self.city = city
        self.settings = settings

    def app(self) -> Starlette:
        """The ASGI app to mount at the API's prefix."""
        reads: list[tuple[str, Callable[[Request], tuple[str, object]]]] = [
            ("/v2/discovery", self.discovery),
            ("/v2/services", self.services),
            ("/v2/services/{code}", self.service),
            ("/v2/tokens/{token}", self.token),
            ("/v2/requests", self.requests),
            ("/v2/requests/{id}", self.request),
        ]
        routes = [Route(f"{path}.{{format}}", _answering(act), methods=["GET"]) for path, act in reads]
        routes.insert(0, Route("/v2/requests.{format}", self._take, methods=["POST"]))
        return Starlette(routes=routes)

    def discovery(self, request: Request) -> tuple[str, object]:
        """GET discovery: one production endpoint, both formats."""
        started = "2026-01-05T00:00:00+00:00"
        base = f"http://{request.headers.get('host', '127.0.0.1')}/open311/v2"
        endpoint: Json = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": base,
            "changeset": started,
            "type": "production",
            "formats": ["application/json", "text/xml"],
        }
        return "discovery", {
            "changeset": started,
            "contact": "The simulator speaks for this city. Nothing here leaves this machine.",
            "key_service": "The key stands in the simulator's settings.",
            "endpoints": [endpoint, endpoint | {"type": "test"}],
        }

    def services(self, request: Request) -> tuple[str, object]:
        """GET services."""
        del request
        return "services", [service.shape() for service in SERVICES]

    def service(self, request: Request) -> tuple[str, object]:
        """GET services/:code: the questions a service asks."""
        service = BY_CODE.get(request.path_params["code"])
        if service is None:
            raise NotTaken((404, "service_code was not found"))
        attributes = [question.shape(order) for order, question in enumerate(service.questions, start=1)]
        return "service_definition", {"service_code": service.code, "attributes": attributes}

    def token(self, request: Request) -> tuple[str, object]:
        """GET tokens/:token: the request's number once the city has one, an empty one before."""
        row = self.city.by_token(request.path_params["token"])
        if row is None:
            raise NotTaken((404, "token was not found"))
        settled = row["ready_ms"] <= self.city.store.now_ms()
        return "service_requests", [{"service_request_id": str(row["id"]) if settled else "", "token": row["token"]}]

    def requests(self, request: Request) -> tuple[str, object]:
        """GET requests: by ids, or by service, status and time (90 days at most)."""
        query = request.query_params
        size = _whole(query.get("page_size"), LONGEST_PAGE, "page_size")
        page = _whole(query.get("page"), 1, "page")
        ids = [int(part) for part in _list(query.get("service_request_id")) if _is_id(part)]
        statuses = _list(query.get("status"))
        if any(status not in ("open", "closed") for status in statuses):
            raise NotTaken((400, "status is open or closed"))
        size = min(size, LONGEST_PAGE)
        rows = self.city.search(
            ids=ids if query.get("service_request_id") else None,
            codes=_list(query.get("service_code")),
            statuses=statuses,
            span_ms=self._span(query.get("start_date"), query.get("end_date")),
            limit=size,
            offset=(page - 1) * size,
        )
        return "service_requests", [self.city.shape(row) for row in rows]

    def _span(self, start: str | None, end: str | None) -> tuple[int, int]:
        """The asked time span in ms; 90 days back from its end when its start is left out or lies further back."""
        first, last = _moment(start, "start_date"), _moment(end, "end_date")
        if last is None:
            last = self.city.store.now_ms() if first is None else first + DAYS_90_MS
        return max(first if first is not None else 0, last - DAYS_90_MS), last

    def request(self, request: Request) -> tuple[str, object]:
        """GET requests/:id: a list of one."""
        number = request.path_params["id"]
        row = self.city.request(int(number)) if _is_id(number) else None
        if row is None:
            raise NotTaken((404, "service_request_id was not found"))
        return "service_requests", [self.city.shape(row)]

    async def _take(self, request: Request) -> Response:
        """POST requests: a form with api_key; answers an id, or a token for a batch service."""
        suffix = request.path_params["format"]
        async with request.form() as form:
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        key = dict(pairs).get("api_key") or request.query_params.get("api_key", "")
        if not hmac.compare_digest(key.encode(), self.settings.open311_api_key.encode()):
            missing = "api_key was not provided" if not key else "api_key is not valid"
            return _written(suffix, "errors", _errors((403, missing)), 403)
        try:
            row = self.city.take([*request.query_params.multi_items(), *pairs])
        except NotTaken as refused:
            return _written(suffix, "errors", _errors(*refused.faults), refused.faults[0][0])
        return _written(suffix, "service_requests", [_receipt(row)], 201)


def _receipt(row: sqlite3.Row) -> Json:
    name, value = ("token", row["token"]) if row["token"] else ("service_request_id", str(row["id"]))
    account = json.loads(row["contact"]).get("account_id")
    return {name: value, "service_notice": BY_CODE[row["service_code"]].notice, "account_id": account}


def _answering(act: Callable[[Request], tuple[str, object]]) -> Callable[[Request], Response]:
    async def endpoint(request: Request) -> Response:
        suffix = request.path_params["format"]
        try:
            root, content = act(request)
        except NotTaken as refused:
            return _written(suffix, "errors", _errors(*refused.faults), refused.faults[0][0])
        return _written(suffix, root, content, 200)

    return cast("Callable[[Request], Response]", endpoint)


def _errors(*faults: tuple[int, str]) -> list[Json]:
    return [{"code": code, "description": description} for code, description in faults]


def _written(suffix: str, root: str, content: object, status: int) -> Response:
    """An answer in the format of the path's suffix."""
    if suffix == "json":
        return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json")
    if suffix == "xml":
        return Response(to_xml(root, content), status, {"content-type": "text/xml; charset=utf-8"})
    return Response(json.dumps(_errors((404, "the formats are json and xml"))), 404, media_type="application/json")


def to_xml(root: str, content: object) -> bytes:
    """GeoReport's XML of a JSON answer: lists get the wrapper and child names of the specification."""
    element = Xml.Element(root)
    _fill(element, content)
    body: bytes = Xml.tostring(element, encoding="utf-8", xml_declaration=True)
    return body


def _fill(element: Xml.Element, content: object) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            _fill(Xml.SubElement(element, name), value)
    elif isinstance(content, list):
        for value in content:
            _fill(Xml.SubElement(element, _CHILDREN[element.tag]), value)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = "".join(sign for sign in str(content) if sign >= " " or sign in "\t\n\r")


def _list(written: str | None) -> list[str]:
    return [part.strip() for part in (written or "").split(",") if part.strip()]


def _is_id(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= 18


def _whole(written: str | None, default: int, name: str) -> int:
    if written is None:
        return default
    if not _is_id(written) or int(written) < 1:
        raise NotTaken((400, f"{name} is a number from 1 up"))
    return int(written)


def _moment(written: str | None, name: str) -> int | None:
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError as error:
        raise NotTaken((400, f"{name} is not an ISO 8601 time")) from error
    return ms_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
