"""The gate in front of each simulated service: it applies faults, and writes every call to the log."""

import asyncio
import json
from collections.abc import Callable
from typing import Protocol, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hark311.simulator.calls import CallLog
from hark311.simulator.faults import Fault, FaultBook

DROP = "hark311.drop"
"""The ASGI extension under which the server offers `abort`, which closes the connection at once."""


class Voice(Protocol):
    """How one outside system names its calls and words its refusals."""

    channel: str

    def operation(self, method: str, path: str) -> str:
        """The name of the call that a method and path (below the prefix) make."""
        ...

    def rate_limited(self, fault: Fault, now: float) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body that say 'too many calls'."""
        ...

    def bad_key(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body that say 'these keys are not good'."""
        ...


class Gate:
    """An ASGI app around another; `clock` gives seconds since 1970."""

    def __init__(
        self, app: ASGIApp, voice: Voice, faults: FaultBook, calls: CallLog, clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._voice = voice
        self._faults = faults
        self._calls = calls
        self._clock = clock
        self._last: dict[str, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        operation = self._voice.operation(str(scope["method"]), path)
        fault = self._faults.take(self._voice.channel, operation)
        seen = {"status": 0}

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            await send(message)

        try:
            if fault is None:
                await self._answer(operation, scope, receive, heard)
            else:
                await self._strike(fault, operation, scope, receive, heard)
        finally:
            kind = fault.kind if fault else None
            self._calls.note(
                self._voice.channel,
                operation,
                str(scope["method"]),
                str(scope["path"]),
                seen["status"],
                kind,
                int(self._clock() * 1000),
            )

    async def _answer(self, operation: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the service answer; a page that was read is kept, so that it can be repeated."""
        if scope["method"] != "GET" or operation == "streaming":
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)
            await send(message)

        await self._app(scope, receive, keep)
        self._last[operation] = kept

    async def _strike(self, fault: Fault, operation: str, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case "status":
                body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body or {})
                kind = "text/plain" if isinstance(fault.body, str) else "application/json"
                await answer(send, fault.status, {"content-type": kind, **fault.headers}, body.encode())
            case "rate_limit":
                status, headers, refusal = self._voice.rate_limited(fault, self._clock())
                await answer(send, status, {"content-type": "application/json", **headers}, refusal)
            case "bad_key":
                status, headers, refusal = self._voice.bad_key()
                await answer(send, status, {"content-type": "application/json", **headers}, refusal)
            case "html_error":
                page = f"<html><head><title>{fault.status}</title></head><body><h1>Over capacity</h1></body></html>"
                await answer(send, fault.status, {"content-type": "text/html"}, page.encode())
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case "slow_after":
                kept = await self._act(scope, receive)
                await asyncio.sleep(fault.seconds)
                for message in kept:
                    await send(message)
            case "garbage":
                await self._act(scope, receive)
                await answer(send, 200, {"content-type": "application/json"}, b'{"data": {"id": "17')
            case "half_closed":
                start, *rest = await self._act(scope, receive)
                whole = b"".join(one.get("body", b"") for one in rest)
                await send(start)
                await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
                await drop(scope, receive)
            case "repeat":
                for message in self._last.get(operation) or await self._act(scope, receive):
                    await send(message)
            case "reorder":
                start, *rest = await self._act(scope, receive)
                turned = backwards(b"".join(one.get("body", b"") for one in rest))
                await answer(send, start["status"], {"content-type": "application/json"}, turned)
            case "drop_before":
                # the request is read to its end first: unread bytes would turn the close into a reset
                while (await receive()).get("more_body", False):
                    pass
                await drop(scope, receive)
            case "drop_after":
                await self._act(scope, receive)
                await drop(scope, receive)

    async def _act(self, scope: Scope, receive: Receive) -> list[Message]:
        """Let the service act and commit, and hold its answer back."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        return kept


def backwards(body: bytes) -> bytes:
    """A JSON answer with its outermost list turned round; anything else as it is."""
    try:
        said = json.loads(body)
    except ValueError:
        return body
    if isinstance(said, list):
        said.reverse()
    elif isinstance(said, dict):
        for value in said.values():
            if isinstance(value, list):
                value.reverse()
    return json.dumps(said).encode()


async def answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send one whole response."""
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the caller's connection without a byte of answer.

    Raises ConnectionAbortedError where the server does not offer it.
    """
    offered = scope.get("extensions", {}).get(DROP)
    if offered is None:
        raise ConnectionAbortedError("this server cannot drop connections")
    cast("Callable[[], None]", offered["abort"])()
    while (await receive())["type"] != "http.disconnect":
        pass
