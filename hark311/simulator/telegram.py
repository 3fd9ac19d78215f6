"""The Telegram Bot API over HTTP: tokens, parameters in every form a client may send them, long polling, files."""

import asyncio
import json
import re
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hark311.simulator.faults import Fault
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.telegram_content import file_bytes
from hark311.simulator.telegram_methods import Arguments, BotMethods, BotRefused
from hark311.simulator.telegram_network import TelegramNetwork

LONGEST_POLL = 50
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
_OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_HAS_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


class TelegramVoice:
    """The names of Telegram's calls (the methods' own names) and its way to refuse them."""

    channel = "telegram"

    def operation(self, method: str, path: str) -> str:
        """The Bot API method's name, or `file` for a download."""
        del method
        return "file" if path.startswith("/file/") else path.rsplit("/", 1)[-1]

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """429 with retry_after in whole seconds."""
        del now
        seconds = max(1, round(fault.reset_in))
        refused = BotRefused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        return 429, {"retry-after": str(seconds)}, json.dumps(refused.body).encode()

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """401 as Telegram words it."""
        return 401, {}, json.dumps(BotRefused(401, "Unauthorized").body).encode()


class TelegramApi:
    """The HTTP face of a `TelegramNetwork`."""

    voice = TelegramVoice()

    def __init__(self, network: TelegramNetwork, settings: SimulatorSettings) -> None:
        self.network = network
        self.settings = settings
        self._methods = BotMethods(network).by_name
        self._poller: object | None = None

    def app(self) -> Starlette:
        """The ASGI app to mount at the API's prefix."""
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._file, methods=["GET"]),
            ]
        )

    def _check_token(self, request: Request) -> None:
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            raise BotRefused(404, "Not Found")
        if token != self.settings.telegram_token:
            raise BotRefused(401, "Unauthorized")

    async def _call(self, request: Request) -> Response:
        try:
            self._check_token(request)
            name = request.path_params["method"].lower()
            arguments = await read_arguments(request)
            result: object
            if name == "getupdates":
                result = await self._updates(arguments)
            elif name in self._methods:
                result = self._methods[name](arguments)
            else:
                raise BotRefused(404, "Not Found: method not found")
        except BotRefused as refused:
            return _json(refused.body, refused.code)
        return _json({"ok": True, "result": result}, 200)

    async def _file(self, request: Request) -> Response:
        try:
            self._check_token(request)
            row = self.network.store.row("SELECT * FROM tg_files WHERE path = ?", (request.path_params["path"],))
            if row is None:
                raise BotRefused(404, "Not Found")
        except BotRefused as refused:
            return _json(refused.body, refused.code)
        return Response(await run_in_threadpool(file_bytes, row), media_type=row["mime"])

    async def _updates(self, arguments: Arguments) -> list[Json]:
        """getUpdates: confirm what lies below `offset`, then wait up to `timeout` seconds for something to give."""
        if self.network.store.recall("tg_webhook"):
            raise BotRefused(409, _HAS_WEBHOOK)
        allowed = arguments.structure("allowed_updates")
        if allowed is not None and allowed != self.network.store.recall("tg_allowed_updates"):
            self.network.store.remember("tg_allowed_updates", allowed)
        self._confirm(arguments.whole("offset") or 0)
        limit = min(100, max(1, arguments.whole("limit") or 100))
        return await self._waited(limit, min(LONGEST_POLL, max(0, arguments.whole("timeout") or 0)))

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self.network.confirm(offset)
        elif offset < 0:
            kept = self.network.store.number(
                "SELECT min(update_id) FROM (SELECT update_id FROM tg_updates ORDER BY update_id DESC LIMIT ?)",
                (-offset,),
            )
            self.network.confirm(kept)

    async def _waited(self, limit: int, seconds: int) -> list[Json]:
        me = self._poller = object()
        self.network.arrivals.ring()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            bell = self.network.arrivals.bell()
            if self._poller is not me:
                raise BotRefused(409, _OTHER_POLLER)
            found = self.network.pending(limit)
            if found or self.network.closing or loop.time() >= until:
                self._poller = None
                return found
            try:
                await asyncio.wait_for(bell.wait(), until - loop.time())
            except TimeoutError:
                continue


async def read_arguments(request: Request) -> Arguments:
    """Parameters from the query and from a form, multipart or JSON body. Raises BotRefused (400) for broken JSON."""
    values: dict[str, Any] = dict(request.query_params)
    files: dict[str, tuple[str, str, bytes]] = {}
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError as error:
            raise BotRefused(400, "Bad Request: can't parse JSON") from error
        values.update(body)
    elif kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        async with request.form() as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    files[name] = (value.filename or "file", value.content_type or "", await value.read())
                else:
                    values[name] = value
    return Arguments(values, files)


def _json(body: Json, status: int) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
