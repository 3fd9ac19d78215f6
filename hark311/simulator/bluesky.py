"""Bluesky over HTTP: the PDS and the AppView behind it, as far as an adapter meets them.

Refusals are worded as the reference server words them: a record key that is taken is a plain 500, a bad token a 400.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable

import regex
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.attached import picture_bytes
from hark311.simulator.bluesky_network import POST, BlueskyNetwork, cid_of
from hark311.simulator.bluesky_views import BlueskyViews, Refused, invalid, limit_of
from hark311.simulator.faults import Fault
from hark311.simulator.moderated import BlueskyModeration
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json

GRAPHEMES, BYTES = 300, 3000
ACCESS_SECONDS, REFRESH_SECONDS = 7200, 90 * 86400
LIMITS = {"createSession": (30, 300), "createRecord": (1666, 3600), "*": (3000, 300)}
"""Calls and seconds. Source: Bluesky, rate limits, as read for the project's domain notes (April 2026)."""
OPEN = {"createSession", "describeServer", "getBlob", "getRecord", "listRecords", "resolveHandle"}
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


class BlueskyVoice:
    """The names of Bluesky's calls and its way to refuse them."""

    channel = "bluesky"

    def operation(self, method: str, path: str) -> str:
        """The last part of the method's name, such as listNotifications."""
        return path.rpartition(".")[2]

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """429 with a window that ends after the fault's `reset_in` seconds."""
        body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        return 429, _allowance(3000, 0, int(now + fault.reset_in), 300), json.dumps(body).encode()

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """401 as a PDS words it."""
        body = {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
        return 401, {}, json.dumps(body).encode()


def _allowance(limit: int, left: int, reset: int, window: int) -> dict[str, str]:
    return {
        "ratelimit-limit": str(limit),
        "ratelimit-remaining": str(left),
        "ratelimit-reset": str(reset),
        "ratelimit-policy": f"{limit};w={window}",
    }


class BlueskyApi:
    """The HTTP face of a `BlueskyNetwork`."""

    voice = BlueskyVoice()

    def __init__(self, network: BlueskyNetwork, settings: SimulatorSettings) -> None:
        self.network, self.settings, self.views = network, settings, BlueskyViews(network)
        self._windows: dict[str, tuple[float, int]] = {}

    def app(self) -> Starlette:
        """The ASGI app to mount at the service's prefix."""
        moderation = BlueskyModeration(self.views)
        calls: dict[str, Callable[[Request, Json], Awaitable[Json | Response]]] = {
            "com.atproto.server.createSession": self.create_session,
            "com.atproto.server.refreshSession": self.refresh_session,
            "com.atproto.server.getSession": self.get_session,
            "com.atproto.server.describeServer": self.describe,
            "com.atproto.identity.resolveHandle": self.resolve_handle,
            "com.atproto.repo.createRecord": self.create_record,
            "com.atproto.repo.putRecord": self.put_record,
            "com.atproto.repo.deleteRecord": self.delete_record,
            "com.atproto.repo.getRecord": self.get_record,
            "com.atproto.repo.listRecords": self.list_records,
            "com.atproto.repo.uploadBlob": self.upload_blob,
            "com.atproto.sync.getBlob": self.get_blob,
            "app.bsky.actor.getProfile": self.views.get_profile,
            "app.bsky.graph.muteActor": moderation.mute,
            "app.bsky.graph.unmuteActor": moderation.unmute,
            "app.bsky.notification.listNotifications": self.views.list_notifications,
            "app.bsky.notification.updateSeen": self.views.update_seen,
            "app.bsky.feed.getPosts": self.views.get_posts,
            "app.bsky.feed.getPostThread": self.views.get_thread,
            "app.bsky.feed.searchPosts": self.views.search,
        }
        return Starlette(
            routes=[
                Route(f"/xrpc/{name}", self._answering(name.rpartition(".")[2], act), methods=["GET", "POST"])
                for name, act in calls.items()
            ]
        )

    def _answering(
        self, operation: str, act: Callable[[Request, Json], Awaitable[Json | Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            status, body = 200, {}
            try:
                headers = self._spend(operation)
                if operation not in OPEN:
                    self._signed_in(request, "refresh" if operation == "refreshSession" else "appPass")
                given = await request.body() if operation != "uploadBlob" else b""
                said = json.loads(given) if given else {}
                answer = await act(request, said if isinstance(said, dict) else {})
                if isinstance(answer, Response):
                    return answer
                body = answer
            except Refused as refused:
                status, body = refused.status, refused.body
            except (ValueError, LookupError) as error:
                status, body = 400, invalid(f"not understood: {error}").body
            return Response(json.dumps(body), status, headers, media_type="application/json; charset=utf-8")

        return endpoint

    def _spend(self, operation: str) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name in ("*", operation) if operation in LIMITS else ("*",):
            (limit, window), now = LIMITS[name], self.settings.clock()
            start, used = self._windows.get(name, (now, 0))
            start, used = (now, 0) if now - start >= window else (start, used)
            headers = _allowance(limit, max(0, limit - used - 1), int(start + window) + 1, window)
            if used >= limit and self.network.limits_on:
                raise Refused(429, "RateLimitExceeded", "Rate Limit Exceeded")
            self._windows[name] = (start, used + self.network.limits_on)
        return headers

    # sessions

    def _token(self, scope: str, seconds: int) -> str:
        now = int(self.settings.clock())
        claims = {"scope": f"com.atproto.{scope}", "sub": self.network.us, "iat": now, "exp": now + seconds}
        parts = [_packed(json.dumps(one).encode()) for one in ({"typ": "JWT", "alg": "HS256"}, claims)]
        return ".".join([*parts, self._seal(".".join(parts))])

    def _seal(self, text: str) -> str:
        return _packed(hmac.digest(self.settings.bluesky_password.encode(), text.encode(), hashlib.sha256))

    def _signed_in(self, request: Request, scope: str) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise Refused(401, "AuthMissing", "Authentication Required")
        text, _, seal = token.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(text).encode()):
            raise Refused(400, "InvalidToken", "Token could not be verified")
        claims = json.loads(base64.urlsafe_b64decode(text.partition(".")[2] + "==="))
        if claims["scope"] != f"com.atproto.{scope}":
            raise Refused(400, "InvalidToken", "Bad token scope")
        if claims["exp"] < self.settings.clock():
            raise Refused(400, "ExpiredToken", "Token has expired")

    def _session(self) -> Json:
        access, refresh = self._token("appPass", ACCESS_SECONDS), self._token("refresh", REFRESH_SECONDS)
        return {
            "accessJwt": access,
            "refreshJwt": refresh,
            "handle": self.network.handle,
            "did": self.network.us,
            "active": True,
        }

    async def create_session(self, _: Request, said: Json) -> Json:
        """Sign in by handle or DID and app password."""
        who = str(said.get("identifier", "")).lower()
        known = who in (self.network.handle, self.network.us)
        if not known or not hmac.compare_digest(
            str(said.get("password", "")).encode(), self.settings.bluesky_password.encode()
        ):
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    async def refresh_session(self, _: Request, __: Json) -> Json:
        """New tokens for a refresh token."""
        return self._session()

    async def get_session(self, _: Request, __: Json) -> Json:
        """Whose session this is."""
        return {"handle": self.network.handle, "did": self.network.us, "active": True}

    async def describe(self, _: Request, __: Json) -> Json:
        """What the server is."""
        return {"did": "did:web:localhost", "availableUserDomains": [".test"], "inviteCodeRequired": False}

    async def resolve_handle(self, request: Request, _: Json) -> Json:
        """The DID of a handle."""
        handle = request.query_params.get("handle", "")
        row = self.network.store.row("SELECT did FROM bsky_people WHERE handle = ?", (handle,))
        if row is None:
            raise invalid("Unable to resolve handle")
        return {"did": row["did"]}

    # repositories

    def _checked(self, said: Json) -> Json:
        record = said.get("record")
        if said.get("repo") not in (self.network.us, self.network.handle):
            raise Refused(401, "AuthenticationRequired", "Invalid repo")
        if not isinstance(record, dict):
            raise invalid("Input must have the property record")
        if said.get("collection") == POST:
            text = record.get("text")
            if not isinstance(text, str) or not isinstance(record.get("createdAt"), str):
                raise invalid(f"Invalid {POST} record: Missing required key")
            for what, most, count in (
                ("string", BYTES, len(text.encode())),
                ("grapheme", GRAPHEMES, len(regex.findall(r"\X", text))),
            ):
                if count > most:
                    wrong = f"{what} too big (maximum {most}, got {count}) at $.record.text"
                    raise invalid(f"Invalid {POST} record: {wrong}")
            if "rkey" in said and not TID.fullmatch(str(said["rkey"])):
                raise invalid(f"Invalid record key: {said['rkey']}")
        return record

    async def create_record(self, _: Request, said: Json) -> Json:
        """Write a record of ours; a record key that is taken fails."""
        record = self._checked(said)
        try:
            uri, cid = self.network.create(self.network.us, str(said["collection"]), record, said.get("rkey"), None)
        except FileExistsError as error:
            raise Refused(500, "InternalServerError", "Internal Server Error") from error
        return {"uri": uri, "cid": cid, "validationStatus": "valid"}

    async def put_record(self, _: Request, said: Json) -> Json:
        """Write a record of ours, whatever is there."""
        record = self._checked(said)
        uri = f"at://{self.network.us}/{said['collection']}/{said['rkey']}"
        row = self.network.record(uri)
        if row is None or row["deleted"]:
            return await self.create_record(_, said)
        return dict(zip(("uri", "cid"), self.network.put(uri, record), strict=True))

    async def delete_record(self, _: Request, said: Json) -> Json:
        """Delete a record of ours; one that is not there is no error."""
        self.network.delete(f"at://{self.network.us}/{said['collection']}/{said['rkey']}")
        return {}

    async def get_record(self, request: Request, _: Json) -> Json:
        """One record of anybody."""
        query = request.query_params
        uri = f"at://{self.views.did(query['repo'])}/{query['collection']}/{query['rkey']}"
        row = self.network.record(uri)
        if row is None or row["deleted"]:
            raise Refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": row["cid"], "value": json.loads(row["record"])}

    async def list_records(self, request: Request, _: Json) -> Json:
        """Records of a collection, newest first."""
        query = request.query_params
        rows = self.network.store.rows(
            "SELECT * FROM bsky_records WHERE did = ? AND collection = ? AND deleted = 0 AND rkey < ? "
            "ORDER BY rkey DESC LIMIT ?",
            (self.views.did(query["repo"]), query["collection"], query.get("cursor", "~"), limit_of(request, 50)),
        )
        records = [{"uri": row["uri"], "cid": row["cid"], "value": json.loads(row["record"])} for row in rows]
        return {"records": records, **({"cursor": rows[-1]["rkey"]} if rows else {})}

    async def upload_blob(self, request: Request, _: Json) -> Json:
        """Keep a file until a record names it."""
        body, mime = await request.body(), request.headers.get("content-type", "application/octet-stream")
        cid = cid_of(hashlib.sha256(body).hexdigest())
        with self.network.store.writing() as write:
            write.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", (f"bluesky-{cid}", mime, body))
        return {"blob": {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(body)}}

    async def get_blob(self, request: Request, _: Json) -> Response:
        """A file."""
        mime, body = picture_bytes(self.network.store, f"bluesky-{request.query_params['cid']}")
        return Response(body, media_type=mime)


def _packed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
