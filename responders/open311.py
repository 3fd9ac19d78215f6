"""The city's system: Open311 GeoReport v2, one attempt at a time.

Filing has no idempotency key in the standard. Our reference travels at the end of the description, so that after a
doubtful attempt the city's own list proves whether the request is there.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from models import SendAttempt, ServiceRequest, utc_now
from models.open311 import AnswerShape, DefinitionShape, RequestShape, ServiceShape, UpdateShape, entries_of
from responders.errors import CityUnreachable, SendRefused, SendUncertain
from responders.open311_answers import as_decision, known_as, uncertain_if_broken
from responders.open311_calls import Calls, Format
from responders.open311_updates import Update, is_repeat, update_form
from responders.protocol import CannotTell, ProvedAbsent

__all__ = ["CityUnreachable", "Filed", "Open311City", "description_with"]

DESCRIPTION_LIMIT = 4000
CLOCKS_DIFFER_BY = timedelta(days=1)
"""How far the city's clock may be off before its list could hide a request from us."""
LONGEST_LIST = 1000
"""A list this long may be cut off. Source: GeoReport v2, GET service requests: 90 days or 1,000 requests."""
LONGEST_SPAN = timedelta(days=89)
SHORTEST_SPAN = timedelta(hours=1)
BATCH = 50
MOST_CALLS = 60
"""For one list, however the endpoint pages it."""
Shape = TypeVar("Shape", bound=BaseModel)
Extension = Literal["auto", "on", "off"]
Photo = Callable[[str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Filed:
    """The city's answer: a number, a token to ask again with, or neither (a black-box service)."""

    service_request_id: str
    token: str
    service_notice: str


def description_with(request: ServiceRequest) -> str:
    """The description as the city gets it: the resident's words, then our reference."""
    mark = f"\n\n[{request.reference}]"
    return request.description[: DESCRIPTION_LIMIT - len(mark)] + mark


class Open311City:
    """A GeoReport v2 endpoint.

    `lists_every_request`: its list shows a request at once, so that absence is proof. `jurisdictions`: those it serves
    for us, the first for what names none; none where it needs none. `zone`: of times it writes without an offset.
    `updates`: whether it has the extension servicerequestupdates; auto asks it. `lists_by_update`: its list takes
    updated_after and updated_before. `photo` fetches a photo's bytes, for endpoints that want the file itself.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        jurisdiction_id: str = "",
        more_jurisdictions: Sequence[str] = (),
        lists_every_request: bool = False,
        lists_by_update: bool = False,
        format: Format = "json",
        updates: Extension = "off",
        zone: ZoneInfo | None = None,
        photo: Photo | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._calls = Calls(base_url, format)
        self._key = api_key
        self.jurisdictions = tuple(dict.fromkeys([jurisdiction_id, *more_jurisdictions]))
        self.lists_by_update = lists_by_update
        self._lists_every_request = lists_every_request
        self._updates = updates
        self._zone = zone
        self._photo = photo
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._calls.close()

    async def services(self, jurisdiction_id: str = "") -> list[ServiceShape]:
        """The services a jurisdiction offers. Raises CityUnreachable."""
        return [self._read(ServiceShape, one) for one in await self._get("/services", {}, jurisdiction_id)]

    async def definition(self, service_code: str, jurisdiction_id: str = "") -> DefinitionShape:
        """The questions a service asks. Raises CityUnreachable."""
        answers = await self._get(f"/services/{_in_path(service_code)}", {}, jurisdiction_id)
        return self._read(DefinitionShape, answers[0] if answers else None)

    async def file(self, request: ServiceRequest, media_url: str | None = None, kept: bytes | None = None) -> Filed:
        """POST the request, once. Raises SendRefused, SendDeferred or SendUncertain.

        `media_url`: where the city finds the photo; None: where the request says. `kept`: our own copy of it.
        """
        media_url, photo = request.media_url if media_url is None else media_url, None
        if self._photo:  # this city wants the file itself
            photo = kept or (await self._photo(media_url) if media_url else None)
        with uncertain_if_broken(self._clock, "filing"):
            answer = await self._calls.post("/requests", self._form(request, "" if photo else media_url), photo)
        try:
            entries = as_decision(answer, self._clock)
        except SendRefused as refused:
            if refused.duplicate_of and (ours := await self._ours(refused.duplicate_of, request)):
                return ours
            raise
        try:
            first = AnswerShape.model_validate(entries[0])
        except (IndexError, ValidationError) as error:
            raise SendUncertain("The city's system answered something we cannot read.") from error
        if not (first.service_request_id or first.token or first.service_notice):
            raise SendUncertain("The city's system answered without a number, a token or a notice.")
        return Filed(first.service_request_id, first.token, first.service_notice)

    async def _ours(self, number: str, request: ServiceRequest) -> Filed | None:
        """The request that the city calls a duplicate's original, where it carries our own reference."""
        try:
            listed = await self.by_ids([number], request.jurisdiction_id)
        except CityUnreachable:
            return None
        return next(
            (Filed(number, "", one.service_notice) for one in listed if request.reference in one.description), None
        )

    def _form(self, request: ServiceRequest, media_url: str) -> dict[str, Any]:
        form: dict[str, Any] = {
            **self._jurisdiction(request.jurisdiction_id),
            "api_key": self._key,
            "service_code": request.service_code or "",
            "description": description_with(request),
        }
        if request.lat is not None and request.long is not None:
            form |= {"lat": request.lat, "long": request.long}
        for name, value in (("address_string", request.address_string), ("media_url", media_url)):
            if value:
                form[name] = value
        for code, value in request.attribute.items():
            form[f"attribute[{code}][]" if isinstance(value, list) else f"attribute[{code}]"] = value
        return form

    async def find_filed(self, attempt: SendAttempt, request: ServiceRequest) -> Filed | ProvedAbsent | CannotTell:
        """Whether an earlier attempt is in the city's list. Raises CityUnreachable."""
        listed, whole = await self.between(
            attempt.started_at - CLOCKS_DIFFER_BY,
            self._clock() + CLOCKS_DIFFER_BY,
            {"service_code": request.service_code or ""},
            request.jurisdiction_id,
        )
        for shape in listed:
            if request.reference in shape.description:
                return Filed(shape.service_request_id, "", shape.service_notice)
        if self._lists_every_request and whole:
            return ProvedAbsent()
        return CannotTell("it is not in the city's list, which may not show everything")

    async def by_token(self, token: str, jurisdiction_id: str = "") -> str | None:
        """The number a token has become; None while the city still works on it. Raises CityUnreachable."""
        answers = await self._get(f"/tokens/{_in_path(token)}", {}, jurisdiction_id)
        return (self._read(AnswerShape, answers[0]).service_request_id or None) if answers else None

    async def by_ids(self, ids: Sequence[str], jurisdiction_id: str = "") -> list[RequestShape]:
        """What the city says about requests, in batches; those it does not know are left out. Raises CityUnreachable.

        A page may be shorter than a batch, so what is missing is asked for again as long as that brings anything.
        """
        found: dict[str, RequestShape] = {}
        for start in range(0, len(ids), BATCH):
            left = list(ids[start : start + BATCH])
            while left:
                listed, _ = await self._page({"service_request_id": ",".join(left)}, jurisdiction_id)
                new = known_as(listed, left)
                found |= new
                left = [one for one in left if one not in new] if new else []
        return list(found.values())

    async def updated(self, since: datetime, jurisdiction_id: str = "") -> list[RequestShape]:
        """Requests that changed since then, where the endpoint lists by update. Raises CityUnreachable."""
        query = {"updated_after": _iso(since), "updated_before": _iso(self._clock() + CLOCKS_DIFFER_BY)}
        listed, _ = await self._pages(query, jurisdiction_id, MOST_CALLS)
        return listed

    async def between(
        self, start: datetime, end: datetime, query: Mapping[str, str], jurisdiction_id: str = ""
    ) -> tuple[list[RequestShape], bool]:
        """Requests made in a time span, and whether those are all there are. Raises CityUnreachable.

        Source: GeoReport v2, GET service requests: at most 90 days and 1,000 requests an answer. So a span is cut in
        pieces, and a piece that is full and has no further page is cut again.
        """
        spans, found, whole, calls = [(start, end)], dict[str, RequestShape](), True, 0
        while spans:
            first, last = spans.pop()
            if last - first > LONGEST_SPAN:
                spans += [(first, first + LONGEST_SPAN), (first + LONGEST_SPAN, last)]
                continue
            span = {**query, "start_date": _iso(first), "end_date": _iso(last)}
            listed, all_of_it = await self._pages(span, jurisdiction_id, MOST_CALLS - calls)
            calls += 1 + len(listed) // BATCH
            found |= {one.service_request_id: one for one in listed}
            if all_of_it:
                continue
            if len(listed) < LONGEST_LIST or last - first <= SHORTEST_SPAN or calls >= MOST_CALLS:
                whole = False
            else:
                middle = first + (last - first) / 2
                spans += [(first, middle), (middle, last)]
        return list(found.values()), whole

    async def _pages(
        self, query: Mapping[str, str], jurisdiction_id: str, most: int
    ) -> tuple[list[RequestShape], bool]:
        """Every page of a list, and whether that is all of it. A page that brings nothing new is the end."""
        found: dict[str, RequestShape] = {}
        readable, number = True, 1
        while number <= most:
            try:
                listed, clear = await self._page(
                    {**query, "page": str(number)} if number > 1 else query, jurisdiction_id
                )
            except CityUnreachable as error:
                if number > 1 and 400 <= error.status < 500:
                    break  # it has no pages
                raise
            readable, before = readable and clear, len(found)
            found |= {one.service_request_id: one for one in listed}
            if len(found) == before:
                cut = number == 2 and before >= LONGEST_LIST  # the first page once more, and it was full
                return list(found.values()), readable and not cut
            number += 1
        return list(found.values()), readable and number <= most and len(found) < LONGEST_LIST

    async def _page(self, query: Mapping[str, str], jurisdiction_id: str) -> tuple[list[RequestShape], bool]:
        """The entries that can be read, and whether those are all there are."""
        entries = await self._get("/requests", query, jurisdiction_id)
        found = self._readable(RequestShape, entries)
        return found, len(found) == len(entries)

    async def has_updates(self) -> bool:
        """Whether the endpoint has the extension servicerequestupdates. Raises CityUnreachable where it cannot tell."""
        if self._updates == "auto":
            try:
                await self.updates(self._clock() - timedelta(hours=1), self.jurisdictions[0])
                self._updates = "on"
            except CityUnreachable as error:
                if not 400 <= error.status < 500 or error.status == 429:
                    raise
                self._updates = "off"
        return self._updates == "on"

    async def updates(self, since: datetime, jurisdiction_id: str = "") -> list[UpdateShape]:
        """What the city said of its requests since then, oldest first (updates extension). Raises CityUnreachable."""
        span = {"start_date": _iso(since), "end_date": _iso(self._clock() + CLOCKS_DIFFER_BY)}
        entries = await self._get("/servicerequestupdates", span, jurisdiction_id)
        found = self._readable(UpdateShape, entries)
        return sorted(found, key=lambda one: one.updated_datetime or datetime.max.replace(tzinfo=UTC))

    async def post_update(
        self,
        service_request_id: str,
        update_id: str,
        status: str,
        description: str,
        updated_datetime: datetime,
        media_url: str = "",
        jurisdiction_id: str = "",
    ) -> None:
        """Tell the city what a resident adds to a request, once (updates extension); see `open311_updates`.

        Raises SendRefused, SendDeferred or SendUncertain, as `file` does.
        """
        update = Update(service_request_id, update_id, status, description, updated_datetime, media_url)
        form = {**self._jurisdiction(jurisdiction_id), "api_key": self._key, **update_form(update)}
        with uncertain_if_broken(self._clock, "telling it what the resident added"):
            answer = await self._calls.post("/servicerequestupdates", form)
        try:
            as_decision(answer, self._clock)
        except SendRefused:
            if not is_repeat(answer, update_id):
                raise

    async def _get(self, path: str, query: Mapping[str, str], jurisdiction_id: str) -> list[Any]:
        return entries_of(await self._calls.get(path, {**self._jurisdiction(jurisdiction_id), **query}))

    def _jurisdiction(self, jurisdiction_id: str) -> dict[str, str]:
        wanted = jurisdiction_id or self.jurisdictions[0]
        return {"jurisdiction_id": wanted} if wanted else {}

    def _read(self, shape: type[Shape], one: object) -> Shape:
        try:
            return shape.model_validate(one, context={"zone": self._zone})
        except ValidationError as error:
            raise CityUnreachable("the city's system answered something we cannot read") from error

    def _readable(self, shape: type[Shape], entries: Sequence[object]) -> list[Shape]:
        """Entries that can be read: one that cannot says nothing about the others."""
        found = []
        for one in entries:
            try:
                found.append(shape.model_validate(one, context={"zone": self._zone}))
            except ValidationError:
                continue
        return found


def _in_path(part: str) -> str:
    """A code or token as one part of a path."""
    return re.sub(r"[^A-Za-z0-9._~-]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), part)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
