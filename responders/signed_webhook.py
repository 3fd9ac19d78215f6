"""A system of the city's own that takes requests as JSON by POST, signed, under a key that is the same when repeated.

X-Hark-Signature is "sha256=" and the HMAC-SHA256 of the body in hexadecimal. Idempotency-Key is our reference and the
attempt's number; a repeated POST carries the same key and the same body, byte for byte.
"""

import asyncio
import hmac
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
from pydantic import ValidationError

from models import utc_now
from models.open311 import AnswerShape, RequestShape
from responders.city_facts import taken_by
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.open311 import Filed
from responders.protocol import CannotTell
from responders.recipients import Filing, Proof, TakesItOnce

SECONDS, CONNECT_SECONDS = 20.0, 5.0
LONGEST_ANSWER = 64 * 1024
CONNECT_AGAIN = timedelta(seconds=30)
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,39}", re.ASCII)
"""A number that may stand in a reply; anything else is not said to residents."""
NOT_SENT_YET = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """One receiver. `open_client`: makes a client that goes nowhere it may not; `idempotent`: it takes a key once."""

    name: str
    url: str
    secret: str = field(repr=False)
    open_client: Callable[[], httpx.AsyncClient] = field(repr=False)
    idempotent: bool = False
    clock: Callable[[], datetime] = utc_now

    async def file(self, filing: Filing) -> Filed:
        """POST the request, once. Raises SendRefused, SendDeferred or SendUncertain."""
        body = told(filing)
        headers = {
            "content-type": "application/json",
            "idempotency-key": filing.key,
            "x-hark-signature": f"sha256={hmac.new(self.secret.encode(), body, sha256).hexdigest()}",
        }
        try:
            async with asyncio.timeout(SECONDS + CONNECT_SECONDS):
                status, header, answer = await self._post(body, headers)
        except NOT_SENT_YET as error:
            why = f": {error}" if str(error) else ""
            raise SendDeferred(self.clock() + CONNECT_AGAIN, f"{self.name} could not be reached{why}.") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise SendUncertain(f"The connection to {self.name} broke while we were filing.") from error
        return self._read(filing, status, header, answer)

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, httpx.Headers, bytes]:
        limits = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
        async with (
            self.open_client() as client,
            client.stream("POST", self.url, content=body, headers=headers, timeout=limits) as answer,
        ):
            read = bytearray()
            async for piece in answer.aiter_bytes():
                read += piece
                if len(read) > LONGEST_ANSWER:
                    break
            return answer.status_code, answer.headers, bytes(read[:LONGEST_ANSWER])

    def _read(self, filing: Filing, status: int, headers: httpx.Headers, answer: bytes) -> Filed:
        if 200 <= status < 300:
            return _filed(answer)
        if status == httpx.codes.CONFLICT and filing.request.reference.encode() in answer:
            return _filed(answer)  # it was filed before
        if status == httpx.codes.TOO_MANY_REQUESTS or (
            status == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" in headers
        ):
            wait = timedelta(seconds=_seconds(headers.get("retry-after")))
            raise SendDeferred(self.clock() + wait, f"{self.name} asks us to wait.")
        if 300 <= status < 400:
            raise SendRefused(f"{self.name} has moved to another address; the operator changes the setting.")
        if 400 <= status < 500:
            raise SendRefused(f"{self.name} refused this request ({status}).", credentials=status in (401, 403))
        raise SendUncertain(f"{self.name} answered {status} while we were filing.")

    async def find_filed(self, filing: Filing) -> Proof:
        """It has no list; a receiver that takes a key once may be told again."""
        if self.idempotent:
            return TakesItOnce(f"{self.name} takes {filing.key} only once")
        return CannotTell(f"only {self.name} can say whether it has it")

    async def facts(self, filing: Filing, filed: Filed) -> RequestShape | None:
        return taken_by(self.name)


def told(filing: Filing) -> bytes:
    """The request as JSON, with GeoReport v2 names; the same bytes whenever the same filing is told again."""
    request = filing.request
    return json.dumps(
        {
            "reference": request.reference,
            "idempotency_key": filing.key,
            "about": filing.known_number,
            "service_code": request.service_code,
            "service_name": filing.service_name,
            "description": request.description,
            "address_string": request.address_string,
            "lat": request.lat,
            "long": request.long,
            "media_url": filing.media_url,
            "attribute": request.attribute,
            "requested_datetime": filing.first.started_at.astimezone(UTC).isoformat(),
        },
        sort_keys=True,
    ).encode()


def _filed(answer: bytes) -> Filed:
    """The number and notice an answer carries; an answer that carries none is as good."""
    try:
        shape = AnswerShape.model_validate_json(answer)
    except ValidationError:
        return Filed("", "", "")
    number = shape.service_request_id.strip()
    return Filed(number if _NUMBER.fullmatch(number) else "", "", shape.service_notice[:500])


def _seconds(header: str | None) -> float:
    try:
        return min(max(math.ceil(float(header or 30)), 1), 3600)
    except (ValueError, OverflowError):
        return 30
