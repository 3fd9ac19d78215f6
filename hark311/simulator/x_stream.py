"""X's filtered stream: rules kept by the app, and one open answer that brings each post they match at once.

Source: X API v2, GET and POST /2/tweets/search/stream/rules, GET /2/tweets/search/stream. Rules are kept in memory.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hark311.simulator.limits import RateLimits, SignIn
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z
from hark311.simulator.x_auth import sign_in_of
from hark311.simulator.x_network import XNetwork
from hark311.simulator.x_refusals import PROBLEMS, Refused, forbidden, invalid, too_many, unauthorized
from hark311.simulator.x_search import SHOWABLE, BadQuery, parse
from hark311.simulator.x_shape import Shape

HEARTBEAT_SECONDS = 1.0
"""X gives a sign of life every 20 s; here it also lets a stream end that nobody reads any more."""
MATCHED_AT_ONCE = 200
RULES_FIRST = f"{PROBLEMS}rule-configuration-issue"
NOT_IN_TIER = "Your client app is not configured with the appropriate access level for this endpoint."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the stream."""

    id: str
    value: str
    tag: str

    @property
    def shown(self) -> Json:
        """As X lists it."""
        return {"id": self.id, "value": self.value, "tag": self.tag}


class StreamApi:
    """The rules and the stream over an `XNetwork`. `SimulatorSettings.x_stream` False: the tier has none."""

    def __init__(self, network: XNetwork, limits: RateLimits, settings: SimulatorSettings) -> None:
        self._network, self._limits, self._settings = network, limits, settings
        self.rules: list[Rule] = []
        self._last_rule = 1_800_000_000_000_000_000

    @property
    def routes(self) -> list[Route]:
        """The stream itself; its rules are calls like any other."""
        return [Route("/2/tweets/search/stream", self._stream, methods=["GET"])]

    @property
    def calls(self) -> list[tuple[str, str, Callable[[Request, SignIn], Awaitable[Json]]]]:
        """The calls about its rules."""
        path = "/2/tweets/search/stream/rules"
        return [("GET", path, self.listed), ("POST", path, self.change)]

    async def listed(self, _: Request, __: SignIn) -> Json:
        """GET rules."""
        self._in_tier()
        meta = {"sent": iso_z(self._network.store.now_ms()), "result_count": len(self.rules)}
        return {"meta": meta} | ({"data": [one.shown for one in self.rules]} if self.rules else {})

    async def change(self, request: Request, _: SignIn) -> Json:
        """POST rules: add or delete. A rule that is there already stands among the errors."""
        self._in_tier()
        try:
            wanted = json.loads(await request.body())
        except ValueError as error:
            raise invalid("the body is not JSON") from error
        gone = {str(one) for one in (wanted.get("delete") or {}).get("ids") or ()}
        self.rules = [one for one in self.rules if one.id not in gone]
        added, errors = [], []
        for one in wanted.get("add") or ():
            value, tag = str(one.get("value", "")), str(one.get("tag", ""))
            try:
                parse(value)
            except BadQuery as error:
                raise invalid(str(error), add=[value]) from error
            if any(known.value == value for known in self.rules):
                errors.append({"value": value, "title": "DuplicateRule"})
                continue
            self._last_rule += 1
            self.rules.append(Rule(str(self._last_rule), value, tag))
            added.append(self.rules[-1].shown)
        answer: Json = {"meta": {"sent": iso_z(self._network.store.now_ms())}}
        return answer | ({"data": added} if added else {}) | ({"errors": errors} if errors else {})

    def _in_tier(self) -> None:
        if not self._settings.x_stream:
            raise forbidden(NOT_IN_TIER)

    async def _stream(self, request: Request) -> Response:
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        try:
            if sign_in_of(request, path, self._settings.x_keys) != "app":
                raise unauthorized()
            self._in_tier()
            if not self.rules:
                raise Refused(409, "ConnectionException", "Rules must be added before a connection.", RULES_FIRST)
            if self._limits.spend("streaming", "app").refused:
                raise too_many()
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        return StreamingResponse(self._events(request), media_type="application/json")

    async def _events(self, request: Request) -> AsyncIterator[bytes]:
        """What is posted from now on and matches, one object a line; an empty line as a sign of life."""
        told = self._network.store.number("SELECT coalesce(max(id), 0) FROM x_posts")
        yield b"\r\n"
        while not self._network.closing:
            bell = self._network.arrivals.bell()
            for number, brought in self._matched(request, told):
                told = number
                yield json.dumps(brought, ensure_ascii=False).encode() + b"\r\n"
            if not self._network.closing:
                try:
                    await asyncio.wait_for(bell.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b"\r\n"

    def _matched(self, request: Request, after: int) -> list[tuple[int, Json]]:
        found: dict[int, list[Rule]] = {}
        for rule in self.rules:
            condition = parse(rule.value)
            rows = self._network.store.rows(
                f"SELECT p.id FROM x_posts p JOIN x_authors a ON a.id = p.author_id WHERE {SHOWABLE} "  # noqa: S608 - parsed
                f"AND p.id > ? AND ({condition.sql}) ORDER BY p.id LIMIT ?",
                [self._network.store.now_ms(), after, *condition.parameters, MATCHED_AT_ONCE],
            )
            for row in rows:
                found.setdefault(int(row["id"]), []).append(rule)
        brought = []
        for number in sorted(found):
            post = self._network.post(number)
            if post is None:
                continue
            host = request.headers.get("host", "127.0.0.1")
            shape = Shape(self._network, request.query_params, f"http://{host}")
            body = shape.body(shape.posts([post])[0])
            matching = [{"id": one.id, "tag": one.tag} for one in found[number]]
            brought.append((number, body | {"matching_rules": matching}))
        return brought
