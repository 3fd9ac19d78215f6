"""The Mastodon REST API over HTTP, as far as a listening and answering account uses it, and its stream of events."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hark311.simulator.attached import picture_bytes
from hark311.simulator.faults import Fault
from hark311.simulator.mastodon_network import MastodonNetwork, UnknownStatus
from hark311.simulator.mastodon_shape import Shapes
from hark311.simulator.mastodon_words import LIMIT, counted
from hark311.simulator.moderated import MastodonModeration
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.uploads import keep_upload, uploaded

CALLS, WINDOW = 300, 300.0
MOST_NOTIFICATIONS, MOST_STATUSES = 80, 40
HEARTBEAT_SECONDS = 1.0
_OPERATIONS = {
    "/api/v1/accounts/verify_credentials": "me",
    "/api/v1/apps/verify_credentials": "app",
    "/api/v1/notifications": "notifications",
    "/api/v1/streaming/user": "streaming",
    "/api/v1/streaming/health": "streaming",
    "/api/v1/instance": "instance",
    "/api/v2/instance": "instance",
    "/api/v1/media": "upload_media",
    "/api/v2/media": "upload_media",
}


class MastodonVoice:
    """The names of Mastodon's calls, and its way to refuse them."""

    channel = "mastodon"

    def operation(self, method: str, path: str) -> str:
        """A short name for a call, as faults and the call log know it."""
        if named := _OPERATIONS.get(path.rstrip("/")):
            return named
        if path.startswith("/media/"):
            return "media"
        if path.startswith("/api/v1/accounts/") and method == "POST":
            return path.rpartition("/")[2]
        if path.startswith("/api/v1/accounts/"):
            return "own_statuses"
        if path.startswith("/api/v1/timelines/tag/"):
            return "tagged"
        if path.endswith("/context"):
            return "context"
        return {"POST": "post_status", "DELETE": "delete_status"}.get(method, "status")

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """429 with the time of the next window in ISO 8601."""
        reset = datetime.fromtimestamp(now + fault.reset_in, UTC).isoformat().replace("+00:00", "Z")
        headers = {"x-ratelimit-limit": str(CALLS), "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return 429, headers, b'{"error": "Too many requests"}'

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """401 as Mastodon words it."""
        return 401, {}, b'{"error": "The access token is invalid"}'


class Refused(Exception):
    """An error of the API."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class MastodonApi:
    """The HTTP face of a `MastodonNetwork`. One token, that of our account, which is also its app's."""

    voice = MastodonVoice()

    def __init__(self, network: MastodonNetwork, settings: SimulatorSettings) -> None:
        self.network, self.settings = network, settings
        self._window, self._used = 0.0, 0
        self._moderation = MastodonModeration(network)

    def app(self) -> Starlette:
        """The ASGI app to mount at the server's address."""
        moderation = self._moderation
        api: list[tuple[str, str, Callable[[Request], Any]]] = [
            ("GET", "/api/v1/accounts/verify_credentials", self._me),
            ("GET", "/api/v1/apps/verify_credentials", self._app),
            ("GET", "/api/v1/accounts/{id}/statuses", self._statuses_of),
            ("GET", "/api/v1/notifications", self._notifications),
            ("GET", "/api/v1/timelines/tag/{tag}", self._tagged),
            ("GET", "/api/v1/statuses/{id}", lambda request: self._shapes(request).status(self._named(request))),
            ("GET", "/api/v1/statuses/{id}/context", self._context),
            ("DELETE", "/api/v1/statuses/{id}", self._delete),
            ("POST", "/api/v1/accounts/{id:int}/mute", moderation.acting("muted", on=True)),
            ("POST", "/api/v1/accounts/{id:int}/unmute", moderation.acting("muted", on=False)),
            ("POST", "/api/v1/accounts/{id:int}/block", moderation.acting("blocked", on=True)),
            ("POST", "/api/v1/accounts/{id:int}/unblock", moderation.acting("blocked", on=False)),
        ]
        return Starlette(
            routes=[
                *(Route(path, self._answering(act), methods=[verb]) for verb, path, act in api),
                Route("/api/v1/statuses", self._post, methods=["POST"]),
                Route("/api/v1/media", self._upload, methods=["POST"]),
                Route("/api/v2/media", self._upload, methods=["POST"]),
                Route("/api/v1/instance/", lambda request: JSONResponse(self._shapes(request).instance_v1())),
                Route("/api/v2/instance/", lambda request: JSONResponse(self._shapes(request).instance_v2())),
                Route("/api/v1/streaming/health", lambda _request: Response("OK")),
                Route("/api/v1/streaming/user", self._stream),
                Route("/media/{name}.png", self._picture),
            ]
        )

    def _shapes(self, request: Request) -> Shapes:
        return Shapes(self.network, f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}")

    def _limits(self) -> dict[str, str]:
        """Count one call; the three headers. Raises Refused when the window is used up."""
        now = self.settings.clock()
        if now - self._window >= WINDOW:
            self._window, self._used = now, 0
        self._used += self.network.limits_on
        if self.settings.mastodon_limits and self.network.limits_on and self._used > self.settings.mastodon_calls:
            raise Refused(429, "Too many requests")
        return self._told()

    def _told(self) -> dict[str, str]:
        reset = datetime.fromtimestamp(self._window + WINDOW, UTC).isoformat().replace("+00:00", "Z")
        most = self.settings.mastodon_calls
        left = str(max(0, most - self._used))
        return {"x-ratelimit-limit": str(most), "x-ratelimit-remaining": left, "x-ratelimit-reset": reset}

    def _require_key(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token != self.settings.mastodon_token:
            raise Refused(401, "The access token is invalid")

    def _answering(self, act: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                self._require_key(request)
                headers = self._limits()
                found = act(request)
                found = await found if isinstance(found, Awaitable) else found
                body, more = found if isinstance(found, tuple) else (found, {})
            except Refused as refused:
                return JSONResponse({"error": refused.error}, refused.status, self._told())
            except UnknownStatus:
                return JSONResponse({"error": "Record not found"}, 404, self._told())
            return JSONResponse(body, headers=headers | more)

        return endpoint

    def _me(self, request: Request) -> Json:
        return self._shapes(request).account(self.network.us)

    def _app(self, _: Request) -> Json:
        return {"id": "1", "name": "hark311", "website": None, "scopes": list(self.settings.mastodon_scopes)}

    def _notifications(self, request: Request) -> tuple[list[Json], dict[str, str]]:
        """Newest first. `min_id` gives what came right after it, `since_id` the newest of what came after it."""
        query = request.query_params
        kinds, limit = query.getlist("types[]"), _limit(query.get("limit"), MOST_NOTIFICATIONS)
        conditions, values = ["1"], []
        for name, sign in (("min_id", ">"), ("since_id", ">"), ("max_id", "<")):
            if name in query:
                conditions.append(f"id {sign} ?")
                values.append(_number(query[name]))
        if kinds:
            conditions.append(f"type IN ({','.join('?' * len(kinds))})")
        forward = "min_id" in query
        rows = self.network.store.rows(
            f"SELECT * FROM ms_notifications WHERE {' AND '.join(conditions)} "  # noqa: S608 - fixed parts
            f"ORDER BY id {'ASC' if forward else 'DESC'} LIMIT ?",
            [*values, *kinds, limit],
        )
        rows = rows[::-1] if forward else rows
        shapes = self._shapes(request)
        return [shapes.notification(row) for row in rows if self._visible(row)], self._links(request, rows)

    def _tagged(self, request: Request) -> list[Json]:
        """Public statuses with a hashtag, newest first."""
        query, tag = request.query_params, request.path_params["tag"]
        most = _limit(query.get("limit"), MOST_STATUSES) if "limit" in query else 20
        rows = self.network.tagged(tag, _number(query["max_id"]) if "max_id" in query else 1 << 62, most)
        return [self._shapes(request).status(row) for row in rows]

    def _visible(self, row: sqlite3.Row) -> bool:
        if self._moderation.silences(row["author_id"]):
            return False
        try:
            self.network.seen_by_us(str(row["status_id"]))
        except UnknownStatus:
            return False
        return True

    def _links(self, request: Request, rows: list[sqlite3.Row]) -> dict[str, str]:
        if not rows:
            return {}
        at = f"{self._shapes(request).root}/api/v1/notifications"
        older, newer = f"<{at}?max_id={rows[-1]['id']}>", f"<{at}?min_id={rows[0]['id']}>"
        return {"link": f'{older}; rel="next", {newer}; rel="prev"'}

    def _statuses_of(self, request: Request) -> list[Json]:
        number, query = _number(request.path_params["id"]), request.query_params
        self.network.author(number)
        before = _number(query["max_id"]) if "max_id" in query else 1 << 62
        rows = self.network.store.rows(
            "SELECT * FROM ms_statuses WHERE author_id = ? AND deleted_ms IS NULL AND id < ? ORDER BY id DESC LIMIT ?",
            (number, before, _limit(query.get("limit"), MOST_STATUSES)),
        )
        return [self._shapes(request).status(row) for row in rows]

    def _named(self, request: Request) -> sqlite3.Row:
        return self.network.seen_by_us(request.path_params["id"])

    def _context(self, request: Request) -> Json:
        above, below = self.network.thread(self._named(request))
        shape = self._shapes(request).status
        return {"ancestors": [shape(row) for row in above], "descendants": [shape(row) for row in below]}

    def _delete(self, request: Request) -> Json:
        row = self.network.referred(request.path_params["id"])
        if row["author_id"] != self.network.us:
            raise UnknownStatus("not ours")
        shape = self._shapes(request).status(row)
        self.network.delete(row["id"])
        return shape

    async def _post(self, request: Request) -> Response:
        form = await _fields(request)
        return await self._answering(lambda _: self._posted(request, form))(request)  # type: ignore[no-any-return]

    def _posted(self, request: Request, form: dict[str, str]) -> Json:
        """Post as our account: 404 where the status answered is not to be seen, 422 for what Mastodon does not take."""
        text, network = form.get("status", ""), self.network
        parent = None
        if answered := form.get("in_reply_to_id"):
            try:
                parent = network.seen_by_us(answered)
            except UnknownStatus as error:
                raise Refused(404, "The post you are trying to reply to does not appear to exist.") from error
        most = self.settings.mastodon_characters or LIMIT
        if counted(text) + counted(form.get("spoiler_text", "")) > most:
            raise Refused(422, f"Validation failed: Text character limit of {most} exceeded")
        if not text.strip():
            raise Refused(422, "Validation failed: Text can't be blank")
        if form.get("visibility", "public") not in ("public", "unlisted", "private", "direct"):
            raise Refused(422, "Validation failed: Visibility is not included in the list")
        key = request.headers.get("idempotency-key") if self.settings.mastodon_idempotent else None
        shown, language = form.get("visibility"), form.get("language")
        try:
            media = uploaded(network.store, [_number(one) for one in json.loads(form.get("media_ids[]") or "[]")])
        except LookupError as error:
            raise Refused(422, "Validation failed: Media attachments are invalid") from error
        number = network.post(
            text, parent, key, media, visibility=shown, language=language, spoiler=form.get("spoiler_text")
        )
        return self._shapes(request).status(network.referred(str(number)))

    async def _upload(self, request: Request) -> Response:
        """Keep a picture with its description until a status names it."""
        async with request.form() as form:
            file, alt = form.get("file"), str(form.get("description") or "")
            body, mime = (await file.read(), str(file.content_type)) if isinstance(file, UploadFile) else (b"", "")

        def kept(_: Request) -> Json:
            if not body or not mime.startswith("image/"):
                raise Refused(422, "Validation failed: File content type is invalid")
            number = keep_upload(self.network.store, mime, body, alt)
            return self._shapes(request).media(uploaded(self.network.store, [number])[0]) | {"id": str(number)}

        return await self._answering(kept)(request)  # type: ignore[no-any-return]

    async def _stream(self, request: Request) -> Response:
        """Events for our account, as server-sent events, from now on."""
        try:
            self._require_key(request)
        except Refused as refused:
            return JSONResponse({"error": refused.error}, refused.status)
        return StreamingResponse(self._events(self._shapes(request)), media_type="text/event-stream")

    async def _events(self, shapes: Shapes) -> AsyncIterator[bytes]:
        told = self.network.newest_event
        yield b":)\n"
        while not self.network.closing:
            bell = self.network.arrivals.bell()
            for number, event, content in [one for one in self.network.events if one[0] > told]:
                told = number
                body = self._content(shapes, content)
                if body is not None:
                    yield f"event: {event}\ndata: {body}\n\n".encode()
            if not self.network.closing:
                try:
                    await asyncio.wait_for(bell.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b":thump\n"

    def _content(self, shapes: Shapes, content: str) -> str | None:
        kind, _, number = content.rpartition(":")
        if kind != "notification":
            return number
        row = self.network.store.row("SELECT * FROM ms_notifications WHERE id = ?", (int(number),))
        return json.dumps(shapes.notification(row)) if row and self._visible(row) else None

    async def _picture(self, request: Request) -> Response:
        mime, body = await run_in_threadpool(picture_bytes, self.network.store, request.path_params["name"])
        return Response(body, media_type=mime)


async def _fields(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            return {}
        return {name: str(value) for name, value in body.items() if value is not None}
    async with request.form() as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return fields | {"media_ids[]": json.dumps([str(one) for one in form.getlist("media_ids[]")])}


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdecimal() else 0


def _limit(written: str | None, most: int) -> int:
    return max(1, min(most, _number(written or "") or 40))
