"""X API v2 over HTTP: routes, paging, rate limits and the refusals an adapter must understand."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.faults import Fault
from hark311.simulator.limits import Allowance, RateLimits, SignIn
from hark311.simulator.moderated import XModeration
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z
from hark311.simulator.x_auth import sign_in_of
from hark311.simulator.x_compliance import ComplianceApi
from hark311.simulator.x_media import MediaApi
from hark311.simulator.x_messages import MessagesApi, XMessages
from hark311.simulator.x_network import Parents, XNetwork, snowflake
from hark311.simulator.x_refusals import (
    HIGHEST,
    PROBLEMS,
    Refused,
    forbidden,
    id_of,
    invalid,
    moment_of,
    too_many,
    unauthorized,
    user_only,
)
from hark311.simulator.x_search import SHOWABLE, BadQuery, parse
from hark311.simulator.x_shape import Shape, problem_with
from hark311.simulator.x_stream import StreamApi
from hark311.simulator.x_words import MAX_WEIGHT, weighted_length

WEEK_MS = 7 * 24 * 3600 * 1000
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
        """The name of a call, such as mentions, lookup or create_post."""
        parts = path.removeprefix("/2").strip("/").split("/")
        if parts[0] in ("dm_events", "dm_conversations"):
            return "create_message" if method == "POST" else "messages"
        if parts[0] == "media":
            return "upload_media" if parts[1:] == ["upload"] else "describe_media"
        if parts[0] == "compliance":
            return "create_job" if method == "POST" else "job" if len(parts) == 3 else "jobs"
        if parts[0] == "store":
            return "upload" if method == "PUT" else "download"
        if parts[:2] == ["tweets", "counts"]:
            return "counts"
        if method == "POST" and parts == ["tweets"]:
            return "create_post"
        if parts[-1] == "hidden" or "muting" in parts:
            return "hide" if parts[-1] == "hidden" else "mute"
        if parts[0] == "tweets":
            if parts[1:2] == ["search"]:
                return "search" if parts[2:] == ["recent"] else "stream_rules" if parts[3:] else "streaming"
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


class XApi:
    """The HTTP face of an `XNetwork`."""

    voice = XVoice()

    def __init__(self, network: XNetwork, limits: RateLimits, settings: SimulatorSettings) -> None:
        self.network = network
        self.limits = limits
        self.settings = settings
        self.media = MediaApi(network.store)
        self.messages = MessagesApi(XMessages(network), self.media)
        self.compliance = ComplianceApi(network)
        self.streaming = StreamApi(network, limits, settings)
        self.moderation = XModeration(network)

    def app(self) -> Starlette:
        """The ASGI app to mount at the API's prefix."""
        routes: list[tuple[str, str, Callable[[Request, SignIn], Awaitable[Json]]]] = [
            ("GET", "/2/users/me", self.me),
            ("GET", "/2/users/by/username/{username}", self.user_by_name),
            ("GET", "/2/users/{id:int}/mentions", self.mentions),
            ("GET", "/2/users/{id:int}/tweets", self.timeline),
            ("GET", "/2/users/{id:int}", self.user),
            ("GET", "/2/tweets/search/recent", self.search),
            *self.streaming.calls,
            ("GET", "/2/tweets/{id:int}", self.lookup_one),
            ("GET", "/2/tweets", self.lookup),
            ("GET", "/2/tweets/counts/recent", self.counts),
            ("POST", "/2/tweets", self.create),
            ("POST", "/2/media/upload", self.media.upload),
            ("POST", "/2/media/metadata", self.media.describe),
            ("DELETE", "/2/tweets/{id:int}", self.delete),
            ("PUT", "/2/tweets/{id:int}/hidden", self.moderation.hide),
            ("POST", "/2/users/{id:int}/muting", self.moderation.mute),
            ("DELETE", "/2/users/{id:int}/muting/{target:int}", self.moderation.unmute),
            ("GET", "/2/dm_events", self.messages.events),
            ("GET", "/2/dm_conversations/with/{person:int}/dm_events", self.messages.events),
            ("GET", "/2/dm_conversations/{room}/dm_events", self.messages.events),
            ("POST", "/2/dm_conversations/with/{person:int}/messages", self.messages.create),
            ("POST", "/2/dm_conversations/{room}/messages", self.messages.create),
            ("POST", "/2/compliance/jobs", self.compliance.create),
            ("GET", "/2/compliance/jobs", self.compliance.list),
            ("GET", "/2/compliance/jobs/{id:int}", self.compliance.one),
        ]
        answering = [Route(path, self._answering(act), methods=[verb]) for verb, path, act in routes]
        return Starlette(routes=[*answering, *self.streaming.routes, *self.compliance.stores])

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
                headers = allowance.headers | ({"x-access-level": self.settings.x_access} if sign_in == "user" else {})
                if allowance.refused:
                    raise too_many()
                body = await act(request, sign_in)
                status = 201 if operation in ("create_post", "create_message") else 200
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
                f"{PROBLEMS}unsupported-authentication",
            )
        us = self.network.author(self.network.us)
        return {"data": self._shape(request).user(us)} if us else {}

    async def user(self, request: Request, _: SignIn) -> Json:
        """GET users/:id."""
        return self._user_answer(request, self.network.author(id_of(request.path_params["id"], "id")))

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
                    "type": f"{PROBLEMS}resource-not-found",
                }
            ]
        }

    async def mentions(self, request: Request, _: SignIn) -> Json:
        """GET users/:id/mentions: newest first, no reposts, only the newest 800 reachable."""
        number = id_of(request.path_params["id"], "id")
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
            request, source, [id_of(request.path_params["id"], "id"), self.network.store.now_ms()], "p.id", 0
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
            raise invalid(str(error), query=[request.query_params.get("query", "")]) from error
        page = read_page(request, smallest=10, largest=100, token="next_token")  # noqa: S106 - a parameter's name
        week_ago = snowflake(self.network.store.now_ms() - WEEK_MS)
        if 0 < page.above < week_ago:
            raise invalid("'since_id' must be a tweet id created within the last 7 days.", since_id=[str(page.above)])
        source = f"FROM x_posts p JOIN x_authors a ON a.id = p.author_id WHERE {SHOWABLE} AND ({condition.sql})"
        return self._page(request, source, [self.network.store.now_ms(), *condition.parameters], "p.id", page, week_ago)

    async def counts(self, request: Request, _: SignIn) -> Json:
        """GET tweets/counts/recent: how many posts of seven days a query finds, in one sum."""
        try:
            condition = parse(request.query_params.get("query", ""))
        except BadQuery as error:
            raise invalid(str(error), query=[request.query_params.get("query", "")]) from error
        now = self.network.store.now_ms()
        begins = moment_of(request.query_params.get("start_time")) or now - WEEK_MS
        ends = moment_of(request.query_params.get("end_time")) or now
        if begins < now - WEEK_MS:
            raise invalid("'start_time' must be within the last 7 days.", start_time=[])
        total = self.network.store.number(
            f"SELECT count(*) FROM x_posts p JOIN x_authors a ON a.id = p.author_id WHERE {SHOWABLE} "  # noqa: S608
            f"AND p.created_ms >= ? AND p.created_ms < ? AND ({condition.sql})",
            [now, begins, ends, *condition.parameters],
        )
        data = [{"start": iso_z(begins), "end": iso_z(ends), "tweet_count": total}]
        return {"data": data, "meta": {"total_tweet_count": total}}

    async def lookup(self, request: Request, _: SignIn) -> Json:
        """GET tweets?ids=: up to 100; what is gone stands in `errors`, with HTTP 200."""
        ids = request.query_params.get("ids", "").split(",")
        if len(ids) > 100:
            raise invalid("`ids` takes 1 to 100 post ids", ids=ids[:3])
        return self._looked_up(request, [id_of(part, "ids") for part in ids], "ids", many=True)

    async def lookup_one(self, request: Request, _: SignIn) -> Json:
        """GET tweets/:id: HTTP 200 with `errors` and no data when it is gone."""
        return self._looked_up(request, [id_of(request.path_params["id"], "id")], "id", many=False)

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
        user_only(sign_in)
        try:
            wanted = json.loads(await request.body())
        except ValueError as error:
            raise invalid("the body is not JSON") from error
        text = wanted.get("text") if isinstance(wanted, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise invalid("`text` is missing or empty", text=[])
        settings = wanted.get("reply_settings", "everyone")
        if settings not in ("everyone", "following", "mentionedUsers", "subscribers", "verified"):
            raise invalid(f"reply_settings cannot be {settings!r}", reply_settings=[settings])
        if weighted_length(text) > MAX_WEIGHT:
            raise forbidden(TOO_LONG)
        reply = wanted.get("reply") or {}
        parent = self._may_reply(reply["in_reply_to_tweet_id"]) if "in_reply_to_tweet_id" in reply else None
        if self.settings.duplicate_rule and self.network.is_duplicate(text):
            raise forbidden(DUPLICATE)
        quote = wanted.get("quote_tweet_id")
        quoted = self.network.post(id_of(quote, "quote_tweet_id")) if quote is not None else None
        photos = self.media.named(wanted.get("media"))
        excluded = frozenset(id_of(one, "exclude_reply_user_ids") for one in reply.get("exclude_reply_user_ids", []))
        number = self.network.post_as_us(text, Parents(in_reply_to=parent, quote_of=quoted), excluded, settings, photos)
        row = self.network.post(number)
        return {
            "data": {"id": str(number), "text": row["shown"] if row else "", "edit_history_tweet_ids": [str(number)]}
        }

    def _may_reply(self, reference: object) -> sqlite3.Row:
        """The post to reply to. Raises Refused with 403 as X does when we may not."""
        parent = self.network.post(id_of(reference, "in_reply_to_tweet_id"))
        if parent is None or problem_with(self.network, parent["id"], parent, "id") is not None:
            raise forbidden(GONE)
        author = self.network.author(parent["author_id"])
        if author is not None and author["blocks_us"]:
            raise forbidden(BLOCKED)
        summoned = self.network.summons_us(parent)
        if parent["reply_settings"] != "everyone" and not summoned:  # every setting lets in who is named
            raise forbidden(RESTRICTED)
        if self.settings.summon_rule and not summoned:
            raise forbidden(NOT_SUMMONED)
        return parent

    async def delete(self, request: Request, sign_in: SignIn) -> Json:
        """DELETE tweets/:id: our own posts only."""
        user_only(sign_in)
        number = id_of(request.path_params["id"], "id")
        row = self.network.post(number)
        if row is None or row["deleted_ms"] is not None:
            raise Refused(404, "Not Found Error", f"Could not find tweet with id: [{number}].")
        if row["author_id"] != self.network.us:
            raise forbidden("You are not allowed to delete this Tweet.")
        return {"data": {"deleted": self.network.delete(number)}}


def write_token(number: int) -> str:
    """A paging token that goes on below a post id."""
    return f"b26{number:x}"


def read_page(request: Request, *, smallest: int, largest: int, token: str) -> Page:
    """The page a request asks for. Raises Refused (400) for values X refuses."""
    query = request.query_params
    size = query.get("max_results", "10")
    if not size.isdigit() or not smallest <= int(size) <= largest:
        raise invalid(f"max_results is between {smallest} and {largest}", max_results=[size])
    above, limit = id_of(query.get("since_id", "0"), "since_id"), id_of(query.get("until_id", HIGHEST), "until_id")
    offered = query.get(token) or (query.get("pagination_token") if token == "next_token" else None)  # noqa: S105 - a parameter's name
    if offered is not None:
        try:
            limit = min(limit, int(offered.removeprefix("b26"), 16))
        except ValueError as error:
            raise invalid(f"`{token}` is not valid", **{token: [offered]}) from error
    return Page(int(size), above, limit, moment_of(query.get("start_time")), moment_of(query.get("end_time")))
