"""The city's system: Open311 GeoReport v2 through httpx, one attempt at a time.

Filing has no idempotency key in the standard. Our reference travels at the end of the description, so that after a
doubtful attempt the city's own list proves whether the request is there.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from models import SendAttempt, ServiceRequest, utc_now
from models.open311 import AnswerShape, ErrorShape, RequestShape, ServiceShape, as_list
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, ProvedAbsent

DESCRIPTION_LIMIT = 4000
CLOCKS_DIFFER_BY = timedelta(days=1)
"""How far the city's clock may be off before its list could hide a request from us."""
LONGEST_LIST = 1000
"""A list this long may be cut off. Source: GeoReport v2, GET service requests: 90 days or 1,000 requests."""
Shape = TypeVar("Shape", bound=BaseModel)
NOT_SENT_YET = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Filed:
    """The city's answer: a number, a token to ask again with, or neither (a black-box service)."""

    service_request_id: str
    token: str
    service_notice: str


class CityUnreachable(Exception):
    """The city's system could not be asked, or answered nonsense. Nothing was changed."""


def description_with(request: ServiceRequest) -> str:
    """The description as the city gets it: the resident's words, then our reference."""
    mark = f"\n\n[{request.reference}]"
    return request.description[: DESCRIPTION_LIMIT - len(mark)] + mark


class Open311City:
    """A GeoReport v2 endpoint. `lists_every_request`: its list shows a request at once, so that absence is proof."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        jurisdiction_id: str = "",
        lists_every_request: bool = False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/"), timeout=httpx.Timeout(20, connect=5), follow_redirects=True
        )
        self._key = api_key
        self._jurisdiction = {"jurisdiction_id": jurisdiction_id} if jurisdiction_id else {}
        self._lists_every_request = lists_every_request
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def services(self) -> list[ServiceShape]:
        """The services the city offers. Raises CityUnreachable."""
        return [_read(ServiceShape, one) for one in await self._get("/services.json", {})]

    async def file(self, request: ServiceRequest) -> Filed:
        """POST the request, once. Raises SendRefused, SendDeferred or SendUncertain."""
        try:
            answer = await self._client.post("/requests.json", data=self._form(request), follow_redirects=False)
        except NOT_SENT_YET as error:
            raise SendDeferred(
                self._clock() + timedelta(seconds=30), "The city's system could not be reached."
            ) from error
        except httpx.HTTPError as error:
            raise SendUncertain("The connection to the city's system broke while we were filing.") from error
        return self._read_filed(answer)

    def _form(self, request: ServiceRequest) -> dict[str, Any]:
        form: dict[str, Any] = {
            **self._jurisdiction,
            "api_key": self._key,
            "service_code": request.service_code or "",
            "description": description_with(request),
        }
        if request.lat is not None and request.long is not None:
            form |= {"lat": request.lat, "long": request.long}
        for name in ("address_string", "media_url"):
            if value := getattr(request, name):
                form[name] = value
        for code, value in request.attribute.items():
            form[f"attribute[{code}][]" if isinstance(value, list) else f"attribute[{code}]"] = value
        return form

    def _read_filed(self, answer: httpx.Response) -> Filed:
        if answer.status_code == 429 or (answer.status_code == 503 and "retry-after" in answer.headers):
            raise SendDeferred(
                self._clock() + timedelta(seconds=_seconds(answer.headers.get("retry-after"))),
                "The city's system asks us to wait.",
            )
        if answer.is_redirect:  # followed, the POST would become a GET, and somebody else's number our answer
            raise SendRefused("The city's system has moved to another address; somebody has to change the setting.")
        if 400 <= answer.status_code < 500:
            raise SendRefused(
                f"The city's system refused this request: {_said(answer)}.",
                credentials=answer.status_code in (401, 403),
            )
        if not answer.is_success:
            raise SendUncertain(f"The city's system answered {answer.status_code} while we were filing.")
        try:
            first = AnswerShape.model_validate(as_list(answer.json())[0])
        except (ValueError, IndexError, ValidationError) as error:
            raise SendUncertain("The city's system answered something we cannot read.") from error
        if not (first.service_request_id or first.token or first.service_notice):
            raise SendUncertain("The city's system answered without a number, a token or a notice.")
        return Filed(first.service_request_id, first.token, first.service_notice)

    async def find_filed(self, attempt: SendAttempt, request: ServiceRequest) -> Filed | ProvedAbsent | CannotTell:
        """Whether an earlier attempt is in the city's list. Raises CityUnreachable."""
        listed, whole = await self._list(
            {
                "service_code": request.service_code or "",
                "start_date": _iso(attempt.started_at - CLOCKS_DIFFER_BY),
                "end_date": _iso(self._clock() + CLOCKS_DIFFER_BY),
            }
        )
        for shape in listed:
            if request.reference in shape.description:
                return Filed(shape.service_request_id, "", shape.service_notice)
        if self._lists_every_request and whole:
            return ProvedAbsent()
        return CannotTell("it is not in the city's list, which may not show everything")

    async def by_token(self, token: str) -> str | None:
        """The number a token has become; None while the city still works on it. Raises CityUnreachable."""
        answers = await self._get(f"/tokens/{token}.json", {})
        return (_read(AnswerShape, answers[0]).service_request_id or None) if answers else None

    async def by_ids(self, ids: list[str]) -> list[RequestShape]:
        """What the city says about requests, at most 50 numbers. Raises CityUnreachable."""
        listed, _ = await self._list({"service_request_id": ",".join(ids)})
        return listed

    async def _list(self, query: Mapping[str, str]) -> tuple[list[RequestShape], bool]:
        """The entries that can be read, and whether those are all there are."""
        entries, found = await self._get("/requests.json", query), []
        for one in entries:
            try:
                found.append(RequestShape.model_validate(one))
            except ValidationError:
                continue  # one entry we cannot read says nothing about the others
        return found, len(found) == len(entries) < LONGEST_LIST

    async def _get(self, path: str, query: Mapping[str, str]) -> list[Any]:
        try:
            answer = await self._client.get(path, params={**self._jurisdiction, **query})
            answer.raise_for_status()
            return as_list(answer.json())
        except httpx.HTTPStatusError as error:
            raise CityUnreachable(f"the city's system answered {error.response.status_code}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise CityUnreachable(f"the city's system could not be asked ({type(error).__name__})") from error


def _read(shape: type[Shape], one: object) -> Shape:
    try:
        return shape.model_validate(one)
    except ValidationError as error:
        raise CityUnreachable("the city's system answered something we cannot read") from error


def _said(answer: httpx.Response) -> str:
    try:
        errors = [ErrorShape.model_validate(one) for one in as_list(answer.json())]
    except (ValueError, ValidationError):
        return f"status {answer.status_code}"
    return "; ".join(one.description for one in errors if one.description) or f"status {answer.status_code}"


def _seconds(header: str | None) -> float:
    try:
        return min(max(math.ceil(float(header or 30)), 1), 3600)
    except (ValueError, OverflowError):
        return 30


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
