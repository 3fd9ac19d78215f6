"""What the simulated city does about requests, and how strictly it keeps to GeoReport v2."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from pydantic import Field
from starlette.requests import Request

from hark311.simulator.open311_requests import City
from hark311.simulator.open311_updates import MOVES, Updates
from hark311.simulator.open311_wild import WILD, Quirk, keep_quirks, quirks_of
from hark311.simulator.spoken import Json, Spoken
from hark311.simulator.store import ms_of

LISTED, MOST_LISTED = 1_000, 10_000


class RequestChange(Spoken):
    """The city moves a request, in plain GeoReport: `expected_datetime` is a new promise."""

    status: Literal["open", "closed"] | None = None
    status_notes: str | None = None
    expected_datetime: datetime | None = None


class Done(Spoken):
    """What a move of `MOVES` says: why, who, which other request, when."""

    reason: str = ""
    agency: str = ""
    of: str = ""
    date: datetime | None = None


class Wildness(Spoken):
    """How the endpoint behaves: `on` is the whole wild mode or the strict one; else the quirks named."""

    on: bool | None = None
    quirks: list[Quirk] = Field(default_factory=list)


class NoSuchRequest(LookupError):
    """No request has this number, or no move this name."""


class CityControl:
    """The routes below /control/open311."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._updates = Updates(city)

    def routes(self) -> list[tuple[str, str, Callable[[Request, bytes], object]]]:
        """Verb, path and what it does."""
        return [
            ("GET", "/open311/requests", self.requests),
            ("POST", "/open311/requests/{id:int}", self.change),
            ("POST", "/open311/requests/{id:int}/{move}", self.do),
            ("POST", "/open311/tokens/settle", self.settle_tokens),
            ("GET", "/open311/updates", lambda _r, _b: {"updates": self._updates.between((0, 2**62))}),
            ("GET", "/open311/wild", lambda _r, _b: {"quirks": sorted(quirks_of(self._city.store))}),
            ("POST", "/open311/wild", self.be_wild),
        ]

    def requests(self, request: Request, _: bytes) -> object:
        """Service requests, oldest first, with what residents never see: contact, answers, token."""
        since, limit = _whole(request, "since", 0), _whole(request, "limit", LISTED)
        rows = self._city.store.rows(
            "SELECT * FROM city_requests WHERE id > ? ORDER BY id LIMIT ?", (since, min(limit, MOST_LISTED))
        )
        return {
            "requests": [
                self._city.shape(row)
                | {"contact": json.loads(row["contact"]), "answers": json.loads(row["answers"]), "token": row["token"]}
                for row in rows
            ]
        }

    def change(self, request: Request, body: bytes) -> object:
        """The city closes, reopens or annotates a request, or promises another day."""
        change, number = RequestChange.model_validate_json(body), request.path_params["id"]
        expected = ms_of(change.expected_datetime) if change.expected_datetime else None
        moved = self._city.move(number, status=change.status, notes=change.status_notes, expected_ms=expected)
        return self._shape(number, moved=moved)

    def do(self, request: Request, body: bytes) -> object:
        """The city does one of the things cities do, in its own words."""
        number, move = request.path_params["id"], request.path_params["move"]
        done = Done.model_validate_json(body or b"{}")
        moved = move in MOVES and self._updates.do(number, move, **done.model_dump())
        return self._shape(number, moved=moved)

    def settle_tokens(self, _: Request, __: bytes) -> object:
        """Every token gets its number now."""
        self._city.settle_tokens()
        return {"ok": True}

    def be_wild(self, _: Request, body: bytes) -> object:
        """Strict, wild, or wild in some ways."""
        wanted = Wildness.model_validate_json(body)
        quirks = WILD if wanted.on else frozenset(wanted.quirks)
        keep_quirks(self._city.store, quirks)
        return {"quirks": sorted(quirks)}

    def _shape(self, number: int, *, moved: bool) -> Json:
        row = self._city.request(number, hidden_too=True) if moved else None
        if row is None:
            raise NoSuchRequest("no such request, or the city does no such thing")
        return self._city.shape(row)


def _whole(request: Request, name: str, default: int) -> int:
    written = request.query_params.get(name, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 18 else default
