"""Who may talk to the simulator: this machine only, by a loopback name, and no other web site through a browser."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hark311.simulator.gate import answer
from hark311.simulator.settings import is_loopback

GUARDED_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def _host_of(header: str) -> str:
    return urlsplit(f"//{header}").hostname or ""


def refusal(scope: Scope) -> str | None:
    """Why this HTTP request may not come in, or None.

    A caller from another machine is refused everywhere. Outside the three simulated services the Host header must
    be a loopback name (a page of another site could else reach us by a name it controls), and a writing request
    that a browser marks as coming from another site is refused.
    """
    client = scope.get("client")
    if client and not is_loopback(str(client[0])):
        return "The simulator answers this machine only."
    if str(scope["path"]).startswith(("/x/2/", "/telegram/bot", "/telegram/file/", "/bluesky/xrpc/", "/open311/v2/")):
        return None
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not is_loopback(_host_of(host)):
        return "The simulator answers to loopback names only."
    if scope["method"] in ("GET", "HEAD"):
        return None
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "This came from another web site."
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "This came from another web site."
    form = headers.get("content-type", "").startswith(("application/x-www-form-urlencoded", "multipart/", "text/plain"))
    if str(scope["path"]).startswith("/control") and form:
        return "The control API takes JSON."
    return None


class LoopbackOnly:
    """ASGI middleware that refuses what `refusal` names with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            why = refusal(scope)
            if why is not None:
                await answer(send, 403, {"content-type": "text/plain; charset=utf-8"}, why.encode())
                return
        await self._app(scope, receive, send)
