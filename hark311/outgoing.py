"""Outgoing HTTP: of the channels' SDKs (another host, time limits, the toll), and to addresses that others gave us.

An address that a resident or somebody on the desk gave may lead into our own network. The clients made here look up its
host once, refuse what is not public, and call the very address they looked at, whatever the name says a moment later.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
import requests
from requests.adapters import HTTPAdapter

from hark311.bills import Call
from models.held_back import HeldBack

CONNECT_SECONDS, READ_SECONDS = 5, 30
NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses a translator turns into the IPv4 address in their last 32 bits. Source: RFC 6052."""


class Toll(Protocol):
    """What stands between an SDK and the network: hark311.tolls.Toll. Never raises."""

    def held_until(self, call: Call) -> datetime | None:
        """When a call may be made that would be refused now; None: now."""
        ...

    def answered(self, call: Call, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A call was answered. `headers` with names in small letters."""
        ...

    def broke(self, call: Call) -> None:
        """A call's answer never came."""
        ...


class _Outgoing(HTTPAdapter):
    """Sends with a time limit, to `base_url` where one is given, past the toll where there is one.

    A request is signed for the real host before it gets here, so OAuth 1.0a holds. tweepy 4.17 has the host as a
    literal.
    """

    def __init__(self, base_url: str = "", toll: Toll | None = None) -> None:
        super().__init__()
        self._base = urlsplit(base_url.rstrip("/")) if base_url else None
        self._toll = toll

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        call = _call(request)
        if self._toll and (until := self._toll.held_until(call)):
            return _held(request, until)
        if self._base:
            asked = urlsplit(request.url or "")
            request.url = urlunsplit(
                (self._base.scheme, self._base.netloc, self._base.path + asked.path, asked.query, asked.fragment)
            )
        if not kwargs.get("timeout"):
            kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        try:
            response = super().send(request, *args, **kwargs)
            content = b"" if kwargs.get("stream") else response.content
        except requests.RequestException:
            if self._toll:
                self._toll.broke(call)
            raise
        if self._toll:
            headers = {name.lower(): value for name, value in response.headers.items()}
            self._toll.answered(call, response.status_code, headers, content)
        return response


def x_session(base_url: str, toll: Toll | None = None) -> requests.Session:
    """A session for tweepy.Client: everything meant for api.twitter.com goes to `base_url`, with a time limit."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):  # where compliance jobs keep their lists: no call of the API
        session.mount(scheme, _Outgoing())
    session.mount("https://api.twitter.com/", _Outgoing(base_url, toll))
    return session


def stream_session(base_url: str) -> requests.Session:
    """The same for X's filtered stream. It is not metered: the search beside it reads, and counts, the same posts."""
    return x_session(base_url)


def plain_session(toll: Toll | None = None) -> requests.Session:
    """A session for an SDK that takes one and knows its own host (Mastodon.py), with a time limit."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Connection"] = "close"  # some servers close kept-alive connections without a word
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Outgoing(toll=toll))
    return session


def event_hooks(toll: Toll) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """What an httpx.AsyncClient takes as `event_hooks` to go past the toll (python-telegram-bot, atproto).

    A call that is held back raises HeldBack before anything leaves.
    """

    async def leaves(request: httpx.Request) -> None:
        if until := await asyncio.to_thread(toll.held_until, Call(request.method, request.url.path)):
            raise HeldBack(until)

    async def answered(response: httpx.Response) -> None:
        call = Call(response.request.method, response.request.url.path)
        headers = {name.lower(): told for name, told in response.headers.items()}
        body = await response.aread() if response.status_code == 429 else b""  # Telegram's wait stands in it
        await asyncio.to_thread(toll.answered, call, response.status_code, headers, body)

    return {"request": [leaves], "response": [answered]}


def _call(request: requests.PreparedRequest) -> Call:
    body = request.body if isinstance(request.body, bytes) else (request.body or "")
    return Call(
        method=request.method or "GET",
        path=urlsplit(request.url or "").path,
        body=body.encode() if isinstance(body, str) else body,
        own_keys=_text(request.headers.get("Authorization", "")).startswith("OAuth "),
    )


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _held(request: requests.PreparedRequest, until: datetime) -> requests.Response:
    """The answer the channel would give, so that the adapter does what it does with the real one."""
    response = requests.Response()
    response.status_code, response.reason, response.encoding = 429, "Too Many Requests", "utf-8"
    response.request, response.url = request, request.url or ""
    seconds = str(max(1, int(until.timestamp())))
    response.headers.update(
        {
            "content-type": "application/json",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": seconds,
            "X-RateLimit-Limit": "1",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": until.isoformat(),
        }
    )
    told = {"title": "Too Many Requests", "detail": "held back: its limit is used up", "error": "Too Many Requests"}
    response._content, response._content_consumed = json.dumps(told).encode(), True  # type: ignore[attr-defined]
    return response


class PrivateAddress(httpx.ConnectError):
    """The host stands in our own network, where this client may not go. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a client may go besides the public Internet. `private`: anywhere; `loopback`: to this machine."""

    private: bool = False
    loopback: bool = False

    def client(self, **given: Any) -> httpx.AsyncClient:
        """A client that goes no further, follows no redirect and asks no proxy. Calls raise PrivateAddress."""
        return httpx.AsyncClient(transport=_AsyncPinned(self), trust_env=False, follow_redirects=False, **given)

    def sync_client(self, **given: Any) -> httpx.Client:
        """The same for code that waits in a thread."""
        return httpx.Client(transport=_Pinned(self), trust_env=False, follow_redirects=False, **given)

    def may_call(self, address: str) -> bool:
        """Whether one address, as the name server gave it, may be called."""
        found = ip_address(address)
        return self.private or is_public(found) or (self.loopback and found.is_loopback)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address stands on the public Internet; one that only wraps an IPv4 address stands where that does."""
    inner = None
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


class _AsyncPinned(httpx.AsyncHTTPTransport):
    def __init__(self, reach: Reach) -> None:
        super().__init__(trust_env=False)
        self._reach = reach

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        found = await asyncio.to_thread(_looked_up, request)
        return await super().handle_async_request(_pinned(request, found, self._reach))


class _Pinned(httpx.HTTPTransport):
    def __init__(self, reach: Reach) -> None:
        super().__init__(trust_env=False)
        self._reach = reach

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return super().handle_request(_pinned(request, _looked_up(request), self._reach))


def _looked_up(request: httpx.Request) -> list[str]:
    """Every address of the host a request is for. Raises httpx.ConnectError."""
    host = request.url.raw_host.decode("ascii")
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"the host name {host} is not known", request=request) from error


def _pinned(request: httpx.Request, found: list[str], reach: Reach) -> httpx.Request:
    """The request to the first address found, under the name it had. Raises PrivateAddress if any may not be called."""
    if not found or not all(reach.may_call(one) for one in found):
        raise PrivateAddress(f"{request.url.host} stands in our own network", request=request)
    return httpx.Request(
        request.method,
        request.url.copy_with(host=found[0]),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": request.url.raw_host.decode("ascii")},
    )
