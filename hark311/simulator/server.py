"""The simulator as one HTTP server: the three services, the control API and the pages, on loopback."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from hark311.simulator.access import LoopbackOnly
from hark311.simulator.attached import picture_bytes
from hark311.simulator.bluesky import BlueskyApi
from hark311.simulator.box import Box
from hark311.simulator.control import ControlApi
from hark311.simulator.gate import DROP, Gate, Voice
from hark311.simulator.mastodon import MastodonApi
from hark311.simulator.open311 import Open311Api
from hark311.simulator.pages import Pages
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.telegram import TelegramApi
from hark311.simulator.telegram_webhook import WebhookDelivery
from hark311.simulator.x import XApi

_log = logging.getLogger(__name__)


class DroppingProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with a way for the app to drop the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        """Offer `abort` to the app in every request of this connection."""
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[DROP] = {"abort": transport.abort}
            await inner(scope, receive, send)

        self.app = app


def create_app(settings: SimulatorSettings) -> FastAPI:
    """The ASGI app; the store is opened now and closed when the app shuts down."""
    box = Box(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        bringing = [asyncio.create_task(one.run()) for one in (WebhookDelivery(box.telegram), box.x_activity)]
        try:
            yield
        finally:
            for task in bringing:
                task.cancel()
            await asyncio.gather(*bringing, return_exceptions=True)
            box.close()

    app = FastAPI(title="hark311 simulator", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.box = box
    x, telegram = XApi(box.x, box.limits, settings), TelegramApi(box.telegram, settings)
    mastodon, city = MastodonApi(box.mastodon, settings), Open311Api(box.city, settings)
    bluesky = BlueskyApi(box.bluesky, settings)
    gated: tuple[tuple[str, ASGIApp, Voice], ...] = (
        ("/x", x.app(), x.voice),
        ("/telegram", telegram.app(), telegram.voice),
        ("/mastodon", mastodon.app(), mastodon.voice),
        ("/bluesky", bluesky.app(), bluesky.voice),
        ("/open311", city.app(), city.voice),
    )
    # the pages and pictures below /x come before the service of the same prefix
    app.router.routes += [
        Route("/x/media/{name}.png", _picture(box)),
        *Pages(box).routes(),
        Mount("/static", StaticFiles(packages=[("hark311.simulator", "static")])),
        Mount("/control", ControlApi(box).app()),
        *(Mount(at, Gate(inner, voice, box.faults, box.calls, settings.clock)) for at, inner, voice in gated),
    ]
    app.add_middleware(LoopbackOnly)
    return app


def _picture(box: Box) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        mime, body = picture_bytes(box.store, request.path_params["name"])
        return Response(body, media_type=mime)

    return endpoint


def configured(settings: SimulatorSettings, app: FastAPI) -> uvicorn.Config:
    """uvicorn's settings for the app; its access log is off, since Telegram's paths carry the token."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=DroppingProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )


def listening_socket(settings: SimulatorSettings) -> socket.socket:
    """A bound socket on the settings' loopback address; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # the protocol is named so that asyncio turns Nagle's algorithm off, which else costs 40 ms a call
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((settings.host.strip("[]"), settings.port))
    return bound


class Server(uvicorn.Server):
    """uvicorn's server, which sends waiting polls and streams home before it closes their connections."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop by a signal."""
        self.config.app.state.box.close_waits()  # type: ignore[union-attr]  # our own app, not a path to one
        super().handle_exit(sig, frame)


def serve(settings: SimulatorSettings) -> None:
    """Run until stopped by a signal. Logs the address; raises OSError when the port is taken."""
    server = Server(configured(settings, create_app(settings)))
    bound = listening_socket(settings)
    _log.info("simulator at http://%s:%d", settings.host, bound.getsockname()[1])
    server.run(sockets=[bound])
