"""What every answer of the desk goes through: Host check, body cap, and the headers that keep a browser strict."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hark311.settings import Settings

log = logging.getLogger(__name__)

BODY_LIMIT = 256 * 1024
PICTURE_LIMIT = 9 * 1024 * 1024
PICTURE_PATH = re.compile(r"/mentions/\d+/pictures|/open311/v2/requests\.(?:json|xml)")
"""Where a picture for a reply, or a partner's report with a photo, is sent to; no other form holds a file."""
NUL = "\0"
"""No database keeps it, and no honest browser sends it."""
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLarge(Exception):
    """More was sent than any form of the desk can hold."""


def host_names(settings: Settings) -> frozenset[str]:
    """The names the desk answers to, lower case and without a port."""
    residents = urlsplit(settings.status_page).netloc
    own = (settings.host, *settings.public_hosts, *([residents] if residents else []))
    return LOOPBACK_NAMES | {name_of(name) for name in own}


def policy(settings: Settings) -> str:
    """The Content-Security-Policy of every answer: images of ours alone, and map tiles where the operator set them."""
    tiles = urlsplit(settings.map_tile_url)
    # Leaflet empties a tile that is not wanted any more with a data: image
    images = f"img-src 'self' data: {tiles.scheme}://{tiles.netloc}" if tiles.netloc else "img-src 'self'"
    return "; ".join((*POLICY, images))


def name_of(host: str) -> str:
    """The name in a Host header, without the port and an IPv6 address's brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


class Guard:
    """ASGI middleware around the whole desk. `broken` makes the page for a fault of our own."""

    def __init__(self, app: ASGIApp, settings: Settings, broken: Callable[[Request], Response]) -> None:
        self.app = app
        self.names = host_names(settings)
        self.headers = {**HEADERS, "content-security-policy": policy(settings)}
        self.broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded_send = _with_headers(send, self.headers, static=scope["path"].startswith("/static/"))
        if name_of(headers.get("host", "")) not in self.names:
            answer = PlainTextResponse("This desk does not answer to that host name.\n", status_code=400)
            await answer(scope, receive, guarded_send)
            return
        if NUL in scope["path"] or b"%00" in scope["query_string"]:
            answer = PlainTextResponse("This address is damaged.\n", status_code=400)
            await answer(scope, receive, guarded_send)
            return
        most = PICTURE_LIMIT if PICTURE_PATH.fullmatch(scope["path"]) else BODY_LIMIT
        if _announced(headers) > most:
            await _too_large()(scope, receive, guarded_send)
            return
        try:
            await self.app(scope, _capped(receive, most), guarded_send)
        except BodyTooLarge:
            await _too_large()(scope, receive, guarded_send)
        except Exception as error:
            _log_fault(scope, error)
            await self.broken(Request(scope))(scope, receive, guarded_send)


def _log_fault(scope: Scope, error: Exception) -> None:
    """Where it broke and what kind of fault it was; not the error's text, which may hold a resident's words."""
    route = getattr(scope.get("route"), "path", "an unknown page")
    lines = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s while answering %s %s\n%s", type(error).__name__, scope["method"], route, lines)


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else PICTURE_LIMIT + 1


def _too_large() -> PlainTextResponse:
    said = "That is more than a form of the desk can hold. Shorten it and send it again.\n"
    return PlainTextResponse(said, status_code=413)


def _capped(receive: Receive, most: int) -> Receive:
    read = 0

    async def receive_capped() -> Message:
        nonlocal read
        part = await receive()
        read += len(part.get("body", b""))
        if read > most:
            raise BodyTooLarge
        return part

    return receive_capped


def _with_headers(send: Send, strict: Mapping[str, str], *, static: bool) -> Send:
    async def send_with_headers(part: Message) -> None:
        if part["type"] == "http.response.start":
            headers = MutableHeaders(scope=part)
            for name, value in strict.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-cache" if static else "no-store")
        await send(part)

    return send_with_headers
