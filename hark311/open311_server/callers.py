"""Who calls: a partner by their key, or anybody; and how often each may.

The limits count in this process alone: several web processes each allow as much.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlmodel import select
from starlette.requests import Request

from hark311.open311_server.wire import Fault, Refused, refused
from models import Database, Partner

PER_ADDRESS = RateLimitItemPerMinute(60)
"""Calls without a good key, by the address they come from."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `public`: anybody may read what is shown at all."""

    partner: Partner | None
    public: bool

    @property
    def reads_all(self) -> bool:
        """Whether they are told of every request that is shown at all, and not of their own reports alone."""
        return self.public or (self.partner is not None and self.partner.may_read)

    @property
    def partner_id(self) -> int:
        return (self.partner.id or 0) if self.partner else 0

    def reader(self) -> "Caller":
        """The same, who may read requests. Raises Refused: 403."""
        if self.partner is None and not self.public:
            raise refused(403, "api_key was not provided: this city tells of requests to partners with a key")
        return self

    def reporter(self) -> Partner:
        """The partner, who may report. Raises Refused: 403."""
        partner = self.with_key()
        if not partner.may_report:
            raise refused(403, "this api_key may read, and not report")
        return partner

    def with_key(self) -> Partner:
        """The partner. Raises Refused: 403."""
        if self.partner is None:
            raise refused(403, "api_key was not provided")
        return self.partner


class Callers:
    """Knows partners by their keys, and counts calls."""

    def __init__(self, database: Database, *, public: bool) -> None:
        self._database, self._public = database, public
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def caller(self, request: Request, fields: Mapping[str, str] | None = None) -> Caller:
        """Who calls. The key stands in the header X-Api-Key, or in the field api_key of the form or query.

        Raises Refused: 403 for a key that is not good, 429 for too many calls.
        """
        key = request.headers.get("x-api-key") or (fields or {}).get("api_key") or request.query_params.get("api_key")
        partner = self._partner(key) if key else None
        if partner is None:
            self._count(PER_ADDRESS, "address", request.client.host if request.client else "")
        else:
            self._count(RateLimitItemPerMinute(max(1, partner.rate_per_minute)), "partner", str(partner.id))
        if key and partner is None:
            raise refused(403, "api_key is not valid")
        return Caller(partner, self._public)

    def _partner(self, key: str) -> Partner | None:
        with self._database.read() as session:
            partner = session.exec(select(Partner).where(Partner.key_sha256 == sha256_of(key))).first()
        return partner if partner and partner.active else None

    def _count(self, limit: RateLimitItemPerMinute, *who: str) -> None:
        if not self._limiter.hit(limit, *who):
            again = max(1, math.ceil(self._limiter.get_window_stats(limit, *who).reset_time - time.time()))
            fault = Fault(429, f"{limit.amount} calls a minute are answered; go on in {again} seconds")
            raise Refused(fault, headers={"retry-after": str(again)})


def sha256_of(key: str) -> str:
    """What is stored of a key. It is 256 random bits, so that a plain hash cannot be guessed backwards."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()
