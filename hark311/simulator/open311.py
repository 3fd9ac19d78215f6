"""Open311 GeoReport v2 over HTTP, JSON and XML: discovery, services, requests, tokens, errors as the spec has them."""

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.faults import Fault
from hark311.simulator.open311_requests import City, NotTaken
from hark311.simulator.open311_services import BY_CODE, SERVICES
from hark311.simulator.open311_updates import Updates
from hark311.simulator.open311_wild import Quirk, quirks_of, twisted
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
    "notes": "note",
    "photos": "photo",
}
PAGE_IN_THE_WILD = 50


class Open311Voice:
    """The names of the city's calls and its way to refuse them."""

    channel = "open311"

    def operation(self, method: str, path: str) -> str:
        """discovery, services, service, post_request, requests, request, token, updates or post_update."""
        parts = path.removeprefix("/v2").strip("/").rpartition(".")[0].split("/")
        if parts[0] == "servicerequestupdates":
            return "post_update" if method == "POST" else "updates"
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
        self.updates = Updates(city)
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
            ("/v2/servicerequestupdates", self.said),
        ]
        writes: list[tuple[str, Callable[[list[tuple[str, str]]], tuple[str, object]]]] = [
            ("/v2/requests", self._take),
            ("/v2/servicerequestupdates", self._hear),
        ]
        routes = [Route(f"{path}.{{format}}", self._taking(act), methods=["POST"]) for path, act in writes]
        routes += [Route(f"{path}.{{format}}", self._answering(act), methods=["GET"]) for path, act in reads]
        return Starlette(routes=routes)

    @property
    def quirks(self) -> frozenset[Quirk]:
        """What it does as endpoints in the wild do; nothing in the strict mode."""
        return quirks_of(self.city.store)

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
        if Quirk.SLOW_TOKENS in self.quirks and not settled:
            return "service_requests", []
        return "service_requests", [{"service_request_id": str(row["id"]) if settled else "", "token": row["token"]}]

    def requests(self, request: Request) -> tuple[str, object]:
        """GET requests: by ids, or by service, status and time (90 days at most)."""
        query = request.query_params
        quirks = self.quirks
        longest = PAGE_IN_THE_WILD if Quirk.PAGES in quirks else LONGEST_PAGE
        size = min(_whole(query.get("page_size"), longest, "page_size"), longest)
        page = 1 if Quirk.NO_PAGES in quirks else _whole(query.get("page"), 1, "page")
        ids = [int(part) for part in _list(query.get("service_request_id")) if _is_id(part)]
        statuses = _list(query.get("status"))
        if any(status not in ("open", "closed") for status in statuses):
            raise NotTaken((400, "status is open or closed"))
        rows = self.city.search(
            ids=ids if query.get("service_request_id") else None,
            codes=_list(query.get("service_code")),
            statuses=statuses,
            span_ms=self._span(query.get("start_date"), query.get("end_date")),
            updated_ms=(
                self._span(query.get("updated_after"), query.get("updated_before"))
                if query.get("updated_after")
                else None
            ),
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

    def said(self, request: Request) -> tuple[str, object]:
        """GET servicerequestupdates: what was said in a time span. Source: FixMyStreet's extension."""
        if Quirk.NO_UPDATES in self.quirks:
            raise NotTaken((404, "there is no such call"))
        query = request.query_params
        span = self._span(query.get("start_date"), query.get("end_date"))
        return "service_request_updates", self.updates.between(span)

    def _take(self, pairs: list[tuple[str, str]]) -> tuple[str, object]:
        """POST requests: a form with api_key; answers an id, or a token for a batch service."""
        if Quirk.DUPLICATES in self.quirks and (twin := self.city.open_twin(dict(pairs))):
            raise NotTaken((400, f"This is a duplicate of request {twin['id']}"))
        return "service_requests", [_receipt(self.city.take(pairs))]

    def _hear(self, pairs: list[tuple[str, str]]) -> tuple[str, object]:
        """POST servicerequestupdates: what a resident adds."""
        if Quirk.NO_UPDATES in self.quirks:
            raise NotTaken((404, "there is no such call"))
        refuse = Quirk.REPEATED_UPDATES in self.quirks
        return "service_request_updates", [self.updates.take(dict(pairs), refuse_repeats=refuse)]

    def _taking(
        self, act: Callable[[list[tuple[str, str]]], tuple[str, object]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            async with request.form() as form:
                pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
                if any(not isinstance(value, str) for value in form.values()):  # a photo in a multipart form
                    pairs.append(("media_url", f"{request.base_url}kept-photo.jpg"))
            pairs = [*request.query_params.multi_items(), *pairs]
            key = dict(pairs).get("api_key", "")
            if not hmac.compare_digest(key.encode(), self.settings.open311_api_key.encode()):
                missing = "api_key was not provided" if not key else "api_key is not valid"
                return self._written(request, "errors", _errors((403, missing)), 403)
            try:
                root, content = act(pairs)
            except NotTaken as refused:
                return self._written(request, "errors", _errors(*refused.faults), refused.faults[0][0])
            return self._written(request, root, content, 201)

        return endpoint

    def _answering(self, act: Callable[[Request], tuple[str, object]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                root, content = act(request)
            except NotTaken as refused:
                return self._written(request, "errors", _errors(*refused.faults), refused.faults[0][0])
            return self._written(request, root, content, 200)

        return endpoint

    def _written(self, request: Request, root: str, content: object, status: int) -> Response:
        """An answer in the format of the path's suffix, with whatever the quirks make of it."""
        suffix, quirks = request.path_params["format"], self.quirks
        if suffix not in ("json", "xml") or (suffix == "json" and Quirk.XML_ONLY in quirks):
            body = json.dumps(_errors((404, "there is no such format")))
            return Response(body, 404, media_type="application/json")
        content = twisted(content, root, quirks)
        if suffix == "json" and Quirk.XML_ALWAYS not in quirks:
            answer, kind = json.dumps(content, ensure_ascii=False).encode(), "application/json"
        else:
            answer, kind = to_xml(root, content), "text/xml; charset=utf-8"
        return Response(answer, status, {"content-type": "text/html" if Quirk.WRONG_TYPE in quirks else kind})


def _receipt(row: sqlite3.Row) -> Json:
    name, value = ("token", row["token"]) if row["token"] else ("service_request_id", str(row["id"]))
    account = json.loads(row["contact"]).get("account_id")
    return {name: value, "service_notice": BY_CODE[row["service_code"]].notice, "account_id": account}


def _errors(*faults: tuple[int, str]) -> list[Json]:
    return [{"code": code, "description": description} for code, description in faults]


def to_xml(root: str, content: object) -> bytes:
    """GeoReport's XML of a JSON answer: lists get the wrapper and child names of the specification."""
    if isinstance(content, dict) and list(content) == [root]:  # wrapped already
        content = content[root]
    if isinstance(content, dict) and root in _CHILDREN:  # a single object
        content = [content]
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
