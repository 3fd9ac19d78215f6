"""The web server of the desk: uvicorn, which ends the streams of open pages before it waits for them."""

import socket

import uvicorn
from starlette.types import ASGIApp

from hark311.console.live import Live


class DeskServer(uvicorn.Server):
    """uvicorn waits for every answer under way, and a page's stream of events would never come to its end."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self.live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.live.close()
        await super().shutdown(sockets)


def server_of(app: ASGIApp, live: Live, host: str, port: int) -> DeskServer:
    """The desk's server, ready to run."""
    config = uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, server_header=False)
    return DeskServer(config, live)
