"""HTTP to a GeoReport endpoint: one call at a time, answers of any format read by what they hold, none too long.

Endpoints bend the rules on formats: some answer XML for .json, or JSON as text/html. So the content decides how it is
read, never its type.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from responders.errors import CityUnreachable
from responders.open311_xml import read_xml

Format = Literal["json", "xml", "auto"]
MOST_BYTES = 16 * 1024 * 1024
"""A list of 1,000 requests has about one; what is longer is no answer to us."""
SECONDS = 50.0
"""For one call with all of its answer, were it told letter by letter: a POST must be over before its absence from the
city's list counts (submission.ABSENCE_COUNTS_AFTER)."""
_OTHER_FORMAT = (404, 406, 415)
"""How endpoints say that they do not have a format."""


class NotSent(Exception):
    """The connection never came about, so nothing left us."""


class Broken(Exception):
    """The connection broke, or the answer was too long to be one: the call may have had its effect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, not yet read. `headers` with names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def content(self) -> Any:
        """Its JSON or its XML. Raises ValueError."""
        if self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
            return read_xml(self.body)
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error


class Calls:
    """Calls of one endpoint. `format`: auto asks for JSON, and for XML where there is none, and remembers."""

    def __init__(self, base_url: str, format: Format = "json") -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            timeout=httpx.Timeout(20, connect=5),
            follow_redirects=True,
            max_redirects=5,
        )
        self._format: Format = format

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, str]) -> Any:
        """What a GET answers, read. Raises CityUnreachable."""
        if self._format != "auto":
            return await self._get(f"{path}.{self._format}", query)
        try:
            content = await self._get(f"{path}.json", query)
        except CityUnreachable as error:
            if not (error.status in _OTHER_FORMAT or 200 <= error.status < 300):
                raise
            content = await self._get(f"{path}.xml", query)
            self._format = "xml"
            return content
        self._format = "json"
        return content

    async def post(self, path: str, form: Mapping[str, Any], photo: bytes | None = None) -> Answer:
        """POST a form, once; a redirect is not followed. `photo`: JPEG bytes to send along, as a multipart form.

        Raises NotSent or Broken.
        """
        if self._format == "auto":
            try:
                await self.get("/services", {name: form[name] for name in ("jurisdiction_id",) if name in form})
            except CityUnreachable as error:
                raise NotSent(str(error)) from error
        files = {"media": ("photo.jpg", photo, "image/jpeg")} if photo else None
        url = f"{path}.{'xml' if self._format == 'xml' else 'json'}"
        try:
            return await self._ask("POST", url, data=dict(form), files=files, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(type(error).__name__) from error
        except (httpx.HTTPError, _TooLongError, TimeoutError) as error:
            raise Broken(type(error).__name__) from error

    async def _get(self, url: str, query: Mapping[str, str]) -> Any:
        try:
            answer = await self._ask("GET", url, params=query)
        except (httpx.HTTPError, _TooLongError, TimeoutError) as error:
            raise CityUnreachable(f"the city's system could not be asked ({type(error).__name__})") from error
        if not 200 <= answer.status < 300:
            raise CityUnreachable(f"the city's system answered {answer.status}", answer.status)
        try:
            return answer.content()
        except ValueError as error:
            raise CityUnreachable("the city's system answered something we cannot read", answer.status) from error

    async def _ask(self, method: str, url: str, **given: Any) -> Answer:
        async with asyncio.timeout(SECONDS), self._client.stream(method, url, **given) as response:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise _TooLongError
            return Answer(
                response.status_code, {name.lower(): told for name, told in response.headers.items()}, bytes(body)
            )


class _TooLongError(Exception):
    """An answer of more than MOST_BYTES."""
