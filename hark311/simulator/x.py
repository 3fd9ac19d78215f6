"""X API v2 over HTTP: routes, paging, rate limits and the refusals an adapter must understand."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.faults import Fault
from hark311.simulator.limits import Allowance, RateLimits, SignIn
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import ms_of
from hark311.simulator.x_auth import sign_in_of
from hark311.simulator.x_network import Parents, XNetwork, snowflake
from hark311.simulator.x_search import BadQuery, parse
from hark311.simulator.x_shape import Shape, problem_with
from hark311.simulator.x_words import MAX_WEIGHT, weighted_length

HIGHEST = 2**63 - 1
WEEK_MS = 7 * 24 * 3600 * 1000
SHOWABLE = "p.deleted_ms IS NULL AND p.superseded_by IS NULL AND p.visible_ms <= ? AND a.protected = 0"
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author "
    "of the post you are replying to."
)
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."
RESTRICTED = "The original Tweet author restricted who can reply to this Tweet."
BLOCKED = "You have been blocked from performing this action by the author of this Tweet."
TOO_LONG = (
    "Your Tweet text is too long. For more information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
_PROBLEMS = "https://api.twitter.com/2/problems/"


class Refused(Exception):
    """A call that X answers with a problem body."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.body: Json = {"title": title, "detail": detail, "type": kind, "status": status, **more}


def _forbidden(detail: str) -> Refused:
    return Refused(403, "Forbidden", detail)


def _invalid(detail: str, **more: object) -> Refused:
    return Refused(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        f"{_PROBLEMS}invalid-request",
        errors=[{"message": detail, "parameters": more}],
    )


@dataclass(frozen=True)
class Page:
    """One page of a timeline: exclusive id bounds and how many posts."""

    size: int
    above: int
    below: int
    since_ms: int | None
    until_ms: int | None


class XVoice:
    """The names of X's calls and its way to refuse them."""

    channel = "x"

    def operation(self, method: str, path: str) -> str:
        """The name of a call: me, mentions, timeline, lookup, lookup_one, search, users, create_post, delete_post."""
        parts = path.removeprefix("/2").strip("/").split("/")
        if method == "POST" and parts == ["tweets"]:
            return "create_post"
        if parts[0] == "tweets":
            if parts[1:] == ["search", "recent"]:
                return "search"
            return "lookup" if len(parts) == 1 else "delete_post" if method == "DELETE" else "lookup_one"
        if parts[0] == "users":
            if parts[1:] == ["me"]:
                return "me"
            return {"mentions": "mentions", "tweets": "timeline"}.get(parts[-1], "users")
        return "unknown"

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """429 with an empty allowance that comes back after the fault's `reset_in` seconds."""
        allowance = Allowance(1, 0, int(now + fault.reset_in), refused=True)
        return 429, allowance.headers, json.dumps(too_many().body).encode()

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """401 as X words it."""
        return 401, {}, json.dumps(unauthorized().body).encode()


def too_many() -> Refused:
    """The refusal for a spent rate limit."""
    return Refused(429, "Too Many Requests", "Too Many Requests")


def unauthorized() -> Refused:
    """The refusal for wrong keys."""
    return Refused(401, "Unauthorized", "Unauthorized")


class XApi:
    """The HTTP face of an `XNetwork`."""

    voice = XVoice()

    def __init__(self, network: XNetwork, limits: RateLimits, settings: SimulatorSettings) -> None:
        self.network = network
        self.limits = limits
        self.settings = settings

    def app(self) -> Starlette:
        """The ASGI app to mount at the API's prefix."""
        routes: list[tuple[str, str, Callable[[Request, SignIn], Awaitable[Json]]]] = [
            ("GET", "/2/users/me", self.me),
            ("GET", "/2/users/by/username/{username}", self.user_by_name),
            ("GET", "/2/users/{id:int}/mentions", self.mentions),
            ("GET", "/2/users/{id:int}/tweets", self.timeline),
            ("GET", "/2/users/{id:int}", self.user),
            ("GET", "/2/tweets/search/recent", self.search),
            ("GET", "/2/tweets/{id:int}", self.lookup_one),
            ("GET", "/2/tweets", self.lookup),
            ("POST", "/2/tweets", self.create),
            ("DELETE", "/2/tweets/{id:int}", self.delete),
        ]
        return Starlette(routes=[Route(path, self._answering(act), methods=[verb]) for verb, path, act in routes])

    def _answering(self, act: Callable[[Request, SignIn], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            path = request.url.path.removeprefix(request.scope.get("root_path", ""))
            operation = self.voice.operation(request.method, path)
            try:
                sign_in = sign_in_of(request, path, self.settings.x_keys)
                if sign_in is None:
                    raise unauthorized()
                allowance = self.limits.spend(operation, sign_in)
                headers = allowance.headers
                if allowance.refused:
                    raise too_many()
                status, body = 201 if operation == "create_post" else 200, await act(request, sign_in)
            except Refused as refused:
                status, body = refused.status, refused.body
            return Response(
                json.dumps(body, ensure_ascii=False), status, headers, media_type="application/json; charset=utf-8"
            )

        return endpoint

    def _shape(self, request: Request) -> Shape:
        host = request.headers.get("host", "127.0.0.1")
        return Shape(self.network, request.query_params, f"http://{host}")

    async def me(self, request: Request, sign_in: SignIn) -> Json:
        """GET users/me, for a user's keys only."""
        if sign_in == "app":
            raise Refused(
                403,
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
                f"{_PROBLEMS}unsupported-authentication",
            )
        us = self.network.author(self.network.us)
        return {"data": self._shape(request).user(us)} if us else {}

    async def user(self, request: Request, _: SignIn) -> Json:
        """GET users/:id."""
        return self._user_answer(request, self.network.author(_id(request.path_params["id"], "id")))

    async def user_by_name(self, request: Request, _: SignIn) -> Json:
        """GET users/by/username/:username."""
        row = self.network.store.row("SELECT * FROM x_authors WHERE username = ?", (request.path_params["username"],))
        return self._user_answer(request, row)

    def _user_answer(self, request: Request, row: sqlite3.Row | None) -> Json:
        if row is not None:
            return {"data": self._shape(request).user(row)}
        value = str(request.path_params.get("id", request.path_params.get("username")))
        return {
            "errors": [
                {
                    "title": "Not Found Error",
                    "detail": f"Could not find user: [{value}].",
                    "resource_type": "user",
                    "value": value,
                    "type": f"{_PROBLEMS}resource-not-found",
                }
            ]
        }

    async def mentions(self, request: Request, _: SignIn) -> Json:
        """GET users/:id/mentions: newest first, no reposts, only the newest 800 reachable."""
        number = _id(request.path_params["id"], "id")
        source = (
            "FROM x_mentions m JOIN x_posts p ON p.id = m.post_id JOIN x_authors a ON a.id = p.author_id "
            f"WHERE m.author_id = ? AND p.repost_of IS NULL AND {SHOWABLE}"
        )
        parameters: list[object] = [number, self.network.store.now_ms()]
        oldest = self.network.store.number(
            f"SELECT m.post_id {source} ORDER BY m.post_id DESC LIMIT 1 OFFSET ?",
            [*parameters, self.settings.mentions_reachable - 1],
        )
        return self._timeline(request, source, parameters, "m.post_id", oldest)

    async def timeline(self, request: Request, _: SignIn) -> Json:
        """GET users/:id/tweets: an account's own posts, newest first."""
        excluded = request.query_params.get("exclude", "").split(",")
        source = f"FROM x_posts p JOIN x_authors a ON a.id = p.author_id WHERE p.author_id = ? AND {SHOWABLE}"
        if "replies" in excluded:
            source += " AND p.in_reply_to IS NULL"
        if "retweets" in excluded:
            source += " AND p.repost_of IS NULL"
        return self._timeline(
            request, source, [_id(request.path_params["id"], "id"), self.network.store.now_ms()], "p.id", 0
        )

    def _timeline(self, request: Request, source: str, parameters: list[object], column: str, oldest: int) -> Json:
        page = read_page(request, smallest=5, largest=100, token="pagination_token")  # noqa: S106 - a parameter's name
        return self._page(request, source, parameters, column, page, oldest)

    def _page(
        self, request: Request, source: str, parameters: list[object], column: str, page: Page, oldest: int
    ) -> Json:
        sql = f"SELECT p.* {source} AND {column} > ? AND {column} < ? AND {column} >= ?"
        bounds: list[object] = [page.above, page.below, oldest]
        for comparison, moment in ((">=", page.since_ms), ("<", page.until_ms)):
            if moment is not None:
                sql += f" AND p.created_ms {comparison} ?"
                bounds.append(moment)
        rows = self.network.store.rows(f"{sql} ORDER BY {column} DESC LIMIT ?", [*parameters, *bounds, page.size + 1])
        more, rows = len(rows) > page.size, rows[: page.size]
        meta: Json = {"result_count": len(rows)}
        if rows:
            meta |= {"newest_id": str(rows[0]["id"]), "oldest_id": str(rows[-1]["id"])}
        if more:
            meta["next_token"] = write_token(rows[-1]["id"])
        shape = self._shape(request)
        return shape.body(shape.posts(rows), meta)

    async def search(self, request: Request, _: SignIn) -> Json:
        """GET tweets/search/recent: seven days back, newest first."""
        try:
            condition = parse(request.query_params.get("query", ""))
        except BadQuery as error:
            raise _invalid(str(error), query=[request.query_params.get("query", "")]) from error
        page = read_page(request, smallest=10, largest=100, token="next_token")  # noqa: S106 - a parameter's name
        week_ago = snowflake(self.network.store.now_ms() - WEEK_MS)
        if 0 < page.above < week_ago:
            raise _invalid("'since_id' must be a tweet id created within the last 7 days.", since_id=[str(page.above)])
        source = f"FROM x_posts p JOIN x_authors a ON a.id = p.author_id WHERE {SHOWABLE} AND ({condition.sql})"
        return self._page(request, source, [self.network.store.now_ms(), *condition.parameters], "p.id", page, week_ago)

    async def lookup(self, request: Request, _: SignIn) -> Json:
        """GET tweets?ids=: up to 100; what is gone stands in `errors`, with HTTP 200."""
        ids = request.query_params.get("ids", "").split(",")
        if len(ids) > 100:
            raise _invalid("`ids` takes 1 to 100 post ids", ids=ids[:3])
        return self._looked_up(request, [_id(part, "ids") for part in ids], "ids", many=True)

    async def lookup_one(self, request: Request, _: SignIn) -> Json:
        """GET tweets/:id: HTTP 200 with `errors` and no data when it is gone."""
        return self._looked_up(request, [_id(request.path_params["id"], "id")], "id", many=False)

    def _looked_up(self, request: Request, ids: list[int], parameter: str, *, many: bool) -> Json:
        shape = self._shape(request)
        rows: list[sqlite3.Row] = []
        for number in dict.fromkeys(ids):
            row = self.network.post(number)
            problem = problem_with(self.network, number, row, parameter)
            if problem is not None:
                shape.errors.append(problem)
            elif row is not None:
                rows.append(row)
        shaped = shape.posts(rows)
        return shape.body(shaped if many else (shaped[0] if shaped else None))

    async def create(self, request: Request, sign_in: SignIn) -> Json:
        """POST tweets: the checks in X's order, then the post."""
        _user_only(sign_in)
        try:
            wanted = json.loads(await request.body())
        except ValueError as error:
            raise _invalid("the body is not JSON") from error
        text = wanted.get("text") if isinstance(wanted, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise _invalid("`text` is missing or empty", text=[])
        settings = wanted.get("reply_settings", "everyone")
        if settings not in ("everyone", "following", "mentionedUsers", "subscribers", "verified"):
            raise _invalid(f"reply_settings cannot be {settings!r}", reply_settings=[settings])
        if weighted_length(text) > MAX_WEIGHT:
            raise _forbidden(TOO_LONG)
        reply = wanted.get("reply") or {}
        parent = self._may_reply(reply["in_reply_to_tweet_id"]) if "in_reply_to_tweet_id" in reply else None
        if self.settings.duplicate_rule and self.network.is_duplicate(text):
            raise _forbidden(DUPLICATE)
        quote = wanted.get("quote_tweet_id")
        quoted = self.network.post(_id(quote, "quote_tweet_id")) if quote is not None else None
        excluded = frozenset(_id(one, "exclude_reply_user_ids") for one in reply.get("exclude_reply_user_ids", []))
        number = self.network.post_as_us(text, Parents(in_reply_to=parent, quote_of=quoted), excluded, settings)
        row = self.network.post(number)
        return {
            "data": {"id": str(number), "text": row["shown"] if row else "", "edit_history_tweet_ids": [str(number)]}
        }

    def _may_reply(self, reference: object) -> sqlite3.Row:
        """The post to reply to. Raises Refused with 403 as X does when we may not."""
        parent = self.network.post(_id(reference, "in_reply_to_tweet_id"))
        if parent is None or problem_with(self.network, parent["id"], parent, "id") is not None:
            raise _forbidden(GONE)
        author = self.network.author(parent["author_id"])
        if author is not None and author["blocks_us"]:
            raise _forbidden(BLOCKED)
        summoned = self.network.summons_us(parent)
        if parent["reply_settings"] != "everyone" and not summoned:  # every setting lets in who is named
            raise _forbidden(RESTRICTED)
        if self.settings.summon_rule and not summoned:
            raise _forbidden(NOT_SUMMONED)
        return parent

    async def delete(self, request: Request, sign_in: SignIn) -> Json:
        """DELETE tweets/:id: our own posts only."""
        _user_only(sign_in)
        number = _id(request.path_params["id"], "id")
        row = self.network.post(number)
        if row is None or row["deleted_ms"] is not None:
            raise Refused(404, "Not Found Error", f"Could not find tweet with id: [{number}].")
        if row["author_id"] != self.network.us:
            raise _forbidden("You are not allowed to delete this Tweet.")
        return {"data": {"deleted": self.network.delete(number)}}


def _id(written: object, parameter: str) -> int:
    """A post or user id. Raises Refused (400) for anything but a number of at most 63 bits."""
    text = str(written)
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > HIGHEST:
        raise _invalid(f"`{parameter}` is not a valid id", **{parameter: [text[:40]]})
    return int(text)


def _user_only(sign_in: SignIn) -> None:
    if sign_in != "user":
        raise Refused(
            403,
            "Unsupported Authentication",
            "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
            f"{_PROBLEMS}unsupported-authentication",
        )


def write_token(number: int) -> str:
    """A paging token that goes on below a post id."""
    return f"b26{number:x}"


def read_page(request: Request, *, smallest: int, largest: int, token: str) -> Page:
    """The page a request asks for. Raises Refused (400) for values X refuses."""
    query = request.query_params
    size = query.get("max_results", "10")
    if not size.isdigit() or not smallest <= int(size) <= largest:
        raise _invalid(f"max_results is between {smallest} and {largest}", max_results=[size])
    above, limit = _id(query.get("since_id", "0"), "since_id"), _id(query.get("until_id", HIGHEST), "until_id")
    offered = query.get(token) or (query.get("pagination_token") if token == "next_token" else None)  # noqa: S105 - a parameter's name
    if offered is not None:
        try:
            limit = min(limit, int(offered.removeprefix("b26"), 16))
        except ValueError as error:
            raise _invalid(f"`{token}` is not valid", **{token: [offered]}) from error
    return Page(int(size), above, limit, _moment(query.get("start_time")), _moment(query.get("end_time")))


def _moment(written: str | None) -> int | None:
    if written is None:
        return None
    try:
        return ms_of(datetime.fromisoformat(written.replace("Z", "+00:00")))
    except ValueError as error:
        raise _invalid("a time looks like 2026-11-21T12:00:00Z", time=[written]) from error
